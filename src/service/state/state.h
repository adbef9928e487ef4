/*
 * The data that the whole service shares: the store, the keys, and the current snapshot.
 *
 * Only the committer replaces `current`, and only after its transaction is durable. Every other
 * thread takes a reference with state_snapshot() and keeps it as long as it reads.
 * `snapshot_mutex` is held for that load or swap and for nothing else.
 */
#pragma once

#include "audit/audit_log.h"
#include "base/clock.h"
#include "crypto/keyring.h"
#include "service/settings.h"
#include "service/state/server_time.h"
#include "service/state/snapshot.h"
#include "store/store_head.h"

#include <pthread.h>

struct config_cache;

/* One for each service; set when it opens, and but for `current` and `time` not changed until it
 * closes. */
struct state {
	struct service_settings settings;
	struct store *store;
	struct keyring *keyring;
	struct clock clock; /* monotonic time; wall time is state_now_ms() */
	struct server_time time;
	struct config_cache *cache;

	pthread_mutex_t snapshot_mutex;
	struct snapshot *current;
};

/* A reference to the current snapshot. Any thread. */
struct snapshot *state_snapshot(struct state *s);

/* Server time (server_time.h): for what ends by time, and for stamps. Any thread. */
static inline int64_t state_now_ms(struct state *s)
{
	return server_time_now_ms(&s->time, &s->clock);
}

/* The largest path, with room for "profiles/" in place of "config/". */
#define PROFILE_PATH_BYTES (PATH_BYTES_MAX + 16)

/* "profiles/app/name" of "config/app/name", into `ret`; `*path` lies in it. False: it is no
 * configuration's path. */
bool config_profile_path(char ret[static PROFILE_PATH_BYTES], struct slice config,
			 struct slice *path);

/* The profile of "config/app/name"; NULL: there is none. Borrowed. */
struct snap_doc *config_doc(const struct snapshot *snapshot, struct slice config);

/* The first snapshot, into `current`, of a store whose head was checked. At the start, by one
 * thread. */
MUST_USE enum result state_load(struct state *s, const struct store_head *head, struct error *err);
