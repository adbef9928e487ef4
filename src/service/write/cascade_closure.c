/*
 * The documents that depend on a change: profiles that inherit from it, profiles that a schema
 * validates, schemas that refer to it, profiles that refer to a secret, and so on from each of
 * them. The closure follows the stored edges backwards and reads no document, so that the
 * committer can compute it again.
 */
#include "service/write/cascade_closure.h"

#include "service/engine/engine.h"
#include "service/write/write.h"

#include <string.h>

#define EDGE_STEPS 50 /* of following one edge: two look-ups in maps */

/* A path that was found. */
struct found {
	struct slice path;
	struct found *next; /* in the list of those that are still to be followed */
};

/* The walk: `found` has every path once, `open` those whose dependents were not looked for yet. */
struct closing {
	const struct snapshot *snapshot;
	struct arena *arena;
	struct budget *budget; /* NULL in the committer, since a worker has counted the steps */
	struct pmap found;
	struct found *open;
	uint32_t max;
};

static struct slice found_key(const void *value)
{
	return ((const struct found *)value)->path;
}

/* References need no count: all live in the arena. */
static void count_nothing(void *value)
{
	(void)value;
}

static const struct pmap_ops found_ops = {found_key, count_nothing, count_nothing};

/* A path of a snapshot or of the write: it lives longer than the walk, so it is not copied. */
static enum result add(struct closing *c, struct slice path, struct error *err)
{
	struct found *f;

	if (pmap_get(&c->found, path) != NULL)
		return OK;
	if (pmap_count(&c->found) >= c->max)
		return fail(err, E_LIMIT, "more than %u documents depend on it", c->max);
	f = arena_alloc(c->arena, sizeof *f);
	if (f == NULL)
		return fail(err, E_MEMORY, "out of memory");
	f->path = path;
	f->next = c->open;
	if (!pmap_put(&c->found, f))
		return fail(err, E_MEMORY, "out of memory");
	c->open = f;
	return OK;
}

/* A deleted document needs nothing; its edges stay stored for an undelete. */
static enum result follow(struct closing *c, struct slice target, struct error *err)
{
	struct pmap_walk walk;
	const struct snap_edge *e;
	enum result rc = OK;

	snapshot_edges_to(&walk, c->snapshot, target);
	while (rc == OK && (e = snapshot_edge_next(&walk, target)) != NULL) {
		if (!budget_spend(c->budget, EDGE_STEPS))
			return budget_result(c->budget, err);
		if (snapshot_live(c->snapshot, e->source) != NULL)
			rc = add(c, e->source, err);
	}
	return rc;
}

/* A secret is not checked itself, only what refers to it; policies have no dependents. The end is
 * sure: each path is followed once. */
static enum result close_over(struct closing *c, const struct write *w, struct error *err)
{
	enum result rc = OK;

	for (uint32_t i = 0; rc == OK && i < w->changes_count; i++) {
		const struct change *change = &w->changes[i];

		if (!change->is_changed || change->kind == KIND_POLICIES)
			continue;
		rc = change->kind == KIND_SECRETS ? follow(c, change->path, err)
						  : add(c, change->path, err);
	}
	while (rc == OK && c->open != NULL) {
		struct slice path = c->open->path;

		c->open = c->open->next;
		rc = follow(c, path, err);
	}
	return rc;
}

/* In the order of paths, so that two closures can be compared item by item. */
static enum result list_paths(struct path_list *ret, struct closing *c, struct error *err)
{
	struct pmap_walk walk;
	const struct found *f;

	ret->items = arena_alloc_array(c->arena, pmap_count(&c->found), sizeof *ret->items);
	ret->count = 0;
	if (ret->items == NULL)
		return fail(err, E_MEMORY, "out of memory");
	pmap_walk_from(&walk, &c->found, SLICE_NULL);
	while ((f = pmap_walk_next(&walk)) != NULL)
		ret->items[ret->count++] = f->path;
	return OK;
}

enum result cascade_closure(struct path_list *ret, const struct snapshot *snapshot,
			    const struct write *w, struct budget *budget, struct arena *a,
			    struct error *err)
{
	struct closing c = {.snapshot = snapshot,
			    .arena = a,
			    .budget = budget,
			    .found = PMAP_INIT(&found_ops),
			    .max = w->service->state.settings.affected_max};
	enum result rc = close_over(&c, w, err);

	if (rc == OK)
		rc = list_paths(ret, &c, err);
	pmap_clear(&c.found);
	return rc;
}
