/*
 * Bearer tokens: "rv_", 32 random bytes in base64url, and 4 more characters by which a scanner for
 * leaked secrets knows a real one from a likeness: base64url of the first three bytes of SHA-256
 * over all that stands before them. A token is shown once and stored only as a hash.
 */
#pragma once

#include "base/buf.h"
#include "crypto/hash.h"

#define TOKEN_PREFIX	 "rv_"
#define TOKEN_TEXT_BYTES 50

/* 16 random bytes in Crockford's base32, lower case, and a NUL: names a token without being one. */
#define ACCESSOR_BYTES 27

/* Appends a new token's text. */
MUST_USE enum result token_generate(struct buf *ret, struct error *err);

/* Form and checksum: a cheap no for most of what is not a token. */
bool token_is_well_formed(struct slice text);

/* Keyed BLAKE2b-256 with the keyring's DERIVED_TOKEN_PEPPER. False, and `ret` untouched, where the
 * text is not well-formed. Find the token by this hash, then compare with secret_is_equal(). */
bool token_hash(uint8_t ret[static HASH_BYTES], const struct key *pepper, struct slice text);

void accessor_generate(char ret[static ACCESSOR_BYTES]);
bool accessor_is_well_formed(struct slice text);
