/* The rule: a token's text is nowhere but in the answer that made it; all else names it by its accessor. */
#include "service/token/tokens.h"
#include "service/state/token_chain.h"
#include "service/engine/engine.h"
#include "service/engine/response.h"
#include "doc/json_member.h"

#include "base/text.h"

#define LOOK_STEPS 50 /* of one token of a list */

void token_write_members(struct buf *b, const struct token *t)
{
	json_member_text(b, "accessor", t->record.accessor);
	json_member_text(b, "name", t->record.name);
	json_member_accessor(b, "parent", t->record.parent);
	json_member(b, "policies");
	buf_append_char(b, '[');
	for (uint32_t i = 0; i < t->record.policies_count; i++) {
		json_comma(b);
		json_append_string(b, t->record.policies[i]);
	}
	buf_append_char(b, ']');
	if (t->expires_ms != 0) {
		json_member_time(b, "expires_at", t->expires_ms);
	} else {
		json_member(b, "expires_at");
		buf_append_text(b, "null");
	}
}

static void write_token(struct buf *b, const struct token *t)
{
	json_comma(b);
	buf_append_char(b, '{');
	token_write_members(b, t);
	if (t->record.created_ms != 0)
		json_member_time(b, "created_at", t->record.created_ms);
	json_member_text(b, "created_by", t->record.created_by);
	json_member_bool(b, "limited_to_addresses", t->record.addresses_count != 0);
	if (t->record.ttl_ms != 0)
		json_member_u64(b, "ttl_seconds", (uint64_t)t->record.ttl_ms / 1000);
	if (t->record.max_expires_ms != 0)
		json_member_time(b, "renewable_until", t->record.max_expires_ms);
	if (t->uses_left >= 0)
		json_member_u64(b, "uses_left", (uint64_t)t->uses_left);
	buf_append_char(b, '}');
}

enum step token_list_on_worker(struct verb_context *ctx)
{
	struct call *c = ctx->call;
	uint32_t limit = list_limit(ctx->service, c->in.page.limit), count = 0;
	CLEANUP(buf_clear) struct buf b = BUF_RESPONSE;
	const struct token *t, *last = NULL;
	struct pmap_walk w;

	buf_append_text(&b, "{\"items\":[");
	pmap_walk_from(&w, &ctx->snapshot->tokens_by_accessor, c->in.page.after);
	while ((t = pmap_walk_next(&w)) != NULL && budget_spend(ctx->budget, LOOK_STEPS)) {
		if (slice_is_equal(t->record.accessor, c->in.page.after) ||
		    !token_is_in_force(ctx->snapshot, t, ctx->now_ms))
			continue;
		if (count++ == limit) {
			response_next(c, last->record.accessor);
			break;
		}
		write_token(&b, t);
		last = t;
	}
	buf_append_text(&b, "]}");
	return response_json(c, &b);
}

enum step token_self_on_loop(struct verb_context *ctx)
{
	struct call *c = ctx->call;
	const struct token *t = snapshot_token(ctx->snapshot, c->token->record.accessor);
	CLEANUP(buf_clear) struct buf b = BUF_RESPONSE;

	if (t == NULL)
		return response_fail(c, E_UNAUTHENTICATED, "a valid token is needed");
	write_token(&b, t);
	return response_json(c, &b);
}
