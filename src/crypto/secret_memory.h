/*
 * Where keys live: a small pool between guard pages, locked against swapping, left out of dumps,
 * wiped when a key goes. A key is a handle: it has no getter, no printer and no copy. The
 * functions of this folder take it; whoever else must see its bytes is lent them.
 *
 * The pool is made once and holds SECRET_MEMORY_KEYS keys. libsodium 1.0.18 does not say when
 * locking failed (RLIMIT_MEMLOCK is used up), so it is asked for again and the answer kept: a
 * program warns or refuses by secret_memory_is_locked().
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

/* After all its keys. Ends the process if something wrote outside a key. */
void secret_memory_free(struct secret_memory *m);
void secret_memory_freep(struct secret_memory **m);

bool secret_memory_is_locked(const struct secret_memory *m);

/* Keys that are in use now, for tests and for status. */
uint32_t secret_memory_keys(struct secret_memory *m);

/* E_LIMIT when the pool is full. */
MUST_USE enum result key_new_random(struct key **ret, struct secret_memory *m, struct error *err);

/* Wipes `bytes`, also on failure. */
MUST_USE enum result key_take_bytes(struct key **ret, struct secret_memory *m,
				    uint8_t bytes[static KEY_BYTES], struct error *err);

/* A key for one purpose from another: keyed BLAKE2b over `label`, a constant text. */
MUST_USE enum result key_derive(struct key **ret, struct secret_memory *m, const struct key *from,
				const char *label, struct error *err);

void key_free(struct key *k); /* wipes; takes NULL */
void key_freep(struct key **k);

/* Lends the bytes for the time of the call: `use` keeps no copy. Gives back what `use` does. */
MUST_USE enum result key_lend(const struct key *k,
			      enum result (*use)(void *ctx, const uint8_t bytes[static KEY_BYTES],
						 struct error *err),
			      void *ctx, struct error *err);
