/*
 * Memory for keys: a small pool between guard pages, locked against swapping, left out of core
 * dumps, wiped when a key is freed. A key is a handle without a getter, a printer or a copy. The
 * functions of this folder take it; other code can only borrow its bytes with key_lend().
 *
 * The pool is made once and holds SECRET_MEMORY_KEYS keys. libsodium 1.0.18 does not say when
 * locking failed (RLIMIT_MEMLOCK was used up), so the pool locks once more and keeps the result for
 * secret_memory_is_locked(): a program warns or refuses to start.
 */
#pragma once

#include "base/memory.h"
#include "base/result.h"
#include "crypto/sizes.h"

#include <stdbool.h>
#include <stdint.h>

#define SECRET_MEMORY_KEYS 682

struct secret_memory;
struct key; /* KEY_BYTES bytes in secret memory */

/* Keys may be made and freed from any thread. */
MUST_USE enum result secret_memory_new(struct secret_memory **ret, struct error *err);

/* All keys must have been freed. Ends the process if something wrote outside a key. */
void secret_memory_free(struct secret_memory *m);
void secret_memory_freep(struct secret_memory **m);

/* False: keys may reach the swap space. */
bool secret_memory_is_locked(const struct secret_memory *m);

/* The number of keys in use, for tests and for the status. */
uint32_t secret_memory_keys(struct secret_memory *m);

/* E_LIMIT when the pool is full. */
MUST_USE enum result key_new_random(struct key **ret, struct secret_memory *m, struct error *err);

/* A key from `bytes`, which are wiped, also on failure. */
MUST_USE enum result key_take_bytes(struct key **ret, struct secret_memory *m,
				    uint8_t bytes[static KEY_BYTES], struct error *err);

/* Derives a key for one purpose from another: keyed BLAKE2b over `label`, a constant text. */
MUST_USE enum result key_derive(struct key **ret, struct secret_memory *m, const struct key *from,
				const char *label, struct error *err);

void key_free(struct key *k); /* wipes; takes NULL */
void key_freep(struct key **k);

/* Calls `use` with the bytes; it must not keep a copy. Returns the result of `use`. */
MUST_USE enum result key_lend(const struct key *k,
			      enum result (*use)(void *ctx, const uint8_t bytes[static KEY_BYTES],
						 struct error *err),
			      void *ctx, struct error *err);
