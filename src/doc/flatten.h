/* A tree as a list of named leaves, for formats without nesting. Empty containers give no leaf. */
#pragma once

#include "doc/tree.h"

#define FLATTENED_NAMES_BYTES_MAX (64 * 1024 * 1024)

enum flatten_style {
	FLATTEN_PROPERTIES, /* a.b[0] */
	FLATTEN_ENV,	    /* A_B_0 */
};

struct flat_leaf {
	struct slice name; /* NUL-terminated */
	const struct tree_node *node;
};

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

/* E_CONFLICT for two leaves of one name, with both pointers; E_INVALID for a single value without a
 * prefix; E_LIMIT, E_MEMORY. */
MUST_USE enum result flatten(struct flattened *ret, const struct tree_node *root,
			     enum flatten_style style, struct slice prefix, struct error *err);

/* The text of a leaf without quotes; empty for null. */
struct slice flattened_value(const struct tree_node *leaf);
