/* Lists for people: aligned columns from the items of a JSON list. */
#pragma once

#include "base/buf.h"
#include "doc/tree.h"

struct column {
	const char *header;
	const char *key; /* of the item; values that are no text are shown as JSON */
};

/* Appends a header line and a line an item; nothing but `none` and a newline for an empty list. Cells are as
 * plain_append() has them, so that no stored text can move a terminal's cursor. */
void table_write(struct buf *ret, const struct tree_node *items, const struct column *columns,
		 size_t count, const char *none);

/* "+ /spark/cores: 12", "- /a: 1", "~ /a: 1 -> 2", one line a difference of a `diff` list; a map that came or went has one a leaf. Ends, and
 * says so, where the lines came to 32 MiB. */
void diff_write(struct buf *ret, const struct tree_node *diff, const char *indent);

/* A part of a line, as text_visible() has it, also its line breaks and tabs. */
void plain_append(struct buf *ret, struct slice text);
