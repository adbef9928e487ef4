/* Patches by a caller who may not read the document that they change. */
#pragma once

#include "service/write/write.h"

/* Whether the change makes content that the caller may not read. */
bool change_is_blind(const struct write *w, const struct change *c);
/* What can be checked of a patch alone, where the caller may not read the document that it
 * changes. */
MUST_USE enum result blind_patch_check(const struct change *c, size_t bytes_max, struct error *err);
/* Removes from the merged secret the encoding of each key that the patch sets without an
 * encoding. `scratch` (TREE_INIT) outlives `merged`. */
MUST_USE enum result blind_patch_finish(struct write *w, const struct change *c,
					struct tree *scratch, struct tree_node *merged,
					struct error *err);
