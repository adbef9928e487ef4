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

/* What "config/app/name" came to at a revision, 0 for now: referenced, and of an old revision
 * just what was served then. E_NOT_FOUND, E_UNSUPPORTED (abstract), E_INVALID: it is, or was,
 * not served. E_CONFLICT: it cannot be told any more. Worker only. */
MUST_USE enum result config_entry_at(struct verb_context *ctx, struct slice config,
				     uint64_t revision, struct effective_entry **ret,
				     struct error *err);

/* {"content", "origins": {pointer: {…}}, "secrets": {pointer: {…}}, "warnings"}: `n` is the content, at `key`. */
MUST_USE enum result explain_write(struct buf *ret, struct verb_context *ctx,
				   const struct effective_entry *e, const struct tree_node *n,
				   struct slice key, struct error *err);

/* A JSON array of {"pointer", "op", "from", "to", "secret", "reload", "origin"}; either entry may be NULL. A secret that the configuration refers to and that got
 * another version is a "replace" without values. `schema` may be NULL. Origins that the caller may not read are left out. */
MUST_USE enum result config_diff_write(struct buf *ret, const struct effective_entry *from,
				       const struct effective_entry *to,
				       const struct schema *schema, const struct verb_context *ctx,
				       struct error *err);
