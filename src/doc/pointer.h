/* JSON Pointer (RFC 6901) over trees. */
#pragma once

#include "base/buf.h"
#include "doc/tree.h"

/* "" or begins with '/', '~' only in "~0" and "~1". */
bool pointer_is_valid(struct slice pointer);

/* The node, or NULL when there is none. The pointer must be valid. */
const struct tree_node *pointer_get(const struct tree_node *root, struct slice pointer);

/* Appends "/" and the escaped token. */
void pointer_append_key(struct buf *pointer, struct slice key);
void pointer_append_index(struct buf *pointer, uint32_t index);

/* Removes the first token from `*rest` and decodes it into `token`, which is reset first. False at
 * the end. */
bool pointer_next_token(struct slice *rest, struct buf *token);
