/*
 * A write as an object: how it is made and freed, which rights its changes need.
 *
 * The call owns the write; write_free() frees it in any state, also half made. Until
 * write_prepare() has found it fit for the committer its job can only be freed and list its paths.
 */

#include "service/write/write.h"

#include "service/engine/audit_draft.h"
#include "service/engine/engine.h"
#include "service/write/idempotency.h"

static void change_clear(struct change *c)
{
	snap_doc_unref(c->before);
	buf_clear(&c->plain);
	buf_clear(&c->sealed);
	buf_clear(&c->wrapped);
	tree_clear(&c->patch_tree);
	policy_unref(c->policy);
}

void write_free(struct commit_job *job)
{
	struct write *w = (struct write *)job;

	for (uint32_t i = 0; i < w->changes_count; i++)
		change_clear(&w->changes[i]);
	for (uint32_t i = 0; i < w->affected_count; i++) {
		snap_doc_unref(w->affected[i].before);
		doc_edges_unref(w->affected[i].edges);
		effective_entry_unref(w->affected[i].entry);
	}
	check_report_clear(&w->report);
	view_clear(&w->view);
	arena_clear(&w->arena);
	alloc_free(w);
}

/* For the entry of a refused write: as far as the body was read. */
bool write_each_path(const struct commit_job *job, bool (*look)(void *ctx, struct slice path),
		     void *ctx)
{
	const struct write *w = (const struct write *)job;

	for (uint32_t i = 0; i < w->changes_count; i++) {
		if (!look(ctx, w->changes[i].path))
			return false;
	}
	return true;
}

/* Of a write that is not prepared yet. */
static const struct commit_job_ops unprepared_ops = {
	.each_path = write_each_path,
	.free = write_free,
};

/* The context ends before the write does; what the rights point to belongs to the snapshot and
 * the call. */
static const struct rights *keep_rights(struct arena *a, const struct rights *from)
{
	struct rights *r = arena_copy(a, from, sizeof *r);

	if (r != NULL && from->levels == &from->first)
		r->levels = &r->first;
	return r;
}

/* The key is made again for the committer; idempotency_replay() has checked it before, so only
 * memory can fail here. */
static bool keep_key(struct write *w, struct call *c)
{
	struct error ignored = ERROR_NULL;

	return c->in.idempotency_key.len == 0 || w->is_dry_run ||
	       idempotency_make(&w->idempotency, w->service, c, &ignored) == OK;
}

bool write_make_room(struct write *w, uint32_t changes_max)
{
	w->changes = arena_alloc_array(&w->arena, changes_max, sizeof *w->changes);
	for (uint32_t i = 0; w->changes != NULL && i < changes_max; i++)
		w->changes[i].patch_tree = (struct tree)TREE_INIT(0, true);
	return w->changes != NULL;
}

struct write *write_new(struct verb_context *ctx, uint32_t changes_max)
{
	struct call *c = ctx->call;
	struct write *w = alloc_zero(sizeof *w);

	if (w == NULL)
		return NULL;
	w->service = ctx->service;
	w->call = c;
	w->arena = (struct arena)ARENA_INIT(0, true);
	verb_view_init(&w->view, ctx, 0, keep_rights(&w->arena, ctx->rights));
	w->view.for_whom = audit_draft_recorder(c);
	if (w->view.reader == NULL || !write_make_room(w, changes_max)) {
		write_free(&w->job);
		return NULL;
	}
	w->is_dry_run = c->in.write.is_dry_run;
	w->is_forced = c->in.write.is_forced;
	w->author = c->principal->name;
	w->accessor = c->principal->accessor;
	w->message = c->in.write.message;
	w->source = c->in.write.source;
	if (!keep_key(w, c)) {
		write_free(&w->job);
		return NULL;
	}
	w->job = (struct commit_job){.ops = &unprepared_ops, .call = c};
	call_set_job(c, &w->job);
	return w;
}

static enum permission permission_of(const struct change *c)
{
	static const enum permission needed[CHANGE_OP_COUNT] = {
		[CHANGE_OP_PUT] = MAY_WRITE,	   [CHANGE_OP_PATCH] = MAY_WRITE,
		[CHANGE_OP_DELETE] = MAY_DELETE,   [CHANGE_OP_UNDELETE] = MAY_DELETE,
		[CHANGE_OP_DESTROY] = MAY_DESTROY, [CHANGE_OP_ROLLBACK] = MAY_ROLLBACK,
	};

	return needed[c->op]; /* a step of a revert needs what it would need by itself */
}

bool change_takes_away(const struct change *c)
{
	return c->op == CHANGE_OP_DELETE || c->op == CHANGE_OP_DESTROY;
}

uint32_t change_permissions(const struct write *w, const struct change *c)
{
	uint32_t all = permission_of(c);

	if (c->kind == KIND_POLICIES || (w->is_forced && change_takes_away(c)))
		all |= MAY_ADMIN;
	return all;
}

/* For a dry run `check` is enough, except that a forced delete or destroy needs `admin` all the
 * same: its dry run shows what force would push through. */
bool write_may_change(const struct verb_context *ctx, const struct write *w, const struct change *c)
{
	const struct rights *r = ctx->rights;
	uint32_t needed = change_permissions(w, c);

	if (w->is_forced && change_takes_away(c) && !rights_may(r, MAY_ADMIN, c->path))
		return false;
	if (w->is_dry_run && rights_may(r, MAY_CHECK, c->path))
		return true;
	return rights_may(r, permission_of(c), c->path) &&
	       ((needed & MAY_ADMIN) == 0 || rights_may(r, MAY_ADMIN, c->path));
}

const struct change *write_change(const struct write *w, struct slice path)
{
	for (uint32_t i = 0; i < w->changes_count; i++) {
		if (slice_is_equal(w->changes[i].path, path))
			return &w->changes[i];
	}
	return NULL;
}
