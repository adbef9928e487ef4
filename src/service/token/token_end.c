/*
 * The end of tokens: revoking and renewing.
 *
 * Revoking a token revokes all tokens below it, and a renewal never lets a token outlive those
 * above it. Both are jobs of the committer (token_job.h); this file checks the request and says how
 * the tokens will be.
 */
#include "service/codec.h"
#include "service/engine/response.h"
#include "service/state/token_chain.h"
#include "service/token/token_job.h"
#include "service/token/tokens.h"

#include <string.h>

#define RENEWAL_PARTS 100 /* of its `ttl`, of which a renewal gives at least one */

/* The number of tokens that the job needs room for: the same walk as revoke_below(), over the same
 * snapshot. */
static uint32_t count_below(const struct snapshot *snapshot, struct slice above)
{
	struct pmap_walk walk;
	const struct token *t;
	uint32_t count = 0;

	pmap_walk_from(&walk, &snapshot->tokens_by_accessor, SLICE_NULL);
	while ((t = pmap_walk_next(&walk)) != NULL)
		count += !t->is_revoked && token_is_below(snapshot, t, above);
	return count;
}

static enum result revoke_one(struct token_job *j, const struct token *t, struct error *err)
{
	struct token like = {.uses_left = t->uses_left, .is_revoked = true};

	memcpy(like.hash, t->hash, sizeof like.hash);
	return token_job_add(j, &t->record, &like, err);
}

/* Expired tokens too: a clock that is set back must not make them valid again. */
static enum result revoke_below(const struct verb_context *ctx, struct token_job *j,
				struct slice above, struct error *err)
{
	const struct snapshot *snapshot = ctx->snapshot;
	struct pmap_walk walk;
	const struct token *t;
	enum result rc = OK;

	pmap_walk_from(&walk, &snapshot->tokens_by_accessor, SLICE_NULL);
	while (rc == OK && (t = pmap_walk_next(&walk)) != NULL) {
		if (!t->is_revoked && token_is_below(snapshot, t, above))
			rc = revoke_one(j, t, err);
	}
	return rc;
}

/* A caller who may delete tokens may revoke any; every caller its own token and those below it. */
static bool may_revoke(const struct verb_context *ctx, const struct token *t)
{
	return rights_may(ctx->rights, MAY_DELETE, SLICE_LITERAL(TOKENS_PATH)) ||
	       (t != NULL && token_is_below(ctx->snapshot, t, ctx->call->principal->accessor));
}

enum step token_revoke_on_worker(struct verb_context *ctx)
{
	struct call *c = ctx->call;
	const struct token *t = snapshot_token(ctx->snapshot, c->in.token.accessor);
	struct error err = ERROR_NULL;
	struct token_job *j;
	enum result rc;

	if (!may_revoke(ctx, t))
		return response_fail(c, E_FORBIDDEN, "may not revoke that token");
	if (t == NULL || t->is_revoked)
		return response_fail(c, E_NOT_FOUND, "there is no such token");
	j = token_job_new(ctx, count_below(ctx->snapshot, t->record.accessor));
	if (j == NULL)
		return response_fail(c, E_MEMORY, "out of memory");
	rc = revoke_below(ctx, j, t->record.accessor, &err);
	if (rc == OK)
		rc = token_job_check_lockout(j, ctx->now_ms, &err);
	if (rc != OK)
		return response_error(c, rc, &err); /* recorded with the tokens it was about */
	response_empty(c);
	return STEP_COMMIT;
}

/* A renewal may give less time than the token was made with, never more. */
static enum result read_ttl(const struct verb_context *ctx, int64_t *ttl_ms, struct error *err)
{
	const struct body_input body = verb_body(ctx);
	int64_t requested_ms = *ttl_ms;
	enum result rc = ctx->call->codec->read_ttl(&requested_ms, &body, err);

	if (rc == OK && requested_ms > *ttl_ms)
		rc = fail(err, E_INVALID, "`ttl` must not be longer than the one it was made with");
	if (rc == OK)
		*ttl_ms = requested_ms;
	return rc;
}

/* A renewal that gains very little time is not made: a loop of them would fill the audit log. */
static bool gains_little(const struct token *t, int64_t expires_ms)
{
	return expires_ms >= t->expires_ms &&
	       expires_ms - t->expires_ms < t->record.ttl_ms / RENEWAL_PARTS;
}

/* The job stays empty where a renewal would gain very little. */
static enum result renew(const struct verb_context *ctx, struct token_job *j, struct error *err)
{
	const struct token *t = snapshot_token(ctx->snapshot, j->caller);
	struct token_record record;
	int64_t ttl_ms, end;
	enum result rc;

	if (t == NULL)
		return fail(err, E_UNAUTHENTICATED, "a valid token is needed");
	if (t->record.ttl_ms == 0)
		return fail(err, E_CONFLICT, "the token was made without a `ttl`");
	ttl_ms = t->record.ttl_ms;
	rc = read_ttl(ctx, &ttl_ms, err);
	if (rc != OK)
		return rc;
	record = t->record;
	end = token_chain_end(ctx->snapshot, t, false);
	end = token_earlier(end, record.max_expires_ms);
	record.expires_ms = token_earlier(end, ctx->now_ms + ttl_ms);
	if (gains_little(t, record.expires_ms))
		return OK;
	return token_job_add(j, &record, t, err);
}

enum step token_renew_on_worker(struct verb_context *ctx)
{
	struct call *c = ctx->call;
	struct token_job *j = token_job_new(ctx, 1);
	CLEANUP(buf_clear) struct buf b = BUF_RESPONSE;
	struct error err = ERROR_NULL;
	struct token_item item;
	enum result rc;

	if (j == NULL)
		return response_fail(c, E_MEMORY, "out of memory");
	rc = renew(ctx, j, &err);
	if (rc != OK) {
		c->audit_draft = NULL;
		return response_error(c, rc, &err);
	}
	item = token_item_make(j->count != 0 ? j->tokens[0]
					     : snapshot_token(ctx->snapshot, j->caller),
			       false);
	c->codec->token(&b, &item);
	response_json(c, &b);
	return c->out.result == OK && j->count != 0 ? STEP_COMMIT : STEP_RESPOND;
}
