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

/* Computes the key id. E_MALFORMED when the name is empty or too long or contains a blank, a
 * control character or '+'. */
MUST_USE enum result vkey_init(struct vkey *ret, struct slice name,
			       const uint8_t public_key[static SIGN_PUBLIC_BYTES],
			       struct error *err);

/* The public key of a signing seed. */
MUST_USE enum result vkey_init_from_seed(struct vkey *ret, struct slice name,
					 const struct key *seed, struct error *err);

/* E_MALFORMED; E_UNSUPPORTED for another signature algorithm; E_CRYPTO when the key id does not
 * belong to the key. */
MUST_USE enum result vkey_parse(struct vkey *ret, struct slice text, struct error *err);

void vkey_append(struct buf *ret, const struct vkey *key); /* no newline */

/* Signs a text and appends the whole note. E_MALFORMED unless `text` is UTF-8 without control
 * characters except newlines and ends with a newline; E_CRYPTO when `key` does not belong to the
 * seed. */
MUST_USE enum result note_sign(struct buf *ret, struct slice text, const struct vkey *key,
			       const struct key *seed, struct error *err);

/* Verifies that `key` signed the note; `*ret_text` is borrowed from `note`. Signatures by other
 * keys are ignored. E_MALFORMED; E_CRYPTO when `key` did not sign it or a signature under its name
 * is wrong. */
MUST_USE enum result note_verify(struct slice *ret_text, struct slice note, const struct vkey *key,
				 struct error *err);
