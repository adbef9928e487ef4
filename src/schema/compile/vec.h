/*
 * Growing arrays of plain structs, and a hash index of positions in them, for compilation.
 * Positions are 32 bits wide, which halves the program; VEC_ITEMS_MAX keeps them far from NONE.
 *
 * Neither structure has locks: each belongs to one thread.
 */
#pragma once

#include "base/memory.h"

#include <stdbool.h>
#include <stdint.h>

/* In place of a position: there is none. */
#define NONE	      UINT32_MAX
#define VEC_ITEMS_MAX (UINT32_C(1) << 24)

/* An array of items of one size, which the user knows. VEC_NULL is empty; free with vec_clear(). */
struct vec {
	void *items;
	uint32_t count;
	uint32_t capacity;
};

#define VEC_NULL           \
	{                  \
		NULL, 0, 0 \
	}

/* A zeroed new item at the end, valid until the next push; NULL without memory or beyond
 * VEC_ITEMS_MAX, and then the array is unchanged. The caller gives the same `item_bytes` each
 * time. */
void *vec_push(struct vec *v, size_t item_bytes);
/* The first of `count` new items, which are neighbours. */
void *vec_push_many(struct vec *v, size_t item_bytes, size_t count);
/* Frees the items and leaves an empty array. What the items own is the caller's to free before. */
void vec_clear(struct vec *v);

/* Item `i` as an lvalue; the index is not checked. */
#define VEC_AT(v, type, i) (((type *)(v)->items)[i])

/* Positions by hash. Different items may have equal hashes: the caller compares each position that
 * it is given. */
struct lookup {
	struct lookup_slot *slots;
	uint32_t count;
	uint32_t capacity; /* a power of two, or 0 */
};

/* 16 bytes, so that a cache line holds four slots. */
struct lookup_slot {
	uint64_t hash;
	uint32_t value;
	uint32_t is_used;
};

#define LOOKUP_NULL        \
	{                  \
		NULL, 0, 0 \
	}

/* Adds a position; equal hashes and equal positions may be added more than once. False without
 * memory or beyond VEC_ITEMS_MAX. */
bool lookup_add(struct lookup *l, uint64_t hash, uint32_t value);
void lookup_clear(struct lookup *l);

/* The next value of `hash`, or NONE. `*at` is 0 for the first call, and afterwards the number of
 * slots that were looked at: the caller charges for them, because names may have been chosen so
 * that their hashes collide. */
uint32_t lookup_next(const struct lookup *l, uint64_t hash, uint32_t *at);

/* A hash of a hash and a further value. The factors are odd constants with their bits spread (the
 * golden ratio's 64 bits for the first); the shift brings the high bits down, since tables use the
 * low ones. */
static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
	uint64_t h = (a ^ b * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xd6e8feb86659fd93);

	return h ^ h >> 32;
}
