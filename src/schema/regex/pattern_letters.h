/*
 * The alphabet of an automaton: code points that belong to exactly the same classes of an
 * expression cannot be told apart by it and are one letter. That keeps the table of transitions
 * small.
 *
 * Example: ^[a-f]+[0-9]$ has three letters: a to f, 0 to 9, and every other code point.
 */
#pragma once

#include "schema/regex/pattern_tree.h"

/* One bit for each letter in the 64 bits of a mask. An expression with more letters has no
 * automaton; PCRE2 matches it. */
#define LETTERS_MAX 64

/* Its pointers lead into the arena that letters_make() was given. Most texts are ASCII, so these
 * code points have a table; the others are found by binary search among intervals, each of which
 * ends where the next one begins. */
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

/* The letter of a code point, less than `count`. */
uint8_t letters_find(const struct letters *l, uint32_t code_point);
