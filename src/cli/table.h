/* Lists for people, from the items of a JSON list. Appends to a buffer, which the caller prints
 * with print_text(). */
#pragma once

#include "base/buf.h"
#include "doc/tree.h"

/* One column of a table; the tables of the commands are constant. */
struct column {
	const char *header;
	const char *key; /* of the item; values other than strings are shown as JSON */
};

/* Appends a header line and one line for each item, in aligned columns; for an empty list only
 * `none` and a newline. Cells are escaped as plain_append() does, so that a stored text cannot
 * control the terminal. */
void table_write(struct buf *ret, const struct tree_node *items, const struct column *columns,
		 size_t count, const char *none);

/* Appends one line for each difference of a `diff` list: "+ /spark/cores: 12", "- /a: 1", "~ /a: 1
 * -> 2". A map that was added or removed has one line for each leaf. Stops after 32 MiB with a line
 * that says so. */
void diff_write(struct buf *ret, const struct tree_node *diff, const char *indent);

/* Appends a part of a line, escaped as text_visible() does, line breaks and tabs included. */
void plain_append(struct buf *ret, struct slice text);
