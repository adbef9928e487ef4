/*
 * A store that has data already, while no service runs on it: what restore and recover read of it
 * before they write.
 *
 * One thread.
 */
#pragma once

#include "service/service.h"
#include "service/setup/bootstrap.h"
#include "service/setup/open_store.h"

/* Opens the store as a start does (open_store.h), which checks all of it, and fills in `ret`. The
 * caller ends it with stopped_close(), also after a failure, which takes the keys from the store.
 */
MUST_USE enum result stopped_open(struct bootstrap *ret, const struct stopped_store *to,
				  struct error *err);
void stopped_close(struct bootstrap *f);

/* Whether a token with only FIRST_POLICY could administer. Without that policy: false. */
MUST_USE enum result stopped_may_administer(const struct bootstrap *f, struct store_session *ss,
					    bool *ret, struct error *err);

/* What is written in the transaction. */
typedef enum result stopped_fn(void *ctx, struct store_session *ss, struct error *err);

/* Calls `write` within one transaction of `f->store` and a session that sees it, and commits where
 * that gave OK; else the store is as it was. */
MUST_USE enum result stopped_transact(const struct bootstrap *f, stopped_fn *write, void *ctx,
				      struct error *err);
