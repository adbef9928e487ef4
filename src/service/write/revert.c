/*
 * Undoing a revision makes a new one that restores each document to its state before the revision.
 * Where a document has changed again since then, nothing is undone, and the response lists those
 * documents.
 *
 * The steps, in a worker: count the changes of the revision, turn each into the operation that
 * undoes it, ask for the rights that these operations need, refuse what cannot come back (a
 * destroyed version), look for later changes, and go on as a batch (write_prepare). The rights come
 * before any refusal that tells of the documents. What was put is rolled back to the version
 * before, or deleted if there was none; that version is looked up in the store as of the revision
 * before.
 */
#include "service/engine/audit_draft.h"
#include "service/engine/engine.h"
#include "service/engine/response.h"
#include "service/write/problems.h"
#include "service/write/verbs.h"
#include "service/write/write.h"
#include "service/write/write_prepare.h"

#include <string.h>

struct reverting {
	struct verb_context *ctx;
	struct write *write;
	uint64_t revision;
	uint32_t count, size;
	struct check_report *conflicts;
	enum result found; /* of a look at one document */
	uint64_t version;
	enum version_state state;
	struct slice destroyed; /* a document that lost a version for good; in the write's arena */
	uint64_t destroyed_version;
};

struct gathering {
	uint32_t count;
};

static enum result count_one(void *ctx, const struct change_row *row, struct error *err)
{
	(void)row;
	(void)err;
	((struct gathering *)ctx)->count++;
	return OK;
}

static enum result note_version(void *ctx, const struct version_row *row, struct error *err)
{
	struct reverting *r = ctx;

	(void)err;
	r->version = row->version;
	r->state = row->state;
	return OK;
}

/* One later change is enough: E_CONFLICT ends the walk over the document's changes. */
static enum result note_later(void *ctx, const struct change_row *row, struct error *err)
{
	struct reverting *r = ctx;
	struct check_problem place = {.origin_path = row->path, .origin_version = row->version};

	if (slice_starts_with(row->path, SLICE_LITERAL("profiles/")))
		place.profile = slice_from(row->path, strlen("profiles/"));
	report_add_error(r->conflicts, &place, "was changed again since");
	return fail(err, E_CONFLICT, "changed since");
}

/* The version and state of a document before the revision; version 0: there was none. */
static enum result look_before(struct reverting *r, struct slice path, struct error *err)
{
	enum result rc;

	r->version = 0;
	r->state = VERSION_DELETED;
	if (r->revision <= 1)
		return OK;
	rc = store_get_version_at(r->ctx->session, &(struct version_at){path, 0, r->revision - 1},
				  note_version, r, err);
	return rc == E_NOT_FOUND ? OK : rc;
}

/* One change for each document: a revision may have changed the states of several of its versions,
 * in one row each. */
static struct change *next_change(struct reverting *r, struct slice path)
{
	struct write *w = r->write;
	struct change *c;
	const char *copy;

	for (uint32_t i = 0; i < w->changes_count; i++) {
		if (slice_is_equal(w->changes[i].path, path))
			return &w->changes[i];
	}
	copy = arena_text(&w->arena, path);
	if (copy == NULL || w->changes_count == r->size)
		return NULL;
	c = &w->changes[w->changes_count++];
	c->path = slice_make(copy, path.len);
	c->origin = "revert";
	return c;
}

/* Adds a version whose state the revision changed. */
static enum result add_version(struct reverting *r, struct change *c, uint64_t version,
			       struct error *err)
{
	uint64_t *versions =
		arena_alloc_array(&r->write->arena, c->versions_count + 1, sizeof *versions);

	if (versions == NULL)
		return fail(err, E_MEMORY, "out of memory");
	if (c->versions_count != 0)
		memcpy(versions, c->versions, c->versions_count * sizeof *versions);
	versions[c->versions_count++] = version;
	c->versions = versions;
	return OK;
}

/* A document that did not exist before, or was deleted, is deleted again. */
static enum result undo_put(struct reverting *r, struct change *c, struct error *err)
{
	if (r->version == 0 || r->state != VERSION_LIVE) {
		c->op = CHANGE_OP_DELETE;
		return OK;
	}
	c->op = CHANGE_OP_ROLLBACK;
	c->from_version = r->version;
	(void)err;
	return OK;
}

static enum result undo_one(void *ctx, const struct change_row *row, struct error *err)
{
	struct reverting *r = ctx;
	struct change *c = next_change(r, row->path);

	if (c == NULL)
		return fail(err, E_MEMORY, "out of memory");
	switch (row->action) {
	case CHANGE_PUT:
		c->op = CHANGE_OP_PUT; /* decided once the walk is over */
		return OK;
	case CHANGE_DELETE:
		c->op = CHANGE_OP_UNDELETE;
		return add_version(r, c, row->version, err);
	case CHANGE_UNDELETE:
		c->op = CHANGE_OP_DELETE;
		return add_version(r, c, row->version, err);
	case CHANGE_DESTROY: /* reported once it is known that the caller may see the name */
		c->op = CHANGE_OP_DESTROY;
		r->destroyed = c->path;
		r->destroyed_version = row->version;
		return OK;
	}
	return fail(err, E_CORRUPT, "a stored change has an unknown action");
}

/* Decides for each put: roll back to the version before, or delete the document that did not
 * exist. The permissions depend on that. */
static enum result check_all_after(struct reverting *r, struct error *err)
{
	struct write *w = r->write;
	enum result rc = OK;

	for (uint32_t i = 0; rc == OK && i < w->changes_count; i++) {
		struct change *c = &w->changes[i];

		rc = look_before(r, c->path, err);
		if (rc == OK && c->op == CHANGE_OP_PUT)
			rc = undo_put(r, c, err);
	}
	return rc;
}

static enum result find_conflicts(struct reverting *r, struct error *err)
{
	struct write *w = r->write;

	for (uint32_t i = 0; i < w->changes_count; i++) {
		const struct change *c = &w->changes[i];
		struct error ignored = ERROR_NULL;
		enum result rc;

		rc = store_each_change_after(r->ctx->session, c->path, r->revision, note_later, r,
					     &ignored);
		if (rc != OK && rc != E_CONFLICT) {
			*err = ignored;
			return rc;
		}
	}
	if (w->report.arena.is_short)
		return fail(err, E_MEMORY, "out of memory");
	return w->report.errors_count == 0
		       ? OK
		       : fail(err, E_CONFLICT, "some of it was changed again since");
}

/* Before the response tells what became of the documents since. */
static bool may_revert_all(const struct verb_context *ctx, const struct write *w)
{
	for (uint32_t i = 0; i < w->changes_count; i++) {
		struct change *c = &w->changes[i];

		if (path_check(c->path, &c->kind, NULL) == OK && write_may_change(ctx, w, c))
			continue;
		atomic_fetch_add(&ctx->service->counters.refused, 1);
		/* First in the entry, which names only so many paths: this one is the reason. */
		(void)audit_draft_touch(ctx->call, c->path, 0, NULL);
		return false;
	}
	return true;
}

static enum step gather(struct verb_context *ctx, struct reverting *r, uint32_t count)
{
	struct call *call = ctx->call;
	struct write *w = write_new(ctx, count);
	struct error err = ERROR_NULL;
	enum result rc;

	if (w == NULL)
		return response_fail(call, E_MEMORY, "out of memory");
	w->is_batch = true;
	r->write = w;
	r->size = count;
	r->conflicts = &w->report;
	rc = store_each_change(ctx->session, r->revision, undo_one, r, &err);
	if (rc == OK)
		rc = check_all_after(r, &err);
	if (rc == OK && !may_revert_all(ctx, w))
		return response_fail(
			call, E_FORBIDDEN,
			"undoing it takes rights that you do not have: rollback of what was put, "
			"delete of what was created, deleted or undeleted, admin for policies");
	if (rc == OK && r->destroyed.len != 0)
		rc = fail(&err, E_CONFLICT,
			  "%.*s version %llu was destroyed: nothing brings it back",
			  SLICE_ARGS(r->destroyed), (unsigned long long)r->destroyed_version);
	if (rc == OK)
		rc = find_conflicts(r, &err);
	if (rc == OK)
		return write_prepare(ctx, w);
	if (w->report.errors_count != 0)
		problems_write(&call->out.problems, w, PROBLEMS_ERRORS);
	if (buf_is_failed(&call->out.problems))
		rc = response_check(&call->out.problems, &err);
	return response_error(call, rc, &err);
}

/* The changes are counted first, to make room for all of them. */
enum step revert_on_worker(struct verb_context *ctx)
{
	struct call *call = ctx->call;
	struct reverting r = {.ctx = ctx, .revision = call->in.write.revision};
	struct gathering g = {0};
	struct error err = ERROR_NULL;
	enum result rc;

	if (r.revision == 0 || r.revision > ctx->snapshot->revision)
		return response_fail(call, E_NOT_FOUND, "there is no such revision");
	rc = store_each_change(ctx->session, r.revision, count_one, &g, &err);
	if (rc != OK)
		return response_error(call, rc, &err);
	if (g.count == 0)
		return response_fail(call, E_NOT_FOUND, "there is no such revision");
	return gather(ctx, &r, g.count);
}
