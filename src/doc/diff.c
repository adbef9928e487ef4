/*
 * Compares two trees. Objects are compared by key, arrays by position: an item that was inserted at
 * the front makes every later item differ, as a JSON pointer names items by position too.
 *
 * Subtrees that are the same node in memory are equal without a look at them. The pointer is one
 * buffer that grows on the way down and is cut on the way back. The recursion is bounded by the
 * depth of the trees (DOC_DEPTH_MAX).
 */
#include "doc/diff.h"

#include "base/memory.h"
#include "doc/pointer.h"

#define MEMBER_STEPS 20 /* to find a member in the other object */
#define NODE_STEPS   5

/* A comparison in progress. A failure of `pointer` shows in report(), before `each` sees it. */
struct walk {
	enum result (*each)(void *ctx, enum diff_op op, struct slice pointer,
			    const struct tree_node *from, const struct tree_node *to,
			    struct error *err);
	void *ctx;
	struct buf pointer;
	struct budget *budget;
	struct error *err;
};

static enum result diff_nodes(struct walk *w, const struct tree_node *from,
			      const struct tree_node *to);

const char *diff_op_name(enum diff_op op)
{
	static const char *const names[] = {
		[DIFF_ADD] = "add",
		[DIFF_REMOVE] = "remove",
		[DIFF_REPLACE] = "replace",
	};

	return (size_t)op < ARRAY_SIZE(names) ? names[op] : "unknown";
}

static enum result report(struct walk *w, const struct tree_node *from, const struct tree_node *to)
{
	enum diff_op op = from == NULL ? DIFF_ADD : to == NULL ? DIFF_REMOVE : DIFF_REPLACE;
	enum result rc = buf_check(&w->pointer, w->err);

	if (rc != OK)
		return rc;
	return w->each(w->ctx, op, buf_slice(&w->pointer), from, to, w->err);
}

static enum result diff_member(struct walk *w, struct slice key, const struct tree_node *from,
			       const struct tree_node *to)
{
	size_t len = w->pointer.len;
	enum result rc = budget_take(w->budget, key.len / 16 + MEMBER_STEPS, w->err);

	if (rc != OK)
		return rc;
	pointer_append_key(&w->pointer, key);
	rc = diff_nodes(w, from, to);
	buf_cut(&w->pointer, len);
	return rc;
}

/* Reports the members of `from` in [*at, before) that `to` does not have. */
static enum result diff_removed(struct walk *w, const struct tree_node *from,
				const struct tree_node *to, uint32_t *at, uint32_t before)
{
	for (; *at < before; ++*at) {
		const struct tree_member *m = &from->of.members[*at];
		enum result rc = budget_take(w->budget, MEMBER_STEPS, w->err);

		if (rc != OK)
			return rc;
		if (tree_get_hashed(to, tree_key(m), m->hash) != NULL)
			continue;
		rc = diff_member(w, tree_key(m), &m->value, NULL);
		if (rc != OK)
			return rc;
	}
	return OK;
}

/* In the order of `to`. Before a member that both have, the members that stood before it in `from`
 * and are gone are reported. `at` only rises: where the order has changed, a removal may come
 * later, but each comes once. */
static enum result diff_objects(struct walk *w, const struct tree_node *from,
				const struct tree_node *to)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < to->count; i++) {
		const struct tree_member *m = &to->of.members[i];
		const struct tree_member *old = tree_get_member_hashed(from, tree_key(m), m->hash);
		enum result rc = OK;

		if (old != NULL)
			rc = diff_removed(w, from, to, &at, (uint32_t)(old - from->of.members));
		if (rc == OK)
			rc = diff_member(w, tree_key(m), old != NULL ? &old->value : NULL,
					 &m->value);
		if (rc != OK)
			return rc;
	}
	return diff_removed(w, from, to, &at, from->count);
}

static enum result diff_arrays(struct walk *w, const struct tree_node *from,
			       const struct tree_node *to)
{
	uint32_t count = from->count > to->count ? from->count : to->count;

	for (uint32_t i = 0; i < count; i++) {
		size_t len = w->pointer.len;
		enum result rc;

		pointer_append_index(&w->pointer, i);
		rc = diff_nodes(w, i < from->count ? &from->of.items[i] : NULL,
				i < to->count ? &to->of.items[i] : NULL);
		buf_cut(&w->pointer, len);
		if (rc != OK)
			return rc;
	}
	return OK;
}

static bool is_text(const struct tree_node *n)
{
	return n->kind == TREE_STRING || n->kind == TREE_NUMBER;
}

static enum result diff_nodes(struct walk *w, const struct tree_node *from,
			      const struct tree_node *to)
{
	enum result rc;

	if (from == to)
		return OK;
	/* Long texts cost a step for each 16 bytes, of the comparison below. */
	rc = budget_take(w->budget, NODE_STEPS + (to != NULL && is_text(to) ? to->count / 16 : 0),
			 w->err);
	if (rc != OK)
		return rc;
	/* An opaque value may have changed, so it always counts as different. */
	if (from == NULL || to == NULL || from->kind != to->kind ||
	    ((from->flags | to->flags) & TREE_IS_OPAQUE) != 0)
		return report(w, from, to);
	if (from->kind == TREE_OBJECT)
		return diff_objects(w, from, to);
	if (from->kind == TREE_ARRAY)
		return diff_arrays(w, from, to);
	return tree_is_equal(from, to) ? OK : report(w, from, to);
}

enum result diff_trees(const struct tree_node *from, const struct tree_node *to,
		       enum result (*each)(void *ctx, enum diff_op op, struct slice pointer,
					   const struct tree_node *from, const struct tree_node *to,
					   struct error *err),
		       void *ctx, struct budget *budget, struct error *err)
{
	struct walk w = {
		.each = each, .ctx = ctx, .pointer = BUF_NULL, .budget = budget, .err = err};
	enum result rc = diff_nodes(&w, from, to);

	buf_clear(&w.pointer);
	return rc;
}
