/*
 * Loads the first snapshot from a store whose head and rows were checked (store/store_head.h).
 *
 * It runs once, in the thread that opens the service, before any other thread exists: so it needs
 * no locks, and puts the snapshot into `current` only when all is loaded. All rows are read in one
 * read transaction; nobody else writes to the store.
 *
 * It parses only the policies, which the first request needs, and the records of the tokens. The
 * contents of all other documents stay sealed, and the edges between documents are stored, so that
 * a start with 100,000 documents takes well under a second.
 *
 * A row that does not check out ends the start with an error: a server that skipped a policy or a
 * token would decide differently from the one that wrote it.
 */
#include "base/log.h"
#include "service/state/open_content.h"
#include "service/state/state.h"

#include <stdlib.h>
#include <string.h>

/* What is being loaded, passed to every row function as its ctx. */
struct loading {
	struct state *state;
	struct snapshot *snapshot;
	/* the edges of the source at hand */
	struct slice source;
	struct doc_edge *edges;
	uint32_t count, size;
	struct arena arena;
};

/* A policy that cannot be opened or compiled stops the start: without it, a deny in it would not
 * count. */
static enum result load_policy(struct loading *l, const struct version_row *row, struct error *err)
{
	CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);
	struct slice name = slice_from(row->path, strlen("policies/"));
	struct policy *policy;
	enum result rc = tree_of_row(l->state, row, NULL, &tree, err);

	if (rc == OK)
		rc = policy_compile(&policy, name, &tree.root, err);
	if (rc != OK)
		return wrap(err, rc, "%.*s", SLICE_ARGS(row->path));
	return snapshot_put_policy(l->snapshot, name, policy, row->revision)
		       ? OK
		       : fail(err, E_MEMORY, "out of memory");
}

/* The newest version of one document, of any state: deleted documents are loaded too, so that their
 * version numbers go on. */
static enum result load_head(void *ctx, const struct version_row *row, struct error *err)
{
	struct loading *l = ctx;
	enum doc_kind kind;
	struct doc_record *record;
	struct snap_doc *d;
	enum result rc = path_check(row->path, &kind, err);

	if (rc != OK)
		return fail(err, E_CORRUPT, "a stored path is malformed");
	record = doc_record_new(kind, row);
	d = record != NULL ? snap_doc_new(record, NULL, row->revision) : NULL;
	if (d == NULL || !snapshot_put_doc(l->snapshot, d))
		return fail(err, E_MEMORY, "out of memory");
	if (kind == KIND_POLICIES && row->state == VERSION_LIVE)
		return load_policy(l, row, err);
	return OK;
}

/* Gives the document the edges that were collected. A snap_doc is immutable but for its caches, so
 * the document gets a new one in the place of the old. While it loads, no other thread has the
 * snapshot. */
static enum result end_source(struct loading *l, struct error *err)
{
	struct snap_doc *d = snapshot_doc(l->snapshot, l->source);
	struct doc_edges *edges;
	struct snap_doc *with_edges;

	if (l->count == 0 || d == NULL)
		return OK;
	edges = doc_edges_new(l->edges, l->count);
	if (edges == NULL)
		return fail(err, E_MEMORY, "out of memory");
	with_edges = snap_doc_new(doc_record_ref(d->record), edges, d->changed_revision);
	if (with_edges == NULL || !snapshot_put_doc(l->snapshot, with_edges))
		return fail(err, E_MEMORY, "out of memory");
	return OK;
}

/* Closes the source before, and frees the memory of its edges: only one document's edges are held
 * at a time. */
static enum result begin_source(struct loading *l, struct slice source, struct error *err)
{
	enum result rc = end_source(l, err);

	if (rc != OK)
		return rc;
	arena_clear(&l->arena);
	l->edges = NULL;
	l->count = l->size = 0;
	l->source = slice_make(arena_text(&l->arena, source), source.len);
	return l->source.data != NULL ? OK : fail(err, E_MEMORY, "out of memory");
}

/* Rows usually come in the order of their source. Where they do not, the edges are added to those
 * that the source has already. */
static enum result load_edge(void *ctx, const struct edge_row *row, struct error *err)
{
	struct loading *l = ctx;
	char *target;
	enum result rc;

	if (!slice_is_equal(row->source, l->source)) {
		rc = begin_source(l, row->source, err);
		if (rc != OK)
			return rc;
	}
	if (l->count == l->size) {
		uint32_t size = l->size != 0 ? l->size * 2 : 8;
		struct doc_edge *items = arena_alloc_array(&l->arena, size, sizeof *items);

		if (items == NULL)
			return fail(err, E_MEMORY, "out of memory");
		if (l->count != 0)
			memcpy(items, l->edges, l->count * sizeof *items);
		l->edges = items;
		l->size = size;
	}
	target = arena_text(&l->arena, row->target);
	if (target == NULL)
		return fail(err, E_MEMORY, "out of memory");
	l->edges[l->count++] = (struct doc_edge){slice_make(target, row->target.len), row->kind};
	return OK;
}

static enum result load_token(void *ctx, const struct token_row *row, struct error *err)
{
	struct loading *l = ctx;
	struct token *t;
	enum result rc = token_new(&t, row, err);

	if (rc != OK)
		return rc;
	return snapshot_put_token(l->snapshot, t) ? OK : fail(err, E_MEMORY, "out of memory");
}

/* Documents go before edges, because edges are given to documents that exist. */
static enum result load_all(struct loading *l, struct store_session *ss, struct error *err)
{
	enum result rc = store_session_begin(ss, err);

	if (rc != OK)
		return rc;
	rc = store_each_head(ss, 0, load_head, l, err);
	if (rc == OK)
		rc = store_each_edge(ss, load_edge, l, err);
	if (rc == OK)
		rc = end_source(l, err);
	if (rc == OK)
		rc = store_each_token(ss, 0, load_token, l, err);
	store_session_end(ss);
	return rc;
}

enum result state_load(struct state *s, const struct store_head *head, struct error *err)
{
	struct loading l = {.state = s, .snapshot = snapshot_new()};
	struct store_session *ss = NULL;
	enum result rc;

	if (l.snapshot == NULL)
		return fail(err, E_MEMORY, "out of memory");
	l.snapshot->epoch = head->epoch;
	l.snapshot->revision = head->revision;
	l.snapshot->time_ms = head->time_ms;
	rc = store_session_open(&ss, s->store, err);
	if (rc == OK)
		rc = load_all(&l, ss, err);
	store_session_close(ss);
	arena_clear(&l.arena);
	if (rc != OK) {
		snapshot_unref(l.snapshot);
		return rc;
	}
	s->current = l.snapshot;
	return OK;
}
