/* A tree as a list of named leaves, for formats that know no nesting. Empty containers give none. */
#pragma once

#include "doc/tree.h"

#define FLAT_NAMES_BYTES_MAX (64 * 1024 * 1024)

enum flat_style {
	FLAT_PROPERTIES, /* a.b[0] */
	FLAT_ENV,	 /* A_B_0 */
};

struct flat_leaf {
	struct slice name; /* NUL-terminated */
	const struct tree_node *node;
};

struct flat {
	struct arena arena;
	struct flat_leaf *leaves; /* in document order */
	uint32_t count;
};

#define FLAT_INIT                                                \
	{                                                        \
		ARENA_INIT(FLAT_NAMES_BYTES_MAX, false), NULL, 0 \
	}

void flat_clear(struct flat *f);

/* E_CONFLICT for two leaves of one name, naming where they stand; E_INVALID for a single value without
 * a prefix; E_LIMIT, E_MEMORY. */
MUST_USE enum result flat_collect(struct flat *ret, const struct tree_node *root,
				  enum flat_style style, struct slice prefix, struct error *err);

/* A leaf's bare text; null has none. */
struct slice flat_value(const struct tree_node *leaf);
