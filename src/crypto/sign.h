/* Ed25519 (RFC 8032). The secret is its 32-byte seed, kept as a key. */
#pragma once

#include "base/slice.h"
#include "crypto/secret_memory.h"

void sign_public_key(uint8_t ret[static SIGN_PUBLIC_BYTES], const struct key *seed);

/* False, and nothing signed, when `public_key` is not the seed's own. */
MUST_USE bool sign_message(uint8_t ret[static SIGNATURE_BYTES], const struct key *seed,
			   const uint8_t public_key[static SIGN_PUBLIC_BYTES],
			   struct slice message);

bool signature_is_valid(const uint8_t signature[static SIGNATURE_BYTES],
			const uint8_t public_key[static SIGN_PUBLIC_BYTES], struct slice message);
