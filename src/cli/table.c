#include "cli/table.h"

#include "base/text.h"
#include "doc/write.h"

#define COLUMNS_MAX 12

void plain_append(struct buf *ret, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (c < 0x20 || c == 0x7f)
			buf_printf(ret, "\\x%02x", (unsigned)c);
		else
			buf_append_char(ret, text.data[i]);
	}
}

static void value_append(struct buf *ret, const struct tree_node *n)
{
	if (n == NULL || n->kind == TREE_NULL)
		return;
	if (n->kind == TREE_STRING) {
		plain_append(ret, tree_text(n));
		return;
	}
	json_write(ret, n);
}

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
	for (size_t c = 0; c < count; c++) {
		widths[c] = strlen(columns[c].header);
		for (uint32_t i = 0; i < items->count; i++) {
			size_t width = width_of(&items->of.items[i], columns[c].key);

			if (width > widths[c])
				widths[c] = width;
		}
	}
	write_cells(ret, NULL, columns, widths, count);
	for (uint32_t i = 0; i < items->count; i++)
		write_cells(ret, &items->of.items[i], columns, widths, count);
}

static void diff_value(struct buf *ret, const struct tree_node *item, const char *key)
{
	const struct tree_node *value = tree_get(item, slice_text(key));
	const struct tree_node *secret = TREE_GET(item, "secret");

	if (secret != NULL && secret->kind == TREE_BOOL && secret->of.truth)
		buf_append_text(ret, "(secret)");
	else if (value != NULL)
		json_write(ret, value);
}

static void diff_line(struct buf *ret, const struct tree_node *item)
{
	const struct tree_node *op = TREE_GET(item, "op"), *pointer = TREE_GET(item, "pointer");
	const struct tree_node *reload = TREE_GET(item, "reload");
	bool is_add = op != NULL && tree_is_text(op, "add");
	bool is_remove = op != NULL && tree_is_text(op, "remove");

	buf_append_text(ret, is_add ? "+ " : is_remove ? "- " : "~ ");
	value_append(ret, pointer);
	buf_append_text(ret, ": ");
	if (!is_add)
		diff_value(ret, item, "from");
	if (!is_add && !is_remove)
		buf_append_text(ret, " -> ");
	if (!is_remove)
		diff_value(ret, item, "to");
	if (reload != NULL && reload->kind == TREE_STRING) {
		buf_append_text(ret, "  [");
		value_append(ret, reload);
		buf_append_char(ret, ']');
	}
	buf_append_char(ret, '\n');
}

void diff_write(struct buf *ret, const struct tree_node *diff, const char *indent)
{
	for (uint32_t i = 0; diff != NULL && i < diff->count; i++) {
		buf_append_text(ret, indent);
		diff_line(ret, &diff->of.items[i]);
	}
}
