/*
 * Writes JSON in three layouts: compact, indented, and sorted for digests. Numbers keep the text
 * that was read, so no digit is lost. Recursive, bounded by the depth of the tree. A buffer that
 * fails ends the loops; the caller checks it once.
 */
#include "doc/write.h"

#include "base/text.h"

#include <stdlib.h>

/* `is_pretty`: line breaks and two blanks for each level. `is_sorted`: members by key. */
struct layout {
	bool is_pretty;
	bool is_sorted;
};

static void write_node(struct buf *ret, const struct tree_node *n, struct layout layout,
		       uint32_t depth);

static void break_line(struct buf *ret, struct layout layout, uint32_t depth)
{
	if (!layout.is_pretty)
		return;
	buf_append_char(ret, '\n');
	for (uint32_t i = 0; i < depth; i++)
		buf_append(ret, "  ", 2);
}

static void write_items(struct buf *ret, const struct tree_node *n, struct layout layout,
			uint32_t depth)
{
	buf_append_char(ret, '[');
	for (uint32_t i = 0; i < n->count && !buf_is_failed(ret); i++) {
		if (i != 0)
			buf_append_char(ret, ',');
		break_line(ret, layout, depth + 1);
		write_node(ret, &n->of.items[i], layout, depth + 1);
	}
	if (n->count != 0)
		break_line(ret, layout, depth);
	buf_append_char(ret, ']');
}

static void write_member(struct buf *ret, const struct tree_member *m, struct layout layout,
			 uint32_t depth)
{
	break_line(ret, layout, depth);
	json_append_string(ret, tree_key(m));
	buf_append_char(ret, ':');
	if (layout.is_pretty)
		buf_append_char(ret, ' ');
	write_node(ret, &m->value, layout, depth);
}

static int compare_members(const void *x, const void *y)
{
	const struct tree_member *const *a = x, *const *b = y;

	return slice_compare(tree_key(*a), tree_key(*b));
}

/* Sorted by the bytes of the keys, whatever their order in the source. Memory that is short makes
 * the buffer fail, as in all writers. */
static void write_sorted_members(struct buf *ret, const struct tree_node *n, struct layout layout,
				 uint32_t depth)
{
	CLEANUP(alloc_freep)
	const struct tree_member **order = alloc_zero_array(n->count, sizeof *order);

	if (order == NULL) {
		ret->is_failed = true;
		return;
	}
	for (uint32_t i = 0; i < n->count; i++)
		order[i] = &n->of.members[i];
	qsort(order, n->count, sizeof *order, compare_members);
	for (uint32_t i = 0; i < n->count && !buf_is_failed(ret); i++) {
		if (i != 0)
			buf_append_char(ret, ',');
		write_member(ret, order[i], layout, depth);
	}
}

static void write_members(struct buf *ret, const struct tree_node *n, struct layout layout,
			  uint32_t depth)
{
	buf_append_char(ret, '{');
	if (layout.is_sorted) {
		write_sorted_members(ret, n, layout, depth + 1);
	} else {
		for (uint32_t i = 0; i < n->count && !buf_is_failed(ret); i++) {
			if (i != 0)
				buf_append_char(ret, ',');
			write_member(ret, &n->of.members[i], layout, depth + 1);
		}
	}
	if (n->count != 0)
		break_line(ret, layout, depth);
	buf_append_char(ret, '}');
}

static void write_node(struct buf *ret, const struct tree_node *n, struct layout layout,
		       uint32_t depth)
{
	/* An opaque node has no value that could be written. */
	if ((n->flags & TREE_IS_OPAQUE) != 0) {
		buf_append_text(ret, "null");
		return;
	}
	switch ((enum tree_kind)n->kind) {
	case TREE_NULL:
		buf_append_text(ret, "null");
		break;
	case TREE_BOOL:
		buf_append_text(ret, n->of.truth ? "true" : "false");
		break;
	case TREE_NUMBER:
		buf_append_slice(ret, tree_text(n));
		break;
	case TREE_STRING:
		json_append_string(ret, tree_text(n));
		break;
	case TREE_ARRAY:
		write_items(ret, n, layout, depth);
		break;
	case TREE_OBJECT:
		write_members(ret, n, layout, depth);
		break;
	}
}

void json_write(struct buf *ret, const struct tree_node *n)
{
	write_node(ret, n, (struct layout){false, false}, 0);
}

void json_write_pretty(struct buf *ret, const struct tree_node *n)
{
	write_node(ret, n, (struct layout){.is_pretty = true}, 0);
	buf_append_char(ret, '\n');
}

void json_write_sorted(struct buf *ret, const struct tree_node *n)
{
	write_node(ret, n, (struct layout){.is_sorted = true}, 0);
}

void raw_write(struct buf *ret, const struct tree_node *n)
{
	if (n->kind == TREE_NULL || (n->flags & TREE_IS_OPAQUE) != 0)
		return;
	if (n->kind == TREE_STRING)
		buf_append_slice(ret, tree_text(n));
	else
		json_write(ret, n);
}
