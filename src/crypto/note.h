/*
 * Signed notes (C2SP signed-note, v1.0.0) and the keys that verify them:
 *
 *   <text, ends with a newline>
 *   <blank line>
 *   — <key name> <base64 of key id (4) and signature>
 *
 *   key id = SHA-256(name | 0x0A | 0x01 | public key)[0:4]
 *   vkey   = <name>+<hex of key id>+<base64 of 0x01 and public key>
 */
#pragma once

#include "base/buf.h"
#include "crypto/sign.h"

#define NOTE_NAME_BYTES_MAX 255
#define NOTE_BYTES_MAX	    (64 * 1024)
#define NOTE_SIGNATURES_MAX 64
#define NOTE_KEY_ID_BYTES   4

/* A verifier key of type Ed25519. A value: copy it freely. */
struct vkey {
	char name[NOTE_NAME_BYTES_MAX + 1]; /* a schema-less URL, no blanks, no '+' */
	uint8_t id[NOTE_KEY_ID_BYTES];
	uint8_t public_key[SIGN_PUBLIC_BYTES];
};

/* The key id is computed. E_MALFORMED for a name that is empty, too long or holds a blank, a
 * control character or '+'. */
MUST_USE enum result vkey_init(struct vkey *ret, struct slice name,
			       const uint8_t public_key[static SIGN_PUBLIC_BYTES],
			       struct error *err);

/* Of a signing seed. */
MUST_USE enum result vkey_init_from_seed(struct vkey *ret, struct slice name,
					 const struct key *seed, struct error *err);

/* E_MALFORMED; E_UNSUPPORTED for another signature algorithm; E_CRYPTO when the key id is not the
 * key's. */
MUST_USE enum result vkey_parse(struct vkey *ret, struct slice text, struct error *err);

void vkey_append(struct buf *ret, const struct vkey *key); /* no newline */

/* Appends the whole note. `text` is UTF-8 without control characters but newlines, and ends with
 * one: else E_MALFORMED. `key` must be the seed's own: else E_CRYPTO. */
MUST_USE enum result note_sign(struct buf *ret, struct slice text, const struct vkey *key,
			       const struct key *seed, struct error *err);

/* `*ret_text` (borrowed from `note`) is the text, signed by `key`. Other keys' signatures are
 * passed over. E_MALFORMED; E_CRYPTO when `key` did not sign it or a signature in its name is
 * wrong. */
MUST_USE enum result note_verify(struct slice *ret_text, struct slice note, const struct vkey *key,
				 struct error *err);
