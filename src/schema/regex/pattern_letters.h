/*
 * The alphabet of an automaton: code points that belong to exactly the same classes of an
 * expression cannot be told apart by it and are one letter. That keeps the table of transitions
 * small.
 */
#pragma once

#include "schema/regex/pattern_tree.h"

#define LETTERS_MAX 64

/* Its pointers lead into the arena that letters_make() was given. */
struct letters {
	uint8_t ascii[128];
	uint32_t *firsts; /* first code points of intervals, sorted; the first is 0x80 */
	uint8_t *ids;	  /* letters of these intervals */
	uint32_t intervals_count;
	uint32_t count; /* of letters, at most LETTERS_MAX */
};

/* Fills `ret`, and `masks[i]` with the letters of `sets[i]`, one bit each. False when there are too
 * many, or without memory. */
bool letters_make(struct letters *ret, uint64_t *masks, struct pattern_class *const *sets,
		  size_t sets_count, struct arena *a);

/* The price of a character beyond ASCII, which is searched among the intervals, relative to one of
 * ASCII. */
static inline uint32_t letters_weight(const struct letters *l)
{
	return 1 + (32 - (uint32_t)__builtin_clz(l->intervals_count | 1)) / 4;
}

/* The letter of a code point. */
uint8_t letters_find(const struct letters *l, uint32_t code_point);
