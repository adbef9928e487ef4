/*
 * A store that has data already, while no service runs on it: what restore and recover read of it
 * before they write.
 *
 * One thread, within one transaction of the store and one of the session.
 */
#pragma once

#include "service/setup/bootstrap.h"

/* Fills in epoch, revision, log and the log's key of `f`, whose store and keyring are set.
 * E_CORRUPT and the results of reading. */
MUST_USE enum result stopped_read_heads(struct bootstrap *f, struct store_session *ss,
					struct error *err);

/* Whether a token with only FIRST_POLICY could administer. Without that policy: false. The heads
 * are read. */
MUST_USE enum result stopped_may_administer(const struct bootstrap *f, struct store_session *ss,
					    bool *ret, struct error *err);

/* What is written in the transaction. */
typedef enum result stopped_fn(void *ctx, struct store_session *ss, struct error *err);

/* Calls `write` within one transaction and a session that sees it, and commits where that gave OK;
 * else the store is as it was. */
MUST_USE enum result stopped_transact(struct store *store, stopped_fn *write, void *ctx,
				      struct error *err);
