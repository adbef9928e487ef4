/*
 * Documents that the writer may know of. A write's problems and errors name no other, and
 * constraints of a schema are told only to a caller who may read every schema that the constraint
 * can come from.
 */
#include "service/write/document_visibility.h"

#include "service/write/write.h"

/* Bounds of a walk over schemas that refer to others; beyond them a schema counts as hidden. */
#define SCHEMA_DEPTH_MAX      16
#define SCHEMAS_LOOKED_AT_MAX 256

/* `affected` is in the order of the paths. */
static const struct affected *find_affected(const struct write *w, struct slice path)
{
	uint32_t from = 0, to = w->affected_count;

	while (from < to) {
		uint32_t middle = from + (to - from) / 2;
		int order = slice_compare(w->affected[middle].path, path);

		if (order == 0)
			return &w->affected[middle];
		if (order < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return NULL;
}

const struct doc_edges *edges_as_written(const struct write *w, struct slice path)
{
	const struct affected *f = find_affected(w, path);
	const struct snap_doc *d;

	if (f != NULL && f->has_edges)
		return f->edges;
	d = snapshot_doc(w->view.snapshot, path);
	return d != NULL ? d->edges : NULL;
}

bool write_may_see(const struct write *w, struct slice path)
{
	const struct change *c = write_change(w, path);

	return (c != NULL && c->op == CHANGE_OP_PUT) || rights_may(w->view.reader, MAY_READ, path);
}

/* Whether the caller may read the schema and all schemas that it refers to. `budget` bounds the
 * walk; beyond it the result is false. */
static bool may_see_schemas(const struct write *w, struct slice path, uint32_t depth,
			    uint32_t *budget)
{
	const struct doc_edges *edges = edges_as_written(w, path);

	if (depth == SCHEMA_DEPTH_MAX || *budget == 0 || !write_may_see(w, path))
		return false;
	--*budget;
	for (uint32_t i = 0; edges != NULL && i < edges->count; i++) {
		if (!slice_is_equal(edges->items[i].target, path) &&
		    !may_see_schemas(w, edges->items[i].target, depth + 1, budget))
			return false;
	}
	return true;
}

bool write_may_see_constraint(const struct write *w, const struct check_problem *p)
{
	uint32_t budget = SCHEMAS_LOOKED_AT_MAX;

	if (p->constraint.len != 0)
		return write_may_see(w, p->constraint);
	return p->schema.len == 0 || may_see_schemas(w, p->schema, 0, &budget);
}
