/*
 * What the files of http/ share about the server. Private to http/.
 *
 * Threads: the event loops of libmicrohttpd, each of which runs the callbacks of its connections;
 * the monitor (monitor.h); the threads of the service that call connection_wake(). The members
 * before `is_draining` do not change while the server runs, the others say what guards them.
 *
 * Lock order, an outer lock first:
 *
 *   limits.mutex    a connection's mutex, or one of the service: that of its shares, as a
 *                   connection leaves the table, or that of its waiters, as the monitor ends a poll
 *   pending.mutex   the mutex of the service's shares
 *
 * limits.mutex and pending.mutex are never held together. No lock of http/ or service/ is taken
 * under a connection's mutex, so the service is never called with it held.
 */
#pragma once

#include "base/clock.h"
#include "http/body.h"
#include "http/connection_limits.h"
#include "http/counters.h"
#include "http/http_settings.h"
#include "http/pending_response.h"
#include "service/service.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

struct connection;

struct http_server {
	struct service *service;
	const struct clock *clock;
	struct http_settings settings;
	struct service_settings service_settings;
	struct MHD_Daemon *daemon;
	/* libmicrohttpd's once it runs, which then closes it. */
	int listen_fd;
	/* That was bound, also where 0 was asked for. */
	uint16_t port;
	/* Random, of this process: for request ids and the rows of addresses. */
	uint64_t request_seed;

	/* Set once, by http_server_drain(). Responses then close their connections. */
	atomic_bool is_draining;
	/* Numbers requests, for their ids. */
	_Atomic uint64_t request_count;
	_Atomic uint64_t in_flight; /* requests that began before the drain */
	struct http_counts counts;
	/* Bytes of request bodies (body.h), of large responses (pending_response.h), and the table
	 * of connections (connection_limits.h). Each guards itself. */
	struct body_pool bodies;
	struct pending_responses pending;
	struct connection_limits limits;
	struct connection *closed; /* by next_closed, under limits.mutex; the monitor frees them */

	struct {
		/* -1 before they are open. Event loops add sockets to epoll_fd; only the monitor
		 * waits. */
		int epoll_fd; /* sockets of clients that poll */
		int stop_fd;  /* eventfd */
		pthread_t thread;
		bool has_thread;
		/* Its own: most connections since memory was returned to the system. */
		uint64_t connections_peak;
	} monitor;
};
