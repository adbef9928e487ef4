/*
 * Allocation with a hook, so that a test can make the n-th allocation fail; cleanup attributes
 * instead of goto; and wiping. All but alloc_hook_set() may be called from any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* The variable is cleaned up by fn(&variable) where its scope ends, on every return. The
 * declaration must initialize it. Variables of one scope are cleaned up in reverse order. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* Only for arrays, not for parameters and pointers. */
#define ARRAY_SIZE(a) (sizeof(a) / sizeof *(a))

/* Each returns NULL when there is no memory or a size overflows, and never aborts. A size of 0
 * gives a pointer that can be freed. Free with alloc_free(). */
void *alloc_zero(size_t size) __attribute__((malloc));
void *alloc_zero_array(size_t count, size_t size) __attribute__((malloc));
void *alloc_resize(void *old, size_t size);	/* on failure `old` is untouched */
char *alloc_text(const char *text, size_t len); /* a NUL-terminated copy */
void alloc_free(void *p);			/* takes NULL */
void alloc_freep(void *pp); /* for CLEANUP: frees *(void **)pp and sets it NULL */

/* The hook is called before each allocation; false makes the allocation fail. NULL removes the
 * hook. For fault tests, before any thread starts. */
void alloc_hook_set(bool (*may_allocate)(void *ctx), void *ctx);

/* Overwrites with zeros in a way that the compiler cannot remove. Takes NULL with size 0. */
void mem_wipe(void *p, size_t size);

/* Moves a pointer out of `*pp` and leaves NULL there: the value outlives the CLEANUP of its
 * variable. For example `*ret = steal(&s);` at the end of a function that makes an object. */
#define steal(pp)                                  \
	__extension__({                            \
		__typeof__(*(pp)) stolen_ = *(pp); \
		*(pp) = NULL;                      \
		stolen_;                           \
	})
