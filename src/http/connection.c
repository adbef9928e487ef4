/*
 * The life of a connection, and the protocol by which it sleeps and wakes.
 *
 * libmicrohttpd calls connection_notify() when a connection starts and when it is closed. Between
 * the two the connection's event loop owns it. retire() then moves it to server->closed, from where
 * the monitor frees it: an epoll event of the monitor may still point to it.
 *
 * Sleeping: the event loop submits a call, then suspends the connection. The service may be done
 * before that. So a wake is remembered in is_woken, and connection_suspend() does not suspend a
 * connection that was woken since the submission; connection_resume() resets the flags for the next
 * call. Both sides change the flags under the connection's mutex, so no wake is lost.
 *
 * Deadlines are single atomic numbers that the event loop writes and the monitor compares. The
 * writes are relaxed: a value that is seen a tick late closes a connection a tick late.
 */
#include "http/connection.h"

#include "base/memory.h"
#include "http/listen.h"

#include <sys/epoll.h>

/* Also for a connection of which libmicrohttpd cannot say the address: it counts as ::. */
static struct connection *connection_new(struct http_server *s, struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info;
	struct connection *conn = alloc_zero(sizeof *conn);

	if (conn == NULL)
		return NULL;
	conn->server = s;
	conn->mhd = mhd;
	conn->entry.connection = conn;
	pthread_mutex_init(&conn->mutex, NULL);
	info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
	conn->entry.fd = info != NULL ? info->connect_fd : -1;
	info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	if (info != NULL)
		address_describe(info->client_addr, conn->entry.address, conn->address_text);
	return conn;
}

void connection_free(struct connection *conn)
{
	exchange_clear(&conn->exchange);
	pthread_mutex_destroy(&conn->mutex);
	alloc_free(conn);
}

/* Takes a connection that libmicrohttpd closes out of the table. The monitor frees it. */
static void retire(struct connection *conn)
{
	struct http_server *s = conn->server;

	/* A connection that broke while it was suspended is closed without a call of the request
	 * handler, perhaps before the thread that woke it has unlocked the mutex. */
	pthread_mutex_lock(&conn->mutex);
	pthread_mutex_unlock(&conn->mutex);
	if (conn->is_watched)
		epoll_ctl(s->monitor.epoll_fd, EPOLL_CTL_DEL, conn->entry.fd, NULL);
	pthread_mutex_lock(&s->limits.mutex);
	connection_limits_leave(&s->limits, &conn->entry);
	conn->is_closed = true;
	conn->next_closed = s->closed;
	s->closed = conn;
	pthread_mutex_unlock(&s->limits.mutex);
	atomic_fetch_sub(&s->counts.connections, 1);
}

void connection_notify(void *server, struct MHD_Connection *mhd, void **context,
		       enum MHD_ConnectionNotificationCode code)
{
	struct http_server *s = server;
	struct connection *conn;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (*context != NULL)
			retire(*context);
		*context = NULL;
		return;
	}
	conn = connection_new(s, mhd);
	*context = conn;
	if (conn == NULL)
		return; /* request_on_access() closes it */
	connection_limits_enter(&s->limits, &conn->entry);
	connection_set_idle(conn);
	atomic_fetch_add(&s->counts.connections, 1);
}

/* Until it is authenticated, a connection cannot extend its time by sending requests. */
static void set_deadline_at(struct connection *conn, int64_t at_ms)
{
	const struct connection_entry *e = &conn->entry;

	if (!e->is_authenticated && (at_ms == 0 || at_ms > e->authenticate_by_ms))
		at_ms = e->authenticate_by_ms;
	atomic_store_explicit(&conn->deadline_ms, at_ms, memory_order_relaxed);
}

void connection_set_deadline(struct connection *conn, int64_t from_now_ms)
{
	int64_t now_ms = from_now_ms != 0 ? clock_monotonic_ms(conn->server->clock) : 0;

	set_deadline_at(conn, now_ms + from_now_ms);
}

void connection_set_idle(struct connection *conn)
{
	const struct http_settings *settings = &conn->server->settings;
	int64_t now_ms = clock_monotonic_ms(conn->server->clock);

	/* 0 would mean that the connection has a request. */
	atomic_store_explicit(&conn->entry.idle_since_ms, now_ms != 0 ? now_ms : 1,
			      memory_order_relaxed);
	set_deadline_at(conn, now_ms + settings->idle_ms + settings->header_ms);
}

/* Often with locks of the service held: does nothing but set flags and resume. Waking twice is
 * harmless, since only the first wake finds it suspended. */
void connection_wake(struct connection *conn, bool is_ended)
{
	pthread_mutex_lock(&conn->mutex);
	conn->is_woken = true;
	conn->is_ended |= is_ended;
	if (conn->is_suspended) {
		conn->is_suspended = false;
		MHD_resume_connection(conn->mhd);
	}
	pthread_mutex_unlock(&conn->mutex);
}

/* Lets the monitor see that the client leaves. */
static void watch(struct connection *conn)
{
	struct epoll_event event = {.events = EPOLLRDHUP | EPOLLONESHOT, .data.ptr = conn};
	int op = conn->is_watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	/* On failure the poll of a client that left only lasts until its time is over. */
	if (epoll_ctl(conn->server->monitor.epoll_fd, op, conn->entry.fd, &event) == 0)
		conn->is_watched = true;
}

bool connection_suspend(struct connection *conn, bool is_polling)
{
	bool is_asleep;

	pthread_mutex_lock(&conn->mutex);
	is_asleep = !conn->is_woken;
	conn->is_polling = is_polling;
	if (is_asleep) {
		/* Within the mutex: a wake must not come between the two. */
		conn->is_suspended = true;
		atomic_store_explicit(&conn->submitted_ms,
				      is_polling ? 0 : clock_monotonic_ms(conn->server->clock),
				      memory_order_relaxed);
		MHD_suspend_connection(conn->mhd);
	}
	pthread_mutex_unlock(&conn->mutex);
	/* After the suspension, because the watch fires only once. The connection cannot be
	 * closed meanwhile: this event loop is the one that closes it. */
	if (is_asleep && is_polling)
		watch(conn);
	return is_asleep;
}

/* Only after a wake, in the event loop: from here on no thread of the service refers to the
 * connection until the next submission. */
bool connection_resume(struct connection *conn)
{
	bool is_ended;

	pthread_mutex_lock(&conn->mutex);
	is_ended = conn->is_ended;
	atomic_store_explicit(&conn->submitted_ms, 0, memory_order_relaxed);
	conn->is_woken = conn->is_ended = conn->is_polling = false;
	pthread_mutex_unlock(&conn->mutex);
	return !is_ended;
}
