/*
 * Allocation through one hook, so that a test can let the n-th allocation fail; cleanup attributes
 * instead of goto; and wiping. Everything here is safe from any thread except alloc_hook_set().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define CLEANUP(fn) __attribute__((cleanup(fn)))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof *(a))

/* All return NULL when memory is short or a size would overflow, and never abort.
 * A size of 0 gives a pointer that may be freed. Free with alloc_free(). */
void *alloc_zero(size_t size) __attribute__((malloc));
void *alloc_zero_array(size_t count, size_t size) __attribute__((malloc));
void *alloc_resize(void *old, size_t size);	/* on failure `old` is untouched */
char *alloc_text(const char *text, size_t len); /* a NUL-terminated copy */
void alloc_free(void *p);			/* takes NULL */
void alloc_freep(void *pp); /* for CLEANUP: frees *(void **)pp and sets it NULL */

/* Called before each allocation; false makes it fail. For fault tests, which set it before any
 * thread starts. NULL takes it away. */
void alloc_hook_set(bool (*may_allocate)(void *ctx), void *ctx);

/* Overwrites in a way that the compiler may not remove. Takes NULL with size 0. */
void mem_wipe(void *p, size_t size);

/* Moves a pointer out of `*pp` and leaves NULL there. */
#define steal(pp)                                  \
	__extension__({                            \
		__typeof__(*(pp)) stolen_ = *(pp); \
		*(pp) = NULL;                      \
		stolen_;                           \
	})
