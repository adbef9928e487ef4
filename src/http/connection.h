/*
 * One client's connection: its deadline, and how it sleeps while the service has its request.
 *
 * Three kinds of thread meet here. The connection's event loop runs all that is not said to be
 * otherwise. Threads of the service call connection_wake(). The monitor (monitor.h) closes what
 * passed its deadline, and frees connections: libmicrohttpd may close one while an epoll event of
 * it is on its way to the monitor, so a closed connection is only listed, and the monitor frees it
 * once it has handled its events.
 *
 * `mutex` orders falling asleep and waking up: the service may hand a call back before its
 * connection is suspended. It is held for a few assignments and libmicrohttpd's suspend or resume.
 * limits.mutex may be held when it is taken; no lock of ours is taken under it.
 */
#pragma once

#include "http/connection_limits.h"
#include "http/exchange.h"
#include "http/server_state.h"

#include <netinet/in.h>

struct connection {
	struct http_server *server;
	struct MHD_Connection *mhd;
	struct connection_entry entry;
	char address_text[INET6_ADDRSTRLEN];
	_Atomic int64_t deadline_ms; /* monotonic; 0: none */
	bool is_watched;	     /* its loop's: the monitor's epoll has its socket */

	/* Under limits.mutex. */
	bool is_closed;
	struct connection *next_closed;
	bool is_client_gone; /* its poll could not be cancelled yet: the monitor tries again */

	pthread_mutex_t mutex; /* for the four below */
	bool is_suspended;
	bool is_woken;	 /* since the call was submitted */
	bool is_polling; /* the request is a long poll */
	bool is_ended;	 /* the request gets no response: close the connection */
	/* Monotonic: since when the service has the request; 0: it has none. */
	_Atomic int64_t submitted_ms;

	struct exchange exchange;
};

/* libmicrohttpd's callback for a connection that starts or ends. */
void connection_notify(void *server, struct MHD_Connection *mhd, void **context,
		       enum MHD_ConnectionNotificationCode code);

/* From any thread: resumes the connection, at once or when it would fall asleep. `is_ended`: its
 * request gets no response. */
void connection_wake(struct connection *conn, bool is_ended);

/* Suspends the connection. False: it was woken meanwhile, carry on. `is_polling`: the monitor
 * watches whether its client leaves. */
bool connection_suspend(struct connection *conn, bool is_polling);

/* After a wake. False: the request has ended, close the connection. */
bool connection_resume(struct connection *conn);

/* The monitor closes the connection after so many milliseconds; 0: no deadline. An unauthenticated
 * connection has none later than entry.authenticate_by_ms. */
void connection_set_deadline(struct connection *conn, int64_t from_now_ms);

void connection_set_idle(struct connection *conn); /* it has no request from now on */

void connection_free(struct connection *conn); /* the monitor's */
