/* The text of bearer tokens: "rv_", 32 random bytes in base64url, and a checksum of 4 characters
 * (base64url of the first three bytes of SHA-256 over all characters before it). By the checksum a
 * scanner for leaked secrets can tell a real token from a similar text. A token is shown once and
 * stored only as a hash. */
#pragma once

#include "base/buf.h"
#include "crypto/hash.h"

#define TOKEN_PREFIX	 "rv_"
#define TOKEN_TEXT_BYTES 50

/* The size of an accessor with its NUL: 16 random bytes in Crockford's base32, lower case. It names
 * a token and cannot be used as one. */
#define ACCESSOR_BYTES 27

/* Appends a new token's text. */
MUST_USE enum result token_generate(struct buf *ret, struct error *err);

/* Checks the form and the checksum: refuses most other texts cheaply. */
bool token_is_well_formed(struct slice text);

/* Keyed BLAKE2b-256 with the DERIVED_TOKEN_PEPPER of the keyring. False, with `ret` unchanged, when
 * the text is not well-formed. Find the token by this hash, then compare with secret_is_equal(). */
bool token_hash(uint8_t ret[static HASH_BYTES], const struct key *pepper, struct slice text);

/* A new accessor, with its NUL. Never fails; 128 random bits, so accessors do not repeat. */
void accessor_generate(char ret[static ACCESSOR_BYTES]);
bool accessor_is_well_formed(struct slice text);
