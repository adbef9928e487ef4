/*
 * The arena: a list of blocks, the newest first.
 *
 * Objects are cut from the newest block only. Room that is left in an older block is not used
 * again, so an allocation never searches. Blocks come from alloc_zero() and no byte is given out
 * twice before arena_clear(), so objects need not be zeroed one by one.
 *
 * Must hold: `used_bytes` is the sum of the sizes of all blocks and is never above `max_bytes`
 * where that is not 0. The budget is charged for the same sum, so that arena_clear() can give back
 * exactly what add_block() took. No lock: the arena belongs to one thread at a time.
 */
#include "base/arena.h"

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>

/* The sizes of blocks, without their heads. The upper bound limits the room that is allocated and
 * never used. An object that is larger gets a block of exactly its size. */
#define BLOCK_BYTES_MIN 1024
#define BLOCK_BYTES_MAX (256 * 1024)

struct arena_block {
	struct arena_block *before;
	size_t size; /* of data */
	size_t used;
	alignas(max_align_t) unsigned char data[];
};

void arena_clear(struct arena *a)
{
	struct arena_block *block = a->last;

	while (block != NULL) {
		struct arena_block *before = block->before;

		if (a->is_wiped)
			mem_wipe(block->data, block->used);
		alloc_free(block);
		block = before;
	}
	budget_release(a->budget, a->used_bytes);
	a->last = NULL;
	a->used_bytes = 0;
	a->is_exhausted = a->is_short = false;
}

void arena_leave_budget(struct arena *a)
{
	budget_release(a->budget, a->used_bytes);
	a->budget = NULL;
}

/* Blocks double up to a bound, so that a small document costs little and a large one few calls.
 * Near `max_bytes` a block of exactly `size` is tried before the arena is exhausted. The budget is
 * charged before the allocation, so that a request beyond its budget takes no memory from the
 * system. */
static bool add_block(struct arena *a, size_t size)
{
	size_t wanted = a->last == NULL ? BLOCK_BYTES_MIN : a->last->size * 2;
	struct arena_block *block;

	if (wanted > BLOCK_BYTES_MAX)
		wanted = BLOCK_BYTES_MAX;
	if (wanted < size)
		wanted = size;
	if (a->max_bytes != 0 && wanted > a->max_bytes - a->used_bytes) {
		if (size > a->max_bytes - a->used_bytes) {
			a->is_exhausted = true;
			return false;
		}
		wanted = size;
	}
	if (wanted > SIZE_MAX - sizeof *block)
		return false;
	if (!budget_hold(a->budget, wanted)) {
		a->is_exhausted = true;
		return false;
	}
	/* The head of a block is not charged: it is small beside the least block. */
	block = alloc_zero(sizeof *block + wanted);
	if (block == NULL) {
		a->is_short = true;
		budget_release(a->budget, wanted);
		return false;
	}
	block->size = wanted;
	block->before = a->last;
	a->last = block;
	a->used_bytes += wanted;
	return true;
}

void *arena_alloc(struct arena *a, size_t size)
{
	size_t rounded;
	void *p;

	if (__builtin_add_overflow(size, alignof(max_align_t) - 1, &rounded))
		return NULL;
	rounded &= ~(alignof(max_align_t) - 1);
	if (a->last == NULL || rounded > a->last->size - a->last->used) {
		if (!add_block(a, rounded))
			return NULL;
	}
	p = a->last->data + a->last->used;
	a->last->used += rounded;
	return p;
}

void *arena_alloc_array(struct arena *a, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		return NULL;
	return arena_alloc(a, bytes);
}

char *arena_text(struct arena *a, struct slice s)
{
	char *copy;

	if (s.len == SIZE_MAX)
		return NULL;
	copy = arena_alloc(a, s.len + 1);
	if (copy != NULL && s.len != 0)
		memcpy(copy, s.data, s.len);
	return copy;
}

void *arena_copy(struct arena *a, const void *data, size_t size)
{
	void *copy = arena_alloc(a, size);

	if (copy != NULL && size != 0)
		memcpy(copy, data, size);
	return copy;
}
