/* Comparing what a schema holds with what an instance holds. */
#pragma once

#include "schema/compile/program.h"

#include "doc/tree.h"

/* What is known about a rule on a value: no, yes, or that a value that may not be looked at decides. */
enum verdict {
	VERDICT_NO,
	VERDICT_YES,
	VERDICT_MAYBE,
};

/* JSON equality. Recursion is bounded by the constant's depth. Adds what it costs to `*price`. */
enum verdict constant_compare(const struct program *p, const struct constant *k,
			      const struct tree_node *n, uint64_t *price);

/* Whether a constant can tell branches apart, and by what: equal hashes of one kind other than strings are equal values. */
static inline bool constant_is_tag(uint8_t kind, uint8_t flags)
{
	return kind == TREE_STRING || kind == TREE_BOOL ||
	       (kind == TREE_NUMBER && (flags & TREE_FITS_INT64) != 0);
}

static inline uint64_t constant_tag_hash(uint8_t kind, bool truth, uint64_t value)
{
	return kind == TREE_STRING ? value : hash_mix(kind == TREE_BOOL ? truth : value, kind);
}

/* A number as a node, for number_compare(); it points into the program. */
struct tree_node constant_number(const struct program *p, const struct constant *k);
