/*
 * Effective configurations, as they are and as they were.
 *
 * A configuration of now comes from the cache or is resolved and put there. One of an old revision
 * is resolved again from the versions of then, and is given only where its digest is the one that
 * the store recorded when it was served.
 */
#pragma once

#include "service/state/config_cache.h"

/* What a configuration is looked up in; all of it is borrowed. A worker's: old versions come from
 * the session. */
struct config_source {
	struct state *state;
	struct snapshot *snapshot;
	struct store_session *session;
	struct budget *budget;
};

/* What "config/app/name" was at a revision, 0 for now; the caller owns a reference. E_NOT_FOUND:
 * there is or was no such profile. E_UNSUPPORTED: it is abstract. E_INVALID: it was not served.
 * E_CONFLICT: it can no longer be reproduced. */
MUST_USE enum result config_at(const struct config_source *source, struct slice config,
			       uint64_t revision, struct effective_entry **ret, struct error *err);
