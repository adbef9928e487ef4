/* Starts libsodium, which chooses the fastest code for this processor and opens the kernel's source
 * of randomness. sodium_init() is safe to call again and from several threads. */
#include "crypto/crypto.h"

#include "base/log.h"

#include <sodium.h>

/* libsodium aborts the process where it cannot go on; this says so before. */
static void log_end(void)
{
	log_line(LOG_ERROR, "libsodium_failed",
		 "reason=\"the kernel gives no random bytes, or libsodium was called wrongly\" "
		 "advice=\"allow the system call getrandom, or reading /dev/urandom\"");
}

enum result crypto_start(struct error *err)
{
	sodium_set_misuse_handler(log_end);
	if (sodium_init() < 0)
		return fail(err, E_CRYPTO, "libsodium cannot be initialised");
	return OK;
}

void crypto_random(void *ret, size_t len)
{
	randombytes_buf(ret, len);
}
