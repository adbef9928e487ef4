/*
 * Whether a principal may do something to a path: the decision is the one that a real request would
 * get, with the rule that made it.
 *
 * The call asks about the caller's own token or names another one by its accessor; the second needs
 * audit or grant on sys/tokens, because the response tells the rights of that token. It may run in
 * the caller's thread: a decision reads the snapshot only.
 */
#include "service/read/read.h"
#include "service/engine/response.h"
#include "service/codec.h"

#define TOKENS SLICE_INIT("sys/tokens")

struct checking {
	struct verb_context *ctx;
	struct access_request request;
	struct rights others;
	const struct rights *rights;
	bool has_ended; /* the other token */
};

/* The rights of another token; asking for them needs a permission on all tokens. */
static enum result load_other(struct checking *k, struct slice accessor, struct error *err)
{
	static const struct slice tokens = TOKENS;
	struct verb_context *ctx = k->ctx;
	enum result rc;

	if (!rights_may(ctx->rights, MAY_AUDIT, tokens) &&
	    !rights_may(ctx->rights, MAY_GRANT, tokens))
		return fail(err, E_FORBIDDEN,
			    "asking for another token needs audit or grant on sys/tokens");
	if (snapshot_token(ctx->snapshot, accessor) == NULL)
		return fail(err, E_NOT_FOUND, "there is no such token");
	rc = rights_load_token(&k->others, &ctx->call->arena, ctx->snapshot, accessor, ctx->now_ms,
			       err);
	/* A token that has ended is no error here: the response says so, and that the token may do
	 * nothing. */
	k->has_ended = rc == E_UNAUTHENTICATED;
	k->rights = &k->others;
	return k->has_ended ? OK : rc;
}

/* Fills the check from the body. A check for another token must be allowed before it is
 * answered. */
static enum result read_check(struct checking *k, struct error *err)
{
	const struct body_input body = verb_body(k->ctx);
	struct call *c = k->ctx->call;
	enum result rc = c->codec->read_access(&k->request, &body, &c->arena, err);

	if (rc != OK || k->request.accessor.len == 0)
		return rc;
	return load_other(k, k->request.accessor, err);
}

static enum step response_decision(struct checking *k)
{
	struct decision d = {.is_allowed = false};
	struct call *c = k->ctx->call;
	CLEANUP(buf_clear) struct buf b = BUF_RESPONSE;

	if (!k->has_ended)
		d = rights_decide(k->rights, k->request.permission, k->request.path);
	c->codec->decision(&b, &(struct decision_item){d.is_allowed, d.policy, d.rule, d.line,
						       k->has_ended});
	return response_json(c, &b);
}

enum step access_check_on_loop(struct verb_context *ctx)
{
	struct checking k = {.ctx = ctx, .rights = ctx->rights};
	struct error err = ERROR_NULL;
	enum result rc = read_check(&k, &err);

	return rc == OK ? response_decision(&k) : response_error(ctx->call, rc, &err);
}
