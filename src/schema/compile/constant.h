/* Comparing constants of a schema with values of an instance. */
#pragma once

#include "schema/compile/program.h"

#include "doc/tree.h"

/* Whether a rule holds for a value. MAYBE: an opaque value decides. */
enum verdict {
	VERDICT_NO,
	VERDICT_YES,
	VERDICT_MAYBE,
};

/* JSON equality. Recursion is bounded by the depth of the constant. Adds the price in steps to
 * `*price`. */
enum verdict constant_compare(const struct program *p, const struct constant *k,
			      const struct tree_node *n, uint64_t *price);

/* Whether a value of that kind can be a tag (struct tag_plan), and its hash. For kinds other than
 * strings, equal hashes mean equal values. */
static inline bool constant_is_tag(uint8_t kind, uint8_t flags)
{
	return kind == TREE_STRING || kind == TREE_BOOL ||
	       (kind == TREE_NUMBER && (flags & TREE_FITS_INT64) != 0);
}

static inline uint64_t constant_tag_hash(uint8_t kind, bool truth, uint64_t value)
{
	return kind == TREE_STRING ? value : hash_mix(kind == TREE_BOOL ? truth : value, kind);
}

/* A number as a node, for number_compare(). It points into the program. */
struct tree_node constant_number(const struct program *p, const struct constant *k);
