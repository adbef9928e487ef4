/* Fault tests: the n-th allocation fails, for every n. */
#pragma once

#include "base/memory.h"

#include <criterion/criterion.h>
#include <stdint.h>

/* Lets one allocation fail: the n-th. */
struct fault {
	uint32_t n, seen;
};

static inline bool fault_may_allocate(void *ctx)
{
	struct fault *f = ctx;

	return ++f->seen != f->n;
}

/* Runs `body` with the first, second, third … allocation failing, until a run in which none did.
 * The body says whether what it did succeeded. */
static inline void each_fault(bool (*body)(void *ctx), void *ctx)
{
	for (uint32_t n = 1;; n++) {
		struct fault f = {n, 0};
		bool is_done;

		cr_assert(n < 1000, "never ends");
		alloc_hook_set(fault_may_allocate, &f);
		is_done = body(ctx);
		alloc_hook_set(NULL, NULL);
		if (f.seen < n) {
			cr_assert(is_done, "failed although no allocation did");
			return;
		}
		cr_assert_not(is_done, "allocation %u failed unnoticed", n);
	}
}
