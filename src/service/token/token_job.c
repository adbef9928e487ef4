/*
 * How a change of tokens is committed.
 *
 * A worker prepared it against one snapshot. The committer refuses it with E_STALE if the caller's
 * rights, the name of a new token or the token that can administer are no longer what they were; a
 * worker then prepares it again.
 *
 * Uses that were consumed since the job was prepared stay consumed: only the committer knows the
 * number that is left, and it takes that number over into the new row.
 *
 * apply() and published() run in the committer, all else in the worker that has the call.
 */
#include "service/token/token_job.h"

#include "service/engine/audit_draft.h"
#include "service/engine/change_feed.h"
#include "service/engine/engine.h"
#include "service/token/token_name.h"
#include "service/token/tokens.h"

#include <stdio.h>

static void free_job(struct commit_job *job)
{
	struct token_job *j = (struct token_job *)job;

	for (uint32_t i = 0; i < j->count; i++)
		token_unref(j->tokens[i]);
	snapshot_unref(j->snapshot);
	arena_clear(&j->arena);
	alloc_free(j);
}

/* The worker looked for the name too, but another maker may have taken it since. */
static enum result recheck_name(const struct snapshot *working, const struct token *t,
				int64_t now_ms, struct error *err)
{
	struct error ignored = ERROR_NULL;

	if (token_name_check_at(working, t->record.parent, t->record.name, now_ms, &ignored) == OK)
		return OK;
	return fail(err, E_STALE, "the name was taken meanwhile");
}

/* A token that had ended may be removed while a job that revokes it waits. It stays removed. */
static bool is_removed(const struct token_job *j, const struct commit_context *ctx,
		       const struct token *t)
{
	return snapshot_token(ctx->working, t->record.accessor) == NULL &&
	       snapshot_token(j->snapshot, t->record.accessor) != NULL;
}

/* A token that the working snapshot has is updated; any other one is new, and only then its name is
 * checked again. */
static enum result put_token(const struct commit_context *ctx, struct token *t, struct slice record,
			     struct error *err)
{
	const struct token *now = snapshot_token(ctx->working, t->record.accessor);
	struct store *store = ctx->service->state.store;
	struct token_row row = {.hash = slice_make((const char *)t->hash, HASH_BYTES),
				.accessor = t->record.accessor,
				.record = record,
				.expires_ms = t->expires_ms,
				.uses_left = t->uses_left,
				.is_revoked = t->is_revoked};
	enum result rc = OK;

	if (now != NULL)
		t->uses_left = row.uses_left = now->uses_left;
	else
		rc = recheck_name(ctx->working, t, ctx->now_ms, err);
	if (rc == OK)
		rc = now == NULL ? store_put_tokens(store, &row, 1, err)
				 : store_update_tokens(store, &row, 1, err);
	if (rc == OK && !snapshot_put_token(ctx->working, token_ref(t)))
		rc = fail(err, E_MEMORY, "out of memory");
	return rc;
}

/* The time of an entry never goes backwards, even if the clock does. */
static enum result record(const struct token_job *j, struct commit_context *ctx, struct error *err)
{
	int64_t last_ms = ctx->working->time_ms;
	struct call *c = j->job.call;

	if (!audit_draft_begin(c))
		return fail(err, E_MEMORY, "out of memory");
	if (j->is_forced && c->audit_draft->reason.len == 0)
		c->audit_draft->reason = SLICE_LITERAL("forced");
	return audit_draft_append(ctx->service, ctx->log, c, ctx->working->revision,
				  ctx->now_ms > last_ms ? ctx->now_ms : last_ms, err);
}

/* The tokens go into `working` first, because the check for an administrator looks at the state
 * after them. */
static enum result apply(struct commit_job *job, struct commit_context *ctx, struct error *err)
{
	struct token_job *j = (struct token_job *)job;
	enum result rc = OK;

	if (!rights_are_same(j->snapshot, ctx->working, job->call->principal))
		return fail(err, E_STALE, "the caller's rights have changed meanwhile");
	for (uint32_t i = 0; rc == OK && i < j->count; i++) {
		if (!is_removed(j, ctx, j->tokens[i]))
			rc = put_token(ctx, j->tokens[i], j->records[i], err);
	}
	if (rc != OK)
		return rc;
	if (!lockout_is_averted(j->administrator, ctx->working, j->caller, ctx->now_ms))
		return fail(err, E_STALE, "who can administer afterwards has changed meanwhile");
	job->call->out.revision = ctx->working->revision;
	job->call->out.epoch = ctx->working->epoch;
	return record(j, ctx, err);
}

/* A new or a renewed token takes no right from any caller. */
static void published(struct commit_job *job, struct service *s)
{
	const struct token_job *j = (const struct token_job *)job;
	const struct change_record like = {.epoch = job->call->out.epoch,
					   .revision = job->call->out.revision,
					   .has_less_rights = true};

	for (uint32_t i = 0; i < j->count; i++) {
		if (j->tokens[i]->is_revoked) {
			change_feed_append(s->changes, change_record_new(&like));
			return;
		}
	}
}

/* Its tokens are in the audit draft already, so that a refusal needs no `each_path`. */
static const struct commit_job_ops token_job_ops = {
	.apply = apply,
	.published = published,
	.free = free_job,
};

struct token_job *token_job_new(const struct verb_context *ctx, uint32_t max)
{
	struct call *c = ctx->call;
	struct token_job *j = alloc_zero(sizeof *j);

	if (j == NULL)
		return NULL;
	*j = (struct token_job){.job = {.ops = &token_job_ops, .call = c},
				.arena = ARENA_INIT(0, true),
				.snapshot = snapshot_ref(ctx->snapshot),
				.caller = c->principal->accessor,
				.max = max};
	j->tokens = arena_alloc_array(&j->arena, max, sizeof(struct token *));
	j->records = arena_alloc_array(&j->arena, max, sizeof *j->records);
	if (j->tokens == NULL || j->records == NULL) {
		free_job(&j->job);
		return NULL;
	}
	call_set_job(c, &j->job);
	return j;
}

/* A revoked token needs no digest: nothing can make it valid again. */
static enum result touch(struct call *c, const struct token_row *row, struct error *err)
{
	char path[sizeof TOKENS_PATH + 64];
	int len = snprintf(path, sizeof path, TOKENS_PATH "/%.*s", SLICE_ARGS(row->accessor));
	struct audit_touch touch = {.state = row->is_revoked ? AUDIT_STATE_REVOKED
							     : AUDIT_STATE_LIVE,
				    .has_digest = !row->is_revoked};

	if (len < 0 || (size_t)len >= sizeof path)
		return fail(err, E_INTERNAL, "the accessor of a token is too long");
	touch.path = slice_make(path, (size_t)len);
	if (touch.has_digest)
		audit_token_digest(touch.digest, row->hash, row->record);
	return audit_draft_change(c, &touch) ? OK
					     : fail(err, E_UNAVAILABLE, "cannot record the change");
}

enum result token_job_add(struct token_job *j, const struct token_record *record,
			  const struct token *like, struct error *err)
{
	CLEANUP(buf_clear) struct buf json = BUF_NULL;
	struct token_row row = {.hash = slice_make((const char *)like->hash, HASH_BYTES),
				.accessor = record->accessor,
				.expires_ms = record->expires_ms,
				.uses_left = like->uses_left,
				.is_revoked = like->is_revoked};
	const char *copy;
	enum result rc;

	token_record_write(&json, record);
	rc = buf_check(&json, err);
	if (rc != OK)
		return rc;
	copy = arena_text(&j->arena, buf_slice(&json));
	if (copy == NULL)
		return fail(err, E_MEMORY, "out of memory");
	if (j->count == j->max)
		return fail(err, E_INTERNAL, "more tokens than the job has room for");
	j->records[j->count] = row.record = slice_make(copy, json.len);
	rc = token_new(&j->tokens[j->count], &row, err);
	if (rc != OK)
		return rc;
	j->count++;
	return touch(j->job.call, &row, err);
}

enum result token_job_check_lockout(struct token_job *j, int64_t now_ms, struct error *err)
{
	struct rights_change change = {.before = j->snapshot,
				       .caller = j->caller,
				       .tokens = j->tokens,
				       .tokens_count = j->count};
	struct error refusal = ERROR_NULL;
	enum result rc = lockout_check(&j->administrator, &change, now_ms, &j->arena, &refusal);

	j->is_forced = rc == E_CONFLICT && j->job.call->in.token.is_forced;
	if (rc != OK && !j->is_forced)
		*err = refusal;
	return j->is_forced ? OK : rc;
}
