/*
 * The explained form of an effective configuration, for one reader. Workers only: it visits every
 * value.
 */
#pragma once

#include "service/engine/verb.h"
#include "service/state/config_cache.h"

/* Appends the explained form of `n`, which is the content of `e` at the call's ?key=, to a
 * BUF_RESPONSE. E_LIMIT: the response or the budget is full. */
MUST_USE enum result config_explain_write(struct buf *ret, struct verb_context *ctx,
					  const struct effective_entry *e,
					  const struct tree_node *n, struct error *err);
