/* Effective configurations, for the verbs that answer with them. */
#pragma once

#include "service/state/config_cache.h"
#include "service/engine/verb.h"

/* What the conditions of a read say of the answer's ETag, If-Match first (RFC 9110 13.2.2). */
enum condition {
	CONDITION_HOLDS,
	CONDITION_IS_SAME, /* If-None-Match names it: 304 */
	CONDITION_FAILS,   /* If-Match does not: answered with 412 */
};

/* Of what exists: whether c->out.etag, empty for none, is what the call asked for. */
enum condition condition_check(struct call *c);

/* Appends the explained form of `n`, which is the content of `e` at the call's ?key=, to a BUF_RESPONSE. E_LIMIT: the response or the budget
 * is full. */
MUST_USE enum result explain_write(struct buf *ret, struct verb_context *ctx,
				   const struct effective_entry *e, const struct tree_node *n,
				   struct error *err);
