/* Initialising libsodium, and random bytes for keys, nonces and tokens. */
#pragma once

#include "base/result.h"

#include <stddef.h>
#include <stdint.h>

/* Must be called before any other function of this folder; may be called again, from any thread.
 * E_CRYPTO when the library cannot be used. */
MUST_USE enum result crypto_start(struct error *err);

/* From the kernel. If it has no randomness, that is logged and the process aborts. */
void crypto_random(void *ret, size_t len);
