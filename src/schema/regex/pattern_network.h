/* The nondeterministic form of an expression (Thompson 1968): places joined by steps that read a letter or nothing. */
#pragma once

#include "schema/regex/pattern_letters.h"

#define PLACES_MAX 2000

enum place_kind {
	PLACE_MATCH,
	PLACE_READ,  /* a letter of `mask`, then `next` */
	PLACE_FORK,  /* `next` or `other` */
	PLACE_START, /* `next`, at the text's start only */
	PLACE_END,   /* `next`, at its end only */
};

struct place {
	uint8_t kind; /* enum place_kind */
	uint16_t next, other;
	uint64_t mask;
};

struct network {
	struct place *places; /* PLACES_MAX of room */
	uint16_t count;
	uint16_t start;
	struct letters letters;
};

/* False where the expression needs more than that, or too much, or without memory. */
bool network_make(struct network *ret, const struct pattern_tree *tree, struct arena *a);
