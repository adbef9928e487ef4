/*
 * The committer's part of a write: check again what may have changed since a worker prepared it,
 * write the rows, and move the next snapshot on.
 *
 * A write is applied only to the state that it was prepared for. These must be the same as then:
 * the caller's rights, the record of each document that the worker looked at (also of those that
 * did not exist), the set of documents that depend on the changes, and a token that can
 * administer afterwards. Else the result is E_STALE: the committer takes everything back and a
 * worker prepares the write again. E_STALE never leaves the server, and a conflict that the
 * client is told of (E_CONFLICT) is found by a worker, never here.
 *
 * Runs in the committer, between savepoint and release. It parses, validates and seals nothing:
 * all other calls wait for it.
 */
#include "service/write/commit_write.h"

#include "service/engine/audit_draft.h"
#include "service/engine/engine.h"
#include "service/token/lockout.h"
#include "service/write/cascade_closure.h"
#include "service/write/idempotency.h"
#include "service/write/write.h"
#include "service/write/write_published.h"
#include "service/write/write_response.h"

#include "crypto/content.h"

#include <stdio.h>
#include <string.h>

/* One write being applied. */
struct applying {
	struct service *service;
	struct write *write;
	struct snapshot *working;
	uint64_t revision;
	int64_t time_ms;
};

static struct slice digest_slice(const uint8_t *digest)
{
	return slice_make((const char *)digest, HASH_BYTES);
}

static struct doc_record *record_of(const struct snapshot *s, struct slice path)
{
	struct snap_doc *d = snapshot_doc(s, path);

	return d != NULL ? d->record : NULL;
}

/* Whether the caller's rights are what they were. */
static bool has_same_rights(const struct write *w, const struct snapshot *working)
{
	return rights_are_same(w->view.snapshot, working, w->call->principal);
}

/* Each path that the worker looked at must have the record that it had then, or none as then.
 * Records are shared between snapshots, so comparing pointers is enough. */
static bool has_same_reads(const struct write *w, const struct snapshot *working)
{
	for (const struct view_doc *d = w->view.first; d != NULL; d = d->next) {
		const struct doc_record *then = d->doc != NULL ? d->doc->record : NULL;

		if (!d->is_pinned && record_of(working, d->path) != then)
			return false;
	}
	return true;
}

/* A document that another write created meanwhile may depend on this one, and was not checked with
 * it. */
static enum result has_same_dependents(const struct write *w, const struct snapshot *working,
				       bool *ret, struct error *err)
{
	CLEANUP(arena_clear) struct arena a = ARENA_NULL;
	struct path_list paths;
	enum result rc = cascade_closure(&paths, working, w, NULL, &a, err);

	if (rc != OK)
		return rc;
	*ret = paths.count == w->affected_count;
	for (uint32_t i = 0; *ret && i < paths.count; i++)
		*ret = slice_is_equal(paths.items[i], w->affected[i].path);
	return OK;
}

/* If no document was written since then, the maps are the very same ones, and nothing is compared
 * one by one. */
static enum result recheck(const struct write *w, const struct snapshot *working, struct error *err)
{
	const struct snapshot *base = w->view.snapshot;
	bool is_same;
	enum result rc = OK;

	if (pmap_is_same(&base->docs, &working->docs) &&
	    pmap_is_same(&base->edges, &working->edges) && has_same_rights(w, working))
		return OK;
	is_same = has_same_rights(w, working) && has_same_reads(w, working);
	if (is_same)
		rc = has_same_dependents(w, working, &is_same, err);
	if (rc != OK)
		return rc;
	return is_same ? OK : fail(err, E_STALE, "what it depends on has changed meanwhile");
}

/* `affected` is in the order of paths. */
static const struct affected *find_affected(const struct write *w, struct slice path)
{
	uint32_t low = 0, high = w->affected_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = slice_compare(path, w->affected[middle].path);

		if (order == 0)
			return &w->affected[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* Borrows from the change and the write; the store and doc_record_new() copy. */
static struct version_row row_of(const struct applying *a, const struct change *c)
{
	struct version_row row = {
		.path = c->path,
		.version = c->version,
		.revision = a->revision,
		.created_ms = a->time_ms,
		.created_by = a->write->author,
		.message = a->write->message,
		.content_type = c->content_type,
		.digest = digest_slice(c->digest),
		.state = VERSION_LIVE,
		.state_revision = a->revision,
		.wrapped_key = buf_slice(&c->wrapped),
		.sealed = buf_slice(&c->sealed),
	};

	return row;
}

/* The rows of a write, gathered so that each kind goes to the store in one call. In the write's
 * arena. */
struct write_rows {
	struct version_row *versions;
	struct state_row *states;
	struct change_row *changes;
	struct edge_set *edges;
	struct effective_row *effectives;
	uint32_t versions_count, states_count, changes_count, edges_count, effectives_count;
};

/* For as many rows as there can be. */
static bool alloc_rows(struct write_rows *r, struct write *w)
{
	uint32_t states = 0;

	for (uint32_t i = 0; i < w->changes_count; i++)
		states += w->changes[i].versions_count;
	r->versions = arena_alloc_array(&w->arena, w->changes_count, sizeof *r->versions);
	r->states = arena_alloc_array(&w->arena, states, sizeof *r->states);
	r->changes = arena_alloc_array(&w->arena, w->changes_count + states, sizeof *r->changes);
	r->edges = arena_alloc_array(&w->arena, w->affected_count, sizeof *r->edges);
	r->effectives = arena_alloc_array(&w->arena, w->affected_count, sizeof *r->effectives);
	return r->versions != NULL && r->states != NULL && r->changes != NULL && r->edges != NULL &&
	       r->effectives != NULL;
}

static void add_change_row(struct write_rows *r, const struct applying *a, const struct change *c,
			   uint64_t version)
{
	r->changes[r->changes_count++] = (struct change_row){.revision = a->revision,
							     .path = c->path,
							     .action = c->action,
							     .origin = slice_text(c->origin),
							     .version = version};
}

/* The key generation is read from the wrapped key: it may have been rotated since the content was
 * sealed. */
static enum result add_version(struct write_rows *r, const struct applying *a,
			       const struct change *c, struct error *err)
{
	struct version_row *row = &r->versions[r->versions_count++];

	*row = row_of(a, c);
	add_change_row(r, a, c, c->version);
	return content_generation(row->wrapped_key, &row->key_generation, err);
}

/* One row of the history for each version, so that a revert can undo each. */
static void add_states(struct write_rows *r, const struct applying *a, const struct change *c)
{
	static const enum version_state states[] = {[CHANGE_PUT] = VERSION_LIVE,
						    [CHANGE_DELETE] = VERSION_DELETED,
						    [CHANGE_UNDELETE] = VERSION_LIVE,
						    [CHANGE_DESTROY] = VERSION_DESTROYED};

	for (uint32_t i = 0; i < c->versions_count; i++) {
		r->states[r->states_count++] = (struct state_row){.path = c->path,
								  .version = c->versions[i],
								  .state = states[c->action],
								  .revision = a->revision};
		add_change_row(r, a, c, c->versions[i]);
	}
}

static enum result add_edges(struct write_rows *r, struct arena *arena, const struct affected *f,
			     struct error *err)
{
	uint32_t count = f->edges != NULL ? f->edges->count : 0;
	struct edge_row *rows = arena_alloc_array(arena, count, sizeof *rows);

	if (rows == NULL)
		return fail(err, E_MEMORY, "out of memory");
	for (uint32_t i = 0; i < count; i++)
		rows[i] = (struct edge_row){.source = f->path,
					    .target = f->edges->items[i].target,
					    .kind = f->edges->items[i].kind};
	r->edges[r->edges_count++] = (struct edge_set){f->path, rows, count};
	return OK;
}

/* An empty digest says: from this revision on it is not served. */
static enum result add_effective(struct write_rows *r, const struct applying *a,
				 const struct affected *f, struct error *err)
{
	struct slice name = slice_from(f->path, strlen("profiles/"));
	size_t len = strlen("config/") + name.len;
	char *config = arena_alloc(&a->write->arena, len + 1);

	if (config == NULL)
		return fail(err, E_MEMORY, "out of memory");
	snprintf(config, len + 1, "config/%.*s", SLICE_ARGS(name));
	r->effectives[r->effectives_count++] =
		(struct effective_row){slice_make(config, len), a->revision,
				       f->has_entry ? digest_slice(f->digest) : SLICE_NULL};
	return OK;
}

static enum result write_revision(struct applying *a, struct error *err)
{
	const struct write *w = a->write;
	struct revision_row row = {.revision = a->revision,
				   .time_ms = a->time_ms,
				   .author = w->author,
				   .accessor = w->accessor,
				   .message = w->message,
				   .source = w->source,
				   .request_id = slice_text(w->call->request_id)};

	return store_put_revisions(a->service->state.store, &row, 1, err);
}

static enum result gather_rows(struct write_rows *r, const struct applying *a, struct error *err)
{
	struct write *w = a->write;
	enum result rc = alloc_rows(r, w) ? OK : fail(err, E_MEMORY, "out of memory");

	for (uint32_t i = 0; rc == OK && i < w->changes_count; i++) {
		const struct change *c = &w->changes[i];

		if (c->is_changed && c->action == CHANGE_PUT)
			rc = add_version(r, a, c, err);
		else if (c->is_changed)
			add_states(r, a, c);
	}
	for (uint32_t i = 0; rc == OK && i < w->affected_count; i++) {
		if (w->affected[i].has_edges)
			rc = add_edges(r, &w->arena, &w->affected[i], err);
		if (rc == OK && w->affected[i].is_changed)
			rc = add_effective(r, a, &w->affected[i], err);
	}
	return rc;
}

/* The revision goes first, because the other rows belong to it. */
static enum result write_documents(struct applying *a, struct error *err)
{
	struct store *store = a->service->state.store;
	struct write_rows r = {0};
	enum result rc = gather_rows(&r, a, err);

	if (rc == OK)
		rc = write_revision(a, err);
	if (rc == OK && r.versions_count != 0)
		rc = store_put_versions(store, r.versions, r.versions_count, err);
	if (rc == OK && r.states_count != 0)
		rc = store_set_states(store, r.states, r.states_count, err);
	if (rc == OK && r.changes_count != 0)
		rc = store_put_changes(store, r.changes, r.changes_count, err);
	if (rc == OK && r.edges_count != 0)
		rc = store_replace_edges(store, r.edges, r.edges_count, err);
	if (rc == OK && r.effectives_count != 0)
		rc = store_put_effectives(store, r.effectives, r.effectives_count, err);
	return rc;
}

/* A row that exists already, or is missing, after all was checked again: the store is not what
 * the snapshot says. That is no conflict between requests, neither one to retry (E_STALE) nor one
 * to tell the client (E_CONFLICT). */
static enum result rows_written(enum result rc, struct error *err)
{
	return rc == E_CONFLICT || rc == E_NOT_FOUND ? wrap(err, E_CORRUPT, "stored rows") : rc;
}

/* The newest version's record after the change. */
static struct doc_record *record_after(struct applying *a, const struct change *c)
{
	struct version_row row;

	if (c->action == CHANGE_PUT) {
		struct error ignored;

		row = row_of(a, c);
		if (content_generation(row.wrapped_key, &row.key_generation, &ignored) != OK)
			return NULL;
		return doc_record_new(c->kind, &row);
	}
	row = c->before->record->row;
	if (row.state != c->state) {
		row.state = c->state;
		row.state_revision = a->revision;
	}
	if (row.state == VERSION_DESTROYED)
		row.wrapped_key = row.sealed = SLICE_NULL;
	return doc_record_new(c->kind, &row);
}

static bool apply_policy(struct applying *a, const struct change *c)
{
	struct slice name = slice_from(c->path, strlen("policies/"));

	if (!c->exists)
		return snapshot_remove_policy(a->working, name);
	return c->policy == NULL ||
	       snapshot_put_policy(a->working, name, policy_ref(c->policy), a->revision);
}

/* A policy is put in force together with its document. */
static bool apply_change(struct applying *a, const struct change *c)
{
	const struct affected *f = find_affected(a->write, c->path);
	struct doc_edges *edges = f != NULL && f->has_edges ? f->edges
				  : c->before != NULL	    ? c->before->edges
							    : NULL;
	struct doc_record *record = record_after(a, c);
	struct snap_doc *d;

	if (record == NULL)
		return false;
	d = snap_doc_new(record, doc_edges_ref(edges), a->revision);
	if (d == NULL || !snapshot_put_doc(a->working, d))
		return false;
	return c->kind != KIND_POLICIES || apply_policy(a, c);
}

static bool is_changed_itself(const struct write *w, struct slice path)
{
	for (uint32_t i = 0; i < w->changes_count; i++) {
		if (w->changes[i].is_changed && slice_is_equal(w->changes[i].path, path))
			return true;
	}
	return false;
}

/* A document that depends on a change gets a new snap_doc, since the old one may have a cached
 * configuration; the new one gets what was resolved already. */
static bool apply_affected(struct applying *a, const struct affected *f)
{
	struct snap_doc *d = snapshot_doc(a->working, f->path);

	if (d == NULL)
		return true;
	if (d == f->before && !is_changed_itself(a->write, f->path)) {
		struct doc_edges *edges = f->has_edges ? f->edges : d->edges;

		d = snap_doc_new(doc_record_ref(d->record), doc_edges_ref(edges), a->revision);
		if (d == NULL || !snapshot_put_doc(a->working, d))
			return false;
	}
	if (f->entry != NULL && f->was_ready)
		config_cache_put(a->service->state.cache, d, f->entry);
	return true;
}

/* Changes come before affected documents: apply_affected() sees by the snap_doc that a document was
 * changed itself. */
static enum result apply_documents(struct applying *a, struct error *err)
{
	struct write *w = a->write;
	bool is_done = true;

	for (uint32_t i = 0; is_done && i < w->changes_count; i++) {
		if (w->changes[i].is_changed)
			is_done = apply_change(a, &w->changes[i]);
	}
	for (uint32_t i = 0; is_done && i < w->affected_count; i++)
		is_done = apply_affected(a, &w->affected[i]);
	a->working->revision = a->revision;
	a->working->time_ms = a->time_ms;
	return is_done ? OK : fail(err, E_MEMORY, "out of memory");
}

/* All written versions, with their state now and the keyed hash of each new content. */
static bool touch_change(struct call *call, const struct change *c)
{
	static const enum audit_state states[] = {[CHANGE_PUT] = AUDIT_STATE_LIVE,
						  [CHANGE_DELETE] = AUDIT_STATE_DELETED,
						  [CHANGE_UNDELETE] = AUDIT_STATE_LIVE,
						  [CHANGE_DESTROY] = AUDIT_STATE_DESTROYED};
	struct audit_touch touch = {.path = c->path,
				    .version = c->version,
				    .has_mac = c->action == CHANGE_PUT,
				    .state = states[c->action]};
	bool is_kept = true;

	if (c->action == CHANGE_PUT) {
		memcpy(touch.mac, c->mac, HASH_BYTES);
		return audit_draft_change(call, &touch);
	}
	for (uint32_t i = 0; is_kept && i < c->versions_count; i++) {
		touch.version = c->versions[i];
		is_kept = audit_draft_change(call, &touch);
	}
	return is_kept;
}

static enum result record_changes(struct applying *a, struct audit_log *log, int64_t now_ms,
				  struct error *err)
{
	struct write *w = a->write;
	struct call *call = w->call;
	bool is_kept;

	/* A write that changes nothing comes here only for its idempotency key. */
	if (!w->has_revision && call->audit_draft == NULL)
		return OK;
	is_kept = audit_draft_begin(call);
	for (uint32_t i = 0; is_kept && i < w->changes_count; i++) {
		if (w->changes[i].is_changed)
			is_kept = touch_change(call, &w->changes[i]);
	}
	if (!is_kept)
		return fail(err, E_MEMORY, "out of memory");
	if (w->was_forced && call->audit_draft->reason.len == 0)
		call->audit_draft->reason = SLICE_LITERAL("forced");
	return audit_draft_append(a->service, log, call, a->working->revision, now_ms, err);
}

/* For a request that comes again under the same key. */
static enum result keep_response(struct write *w, int64_t time_ms, struct error *err)
{
	CLEANUP(buf_clear) struct buf permissions = BUF_NULL, short_body = BUF_RESPONSE;
	struct idempotency_record record = {.snapshot = w->view.snapshot};
	enum result rc;

	if (w->idempotency.key.len == 0)
		return OK;
	for (uint32_t i = 0; i < w->changes_count; i++)
		idempotency_add_permission(&permissions, change_permissions(w, &w->changes[i]),
					   w->changes[i].path);
	if (w->call->out.body != NULL)
		write_response_short(&short_body, w);
	rc = buf_check(&permissions, err);
	if (rc == OK)
		rc = buf_check(&short_body, err);
	if (rc != OK)
		return rc;
	record.permissions = buf_slice(&permissions);
	record.short_body = buf_slice(&short_body);
	return idempotency_keep(&w->idempotency, w->call, &record, time_ms, err);
}

/* Rows, snapshot, check for an administrator, response, audit entry, key: each needs what those
 * before decided. On any failure the committer takes back all of it. */
static enum result apply(struct commit_job *job, struct commit_context *ctx, struct error *err)
{
	struct write *w = (struct write *)job;
	struct snapshot *working = ctx->working;
	int64_t now_ms = ctx->now_ms;
	struct applying a = {.service = ctx->service, .write = w, .working = working};
	enum result rc = recheck(w, working, err);

	a.revision = working->revision + (w->has_revision ? 1 : 0);
	a.time_ms = now_ms > working->time_ms ? now_ms : working->time_ms;
	w->revision = a.revision;
	w->time_ms = a.time_ms;
	if (rc == OK && w->has_revision)
		rc = rows_written(write_documents(&a, err), err);
	if (rc == OK && w->has_revision)
		rc = apply_documents(&a, err);
	if (rc == OK && !lockout_is_averted(w->administrator, working, w->accessor, now_ms))
		rc = fail(err, E_STALE, "who can administer afterwards has changed meanwhile");
	if (rc == OK)
		rc = write_response(w, err);
	if (rc != OK)
		return rc;
	w->call->out.revision = a.revision;
	w->call->out.epoch = working->epoch;
	for (uint32_t i = 0; i < w->changes_count; i++)
		job->has_destroyed |= w->changes[i].op == CHANGE_OP_DESTROY;
	rc = record_changes(&a, ctx->log, a.time_ms, err);
	return rc == OK ? keep_response(w, a.time_ms, err) : rc;
}

const struct commit_job_ops write_job_ops = {
	.apply = apply,
	.published = write_published,
	.each_path = write_each_path,
	.free = write_free,
};
