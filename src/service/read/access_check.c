/* The rule: the answer comes from the same decision as every request's, with the rule that made it. */
#include "base/text.h"
#include "service/read/read.h"
#include "service/engine/response.h"
#include "doc/json_member.h"
#include "service/codec.h"

#define TOKENS SLICE_INIT("sys/tokens")

struct checking {
	struct verb_context *ctx;
	struct access_request request;
	struct rights others;
	const struct rights *rights;
	bool has_ended; /* the other token */
};

/* Another's rights are asked for by who looks after tokens. */
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
	k->has_ended = rc == E_UNAUTHENTICATED;
	k->rights = &k->others;
	return k->has_ended ? OK : rc;
}

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
	CLEANUP(buf_clear) struct buf b = BUF_RESPONSE;

	if (!k->has_ended)
		d = rights_decide(k->rights, k->request.permission, k->request.path);
	buf_append_char(&b, '{');
	json_member_bool(&b, "allowed", d.is_allowed);
	json_member(&b, "rule");
	if (d.policy.len != 0) {
		buf_append_char(&b, '{');
		json_member_text(&b, "policy", d.policy);
		json_member_u64(&b, "rule", d.rule);
		json_member_u64(&b, "line", d.line);
		buf_append_char(&b, '}');
	} else {
		buf_append_text(&b, "null");
	}
	if (k->has_ended)
		json_member_text(&b, "reason", SLICE_LITERAL("the token has ended"));
	buf_append_char(&b, '}');
	return response_json(k->ctx->call, &b);
}

enum step access_check_on_loop(struct verb_context *ctx)
{
	struct checking k = {.ctx = ctx, .rights = ctx->rights};
	struct error err = ERROR_NULL;
	enum result rc = read_check(&k, &err);

	return rc == OK ? response_decision(&k) : response_error(ctx->call, rc, &err);
}
