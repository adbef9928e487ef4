/* What the verbs that read one thing share: conditions on its ETag, and the explained form of a
 * configuration. */
#pragma once

#include "service/state/config_cache.h"
#include "service/engine/verb.h"

/* The outcome of a read's If-Match and If-None-Match, evaluated in this order (RFC 9110 13.2.2). */
enum condition {
	CONDITION_HOLDS,
	CONDITION_IS_SAME, /* If-None-Match names it: 304 */
	CONDITION_FAILS,   /* If-Match does not name it: the response is a 412 */
};

/* Compares the call's conditions with c->out.etag (empty: it has none) of a thing that exists.
 * Fills call->out where it fails. */
enum condition condition_check(struct call *c);

/* Appends the explained form of `n`, which is the content of `e` at the call's ?key=, to a
 * BUF_RESPONSE. E_LIMIT: the response or the budget is full. */
MUST_USE enum result explain_write(struct buf *ret, struct verb_context *ctx,
				   const struct effective_entry *e, const struct tree_node *n,
				   struct error *err);
