/*
 * Random bytes from the kernel for identifiers and jitter. Keys, nonces and tokens come from
 * crypto/ instead. A vtable, so that tests can repeat a sequence.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* `fill` writes `len` random bytes to `ret`, cannot fail and may be called from any thread; it gets
 * `ctx`. */
struct random_source {
	void (*fill)(void *ctx, void *ret, size_t len);
	void *ctx;
};

/* getrandom(2). If the kernel gives none, it logs that and ends the process with exit code 1. */
extern const struct random_source system_random;

static inline void random_fill(const struct random_source *r, void *ret, size_t len)
{
	r->fill(r->ctx, ret, len);
}

/* Uniform in [0, below); `below` must not be 0. Draws until a value fits, so a source of tests must
 * not repeat UINT64_MAX for ever. */
uint64_t random_below(const struct random_source *r, uint64_t below);
