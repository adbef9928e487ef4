/*
 * Inheritance: the order in which the layers of a profile apply.
 *
 * The order is C3 (Barrett et al., "A Monotonic Superclass Linearization for Dylan", OOPSLA 1996).
 * C3 puts the class that wins first and lets the leftmost parent win; profiles let the rightmost
 * parent win, so each `$extends` is reversed before, and the result is reversed at the end: the
 * layer that applies first stands first.
 *
 * Invariants: each profile is loaded and ordered once, however many ways lead to it. `active` holds
 * the profiles from the requested one to the current one; a profile that is reached while it is
 * active closes a cycle. Depth is bounded by PROFILE_DEPTH_MAX, the number of profiles by
 * PROFILE_LAYERS_MAX, and each merge step spends from the budget.
 */
#include "profile/profile.h"

#include "profile/problem.h"

#define NOWHERE UINT16_MAX

enum visit_state { VISIT_ACTIVE, VISIT_DONE };

/* One profile that was reached. Orders and parents name other profiles by their index in
 * chain.visits. */
struct visit {
	const struct profile_layer *layer;
	uint64_t hash; /* of its path */
	enum visit_state state;
	/* Bounds the depth also where a profile was reached on a short way first: it is not entered
	 * again on a longer one, so the depth of the recursion alone would miss that. */
	uint32_t height;   /* the longest way to a profile without parents */
	uint16_t *order;   /* C3: itself, then its ancestors; the one that wins stands first */
	uint16_t *parents; /* in the order written */
	uint32_t order_count;
};

struct chain {
	struct visit visits[PROFILE_LAYERS_MAX];
	uint32_t count;
	uint16_t active[PROFILE_DEPTH_MAX + 2]; /* from the requested profile to the current one */
	uint32_t depth;
	struct arena *arena;
	const struct profile_chain_input *in;
};

/* Linear in at most PROFILE_LAYERS_MAX visits; visit_profile() spends for it. */
static uint16_t find_visit(const struct chain *c, struct slice path)
{
	uint64_t hash = slice_hash(path);

	for (uint32_t i = 0; i < c->count; i++) {
		if (c->visits[i].hash == hash && slice_is_equal(c->visits[i].layer->path, path))
			return (uint16_t)i;
	}
	return NOWHERE;
}

/* The place of the i-th name of a layer's `$extends`; an index beyond the list gives the place of
 * the list itself. */
static const struct tree_node *parent_place(const struct profile_layer *layer, uint32_t i)
{
	const struct tree_node *extends = TREE_GET(layer->root, "$extends");

	if (extends == NULL)
		return layer->root;
	return extends->kind == TREE_ARRAY && i < extends->count ? &extends->of.items[i] : extends;
}

/* profiles/a/x → profiles/a/y → profiles/a/x */
static enum result refuse_cycle(const struct chain *c, uint16_t again,
				const struct tree_node *place, struct error *err)
{
	CLEANUP(buf_clear) struct buf way = BUF_NULL;
	uint32_t from = 0;

	while (c->active[from] != again)
		from++;
	for (uint32_t i = from; i < c->depth; i++) {
		buf_append_slice(&way, c->visits[c->active[i]].layer->path);
		buf_append_text(&way, " → ");
	}
	buf_append_slice(&way, c->visits[again].layer->path);
	if (buf_is_failed(&way))
		return buf_check(&way, err);
	return fail_at(err, E_INVALID, place->line, place->column,
		       "`$extends` leads back to where it began: %.*s",
		       (int)text_fit(buf_slice(&way), PROBLEM_PART_BYTES_MAX), way.data);
}

/* A parent that does not exist makes the profile invalid, at the place where it is named. If the
 * requested profile itself does not exist, E_NOT_FOUND stays: there is no document to edit. */
static enum result load_layer(struct chain *c, uint16_t *ret, struct slice path,
			      const struct tree_node *place, struct error *err)
{
	const struct profile_layer *layer = NULL;
	enum result rc;

	if (c->count == PROFILE_LAYERS_MAX)
		return fail(err, E_LIMIT, "inherits from more than %d profiles",
			    PROFILE_LAYERS_MAX);
	rc = c->in->load(c->in->ctx, path, &layer, err);
	if (rc == E_NOT_FOUND && c->depth > 0)
		return fail_at(err, E_INVALID, place->line, place->column,
			       "%.*s extends %.*s, which is not there",
			       SLICE_ARGS(c->visits[c->active[c->depth - 1]].layer->path),
			       SLICE_ARGS(path));
	if (rc != OK)
		return rc;
	c->visits[c->count] = (struct visit){
		.layer = layer,
		.hash = slice_hash(path),
		.state = VISIT_ACTIVE,
	};
	*ret = (uint16_t)c->count++;
	return OK;
}

/* The lists that C3 merges: the orders of the parents, rightmost first, and the parents
 * themselves. */
struct merge_lists {
	struct {
		const uint16_t *ids;
		uint32_t count;
		uint32_t at;
	} list[PROFILE_LAYERS_MAX + 1];
	uint32_t count;
	uint16_t behind[PROFILE_LAYERS_MAX]; /* by profile: in how many lists it is not the head */
};

static void add_list(struct merge_lists *m, const uint16_t *ids, uint32_t count)
{
	m->list[m->count].ids = ids;
	m->list[m->count].count = count;
	m->list[m->count].at = 0;
	m->count++;
	for (uint32_t i = 1; i < count; i++)
		m->behind[ids[i]]++;
}

/* The first head that every list has at its front or not at all; NOWHERE when there is no such head
 * or all lists are used up. */
static uint16_t next_head(const struct merge_lists *m, bool *ret_is_done)
{
	*ret_is_done = true;
	for (uint32_t i = 0; i < m->count; i++) {
		uint16_t head;

		if (m->list[i].at == m->list[i].count)
			continue;
		*ret_is_done = false;
		head = m->list[i].ids[m->list[i].at];
		if (m->behind[head] == 0)
			return head;
	}
	return NOWHERE;
}

/* Each list that the head leaves gets a new head, which is then behind in one list less. With these
 * counts, next_head() needs no search in the rests of the lists. */
static void take_head(struct merge_lists *m, uint16_t head)
{
	for (uint32_t i = 0; i < m->count; i++) {
		if (m->list[i].at == m->list[i].count || m->list[i].ids[m->list[i].at] != head)
			continue;
		m->list[i].at++;
		if (m->list[i].at < m->list[i].count)
			m->behind[m->list[i].ids[m->list[i].at]]--;
	}
}

/* For example `$extends: [x, y]` in one parent and `$extends: [y, x]` in the other. */
static enum result refuse_order(const struct visit *v, struct error *err)
{
	const struct tree_node *place = parent_place(v->layer, UINT32_MAX);

	return fail_at(
		err, E_INVALID, place->line, place->column,
		"%.*s: no order of `$extends` keeps that of its parents: two of them name the "
		"same profiles in opposite order",
		SLICE_ARGS(v->layer->path));
}

/* Orders `self` from the orders of its parents. */
static enum result order_visit(struct chain *c, uint16_t self, struct error *err)
{
	CLEANUP(alloc_freep) struct merge_lists *m = NULL;
	struct visit *v = &c->visits[self];
	uint32_t parents_count = v->layer->header->parents_count;
	uint16_t *reversed = arena_alloc_array(c->arena, parents_count, sizeof *reversed);
	uint16_t head;
	bool is_done;

	m = alloc_zero(sizeof *m);
	/* Room for all profiles that were reached: the profile itself and its ancestors are among
	 * them. */
	v->order = arena_alloc_array(c->arena, c->count, sizeof *v->order);
	if (m == NULL || reversed == NULL || v->order == NULL)
		return arena_failure(c->arena, err);
	for (uint32_t i = 0; i < parents_count; i++) {
		reversed[i] = v->parents[parents_count - 1 - i];
		add_list(m, c->visits[reversed[i]].order, c->visits[reversed[i]].order_count);
	}
	add_list(m, reversed, parents_count);

	v->order[v->order_count++] = self;
	while ((head = next_head(m, &is_done)) != NOWHERE &&
	       budget_spend(c->in->budget, m->count / 4 + 1)) {
		v->order[v->order_count++] = head;
		take_head(m, head);
	}
	if (budget_result(c->in->budget, NULL) != OK)
		return budget_result(c->in->budget, err);
	return is_done ? OK : refuse_order(v, err);
}

static enum result visit_profile(struct chain *c, uint16_t *ret, struct slice path,
				 const struct tree_node *place, struct error *err);

/* Parents first: order_visit() merges orders that are complete. */
static enum result visit_parents(struct chain *c, uint16_t self, struct error *err)
{
	const struct profile_layer *layer = c->visits[self].layer;
	uint32_t count = layer->header->parents_count;
	uint16_t *parents = arena_alloc_array(c->arena, count, sizeof *parents);

	if (parents == NULL)
		return arena_failure(c->arena, err);
	c->visits[self].parents = parents;
	for (uint32_t i = 0; i < count; i++) {
		enum result rc = visit_profile(c, &parents[i], layer->header->parents[i],
					       parent_place(layer, i), err);
		uint32_t height;

		if (rc != OK)
			return rc;
		height = c->visits[parents[i]].height + 1;
		if (height > c->visits[self].height)
			c->visits[self].height = height;
	}
	if (c->visits[self].height > PROFILE_DEPTH_MAX)
		return fail(err, E_LIMIT, "inheritance is deeper than %d", PROFILE_DEPTH_MAX);
	return OK;
}

/* Recursion is bounded by PROFILE_DEPTH_MAX; each profile is loaded once. */
static enum result visit_profile(struct chain *c, uint16_t *ret, struct slice path,
				 const struct tree_node *place, struct error *err)
{
	uint16_t self = find_visit(c, path);
	enum result rc = budget_take(c->in->budget, c->count / 8 + 1, err);

	if (rc != OK)
		return rc;
	if (self != NOWHERE && c->visits[self].state == VISIT_ACTIVE)
		return refuse_cycle(c, self, place, err);
	if (self != NOWHERE) {
		*ret = self;
		return OK;
	}
	if (c->depth > PROFILE_DEPTH_MAX)
		return fail(err, E_LIMIT, "inheritance is deeper than %d", PROFILE_DEPTH_MAX);
	rc = load_layer(c, &self, path, place, err);
	if (rc != OK)
		return rc;
	c->active[c->depth++] = self;
	rc = visit_parents(c, self, err);
	c->depth--;
	if (rc == OK)
		rc = order_visit(c, self, err);
	if (rc != OK)
		return rc;
	c->visits[self].state = VISIT_DONE;
	*ret = self;
	return OK;
}

enum result profile_linearize(const struct profile_layer ***ret, uint32_t *ret_count,
			      struct arena *a, const struct profile_chain_input *in,
			      struct error *err)
{
	CLEANUP(arena_clear) struct arena scratch = ARENA_NULL;
	CLEANUP(alloc_freep) struct chain *c = NULL;
	const struct profile_layer **layers;
	const struct visit *v;
	uint16_t self;
	enum result rc;

	c = alloc_zero(sizeof *c);
	if (c == NULL)
		return fail(err, E_MEMORY, "out of memory");
	c->arena = &scratch;
	c->in = in;
	/* The requested profile has no place where it is named. No error uses it: with an empty
	 * `active` neither a cycle nor a missing parent is possible. */
	rc = visit_profile(c, &self, in->path, NULL, err);
	if (rc != OK)
		return rc;
	v = &c->visits[self];
	layers = arena_alloc_array(a, v->order_count, sizeof *layers);
	if (layers == NULL)
		return arena_failure(a, err);
	for (uint32_t i = 0; i < v->order_count; i++)
		layers[i] = c->visits[v->order[v->order_count - 1 - i]].layer;
	*ret = layers;
	*ret_count = v->order_count;
	return OK;
}
