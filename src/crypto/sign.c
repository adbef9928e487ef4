/* Ed25519 over libsodium. Only the seed is kept; libsodium's secret key (the seed and the public
 * key, 64 bytes) is computed on the stack for each call and wiped. Any thread may call. */
#include "crypto/sign.h"

#include "crypto/internal.h"

#include <sodium.h>

_Static_assert(crypto_sign_SEEDBYTES == KEY_BYTES, "a seed is a key");
_Static_assert(crypto_sign_PUBLICKEYBYTES == SIGN_PUBLIC_BYTES, "as RFC 8032 says");
_Static_assert(crypto_sign_BYTES == SIGNATURE_BYTES, "as RFC 8032 says");

void sign_public_key(uint8_t ret[static SIGN_PUBLIC_BYTES], const struct key *seed)
{
	uint8_t secret[crypto_sign_SECRETKEYBYTES];

	crypto_sign_seed_keypair(ret, secret, seed->bytes);
	sodium_memzero(secret, sizeof secret);
}

/* Computes the public key again: a signature made with another public key would reveal the seed. */
bool sign_message(uint8_t ret[static SIGNATURE_BYTES], const struct key *seed,
		  const uint8_t public_key[static SIGN_PUBLIC_BYTES], struct slice message)
{
	uint8_t secret[crypto_sign_SECRETKEYBYTES], own[SIGN_PUBLIC_BYTES];
	bool is_own;

	crypto_sign_seed_keypair(own, secret, seed->bytes);
	is_own = sodium_memcmp(own, public_key, sizeof own) == 0;
	if (is_own)
		crypto_sign_detached(ret, NULL, (const unsigned char *)message.data, message.len,
				     secret);
	sodium_memzero(secret, sizeof secret);
	return is_own;
}

bool signature_is_valid(const uint8_t signature[static SIGNATURE_BYTES],
			const uint8_t public_key[static SIGN_PUBLIC_BYTES], struct slice message)
{
	return crypto_sign_verify_detached(signature, (const unsigned char *)message.data,
					   message.len, public_key) == 0;
}
