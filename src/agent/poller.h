/*
 * Watches one effective configuration from a thread of its own: long polls, backs off with jitter
 * while the server is away, and hands over what is new.
 */
#pragma once

#include "base/buf.h"
#include "base/result.h"
#include "client/client.h"

struct poller;

struct fetched {
	struct buf content; /* JSON, with the values of its secrets */
	char etag[128];
	uint64_t epoch, revision;
};

#define FETCHED_NULL                \
	{                           \
		BUF_NULL, {0}, 0, 0 \
	}

void fetched_clear(struct fetched *f);

/* One plain fetch. `target`: "/v1/config/orders/production". */
MUST_USE enum result fetch_config(struct fetched *ret, struct client *client, struct slice target,
				  struct error *err);

/* Starts the thread. Takes `client`. `known` is what the caller runs with. The descriptor
 * becomes readable for each change. */
MUST_USE enum result poller_start(struct poller **ret, struct client *client_taken,
				  struct slice target, const struct fetched *known,
				  struct error *err);
int poller_fd(const struct poller *p);

/* What is newest, if there is something that was not taken yet. */
bool poller_take(struct poller *p, struct fetched *ret);
