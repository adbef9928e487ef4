/*
 * The list operators `$append`, `$prepend` and `$remove`. In one map of operators `$remove` applies
 * first, then `$prepend`, then `$append`.
 *
 * The edits of all layers apply to one array with room at both ends, which is sized before: so each
 * operator costs what it adds. `$remove` compares items as they are written, before references are
 * resolved, and finds them by hash: to remove n of n items takes linear time.
 */
#include "profile/merge.h"

#include "profile/special_key.h"
#include "profile/problem.h"

/* An item of the inherited list or of an edit, borrowed from its layer until merge_literal() copies
 * it. */
struct list_item {
	const struct tree_node *node;
	uint64_t hash; /* 0: not made yet */
	uint32_t size; /* steps that making it took, and comparing it takes */
	uint16_t source;
};

/* Has room at both ends; the items stand from `first` on. `$prepend` takes room before them,
 * `$append` behind; `$remove` moves the kept ones together and never needs more. */
struct list {
	struct list_item *items;
	uint32_t first, count, size;
};

/* A variable has no pointer in the effective configuration: the message names it instead. */
static enum result report_no_list(struct merger *m, const struct contribution *edit,
				  const struct contribution *inherited)
{
	const struct profile_report *r = m->report;
	struct tree_node place = *edit->node;
	struct slice pointer = buf_slice(&m->pointer);

	place.source = edit->source;
	m->has_problems = true;
	return profile_problem_add(
		&(struct problem_sink){r->problems, r->arena, r->err},
		m->is_vars ? SLICE_NULL : pointer, &place,
		"%s%.*s%sedits a list, but what it inherits from %.*s, line %u, column "
		"%u, is no list but of type %s",
		m->is_vars ? "var:" : "",
		m->is_vars ? (int)text_fit(pointer, PROBLEM_NAME_BYTES_MAX) : 0, pointer.data,
		m->is_vars ? " " : "", PROBLEM_NAME(r->layers[inherited->source]->path),
		inherited->node->line, inherited->node->column,
		tree_kind_name((enum tree_kind)inherited->node->kind));
}

static void put_items(struct list *l, uint32_t at, const struct tree_node *items, uint16_t source)
{
	for (uint32_t i = 0; i < items->count; i++)
		l->items[at + i] = (struct list_item){&items->of.items[i], 0, 0, source};
	l->count += items->count;
}

static void append_items(struct list *l, const struct tree_node *items, uint16_t source)
{
	put_items(l, l->first + l->count, items, source);
}

static void prepend_items(struct list *l, const struct tree_node *items, uint16_t source)
{
	l->first -= items->count;
	put_items(l, l->first, items, source);
}

/* The budget steps of reading a value and all below it. Bounded by the size of the document, whose
 * reading the budget has paid for. */
static uint64_t steps_of(const struct tree_node *n)
{
	uint64_t steps = 1;

	if (n->kind == TREE_STRING || n->kind == TREE_NUMBER)
		steps += n->count / 16;
	for (uint32_t i = 0; n->kind == TREE_ARRAY && i < n->count; i++)
		steps += steps_of(&n->of.items[i]);
	for (uint32_t i = 0; n->kind == TREE_OBJECT && i < n->count; i++)
		steps += steps_of(&n->of.members[i].value) + n->of.members[i].key_len / 16;
	return steps;
}

/* 0 says that no hash was made, so a hash of 0 becomes 1. The steps are spent without a check: the
 * callers check after each item. */
static void make_hash(struct merger *m, struct list_item *item)
{
	uint64_t hash = tree_hash(item->node), steps = steps_of(item->node);

	item->hash = hash != 0 ? hash : 1;
	item->size = steps < UINT32_MAX ? (uint32_t)steps : UINT32_MAX;
	budget_spend(m->report->budget, 3 * steps);
}

/* The items to remove, by hash. */
struct removal {
	struct list_item *slots;
	uint32_t mask;
};

/* The slot of an equal item, or the free slot for it; NULL when too many items have the same
 * hash. */
static struct list_item *find_removed(struct merger *m, const struct removal *r,
				      const struct list_item *item)
{
	uint32_t slot = (uint32_t)item->hash & r->mask;

	for (uint32_t i = 0; i < PROBES_MAX; i++, slot = (slot + 1) & r->mask) {
		struct list_item *at = &r->slots[slot];

		budget_spend(m->report->budget, at->hash == item->hash ? item->size + 1 : 1);
		if (at->node == NULL ||
		    (at->hash == item->hash && tree_is_equal(at->node, item->node)))
			return at;
	}
	return NULL;
}

/* The table is at most half full. Equal items to remove share a slot. */
static enum result gather_removed(struct merger *m, struct removal *r,
				  const struct tree_node *removed)
{
	uint32_t size = 4;

	while (size < 2 * removed->count)
		size *= 2;
	r->mask = size - 1;
	r->slots = arena_alloc_array(m->arena, size, sizeof *r->slots);
	if (r->slots == NULL)
		return arena_failure(m->arena, m->report->err);
	for (uint32_t i = 0; i < removed->count; i++) {
		struct list_item item = {.node = &removed->of.items[i]};
		struct list_item *at;

		make_hash(m, &item);
		at = find_removed(m, r, &item);
		if (at == NULL)
			return merge_fail_collisions(m);
		*at = item;
		if (budget_result(m->report->budget, NULL) != OK)
			break;
	}
	return budget_result(m->report->budget, m->report->err);
}

/* Removes every item that is equal, not only the first. An item to remove that the list does not
 * have is no error: the layer below may have dropped it. */
static enum result remove_items(struct merger *m, struct list *l, const struct tree_node *removed)
{
	struct removal r = {0};
	uint32_t kept = 0;
	enum result rc = gather_removed(m, &r, removed);

	for (uint32_t i = 0; rc == OK && i < l->count; i++) {
		struct list_item *item = &l->items[l->first + i];
		const struct list_item *at;

		if (item->hash == 0)
			make_hash(m, item);
		at = find_removed(m, &r, item);
		if (at == NULL || at->node == NULL)
			l->items[l->first + kept++] = *item;
		rc = budget_result(m->report->budget, m->report->err);
	}
	if (rc == OK)
		l->count = kept;
	return rc;
}

static enum result apply_edit(struct merger *m, struct list *l, const struct contribution *edit)
{
	const struct tree_node *removed = TREE_GET(edit->node, "$remove");
	const struct tree_node *prepended = TREE_GET(edit->node, "$prepend");
	const struct tree_node *appended = TREE_GET(edit->node, "$append");
	enum result rc = OK;

	if (removed != NULL)
		rc = remove_items(m, l, removed);
	if (prepended != NULL)
		prepend_items(l, prepended, edit->source);
	if (appended != NULL)
		append_items(l, appended, edit->source);
	return rc;
}

/* The edits from the top layer down to the list that they edit, and the number of items that they
 * can add. */
struct edit_run {
	const struct contribution *edits[PROFILE_LAYERS_MAX]; /* the highest first */
	uint32_t count;
	struct contribution base;
	bool has_base;
	uint64_t before, behind;
};

/* 0 where the map of operators does not have this one. profile_read_header() has checked that the
 * value is a list. */
static uint32_t items_count(const struct tree_node *edit, struct slice name)
{
	const struct tree_node *items = tree_get(edit, name);

	return items != NULL ? items->count : 0;
}

/* Where the key is removed, or no layer below has it, the edits apply to an empty list. There is
 * at most one contribution for each layer, so the bound on the number of edits is never what
 * ends the loop. */
static enum result find_run(struct merger *m, struct edit_run *run, const struct contribution *top)
{
	for (const struct contribution *v = top; v != NULL && run->count < PROFILE_LAYERS_MAX;
	     v = v->below) {
		enum contribution_form form = contribution_form(v, &run->base);

		if (form == CONTRIBUTION_REMOVE)
			return OK;
		if (form != CONTRIBUTION_EDIT) {
			if (run->base.node->kind != TREE_ARRAY)
				return report_no_list(m, run->edits[run->count - 1], &run->base);
			run->has_base = true;
			run->behind += run->base.node->count;
			return OK;
		}
		run->edits[run->count++] = v;
		run->before += items_count(v->node, SLICE_LITERAL("$prepend"));
		run->behind += items_count(v->node, SLICE_LITERAL("$append"));
	}
	return OK;
}

/* The lowest edit first: each layer edits the list that the layers below it made. */
static enum result make_list(struct merger *m, struct list *l, const struct edit_run *run)
{
	enum result rc = OK;

	if (run->before + run->behind > (uint64_t)DOC_NODES_MAX * PROFILE_LAYERS_MAX)
		return fail(m->report->err, E_LIMIT, "merges too many values");
	l->size = (uint32_t)(run->before + run->behind);
	if (!budget_spend(m->report->budget, l->size))
		return budget_result(m->report->budget, m->report->err);
	l->first = (uint32_t)run->before;
	l->items = arena_alloc_array(m->arena, l->size, sizeof *l->items);
	if (l->items == NULL)
		return arena_failure(m->arena, m->report->err);
	if (run->has_base)
		append_items(l, run->base.node, run->base.source);
	for (uint32_t i = run->count; i-- > 0 && rc == OK;)
		rc = apply_edit(m, l, run->edits[i]);
	return rc;
}

enum result merge_list_edits(struct merger *m, struct merged_node *ret,
			     const struct contribution *top, unsigned depth)
{
	struct edit_run run = {0};
	struct list l = {0};
	enum result rc;

	rc = find_run(m, &run, top);
	/* The problem was added; the node stays null, so that the merge can find other
	 * problems. */
	if (rc == E_INVALID)
		return OK;
	if (rc == OK)
		rc = make_list(m, &l, &run);
	if (rc != OK)
		return rc;
	ret->from = (struct tree_node){
		.kind = TREE_ARRAY,
		.source = top->source,
		.count = l.count,
		.line = top->node->line,
		.column = top->node->column,
	};
	rc = merged_alloc_children(m, ret, l.count);
	for (uint32_t i = 0; i < l.count && rc == OK; i++) {
		const struct list_item *item = &l.items[l.first + i];

		rc = merge_literal(m, &ret->children[i], item->node, item->source, depth + 1);
	}
	return rc;
}
