/* Starting the cryptography, and randomness for keys, nonces and tokens. */
#pragma once

#include "base/result.h"

#include <stddef.h>
#include <stdint.h>

/* Before anything else of this folder. May be called again, from any thread. E_CRYPTO when the
 * library cannot be used. */
MUST_USE enum result crypto_start(struct error *err);

/* From the kernel; ends the process should it have none. */
void crypto_random(void *ret, size_t len);
