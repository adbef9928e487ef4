/* The rule: a token that is taken back takes all that were made with it along, and none outlives those above it by renewal. */
#include "service/token/tokens.h"
#include "service/state/token_chain.h"
#include "service/engine/response.h"

#define RENEWAL_PARTS 100 /* of its `ttl`, of which a renewal gives at least one */

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

static enum result revoke_one(struct write *w, const struct token *t, struct error *err)
{
	struct token_change *change = &w->tokens[w->tokens_count];
	enum result rc = token_change_make(w, change, &t->record, t, err);

	if (rc != OK)
		return rc;
	change->token->is_revoked = true;
	w->tokens_count++;
	return token_touch(w->call, t->record.accessor, err);
}

/* Also those that have run out: a clock that is set back must not bring them to life. */
static enum result revoke_below(struct verb_context *ctx, struct write *w, struct slice above,
				struct error *err)
{
	const struct snapshot *snapshot = ctx->snapshot;
	uint32_t count = count_below(snapshot, above);
	struct pmap_walk walk;
	const struct token *t;
	enum result rc = OK;

	w->tokens = arena_alloc_array(&w->arena, count, sizeof *w->tokens);
	if (w->tokens == NULL)
		return fail(err, E_MEMORY, "out of memory");
	pmap_walk_from(&walk, &snapshot->tokens_by_accessor, SLICE_NULL);
	while (rc == OK && (t = pmap_walk_next(&walk)) != NULL) {
		if (!t->is_revoked && token_is_below(snapshot, t, above))
			rc = revoke_one(w, t, err);
	}
	return rc;
}

/* Who may delete tokens may revoke any; everybody the own one and those made with it. */
static bool may_revoke(const struct verb_context *ctx, const struct token *t)
{
	return rights_may(ctx->rights, MAY_DELETE, SLICE_LITERAL(TOKENS_PATH)) ||
	       (t != NULL && token_is_below(ctx->snapshot, t, ctx->call->token->record.accessor));
}

enum step token_revoke_on_worker(struct verb_context *ctx)
{
	struct call *c = ctx->call;
	const struct token *t = snapshot_token(ctx->snapshot, c->in.accessor);
	struct error err = ERROR_NULL;
	struct write *w;
	enum result rc;

	if (!may_revoke(ctx, t))
		return response_fail(c, E_FORBIDDEN, "may not revoke that token");
	if (t == NULL || t->is_revoked)
		return response_fail(c, E_NOT_FOUND, "there is no such token");
	w = write_new(ctx, 0);
	if (w == NULL)
		return response_fail(c, E_MEMORY, "out of memory");
	w->response = NULL;
	rc = revoke_below(ctx, w, t->record.accessor, &err);
	if (rc == OK)
		rc = lockout_check(w, ctx->now_ms, &err);
	if (rc != OK)
		return response_error(c, rc, &err); /* recorded: what it was about is touched */
	response_empty(c);
	return STEP_COMMIT;
}

static enum result read_ttl(struct call *c, int64_t *ttl_ms, struct error *err)
{
	static const struct slice keys[] = {SLICE_INIT("ttl")};
	CLEANUP(tree_clear) struct tree body = TREE_INIT(0, false);
	int64_t asked_ms;
	enum result rc = body_read(c, &body, keys, ARRAY_SIZE(keys), err);

	if (rc != OK)
		return rc;
	rc = body_duration(&body, keys[0], TOKEN_TTL_MS_MAX, &asked_ms, err);
	if (rc == E_NOT_FOUND)
		return OK;
	if (rc == OK && asked_ms > *ttl_ms)
		rc = fail(err, E_INVALID, "`ttl` must not be longer than the one it was made with");
	if (rc == OK)
		*ttl_ms = asked_ms;
	return rc;
}

/* A renewal that gives hardly any time is none: else a loop of them would fill the log. */
static bool is_hardly_later(const struct token *t, int64_t expires_ms)
{
	return expires_ms >= t->expires_ms &&
	       expires_ms - t->expires_ms < t->record.ttl_ms / RENEWAL_PARTS;
}

/* `w` gets no change where the token is as good as renewed already. */
static enum result renew(struct verb_context *ctx, struct write *w, struct error *err)
{
	const struct token *t = snapshot_token(ctx->snapshot, w->accessor);
	struct token_record record;
	int64_t ttl_ms, end;
	enum result rc;

	if (t == NULL)
		return fail(err, E_UNAUTHENTICATED, "a valid token is needed");
	if (t->record.ttl_ms == 0)
		return fail(err, E_CONFLICT, "the token was made without a `ttl`");
	ttl_ms = t->record.ttl_ms;
	rc = read_ttl(w->call, &ttl_ms, err);
	if (rc != OK)
		return rc;
	record = t->record;
	end = token_chain_end(ctx->snapshot, t, false);
	end = token_earlier(end, record.max_expires_ms);
	record.expires_ms = token_earlier(end, ctx->now_ms + ttl_ms);
	if (is_hardly_later(t, record.expires_ms))
		return OK;
	w->tokens = arena_alloc_array(&w->arena, 1, sizeof *w->tokens);
	if (w->tokens == NULL)
		return fail(err, E_MEMORY, "out of memory");
	rc = token_change_make(w, &w->tokens[0], &record, t, err);
	if (rc != OK)
		return rc;
	w->tokens_count = 1;
	return token_touch(w->call, record.accessor, err);
}

enum step token_renew_on_worker(struct verb_context *ctx)
{
	struct call *c = ctx->call;
	struct write *w = write_new(ctx, 0);
	CLEANUP(buf_clear) struct buf b = BUF_RESPONSE;
	struct error err = ERROR_NULL;
	bool is_changed;
	enum result rc;

	if (w == NULL)
		return response_fail(c, E_MEMORY, "out of memory");
	w->response = NULL;
	rc = renew(ctx, w, &err);
	if (rc != OK) {
		c->audit_draft = NULL;
		return response_error(c, rc, &err);
	}
	buf_append_char(&b, '{');
	is_changed = w->tokens_count != 0;
	token_write_members(&b, is_changed ? w->tokens[0].token
					   : snapshot_token(ctx->snapshot, w->accessor));
	buf_append_char(&b, '}');
	response_json(c, &b);
	return c->out.result == OK && is_changed ? STEP_COMMIT : STEP_RESPOND;
}
