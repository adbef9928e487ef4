/* ^C{a,b}$ for one class C, the commonest expression of all, whatever the numbers: counted, no states. */
#pragma once

#include "schema/pattern_letters.h"

struct run {
	struct letters letters;
	uint8_t is_in[LETTERS_MAX];
	uint32_t low, high; /* PATTERN_NO_MAXIMUM: open */
};

/* NULL where the expression is none, or without memory. Lives in `a`. */
struct run *run_make(const struct pattern_tree *tree, struct arena *a);

bool run_is_match(const struct run *r, struct slice text);
