/*
 * Responses that are kept for a day under a client's Idempotency-Key, so that a repeated request
 * changes nothing twice.
 *
 * A key belongs to the caller who sent it, and stands for one request: the same key with another
 * request is refused. A worker looks for the key before the verb runs, so before any state is
 * read, but after the caller's rights. A caller who may no longer do what the key stands for is
 * refused; a caller who may do it but has other rights than then gets the short form of the
 * response.
 */
#pragma once

#include "service/engine/verb.h"

/* A client's key for its request; empty: none. */
struct idempotency {
	struct slice key;
	uint8_t fingerprint[HASH_BYTES]; /* of all that the request says */
};

/* What is kept beside the response itself. */
struct idempotency_record {
	const struct snapshot *snapshot; /* whose rights the response was made for */
	struct slice permissions;	 /* lines of idempotency_add_permission() */
	struct slice short_body; /* for callers who have other rights by then; may be empty */
};

/* The key, with the caller in it, and the fingerprint. Its text lives in the call's arena.
 * E_MALFORMED for too long a key. */
MUST_USE enum result idempotency_make(struct idempotency *ret, const struct service *s,
				      struct call *c, struct error *err);

/* Before the verb runs, in a worker. OK: call->out is the response of the first time.
 * E_NOT_FOUND: the key is new. E_CONFLICT: it stands for another request. E_FORBIDDEN: the caller
 * may not do any more what it stands for. */
MUST_USE enum result idempotency_replay(struct verb_context *ctx, struct error *err);

/* Appends that what the key stands for takes the permissions of `mask` (bits of enum permission)
 * on `path`. */
void idempotency_add_permission(struct buf *lines, uint32_t mask, struct slice path);

/* In the committer, in the transaction of the change, once call->out is filled. Nothing for an
 * empty key. E_STALE: another request with the same key came first; prepared again, this one will
 * replay its response. */
MUST_USE enum result idempotency_keep(const struct idempotency *i, struct call *c,
				      const struct idempotency_record *record, int64_t time_ms,
				      struct error *err);
