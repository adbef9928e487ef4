/*
 * After a write every profile is valid, or the write is refused.
 *
 * The cascade takes all profiles and schemas that depend on a change (cascade_closure.c) and
 * checks each in the state after the whole write: it resolves and validates profiles, and
 * compiles schemas. It collects all problems, so that one response names them all. A problem that
 * a document had before the write, while it was not served, does not refuse the write
 * (cascade_before.c).
 *
 * It also prepares what the committer will store: the edges of each document (what it needs), and
 * for each profile whether its configuration changed. Configurations stay in memory only while
 * they are needed: thousands of profiles may depend on one change.
 *
 * A bound that runs out (steps, memory, number of documents) refuses the write: it never counts
 * as "valid". Only a forced delete or destroy may leave documents behind that could not be
 * checked.
 *
 * Runs in a worker, with the view and the budget of the write.
 */
#include "service/write/cascade.h"

#include "service/engine/engine.h"
#include "service/write/cascade_before.h"
#include "service/write/cascade_closure.h"
#include "service/write/change_check.h"
#include "service/write/problems.h"
#include "service/write/write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Schemas that one schema may refer to; more refuse the write (E_LIMIT). */
#define SCHEMA_NEEDS_MAX 1000
/* Of one document, beside parsing, resolving and validating: mostly for its digest. */
#define AFFECTED_STEPS 1000

/* One write's cascade. */
struct cascade {
	struct verb_context *ctx;
	struct write *write;
	bool is_blocked; /* the write would take away a document that is still needed */
	struct before before;
};

/* What a document needs, while it is collected. */
struct needs {
	struct doc_edge *items;
	uint32_t count;
};

static void need(struct needs *n, struct slice target, enum edge_kind kind)
{
	n->items[n->count++] = (struct doc_edge){target, kind};
}

static int compare_edges(const void *a, const void *b)
{
	const struct doc_edge *x = a, *y = b;

	return slice_compare(x->target, y->target);
}

/* Sorted and each once, so that equal needs give equal edges. */
static void sort_unique(struct needs *n)
{
	uint32_t kept = 0;

	if (n->count != 0)
		qsort(n->items, n->count, sizeof *n->items, compare_edges);
	for (uint32_t i = 0; i < n->count; i++) {
		if (kept == 0 || !slice_is_equal(n->items[kept - 1].target, n->items[i].target))
			n->items[kept++] = n->items[i];
	}
	n->count = kept;
}

/* Edges that are equal to the stored ones are not written again. */
static enum result set_edges(struct affected *f, struct needs *n, struct error *err)
{
	sort_unique(n);
	f->edges = doc_edges_new(n->items, n->count);
	if (f->edges == NULL)
		return fail(err, E_MEMORY, "out of memory");
	f->has_edges = f->before == NULL || !doc_edges_are_equal(f->edges, f->before->edges);
	return OK;
}

/* A profile needs its parents, its schema (the effective one if it resolves, since a parent may
 * name it), and the documents of all secrets that it refers to. */
static enum result profile_edges(struct cascade *c, struct affected *f,
				 const struct profile_header *header, struct error *err)
{
	const struct effective *e = f->entry != NULL ? &f->entry->effective : NULL;
	/* The needs of an invalid profile are not known: the old edges stay, and still lead to
	 * it. */
	const struct doc_edges *old = f->is_invalid && f->before != NULL ? f->before->edges : NULL;
	uint32_t max = header->parents_count + 1 + (e != NULL ? e->secrets_count : 0) +
		       (old != NULL ? old->count : 0);
	struct needs n = {arena_alloc_array(&c->write->arena, max, sizeof *n.items), 0};

	if (n.items == NULL)
		return fail(err, E_MEMORY, "out of memory");
	for (uint32_t i = 0; i < header->parents_count; i++)
		need(&n, header->parents[i], EDGE_EXTENDS);
	if (e != NULL && e->schema.len != 0)
		need(&n, e->schema, EDGE_SCHEMA);
	else if (e == NULL && header->has_schema)
		need(&n, header->schema, EDGE_SCHEMA);
	for (uint32_t i = 0; e != NULL && i < e->secrets_count; i++)
		need(&n, e->secrets[i].path, EDGE_SECRET);
	for (uint32_t i = 0; old != NULL && i < old->count; i++)
		need(&n, old->items[i].target, old->items[i].kind);
	return set_edges(f, &n, err);
}

static enum result keep_digest(void *ctx, uint64_t revision, struct slice digest, struct error *err)
{
	struct buf *ret = ctx;

	(void)revision;
	buf_append_slice(ret, digest);
	return buf_check(ret, err);
}

/* The digest of the configuration before the write; empty: there was none. */
static enum result digest_before(struct cascade *c, struct affected *f, struct buf *ret,
				 struct error *err)
{
	char config[PATH_BYTES_MAX + 8];
	struct effective_entry *e =
		f->before != NULL ? config_cache_get(c->ctx->service->state.cache, f->before)
				  : NULL;

	f->was_ready = e != NULL;
	if (e != NULL) {
		buf_append(ret, e->digest, HASH_BYTES);
		effective_entry_unref(e);
		return buf_check(ret, err);
	}
	if (f->before == NULL)
		return OK;
	snprintf(config, sizeof config, "config/%.*s",
		 SLICE_ARGS(slice_from(f->path, strlen("profiles/"))));
	return store_each_effective(c->ctx->session, slice_text(config),
				    (struct row_page){.limit = 1}, keep_digest, ret, err);
}

/* By digest, so that the configuration before need not be resolved again: its digest is in the
 * cache or in the log of effective digests. */
static enum result compare(struct cascade *c, struct affected *f, struct error *err)
{
	CLEANUP(buf_clear) struct buf before = BUF_NULL;
	struct slice after = SLICE_NULL;
	enum result rc = digest_before(c, f, &before, err);

	if (rc != OK)
		return rc;
	if (f->has_entry)
		after = slice_make((const char *)f->digest, HASH_BYTES);
	f->is_changed = !slice_is_equal(buf_slice(&before), after);
	/* Thousands may be affected: a configuration is kept only if it is read or will be
	 * shown. */
	if (!f->was_ready && !(c->write->is_dry_run && f->is_changed)) {
		effective_entry_unref(f->entry);
		f->entry = NULL;
	}
	if (f->entry != NULL && !budget_hold(c->ctx->budget, f->entry->bytes))
		return budget_result(c->ctx->budget, err);
	return OK;
}

/* A write of nothing but deletes and destroys: the kind that force can push through. */
static bool only_takes_away(const struct write *w)
{
	for (uint32_t i = 0; i < w->changes_count; i++) {
		if (w->changes[i].op != CHANGE_OP_DELETE && w->changes[i].op != CHANGE_OP_DESTROY)
			return false;
	}
	return true;
}

/* Whether the result says if the document is valid. A bound that ran out does not, except where a
 * forced delete or destroy may leave it unchecked. */
static bool is_verdict(const struct write *w, enum result rc)
{
	if (rc == E_LIMIT)
		return w->is_forced && only_takes_away(w);
	return rc == OK || rc == E_INVALID || rc == E_MALFORMED;
}

/* Says in the response that the document was not checked to its end. */
static void add_unchecked(struct cascade *c, const struct affected *f, const struct error *err)
{
	struct check_problem place = {.profile = slice_from(f->path, strlen("profiles/")),
				      .origin_path = f->path};

	report_add_error(&c->write->report, &place, err->text);
}

/* Of a profile that exists after the write. */
static enum result check_profile(struct cascade *c, struct affected *f, struct error *err)
{
	struct write *w = c->write;
	struct check_source source = view_source(&w->view);
	const struct profile_layer *layer;
	enum result rc = source.load_layer(source.ctx, f->path, &layer, err);

	if (rc != OK) /* reported already, by change_check() */
		return is_verdict(w, rc) ? OK : rc;
	if (layer->header->is_abstract)
		rc = cascade_check_abstract(&w->view, f->path, &w->report, err);
	else
		rc = effective_entry_new(&f->entry, &w->view, f->path, &w->report, err);
	f->has_checked_secrets = layer->header->is_abstract || w->report.has_checked_secrets;
	if (!is_verdict(w, rc))
		return rc;
	if (rc == E_LIMIT)
		add_unchecked(c, f, err);
	f->is_invalid = rc != OK;
	f->has_entry = f->entry != NULL;
	if (f->has_entry)
		memcpy(f->digest, f->entry->digest, HASH_BYTES);
	if (f->is_invalid && f->before != NULL && write_change(w, f->path) == NULL)
		return OK; /* its edges stay, so that it is checked again */
	return profile_edges(c, f, layer->header, err);
}

/* The schemas that a schema refers to. Their texts are copied: a `uri` may live only for the call
 * of keep_reference(). */
struct schema_needs {
	struct needs needs;
	struct arena *arena;
};

static bool is_needed(const struct needs *n, struct slice target)
{
	for (uint32_t i = 0; i < n->count; i++) {
		if (slice_is_equal(n->items[i].target, target))
			return true;
	}
	return false;
}

static enum result keep_reference(void *ctx, struct slice uri, struct error *err)
{
	struct schema_needs *s = ctx;
	struct slice path = slice_from(uri, strlen("reeve:///"));
	const char *copy;

	if (!slice_starts_with(uri, SLICE_LITERAL("reeve:///schemas/")) ||
	    is_needed(&s->needs, path))
		return OK;
	if (s->needs.count == SCHEMA_NEEDS_MAX)
		return fail(err, E_LIMIT, "a schema refers to at most %d others", SCHEMA_NEEDS_MAX);
	copy = arena_text(s->arena, path);
	if (copy == NULL)
		return fail(err, E_MEMORY, "out of memory");
	need(&s->needs, slice_make(copy, path.len), EDGE_SCHEMA_REF);
	return OK;
}

/* From the "$ref"s of the schema's own text, resolved against its URI, reeve:///schemas/… */
static enum result schema_edges(struct cascade *c, struct affected *f, struct view_doc *d,
				struct error *err)
{
	CLEANUP(buf_clear) struct buf base = BUF_NULL;
	struct schema_needs s = {.arena = &c->write->arena};
	enum result rc;

	s.needs.items = arena_alloc_array(s.arena, SCHEMA_NEEDS_MAX, sizeof *s.needs.items);
	buf_append_text(&base, "reeve:///");
	buf_append_slice(&base, f->path);
	if (s.needs.items == NULL || buf_is_failed(&base))
		return fail(err, E_MEMORY, "out of memory");
	rc = schema_each_reference(&d->tree.root, buf_slice(&base), keep_reference, &s,
				   c->ctx->budget, err);
	return rc == OK ? set_edges(f, &s.needs, err) : rc;
}

/* A schema that the write changes was compiled by change_check() already; one that only depends on
 * it is compiled anew, since what it refers to has changed. */
static enum result check_schema(struct cascade *c, struct affected *f, struct view_doc *d,
				struct error *err)
{
	struct write *w = c->write;
	const struct change *change = write_change(w, f->path);
	struct check_problem place = {.origin_path = f->path, .origin_version = d->version};
	struct schema_report report = {.arena = ARENA_NULL};
	const struct schema *schema;
	enum result rc;

	if (change != NULL && change->is_changed) {
		if (!d->is_parsed || d->schema == NULL)
			return OK; /* reported already */
		return schema_edges(c, f, d, err);
	}
	rc = view_schema(&w->view, f->path, &schema, &report, err);
	f->is_invalid = rc != OK && is_verdict(w, rc);
	if (f->is_invalid && report.problems_count != 0)
		schema_problems_add(w, d, &report);
	else if (f->is_invalid)
		report_add_error(&w->report, &place, err->text);
	schema_report_clear(&report);
	return f->is_invalid ? OK : rc;
}

/* Compares the new errors with the problems from before the write. */
static enum result downgrade_old_problems(struct cascade *c, struct affected *f,
					  const struct errors_mark *mark, struct error *err)
{
	CLEANUP(buf_clear) struct buf digest = BUF_NULL;
	const struct check_report *r = &c->write->report;
	enum result rc = OK;

	if (r->errors_count == mark->count && r->errors_dropped == mark->dropped)
		return OK;
	if (f->kind == KIND_PROFILES)
		rc = digest_before(c, f, &digest, err);
	return rc == OK ? before_downgrade(&c->before, f, digest.len != 0, mark, err) : rc;
}

/* `before` is set first, whatever the check gives: later steps and write_free() rely on it. */
static enum result check_one(struct cascade *c, struct affected *f, struct error *err)
{
	const struct errors_mark mark = {c->write->report.errors_count,
					 c->write->report.errors_dropped};
	struct view_doc *d;
	enum result rc = budget_take(c->ctx->budget, AFFECTED_STEPS, err);

	if (rc == OK)
		rc = view_find(&c->write->view, f->path, &d, err);
	if (rc != OK)
		return rc;
	f->kind = d->kind;
	f->before = snap_doc_ref(d->doc);
	f->exists = d->exists;
	if (d->exists)
		rc = f->kind == KIND_SCHEMAS ? check_schema(c, f, d, err)
					     : check_profile(c, f, err);
	if (rc == OK && f->is_invalid)
		rc = downgrade_old_problems(c, f, &mark, err);
	return rc == OK && f->kind == KIND_PROFILES ? compare(c, f, err) : rc;
}

/* The edges that the document will have: the new ones, or those stored. */
static const struct doc_edges *edges_after(const struct affected *f, const struct snap_doc *d)
{
	return f->has_edges ? f->edges : d != NULL ? d->edges : NULL;
}

static bool has_error_of(const struct check_report *r, const struct check_problem *place)
{
	for (uint32_t i = 0; i < r->errors_count; i++) {
		if (slice_is_equal(r->errors[i].profile, place->profile) &&
		    (place->profile.len != 0 ||
		     slice_is_equal(r->errors[i].origin_path, place->origin_path)))
			return true;
	}
	return false;
}

/* The check of a profile reports a missing secret itself, with regard to versions and defaults,
 * unless it ended before that: then every version may be needed. */
static bool is_still_needed(const struct affected *f, const struct doc_edge *e,
			    const struct change *gone)
{
	bool takes_away = gone->op == CHANGE_OP_DELETE || gone->op == CHANGE_OP_DESTROY;

	if (!gone->is_changed)
		return false;
	if (e->kind == EDGE_SECRET)
		return !f->has_checked_secrets && (takes_away || !gone->exists);
	return !gone->exists;
}

/* Reports each document that stays and needs one that the write would take away. */
static void find_needed(struct cascade *c, const struct affected *f)
{
	const struct doc_edges *edges = edges_after(f, f->before);

	for (uint32_t i = 0; f->exists && edges != NULL && i < edges->count; i++) {
		const struct change *gone = write_change(c->write, edges->items[i].target);
		struct check_problem place = {.origin_path = f->path};
		char message[ERROR_TEXT_BYTES];

		if (gone == NULL || !is_still_needed(f, &edges->items[i], gone))
			continue;
		if (f->kind == KIND_PROFILES)
			place.profile = slice_from(f->path, strlen("profiles/"));
		c->is_blocked = true;
		if (has_error_of(&c->write->report, &place))
			continue; /* its check has reported it, with the place */
		snprintf(message, sizeof message, "needs %.*s", SLICE_ARGS(gone->path));
		report_add_error(&c->write->report, &place, message);
	}
}

/* E_CONFLICT where something that is needed would go, E_INVALID where content does not fit. */
static enum result verdict(struct cascade *c, struct error *err)
{
	struct write *w = c->write;
	uint32_t count = w->report.errors_count;

	if (count == 0) /* an error may be dropped because there was no memory for it */
		return w->report.errors_dropped == 0 ? OK : fail(err, E_MEMORY, "out of memory");
	if (c->is_blocked || only_takes_away(w))
		return fail(err, E_CONFLICT, "other documents need what this would take away");
	return fail(err, E_INVALID, "it would leave %u problem%s behind", count,
		    count == 1 ? "" : "s");
}

/* In the order of paths, which find_affected() of other files relies on. The view is trimmed after
 * each document, so that memory does not grow with their number. Needed documents are looked for at
 * the end, when all edges are known. */
enum result cascade_check(struct verb_context *ctx, struct write *w, struct error *err)
{
	struct cascade c = {.ctx = ctx, .write = w, .before = {.ctx = ctx, .write = w}};
	struct path_list paths;
	enum result rc = cascade_closure(&paths, ctx->snapshot, w, ctx->budget, &w->arena, err);

	if (rc != OK)
		return rc;
	w->affected = arena_alloc_array(&w->arena, paths.count, sizeof *w->affected);
	if (w->affected == NULL)
		return fail(err, E_MEMORY, "out of memory");
	w->affected_count = paths.count;
	for (uint32_t i = 0; i < paths.count; i++)
		w->affected[i].path = paths.items[i];
	for (uint32_t i = 0; rc == OK && i < paths.count; i++) {
		rc = check_one(&c, &w->affected[i], err);
		view_trim(&w->view);
	}
	before_clear(&c.before);
	if (rc != OK)
		return rc;
	for (uint32_t i = 0; i < paths.count; i++)
		find_needed(&c, &w->affected[i]);
	return verdict(&c, err);
}
