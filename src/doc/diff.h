/* The differences between two trees by JSON pointer, and merge patches (RFC 7396). */
#pragma once

#include "base/buf.h"
#include "doc/tree.h"

/* The operations of RFC 6902 (JSON Patch) that a comparison can find. */
enum diff_op { DIFF_ADD, DIFF_REMOVE, DIFF_REPLACE };

const char *diff_op_name(enum diff_op op); /* "add", "remove", "replace" */

/* Calls `each` for every difference, in the document order of `to`; removals in the place that they
 * had in `from`. Containers of the same kind are compared item by item, everything else is one
 * difference. `from` is NULL for an addition and `to` for a removal. Either root may be NULL.
 * Spends for each node that is compared. */
MUST_USE enum result diff_trees(const struct tree_node *from, const struct tree_node *to,
				enum result (*each)(void *ctx, enum diff_op op,
						    struct slice pointer,
						    const struct tree_node *from,
						    const struct tree_node *to, struct error *err),
				void *ctx, struct budget *budget, struct error *err);

/* Applies a merge patch (RFC 7396) to `target`, which may be NULL. `ret` borrows from both, and its
 * arrays of members live in `a`. Neither input changes. E_LIMIT, E_MEMORY. */
MUST_USE enum result merge_patch(struct tree_node *ret, struct arena *a,
				 const struct tree_node *target, const struct tree_node *patch,
				 struct error *err);
