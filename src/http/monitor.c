/*
 * The monitor's loop. It waits at most TICK_MS for epoll events, which tell of clients that left
 * during a long poll, and does one round:
 *
 * - handle_events() ends the polls of clients that left;
 * - check_connections() walks over all connections: deadlines, abandoned requests, evictions;
 * - free_closed() frees what event loops have closed. It comes after handle_events(), whose events
 *   may point to these;
 * - return_memory() and service_tick(), which needs a caller several times a second.
 *
 * A poll whose client has left is ended through service_forget(). A worker may have the call at
 * that moment; then is_client_gone stays set and the next tick tries again.
 *
 * Locks: limits.mutex for the walk, which keeps connections from being closed meanwhile; within it
 * one connection's mutex at a time. server_state.h has the order.
 */
#include "http/monitor.h"

#include "base/memory.h"
#include "base/retry.h"
#include "http/connection.h"

#include <malloc.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* How late a deadline may be noticed. The walk costs little beside it: a few loads for each
 * connection. */
#define TICK_MS	   100
#define EVENTS_MAX 256
/* With fewer connections there is too little memory to return for the cost of malloc_trim(). */
#define CONNECTIONS_PEAK_MIN 256
#define ABANDON_MS	     200 /* shorter requests are not checked for clients that left */

/* The client has left, so the service abandons the request, unless it is a write that is being
 * stored. The mutex keeps the event loop from ending the request meanwhile. */
static void abandon(struct connection *conn)
{
	pthread_mutex_lock(&conn->mutex);
	if (conn->is_suspended)
		atomic_store(&conn->exchange.call.is_abandoned, true);
	pthread_mutex_unlock(&conn->mutex);
}

/* A client that has shut down its side counts as gone. */
static bool has_client_left(const struct connection *conn)
{
	struct pollfd fd = {.fd = conn->entry.fd, .events = POLLRDHUP};

	return RETRY(poll(&fd, 1, 0)) > 0 && (fd.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

/* Under limits.mutex. A poll that a worker has just now cannot be cancelled: the next tick tries
 * again. */
static void end_poll(struct connection *conn)
{
	bool is_asleep;

	conn->is_client_gone = false;
	if (conn->is_closed)
		return;
	pthread_mutex_lock(&conn->mutex);
	is_asleep = conn->is_polling && !conn->is_woken;
	pthread_mutex_unlock(&conn->mutex);
	if (!is_asleep)
		return;
	conn->is_client_gone = !service_forget(conn->server->service, &conn->exchange.call);
	if (conn->is_client_gone) {
		abandon(conn);
		return;
	}
	atomic_store(&conn->exchange.call.state, CALL_DONE);
	atomic_fetch_add(&conn->server->counts.polls_gone, 1);
	connection_wake(conn, true);
}

/* Without the connection's mutex: what it reads is atomic, or guarded by limits.mutex. */
static void check_connection(struct connection *conn, int64_t now_ms)
{
	int64_t deadline_ms = atomic_load_explicit(&conn->deadline_ms, memory_order_relaxed);
	int64_t submitted_ms = atomic_load_explicit(&conn->submitted_ms, memory_order_relaxed);

	if (conn->is_client_gone)
		end_poll(conn);
	if (submitted_ms != 0 && now_ms - submitted_ms >= ABANDON_MS && has_client_left(conn))
		abandon(conn);
	if (deadline_ms == 0 || deadline_ms > now_ms)
		return;
	atomic_store_explicit(&conn->deadline_ms, 0, memory_order_relaxed);
	atomic_fetch_add(&conn->server->counts.connections_cut, 1);
	shutdown(conn->entry.fd, SHUT_RDWR); /* its event loop sees the end and closes it */
}

static void check_connections(struct http_server *s)
{
	int64_t now_ms = clock_monotonic_ms(s->clock);

	pthread_mutex_lock(&s->limits.mutex);
	connection_limits_tick(&s->limits, now_ms);
	for (struct connection_entry *e = s->limits.all.first; e != NULL;
	     e = e->links[LIST_ALL].next)
		check_connection(e->connection, now_ms);
	pthread_mutex_unlock(&s->limits.mutex);
}

/* Called after handle_events(): no event that the monitor got points to these any more. */
static void free_closed(struct http_server *s)
{
	struct connection *closed;

	pthread_mutex_lock(&s->limits.mutex);
	closed = steal(&s->closed);
	pthread_mutex_unlock(&s->limits.mutex);
	while (closed != NULL) {
		struct connection *next = closed->next_closed;

		connection_free(closed);
		closed = next;
	}
}

/* The memory of many closed connections lies free all over the heap, and malloc() does not return
 * it to the system by itself. Done when half of the connections of the last peak are closed, so at
 * most once for each halving. */
static void return_memory(struct http_server *s)
{
	uint64_t now = atomic_load(&s->counts.connections);

	if (now > s->monitor.connections_peak)
		s->monitor.connections_peak = now;
	if (s->monitor.connections_peak < CONNECTIONS_PEAK_MIN ||
	    now > s->monitor.connections_peak / 2)
		return;
	malloc_trim(0);
	s->monitor.connections_peak = now;
}

/* False: the monitor is to stop. */
static bool handle_events(struct http_server *s, const struct epoll_event *events, int count)
{
	bool is_running = true;

	pthread_mutex_lock(&s->limits.mutex);
	for (int i = 0; i < count && is_running; i++) {
		if (events[i].data.ptr == NULL)
			is_running = false;
		else
			end_poll(events[i].data.ptr);
	}
	pthread_mutex_unlock(&s->limits.mutex);
	return is_running;
}

static void *run_monitor(void *arg)
{
	struct http_server *s = arg;
	struct epoll_event events[EVENTS_MAX];
	bool is_running = true;

	while (is_running) {
		int count = epoll_wait(s->monitor.epoll_fd, events, EVENTS_MAX, TICK_MS);

		is_running = handle_events(s, events, count);
		if (is_running) {
			check_connections(s);
			free_closed(s);
			return_memory(s);
		}
		service_tick(s->service); /* at the stop too: it records what it counted */
	}
	return NULL;
}

enum result monitor_start(struct http_server *s, struct error *err)
{
	struct epoll_event stop = {.events = EPOLLIN, .data.ptr = NULL};

	s->monitor.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	s->monitor.stop_fd = eventfd(0, EFD_CLOEXEC);
	if (s->monitor.epoll_fd < 0 || s->monitor.stop_fd < 0 ||
	    epoll_ctl(s->monitor.epoll_fd, EPOLL_CTL_ADD, s->monitor.stop_fd, &stop) != 0)
		return fail_errno(err, E_IO, "watch connections");
	if (pthread_create(&s->monitor.thread, NULL, run_monitor, s) != 0)
		return fail_errno(err, E_IO, "start a thread");
	s->monitor.has_thread = true;
	return OK;
}

void monitor_stop(struct http_server *s)
{
	const uint64_t one = 1;

	if (!s->monitor.has_thread)
		return;
	/* The eventfd makes epoll_wait() return at once; its event has no connection. */
	(void)RETRY(write(s->monitor.stop_fd, &one, sizeof one));
	pthread_join(s->monitor.thread, NULL);
	s->monitor.has_thread = false;
}

void monitor_clear(struct http_server *s)
{
	free_closed(s);
	if (s->monitor.epoll_fd >= 0)
		close(s->monitor.epoll_fd);
	if (s->monitor.stop_fd >= 0)
		close(s->monitor.stop_fd);
}
