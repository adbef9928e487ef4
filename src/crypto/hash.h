/* Hashes. SHA-256 where others must be able to compute the hash again (Merkle trees, key ids);
 * BLAKE2b-256 with a key for values that could be guessed (value MACs, digests of secrets,
 * tokens). */
#pragma once

#include "base/slice.h"
#include "crypto/secret_memory.h"

#include <stdalign.h>

/* libsodium's state, in a size that is checked when hash.c is compiled. */
struct sha256 {
	alignas(8) uint8_t opaque[104];
};

/* For data that comes in pieces. After sha256_final() the state must be initialised again. */
void sha256_init(struct sha256 *s);
void sha256_update(struct sha256 *s, const void *data, size_t len);
void sha256_final(struct sha256 *s, uint8_t ret[static HASH_BYTES]);

/* FIPS 180-4. */
void sha256_slice(uint8_t ret[static HASH_BYTES], struct slice data);

/* Keyed BLAKE2b-256 (RFC 7693). */
void key_mac(uint8_t ret[static HASH_BYTES], const struct key *k, struct slice data);

/* The same over several fields, each after its length (32 bits, big-endian), so that no two lists
 * of fields look alike. Each field must be under 4 GiB. */
void key_mac_fields(uint8_t ret[static HASH_BYTES], const struct key *k, const struct slice *fields,
		    size_t count);

/* SipHash-2-4 with 128 bits of output (Aumasson, Bernstein 2012), under the first half of the key.
 * A pseudorandom function for short inputs, 20 times as fast as key_mac(). 128 bits are enough only
 * where an attacker cannot see the outputs. */
#define SHORT_MAC_BYTES 16
void key_short_mac(uint8_t ret[static SHORT_MAC_BYTES], const struct key *k, struct slice data);

/* Compares in a time that does not depend on the bytes. */
bool secret_is_equal(const void *a, const void *b, size_t len);
