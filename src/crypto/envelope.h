/*
 * The sealed form of everything at rest, version 1:
 *
 *   0x01 | key id (4, big-endian) | nonce (24) | commitment (32) | ciphertext | tag (16)
 *
 *   okm        = BLAKE2b-512(key, "reeve/v1/" | label | 0x00 | nonce)
 *   ciphertext = XChaCha20-Poly1305(okm[0:32], nonce, associated data, plaintext)
 *   commitment = okm[32:64]
 *
 * The commitment is compared before anything is decrypted, so that a blob opens under one key only.
 * A blob names its key; nobody tries keys in turn. Fields of associated data stand behind their
 * lengths (32 bits, big-endian), never joined by a separator.
 */
#pragma once

#include "base/buf.h"
#include "crypto/secret_memory.h"

#define ENVELOPE_OVERHEAD  77
#define ENVELOPE_LABEL_MAX 32
#define ENVELOPE_PLAIN_MAX (64 * 1024 * 1024)

/* Appends one field of associated data. */
void associated_append(struct buf *ad, struct slice field);
void associated_append_text(struct buf *ad, const char *field);
void associated_append_u64(struct buf *ad, uint64_t field); /* 8 bytes, big-endian */

/* Appends the blob to `ret`. `label` is a constant text of at most ENVELOPE_LABEL_MAX bytes that
 * says what the key is used for. E_TOO_LARGE, E_MEMORY. On failure `ret` holds what it held
 * before. */
MUST_USE enum result envelope_seal(struct buf *ret, const struct key *k, uint32_t key_id,
				   const char *label, struct slice ad, struct slice plain,
				   struct error *err);

/* Appends the plaintext. `key_id` is what the blob must name: it stands outside the encryption.
 * E_CORRUPT when it is no such blob, E_UNSUPPORTED for another version's, E_CRYPTO when key, label
 * or associated data differ or a bit is wrong; nothing of the plaintext is then in `ret`. */
MUST_USE enum result envelope_open(struct buf *ret, const struct key *k, uint32_t key_id,
				   const char *label, struct slice ad, struct slice blob,
				   struct error *err);

/* The name of the key that the blob was sealed under. E_CORRUPT, E_UNSUPPORTED. */
MUST_USE enum result envelope_key_id(struct slice blob, uint32_t *ret, struct error *err);

/* As the two above for a plaintext that is itself a key and never leaves secret memory. */
MUST_USE enum result envelope_wrap(struct buf *ret, const struct key *k, uint32_t key_id,
				   const char *label, struct slice ad, const struct key *inner,
				   struct error *err);
MUST_USE enum result envelope_unwrap(struct key **ret, struct secret_memory *m, const struct key *k,
				     uint32_t key_id, const char *label, struct slice ad,
				     struct slice blob, struct error *err);
