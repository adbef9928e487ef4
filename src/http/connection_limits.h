/*
 * How many connections may be open, and which of them are closed when there are too many. Clients
 * with valid tokens must be able to connect although others only keep connections open:
 *
 * - A connection is unauthenticated until a request on it carries a valid token. All
 *   unauthenticated ones together, and those of one address, have a part of the table. A new one
 *   that finds its part or the table full displaces the oldest unauthenticated one. So a flood of
 *   them displaces itself, and a client needs only the time that its first request takes.
 * - As the table fills, authenticated connections that are idle are closed sooner: those of the
 *   principal with the most first, and among these the ones that have been idle longest. The
 *   requests of one principal take three quarters of the table at most (request.c).
 *
 * libmicrohttpd's own limit is divided among its loops and accepts no connection once it is
 * reached, so it is set above ours. A connection is closed by shutting its socket down: its event
 * loop sees the end and closes it.
 *
 * `mutex` guards all that stands below it and each listed entry's links, is_evicted,
 * is_authenticated and share. An event loop enters, leaves and identifies; the monitor ticks.
 * A connection leaves the table under the mutex before its descriptor is closed, so the descriptor
 * of a listed entry is its own. server_state.h names the locks that may be taken under it.
 */
#pragma once

#include "base/clock.h"
#include "http/http_settings.h"
#include "service/state/share.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct connection;
struct connection_entry;

/* The lists of entries, each from the oldest to the newest. */
enum connection_list_kind {
	LIST_ALL,
	LIST_UNAUTHENTICATED,
	LIST_ADDRESS, /* the unauthenticated ones of one address */
	LIST_KINDS
};

/* An entry's neighbours in one list; NULL at the ends and outside of the list. */
struct connection_link {
	struct connection_entry *before, *next;
};

struct connection_list {
	struct connection_entry *first, *last;
	uint32_t count;
};

/* A connection's place in the table; part of struct connection. */
struct connection_entry {
	struct connection *connection; /* that it is part of */
	int fd;
	uint8_t address[16];
	struct connection_link links[LIST_KINDS];
	bool is_evicted;
	bool is_authenticated; /* its last token was valid */
	/* A reference to the share of that token's principal; NULL: unauthenticated. */
	struct share *share;
	/* Its row in by_address: addresses (IPv6: /64) with one row share it. */
	uint32_t address_row;
	/* Its event loop's: while it is unauthenticated no deadline is later. */
	int64_t authenticate_by_ms;
	_Atomic int64_t idle_since_ms; /* monotonic: since the last request; 0: it has one */
};

#define ADDRESS_ROWS 1024 /* a power of two */
#define EVICTED_MAX  512  /* shut down, and not yet closed by their event loops */
#define OVERFLOW_MAX 256  /* above connections_max for moments, while all have requests */
#define SPARE_MAX    16	  /* new ones that are evicted at once */

struct connection_limits {
	const struct http_settings *settings;
	const struct clock *clock;
	/* Of the hash that gives an address its row. */
	uint64_t seed;
	_Atomic uint64_t *evictions; /* counts them */

	pthread_mutex_t mutex;
	struct connection_list all, unauthenticated, by_address[ADDRESS_ROWS];
	uint32_t evicted; /* of `all` */
	/* Monotonic: no sweep for a new connection, and no line in the log, before then. */
	int64_t next_sweep_ms, next_log_ms;
};

/* Borrows `settings`, `clock` and `evictions`. Clear it when no connection is listed any more. */
void connection_limits_init(struct connection_limits *l, const struct http_settings *settings,
			    const struct clock *clock, uint64_t seed, _Atomic uint64_t *evictions);
void connection_limits_clear(struct connection_limits *l);

/* Lists a new connection, whose entry has connection, fd and address. It may evict another or this
 * one. */
void connection_limits_enter(struct connection_limits *l, struct connection_entry *e);

/* A connection is being closed. The caller holds the mutex. */
void connection_limits_leave(struct connection_limits *l, struct connection_entry *e);

/* In the connection's event loop, for each request that is authenticated: the share of the
 * principal, of which it takes the reference, or NULL where the token was not valid. */
void connection_limits_identify(struct connection_limits *l, struct connection_entry *e,
				struct share *taken);

/* To be called several times a second, with the mutex held: evicts idle connections as the table
 * fills. */
void connection_limits_tick(struct connection_limits *l, int64_t now_ms);
