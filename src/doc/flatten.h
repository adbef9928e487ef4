/* A tree as a list of named leaves, for formats without nesting. Empty containers give no leaf. */
#pragma once

#include "doc/tree.h"

/* Names and leaves of one list together. */
#define FLATTENED_NAMES_BYTES_MAX (64 * 1024 * 1024)

enum flatten_style {
	FLATTEN_PROPERTIES, /* a.b[0] */
	FLATTEN_ENV,	    /* A_B_0 */
};

/* A value that is no container, under its full name. */
struct flat_leaf {
	struct slice name; /* NUL-terminated */
	const struct tree_node *node;
};

/* The list; FLATTENED_INIT before, flattened_clear() after. */
struct flattened {
	struct arena arena;
	struct flat_leaf *leaves; /* in document order */
	uint32_t count;
};

#define FLATTENED_INIT                                                \
	{                                                             \
		ARENA_INIT(FLATTENED_NAMES_BYTES_MAX, false), NULL, 0 \
	}

void flattened_clear(struct flattened *f);

/* Fills `ret`, which borrows the nodes of `root`. `prefix` begins each name, without a separator
 * behind it. E_CONFLICT for two leaves of one name, with both pointers; E_INVALID for a single
 * value without a prefix; E_LIMIT, E_MEMORY. The caller clears `ret`, also after a failure. */
MUST_USE enum result flatten(struct flattened *ret, const struct tree_node *root,
			     enum flatten_style style, struct slice prefix, struct error *err);

/* The text of a leaf without quotes, borrowed from the tree; empty for null and for an opaque
 * secret. */
struct slice flattened_value(const struct tree_node *leaf);
