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
 * A blob names its key, so no key is ever tried in vain. Each field of the associated data follows
 * its length (32 bits, big-endian); there are no separators, so no two lists of fields look alike.
 */
#pragma once

#include "base/buf.h"
#include "crypto/secret_memory.h"

#define ENVELOPE_OVERHEAD  77
#define ENVELOPE_LABEL_MAX 32
#define ENVELOPE_PLAIN_MAX (64 * 1024 * 1024)

/* Appends one field of associated data; a field of 4 GiB or more makes the buffer fail. */
void associated_append(struct buf *ad, struct slice field);
void associated_append_text(struct buf *ad, const char *field);
void associated_append_u64(struct buf *ad, uint64_t field); /* 8 bytes, big-endian */

/* What sealing and opening must agree on. Borrowed for the time of the call. */
struct envelope_params {
	const struct key *key;
	uint32_t key_id;   /* stands in the blob, outside the encryption */
	const char *label; /* what the key is used for: constant, up to ENVELOPE_LABEL_MAX bytes */
	struct slice associated; /* made with associated_append() */
};

/* Appends the blob to `ret`. E_TOO_LARGE, E_MEMORY; on failure `ret` is unchanged. */
MUST_USE enum result envelope_seal(struct buf *ret, const struct envelope_params *params,
				   struct slice plain, struct error *err);

/* Appends the plaintext. E_CORRUPT when `blob` is too short, too long or of another version (a
 * store of a newer format is refused before); E_CRYPTO when the key, its id, the label or the
 * associated data differ or the blob was changed; `ret` then holds nothing of the plaintext. */
MUST_USE enum result envelope_open(struct buf *ret, const struct envelope_params *params,
				   struct slice blob, struct error *err);

/* The id of the key that the blob was sealed under. E_CORRUPT. */
MUST_USE enum result envelope_key_id(struct slice blob, uint32_t *ret, struct error *err);

/* The same for a plaintext that is itself a key and never leaves secret memory. */
MUST_USE enum result envelope_wrap(struct buf *ret, const struct envelope_params *params,
				   const struct key *inner, struct error *err);
MUST_USE enum result envelope_unwrap(struct key **ret, struct secret_memory *m,
				     const struct envelope_params *params, struct slice blob,
				     struct error *err);
