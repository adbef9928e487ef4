/*
 * Random bytes from the kernel for identifiers and jitter. Keys, nonces and tokens come from
 * crypto/ instead. A vtable, so that tests can repeat a sequence.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct random_source {
	void (*fill)(void *ctx, void *ret, size_t len);
	void *ctx;
};

/* getrandom(2); ends the process if the kernel has no randomness. */
extern const struct random_source system_random;

static inline void random_fill(const struct random_source *r, void *ret, size_t len)
{
	r->fill(r->ctx, ret, len);
}

/* Uniform in [0, below); `below` must not be 0. */
uint64_t random_below(const struct random_source *r, uint64_t below);
