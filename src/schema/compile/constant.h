/*
 * Comparing constants of a schema with values of an instance. Both passes use it, so that const and
 * enum mean the same in both.
 *
 * A constant stands in the flat arrays of the program and a value in a tree, so the comparison of
 * two trees cannot be used. Nothing is allocated; any thread may call.
 */
#pragma once

#include "schema/compile/program.h"

#include "doc/tree.h"

/* Whether a rule holds for a value. MAYBE: an opaque value decides. */
enum verdict {
	VERDICT_NO,
	VERDICT_YES,
	VERDICT_MAYBE,
};

/* JSON equality: 1 equals 1.0, and the order of members does not matter. Recursion is bounded by
 * the depth of the constant. MAYBE where an opaque value decides. Adds the price in steps to
 * `*price`, which the caller charges afterwards. */
enum verdict constant_compare(const struct program *p, const struct constant *k,
			      const struct tree_node *n, uint64_t *price);

/* Whether a value of that kind can be a tag (struct tag_plan), and its hash. For kinds other than
 * strings, equal hashes mean equal values. */
static inline bool constant_is_tag(uint8_t kind, uint8_t flags)
{
	return kind == TREE_STRING || kind == TREE_BOOL ||
	       (kind == TREE_NUMBER && (flags & TREE_FITS_INT64) != 0);
}

/* The hash of a tag. `value` is the hash of a string, or the int64 of a number; `truth` is read for
 * a boolean only. The kind is mixed in, so that 1 and true differ. */
static inline uint64_t constant_tag_hash(uint8_t kind, bool truth, uint64_t value)
{
	return kind == TREE_STRING ? value : hash_mix(kind == TREE_BOOL ? truth : value, kind);
}

/* A number as a node, for number_compare(). It points into the program. */
struct tree_node constant_number(const struct program *p, const struct constant *k);
