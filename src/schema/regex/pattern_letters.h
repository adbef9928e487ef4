/* The code points that one expression can tell apart: all that are in the same of its classes are one letter. */
#pragma once

#include "schema/regex/pattern_parse.h"

#define LETTERS_MAX 64

/* No pointers but into the arena that it was made in. */
struct letters {
	uint8_t ascii[128];
	uint32_t *firsts; /* of intervals in rising order, the first 0x80 */
	uint8_t *ids;	  /* of these intervals */
	uint32_t intervals_count;
	uint32_t count; /* of letters, at most LETTERS_MAX */
};

/* Fills `ret`, and `masks[i]` with the letters in `sets[i]`. False when there are too many, or without memory. */
bool letters_make(struct letters *ret, uint64_t *masks, struct pattern_class *const *sets,
		  size_t sets_count, struct arena *a);

/* How much dearer than one of ASCII a character may be: it is searched for among the intervals. */
static inline uint32_t letters_weight(const struct letters *l)
{
	return 1 + (32 - (uint32_t)__builtin_clz(l->intervals_count | 1)) / 4;
}

uint8_t letters_find(const struct letters *l, uint32_t code_point);
