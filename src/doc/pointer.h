/* JSON Pointer (RFC 6901) over trees. */
#pragma once

#include "base/buf.h"
#include "doc/tree.h"

/* "" or begins with '/', '~' only in "~0" and "~1". */
bool pointer_is_valid(struct slice pointer);

/* The node, or NULL when there is none; "" is the root. The pointer must be valid. The node is
 * borrowed from the tree. */
const struct tree_node *pointer_get(const struct tree_node *root, struct slice pointer);

/* Appends "/" and the escaped token. */
void pointer_append_key(struct buf *pointer, struct slice key);
/* Appends "/" and the number of an item, from 0. */
void pointer_append_index(struct buf *pointer, uint32_t index);

/* Removes the first token from `*rest` and decodes it into `token`, which is reset first; without
 * memory `token` has failed. False at the end. The pointer must be valid. */
bool pointer_next_token(struct slice *rest, struct buf *token);
