/* Starts libsodium, which chooses the fastest code for this processor and opens the kernel's source
 * of randomness. sodium_init() is safe to call again and from several threads. */
#include "crypto/crypto.h"

#include <sodium.h>

enum result crypto_start(struct error *err)
{
	if (sodium_init() < 0)
		return fail(err, E_CRYPTO, "libsodium cannot be initialised");
	return OK;
}

void crypto_random(void *ret, size_t len)
{
	randombytes_buf(ret, len);
}
