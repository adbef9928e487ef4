/*
 * The verbs that read tokens: the list, and the caller's own.
 *
 * The text of a token is only in the response that made it; everything else names the token by its
 * accessor. Lists show only tokens in force, in the order of their accessors.
 */
#include "service/token/tokens.h"

#include "service/codec.h"
#include "service/engine/engine.h"
#include "service/engine/response.h"
#include "service/state/token_chain.h"

#define LOOK_STEPS 50 /* of one token of a list */

struct token_item token_item_make(const struct token *t, bool has_details)
{
	const struct token_record *r = &t->record;

	return (struct token_item){.accessor = r->accessor,
				   .name = r->name,
				   .parent = r->parent,
				   .policies = r->policies,
				   .policies_count = r->policies_count,
				   .expires_ms = t->expires_ms,
				   .has_details = has_details,
				   .created_ms = r->created_ms,
				   .created_by = r->created_by,
				   .is_limited_to_addresses = r->addresses_count != 0,
				   .ttl_ms = r->ttl_ms,
				   .max_expires_ms = r->max_expires_ms,
				   .uses_left = t->uses_left};
}

static void write_token(const struct call *c, struct buf *b, const struct token *t)
{
	struct token_item item = token_item_make(t, true);

	c->codec->token(b, &item);
}

/* It looks for one token more than the limit, so that the last page has no link to an empty one. */
enum step token_list_on_worker(struct verb_context *ctx)
{
	struct call *c = ctx->call;
	uint32_t limit = list_limit(ctx->service, c->in.page.limit), count = 0;
	CLEANUP(buf_clear) struct buf b = BUF_RESPONSE;
	const struct token *t, *last = NULL;
	struct pmap_walk w;

	c->codec->list_begin(&b);
	pmap_walk_from(&w, &ctx->snapshot->tokens_by_accessor, c->in.page.after);
	while ((t = pmap_walk_next(&w)) != NULL && budget_spend(ctx->budget, LOOK_STEPS)) {
		if (slice_is_equal(t->record.accessor, c->in.page.after) ||
		    !token_is_in_force(ctx->snapshot, t, ctx->now_ms))
			continue;
		if (count++ == limit) {
			response_next(c, last->record.accessor);
			break;
		}
		write_token(c, &b, t);
		last = t;
	}
	c->codec->list_end(&b);
	return response_json(c, &b);
}

enum step token_self_on_loop(struct verb_context *ctx)
{
	struct call *c = ctx->call;
	const struct token *t = snapshot_token(ctx->snapshot, c->principal->accessor);
	CLEANUP(buf_clear) struct buf b = BUF_RESPONSE;

	if (t == NULL)
		return response_fail(c, E_UNAUTHENTICATED, "a valid token is needed");
	write_token(c, &b, t);
	return response_json(c, &b);
}
