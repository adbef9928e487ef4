/* Tables and differences as text for people. Every text in them comes from a server and is escaped
 * before its width is measured, so that the columns fit the text that the terminal shows. */
#include "cli/table.h"

#include "base/text.h"
#include "doc/pointer.h"
#include "doc/write.h"

/* The callers' tables are constant and have at most six columns. */
#define COLUMNS_MAX    12
#define WIDTH_MAX      100 /* a wider cell does not widen its column */
#define DIFF_BYTES_MAX (32 * 1024 * 1024)

void plain_append(struct buf *ret, struct slice text)
{
	text_append_visible(ret, text, "");
}

/* A string without quotes, other values as JSON, null and absent as nothing. */
static void value_append(struct buf *ret, const struct tree_node *n)
{
	CLEANUP(buf_clear) struct buf json = BUF_NULL;

	if (n == NULL || n->kind == TREE_NULL)
		return;
	if (n->kind != TREE_STRING)
		json_write(&json, n);
	plain_append(ret, n->kind == TREE_STRING ? tree_text(n) : buf_slice(&json));
}

/* Formats the cell only to measure it, and write_cells() formats it again: so no cells are kept.
 * Counts characters, not bytes. */
static size_t width_of(const struct tree_node *item, const char *key)
{
	CLEANUP(buf_clear) struct buf cell = BUF_NULL;

	value_append(&cell, tree_get(item, slice_text(key)));
	return utf8_length(buf_slice(&cell));
}

static void pad(struct buf *ret, size_t used, size_t width)
{
	for (; used < width; used++)
		buf_append_char(ret, ' ');
}

/* One line. `item` is NULL for the header. */
static void write_cells(struct buf *ret, const struct tree_node *item, const struct column *columns,
			const size_t *widths, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t start = ret->len;

		if (item == NULL)
			buf_append_text(ret, columns[i].header);
		else
			value_append(ret, tree_get(item, slice_text(columns[i].key)));
		if (i + 1 < count) {
			struct slice cell = slice_from(buf_slice(ret), start);

			pad(ret, utf8_length(cell), widths[i] + 2);
		}
	}
	/* An empty last cell leaves blanks behind. */
	while (ret->len != 0 && ret->data[ret->len - 1] == ' ')
		buf_cut(ret, ret->len - 1);
	buf_append_char(ret, '\n');
}

void table_write(struct buf *ret, const struct tree_node *items, const struct column *columns,
		 size_t count, const char *none)
{
	size_t widths[COLUMNS_MAX];

	if (items == NULL || items->count == 0) {
		buf_printf(ret, "%s\n", none);
		return;
	}
	/* A column is as wide as its widest cell, up to WIDTH_MAX, so all items are measured before
	 * the first line. */
	for (size_t c = 0; c < count; c++) {
		widths[c] = strlen(columns[c].header);
		for (uint32_t i = 0; i < items->count; i++) {
			size_t width = width_of(&items->of.items[i], columns[c].key);

			if (width > widths[c])
				widths[c] = width < WIDTH_MAX ? width : WIDTH_MAX;
		}
	}
	write_cells(ret, NULL, columns, widths, count);
	for (uint32_t i = 0; i < items->count; i++)
		write_cells(ret, &items->of.items[i], columns, widths, count);
}

/* The line of a difference that is being written. `sign` is "+ ", "- " or "~ "; `reload` is the
 * value of x-reload in the schema (live, next-run or restart): how a running program may take on
 * the change. */
struct difference {
	const char *indent, *sign;
	const struct tree_node *reload;
	/* Grows by a key while leaves_write() goes down, and is cut on the way back. */
	struct buf pointer;
};

static void difference_clear(struct difference *d)
{
	buf_clear(&d->pointer);
}

static void begin_line(struct buf *ret, const struct difference *d)
{
	buf_append_text(ret, d->indent);
	buf_append_text(ret, d->sign);
	plain_append(ret, buf_slice(&d->pointer));
	buf_append_text(ret, ": ");
}

static void end_line(struct buf *ret, const struct difference *d)
{
	if (d->reload != NULL && d->reload->kind == TREE_STRING) {
		buf_append_text(ret, "  [");
		value_append(ret, d->reload);
		buf_append_char(ret, ']');
	}
	buf_append_char(ret, '\n');
}

/* An added or removed value; one line for each leaf of a map. */
static void leaves_write(struct buf *ret, struct difference *d, const struct tree_node *n)
{
	size_t len = d->pointer.len;

	/* Each leaf repeats the keys above it. */
	if (ret->len > DIFF_BYTES_MAX)
		return;
	if (n != NULL && n->kind == TREE_OBJECT && n->count != 0) {
		for (uint32_t i = 0; i < n->count; i++) {
			pointer_append_key(&d->pointer, tree_key(&n->of.members[i]));
			leaves_write(ret, d, &n->of.members[i].value);
			if (!buf_is_failed(&d->pointer))
				buf_cut(&d->pointer, len);
		}
		return;
	}
	begin_line(ret, d);
	if (n != NULL)
		json_write(ret, n);
	end_line(ret, d);
}

/* "~ /spark/cores: 4 -> 8 [live]" */
static void replacement_write(struct buf *ret, const struct difference *d,
			      const struct tree_node *from, const struct tree_node *to)
{
	begin_line(ret, d);
	if (from != NULL)
		json_write(ret, from);
	buf_append_text(ret, " -> ");
	if (to != NULL)
		json_write(ret, to);
	end_line(ret, d);
}

/* One entry of a `diff` list: {"pointer", "op", "from", "to", "secret", "reload"}. The server
 * leaves out the values of secrets, so the line says only that there is a change. */
static void difference_write(struct buf *ret, const struct tree_node *item, const char *indent)
{
	const struct tree_node *op = TREE_GET(item, "op"), *pointer = TREE_GET(item, "pointer");
	const struct tree_node *secret = TREE_GET(item, "secret");
	bool is_add = op != NULL && tree_is_text(op, "add");
	bool is_remove = op != NULL && tree_is_text(op, "remove");
	CLEANUP(difference_clear)
	struct difference d = {indent,
			       is_add	   ? "+ "
			       : is_remove ? "- "
					   : "~ ",
			       TREE_GET(item, "reload"), BUF_NULL};

	if (pointer != NULL && pointer->kind == TREE_STRING)
		buf_append_slice(&d.pointer, tree_text(pointer));
	if (secret != NULL && secret->kind == TREE_BOOL && secret->of.truth) {
		begin_line(ret, &d);
		buf_append_text(ret, is_add || is_remove ? "(secret)" : "(secret) -> (secret)");
		end_line(ret, &d);
	} else if (is_add || is_remove) {
		leaves_write(ret, &d, is_add ? TREE_GET(item, "to") : TREE_GET(item, "from"));
	} else {
		replacement_write(ret, &d, TREE_GET(item, "from"), TREE_GET(item, "to"));
	}
}

void diff_write(struct buf *ret, const struct tree_node *diff, const char *indent)
{
	for (uint32_t i = 0; diff != NULL && i < diff->count && ret->len <= DIFF_BYTES_MAX; i++)
		difference_write(ret, &diff->of.items[i], indent);
	/* The output may be incomplete by whole lines only. */
	if (ret->len > DIFF_BYTES_MAX)
		buf_append_text(ret, "there are more differences; -o json shows all of them\n");
}
