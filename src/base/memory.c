/*
 * Allocation by calloc() and realloc(), behind a hook for fault tests.
 *
 * New objects are zeroed, so that a half-built object can be given to its _free function. The hook
 * is a mutable global without a lock: it is set before any thread starts.
 */
#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static bool (*hook)(void *ctx);
static void *hook_ctx;

void alloc_hook_set(bool (*may_allocate)(void *ctx), void *ctx)
{
	hook = may_allocate;
	hook_ctx = ctx;
}

static bool may_allocate(void)
{
	return hook == NULL || hook(hook_ctx);
}

/* Never asks for 0 bytes: calloc() may then return NULL, which would look like a failure. */
void *alloc_zero(size_t size)
{
	if (!may_allocate())
		return NULL;
	return calloc(1, size != 0 ? size : 1);
}

void *alloc_zero_array(size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		return NULL;
	return alloc_zero(bytes);
}

/* realloc() with 0 bytes may free the block; see above. The new bytes are not zeroed and the old
 * block is not wiped: not for secrets. */
void *alloc_resize(void *old, size_t size)
{
	if (!may_allocate())
		return NULL;
	return realloc(old, size != 0 ? size : 1);
}

char *alloc_text(const char *text, size_t len)
{
	char *copy;

	if (len == SIZE_MAX)
		return NULL;
	copy = alloc_zero(len + 1);
	if (copy != NULL && len != 0)
		memcpy(copy, text, len);
	return copy;
}

void alloc_free(void *p)
{
	free(p);
}

/* By memcpy(), because the pointer at `pp` is of another type than void *: reading it as one would
 * break the rules of aliasing (C17 6.5). */
void alloc_freep(void *pp)
{
	void *p;

	memcpy(&p, pp, sizeof p);
	free(p);
	memset(pp, 0, sizeof p);
}

/* The compiler may remove a memset() of memory that is not read again; explicit_bzero(3) stays. */
void mem_wipe(void *p, size_t size)
{
	if (size != 0)
		explicit_bzero(p, size);
}
