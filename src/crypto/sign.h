/* Ed25519 signatures (RFC 8032). The secret is the 32-byte seed, kept as a key. */
#pragma once

#include "base/slice.h"
#include "crypto/secret_memory.h"

/* The public key that belongs to the seed. */
void sign_public_key(uint8_t ret[static SIGN_PUBLIC_BYTES], const struct key *seed);

/* False, without a signature, when `public_key` does not belong to the seed. */
MUST_USE bool sign_message(uint8_t ret[static SIGNATURE_BYTES], const struct key *seed,
			   const uint8_t public_key[static SIGN_PUBLIC_BYTES],
			   struct slice message);

/* Whether the owner of the key signed exactly this message. Says nothing about who the owner is. */
bool signature_is_valid(const uint8_t signature[static SIGNATURE_BYTES],
			const uint8_t public_key[static SIGN_PUBLIC_BYTES], struct slice message);
