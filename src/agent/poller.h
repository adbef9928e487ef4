/*
 * Watches one effective configuration by long polls, from a thread of its own, and hands over each
 * new content.
 *
 * The poller owns its client, its thread and an eventfd, which is readable while there is a content
 * that was not taken. Only the newest content is kept: a caller that is slow skips the ones
 * between. The thread runs until the process ends, since a long poll cannot be interrupted.
 *
 * Threads: the poller's own thread writes everything but `newest`, which `lock` guards; the caller
 * uses poller_fd() and poller_take() from one thread. The lock is held for a few assignments only,
 * and no other lock is taken under it.
 *
 * The order of contents: an (epoch, revision) that is lower than the last one is refused and
 * logged, so that a server that lost data does not bring back an old configuration unseen. While
 * requests fail the thread waits between them, twice as long each time up to 30 s, with a random
 * part so that many clients do not return at the same moment.
 */
#pragma once

#include "base/buf.h"
#include "base/result.h"
#include "client/client.h"

struct poller;

/* One content of a configuration, as a server gave it. */
struct fetched_config {
	struct buf content; /* JSON, with the values of its secrets; wiped when cleared */
	char etag[128];
	uint64_t epoch, revision;
};

#define FETCHED_CONFIG_NULL         \
	{                           \
		BUF_NULL, {0}, 0, 0 \
	}

void fetched_config_clear(struct fetched_config *f);

/* Fetches it once, without waiting for a change. `target`: "/v1/config/orders/production". The
 * results are those of client_call(). */
MUST_USE enum result fetch_config(struct fetched_config *ret, struct client *client,
				  struct slice target, struct error *err);

/* Starts the thread. Takes `client`, also on failure. `current` is the content that the caller has:
 * the first poll waits for a change of it. E_IO, E_MEMORY, E_UNAVAILABLE. */
MUST_USE enum result poller_start(struct poller **ret, struct client *client_taken,
				  struct slice target, const struct fetched_config *current,
				  struct error *err);

/* The eventfd, which stays the poller's. */
int poller_fd(const struct poller *p);

/* Moves the newest content into `ret`, which is cleared before. False: none came since the last
 * call, and `ret` is untouched. */
bool poller_take(struct poller *p, struct fetched_config *ret);
