/* Answers that are kept for a day under a client's Idempotency-Key, so that asking again does
 * nothing twice. */
#pragma once

#include "service/write/write.h"

/* The key, with who uses it in it, and the fingerprint of all that the request says. Its text
 * lives in the call's arena. */
MUST_USE enum result idempotency_make(struct idempotency *ret, const struct service *s,
				      struct call *c, struct error *err);

/* Before the verb runs, in a worker. OK: call->out is the answer of then. E_NOT_FOUND: the key
 * is new. E_CONFLICT: it stands for another request. E_FORBIDDEN: what it stands for may not be
 * done any more. */
MUST_USE enum result idempotency_replay(struct verb_context *ctx, struct error *err);

/* In the committer, in the write's transaction, once call->out is filled. E_STALE: another call
 * with the same key came first. */
MUST_USE enum result idempotency_keep(struct write *w, int64_t time_ms, struct error *err);
