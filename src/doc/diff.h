/* What differs between two trees, by JSON pointer, and RFC 7396 merge patches. */
#pragma once

#include "base/buf.h"
#include "doc/tree.h"

enum diff_op { DIFF_ADD, DIFF_REMOVE, DIFF_REPLACE };

const char *diff_op_name(enum diff_op op); /* "add", "remove", "replace" */

/* One call a difference, in document order of `to`, removals where they stood in `from`. Containers of the
 * same kind are descended into (arrays item by item), all else is one difference. `from` is NULL for an
 * addition, `to` for a removal. Either root may be NULL: all added, all removed. Spends what is looked at. */
MUST_USE enum result diff_trees(const struct tree_node *from, const struct tree_node *to,
				enum result (*each)(void *ctx, enum diff_op op,
						    struct slice pointer,
						    const struct tree_node *from,
						    const struct tree_node *to, struct error *err),
				void *ctx, struct budget *budget, struct error *err);

/* RFC 7396: what `target` becomes by `patch`. `ret` borrows from both. */
MUST_USE enum result merge_patch(struct tree_node *ret, struct arena *a,
				 const struct tree_node *target, const struct tree_node *patch,
				 struct error *err);
