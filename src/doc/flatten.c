/*
 * Names the leaves of a tree: {"a": {"b": [1]}} gives a.b[0] for properties, and A_B_0 for an
 * environment. Names must differ, since of two equal names a reader would keep one: {"a.b": 1, "a":
 * {"b": 2}} is an error, as are "x-y" and "x_y" for an environment.
 *
 * Names repeat the keys above them, so all together may be much longer than the document: the arena
 * bounds them at FLATTENED_NAMES_BYTES_MAX. The current name is one buffer that grows on the way
 * down. Recursion is bounded by the depth of the tree.
 *
 * Leaves point into the tree, which must outlive the list.
 */
#include "doc/flatten.h"

#include "base/text.h"
#include "doc/pointer.h"

#include <stdlib.h>

/* Room for each of two pointers in an error's text; longer ones are cut. */
#define POINTER_QUOTED_BYTES 200

/* A list in the making. `prefix_len`: no separator follows the prefix. */
struct walk {
	struct flattened *flattened;
	enum flatten_style style;
	struct buf name;
	size_t prefix_len;
	struct error *err;
};

static enum result walk_node(struct walk *w, const struct tree_node *n);

void flattened_clear(struct flattened *f)
{
	arena_clear(&f->arena);
	f->leaves = NULL;
	f->count = 0;
}

struct slice flattened_value(const struct tree_node *leaf)
{
	if ((leaf->flags & TREE_IS_OPAQUE) != 0)
		return slice_text("");
	switch ((enum tree_kind)leaf->kind) {
	case TREE_NUMBER:
	case TREE_STRING:
		return tree_text(leaf);
	case TREE_BOOL:
		return slice_text(leaf->of.truth ? "true" : "false");
	default:
		return slice_text("");
	}
}

/* An opaque secret is a leaf without a value, whatever its kind. */
static bool is_container(const struct tree_node *n)
{
	return (n->kind == TREE_ARRAY || n->kind == TREE_OBJECT) &&
	       (n->flags & TREE_IS_OPAQUE) == 0;
}

static const struct tree_node *child_at(const struct tree_node *n, uint32_t i)
{
	return n->kind == TREE_ARRAY ? &n->of.items[i] : &n->of.members[i].value;
}

/* Empty containers have none. Counted first, to allocate all leaves at once. */
static uint32_t count_leaves(const struct tree_node *n)
{
	uint32_t count = 0;

	if (!is_container(n))
		return 1;
	for (uint32_t i = 0; i < n->count; i++)
		count += count_leaves(child_at(n, i));
	return count;
}

/* Appends capitals, digits and '_'; any other character becomes one '_'. The later bytes of a
 * character (10xxxxxx) are skipped: "café" is CAF_. */
static void append_env_word(struct buf *name, struct slice word)
{
	for (size_t i = 0; i < word.len; i++) {
		char c = word.data[i];

		if (((unsigned char)c & 0xc0) == 0x80)
			continue;
		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		else if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')))
			c = '_';
		buf_append_char(name, c);
	}
}

static void append_separator(struct walk *w)
{
	if (w->name.len > w->prefix_len)
		buf_append_char(&w->name, w->style == FLATTEN_ENV ? '_' : '.');
}

static void append_key(struct walk *w, struct slice key)
{
	append_separator(w);
	if (w->style == FLATTEN_ENV)
		append_env_word(&w->name, key);
	else
		buf_append_slice(&w->name, key);
}

static void append_index(struct walk *w, uint32_t index)
{
	if (w->style == FLATTEN_ENV) {
		append_separator(w);
		buf_append_u64(&w->name, index);
		return;
	}
	buf_append_char(&w->name, '[');
	buf_append_u64(&w->name, index);
	buf_append_char(&w->name, ']');
}

static enum result fail_memory(const struct walk *w)
{
	if (w->flattened->arena.is_exhausted)
		return fail(w->err, E_LIMIT,
			    "the names of all values together are longer than %d MiB: choose a "
			    "part by its key",
			    FLATTENED_NAMES_BYTES_MAX >> 20);
	return fail(w->err, E_MEMORY, "out of memory");
}

/* A name in a shell must not be empty or begin with a digit: it then gets a '_' in front. */
static enum result add_leaf(struct walk *w, const struct tree_node *n)
{
	struct slice name = buf_slice(&w->name);
	bool is_led = w->style == FLATTEN_ENV &&
		      (name.len == 0 || (name.data[0] >= '0' && name.data[0] <= '9'));
	enum result rc = buf_check(&w->name, w->err);
	char *copy;

	if (rc != OK)
		return rc;
	copy = arena_alloc(&w->flattened->arena, name.len + is_led + 1);
	if (copy == NULL)
		return fail_memory(w);
	copy[0] = '_';
	memcpy(copy + is_led, name.data, name.len);
	copy[name.len + is_led] = '\0';
	w->flattened->leaves[w->flattened->count++] = (struct flat_leaf){
		.name = slice_make(copy, name.len + is_led),
		.node = n,
	};
	return OK;
}

static enum result walk_node(struct walk *w, const struct tree_node *n)
{
	size_t len = w->name.len;
	enum result rc = OK;

	if (!is_container(n))
		return add_leaf(w, n);
	for (uint32_t i = 0; i < n->count && rc == OK; i++) {
		if (n->kind == TREE_ARRAY)
			append_index(w, i);
		else
			append_key(w, tree_key(&n->of.members[i]));
		rc = walk_node(w, child_at(n, i));
		buf_cut(&w->name, len);
	}
	return rc;
}

/* Finds the pointer of the leaf that has `*left` leaves before it. */
static bool find_pointer(struct buf *ret, const struct tree_node *n, uint32_t *left)
{
	size_t len = ret->len;

	if (!is_container(n))
		return (*left)-- == 0;
	for (uint32_t i = 0; i < n->count; i++) {
		if (n->kind == TREE_ARRAY)
			pointer_append_index(ret, i);
		else
			pointer_append_key(ret, tree_key(&n->of.members[i]));
		if (find_pointer(ret, child_at(n, i), left))
			return true;
		buf_cut(ret, len);
	}
	return false;
}

/* Computes the pointers only now: leaves do not keep them. */
static enum result fail_conflict(const struct flattened *f, const struct tree_node *root,
				 uint32_t a, uint32_t b, struct error *err)
{
	char quoted[2][POINTER_QUOTED_BYTES];
	uint32_t first = a < b ? a : b, second = a < b ? b : a;
	const struct tree_node *node = f->leaves[second].node;

	for (int i = 0; i < 2; i++) {
		CLEANUP(buf_clear) struct buf pointer = BUF_NULL;
		uint32_t left = i == 0 ? first : second;

		find_pointer(&pointer, root, &left);
		text_quote(quoted[i], sizeof quoted[i], buf_slice(&pointer));
	}
	return fail_at(err, E_CONFLICT, node->line, node->column,
		       "%s and %s would have the same name", quoted[0], quoted[1]);
}

/* The hash is compared first, because names of one map have a common beginning. */
struct name_slot {
	uint64_t hash;
	uint32_t at;
};

static int compare_names(const void *x, const void *y, void *ctx)
{
	const struct name_slot *a = x, *b = y;
	const struct flat_leaf *leaves = ctx;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return slice_compare(leaves[a->at].name, leaves[b->at].name);
}

/* Sorts instead of comparing all pairs: a document may have DOC_NODES_MAX leaves. */
static enum result check_names(const struct flattened *f, const struct tree_node *root,
			       struct error *err)
{
	CLEANUP(alloc_freep) struct name_slot *order = alloc_zero_array(f->count, sizeof *order);

	if (order == NULL)
		return fail(err, E_MEMORY, "out of memory");
	for (uint32_t i = 0; i < f->count; i++)
		order[i] = (struct name_slot){slice_hash(f->leaves[i].name), i};
	qsort_r(order, f->count, sizeof *order, compare_names, f->leaves);
	for (uint32_t i = 1; i < f->count; i++) {
		if (compare_names(&order[i - 1], &order[i], f->leaves) == 0)
			return fail_conflict(f, root, order[i - 1].at, order[i].at, err);
	}
	return OK;
}

enum result flatten(struct flattened *ret, const struct tree_node *root, enum flatten_style style,
		    struct slice prefix, struct error *err)
{
	struct walk w = {.flattened = ret, .style = style, .name = BUF_NULL, .err = err};
	enum result rc;

	if (!is_container(root) && prefix.len == 0)
		return fail(err, E_INVALID, "a single value has no name: choose a key of a map");
	ret->leaves = arena_alloc_array(&ret->arena, count_leaves(root), sizeof *ret->leaves);
	if (ret->leaves == NULL)
		return fail_memory(&w);
	buf_append_slice(&w.name, prefix);
	w.prefix_len = prefix.len;
	rc = walk_node(&w, root);
	buf_clear(&w.name);
	return rc == OK ? check_names(ret, root, err) : rc;
}
