/*
 * Connections: when they sleep and wake, and the keeper, one thread that closes what passed a
 * deadline (libmicrohttpd only knows inactivity, so that one byte a second would hold a connection
 * for ever) and frees long polls whose client has gone (a suspended connection is looked at by
 * nobody).
 *
 * The keeper gets a peer from epoll without knowing that it still is one. Hence a closed peer goes
 * to the list of closed ones and is freed by the keeper alone, after the events that it holds.
 */
#include "base/memory.h"
#include "http/exchange.h"
#include "http/listen.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define MONITOR_MS	     100
#define MONITOR_EVENTS	     256
#define CONNECTIONS_PEAK_MIN 256
#define ABANDON_MS	     200 /* shorter requests are not looked after */

static struct peer *peer_new(struct http_server *s, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info;
	struct peer *p = alloc_zero(sizeof *p);

	if (p == NULL)
		return NULL;
	p->server = s;
	p->connection = connection;
	pthread_mutex_init(&p->mutex, NULL);
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	p->fd = info != NULL ? info->connect_fd : -1;
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	if (info != NULL)
		address_describe(info->client_addr, p->address, p->address_text);
	return p;
}

static void peer_free(struct peer *p)
{
	buf_clear(&p->x.raw);
	buf_clear(&p->x.target);
	buf_clear(&p->x.body);
	pthread_mutex_destroy(&p->mutex);
	alloc_free(p);
}

static void retire(struct peer *p)
{
	struct http_server *s = p->server;

	/* A connection that broke while it slept is closed without the handler being called,
	 * perhaps before the thread that woke it has let go of the mutex. */
	pthread_mutex_lock(&p->mutex);
	pthread_mutex_unlock(&p->mutex);
	if (p->is_watched)
		epoll_ctl(s->watch_fd, EPOLL_CTL_DEL, p->fd, NULL);
	pthread_mutex_lock(&s->peers_mutex);
	connection_leave(p);
	p->is_closed = true;
	p->links[IN_ALL].next = s->closed;
	s->closed = p;
	pthread_mutex_unlock(&s->peers_mutex);
	atomic_fetch_sub(&s->counts.connections, 1);
}

void peer_notify(void *server, struct MHD_Connection *connection, void **context,
		 enum MHD_ConnectionNotificationCode code)
{
	struct http_server *s = server;
	struct peer *p;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (*context != NULL)
			retire(*context);
		*context = NULL;
		return;
	}
	p = peer_new(s, connection);
	*context = p;
	if (p == NULL)
		return; /* dispatch_request() closes it */
	connection_enter(p);
	peer_rest(p);
	atomic_fetch_add(&s->counts.connections, 1);
}

static void set_deadline_at(struct peer *p, int64_t at_ms)
{
	if (!p->is_known && (at_ms == 0 || at_ms > p->known_by_ms))
		at_ms = p->known_by_ms;
	atomic_store_explicit(&p->deadline_ms, at_ms, memory_order_relaxed);
}

void peer_set_deadline(struct peer *p, int64_t from_now_ms)
{
	set_deadline_at(p,
			from_now_ms != 0 ? clock_monotonic_ms(p->server->clock) + from_now_ms : 0);
}

void peer_rest(struct peer *p)
{
	const struct http_settings *settings = &p->server->settings;
	int64_t now_ms = clock_monotonic_ms(p->server->clock);

	atomic_store_explicit(&p->rests_since_ms, now_ms != 0 ? now_ms : 1, memory_order_relaxed);
	set_deadline_at(p, now_ms + settings->idle_ms + settings->header_ms);
}

void peer_wake(struct peer *p, bool is_gone)
{
	pthread_mutex_lock(&p->mutex);
	p->is_woken = true;
	p->is_gone |= is_gone;
	if (p->is_suspended) {
		p->is_suspended = false;
		MHD_resume_connection(p->connection);
	}
	pthread_mutex_unlock(&p->mutex);
}

static void watch(struct peer *p)
{
	struct epoll_event event = {.events = EPOLLRDHUP | EPOLLONESHOT, .data.ptr = p};
	int op = p->is_watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	/* Without memory for it the poll only lives on until its time is over. */
	if (epoll_ctl(p->server->watch_fd, op, p->fd, &event) == 0)
		p->is_watched = true;
}

bool peer_suspend(struct peer *p, bool is_polling)
{
	bool is_asleep;

	pthread_mutex_lock(&p->mutex);
	is_asleep = !p->is_woken;
	p->is_polling = is_polling;
	if (is_asleep) {
		/* Under the mutex that peer_wake() takes: else a wake could come between. */
		p->is_suspended = true;
		atomic_store_explicit(&p->asked_ms,
				      is_polling ? 0 : clock_monotonic_ms(p->server->clock),
				      memory_order_relaxed);
		MHD_suspend_connection(p->connection);
	}
	pthread_mutex_unlock(&p->mutex);
	/* Last, since the watch fires once; this loop alone could close the connection
	 * meanwhile. */
	if (is_asleep && is_polling)
		watch(p);
	return is_asleep;
}

bool peer_resumed(struct peer *p)
{
	bool is_gone;

	pthread_mutex_lock(&p->mutex);
	is_gone = p->is_gone;
	atomic_store_explicit(&p->asked_ms, 0, memory_order_relaxed);
	p->is_woken = p->is_gone = p->is_polling = false;
	pthread_mutex_unlock(&p->mutex);
	return is_gone;
}

/* Nobody waits for the answer any more: the service gives the request up, unless it is a write
 * that is being stored. The mutex keeps its loop from ending the request meanwhile. */
static void abandon(struct peer *p)
{
	pthread_mutex_lock(&p->mutex);
	if (p->is_suspended)
		atomic_store(&p->x.call.is_abandoned, true);
	pthread_mutex_unlock(&p->mutex);
}

/* Nothing else looks at a suspended connection. A client that has shut down its side counts as
 * gone. */
static bool has_left(const struct peer *p)
{
	struct pollfd fd = {.fd = p->fd, .events = POLLRDHUP};

	return poll(&fd, 1, 0) > 0 && (fd.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

/* Under peers_mutex. A poll that is with a worker just now cannot be forgotten: the next round
 * tries again. */
static void end_poll_of(struct peer *p)
{
	bool is_asleep;

	p->is_leaving = false;
	if (p->is_closed)
		return;
	pthread_mutex_lock(&p->mutex);
	is_asleep = p->is_polling && !p->is_woken;
	pthread_mutex_unlock(&p->mutex);
	if (!is_asleep)
		return;
	/* Not under the mutex: the service calls peer_wake() with locks of its own. */
	p->is_leaving = !service_forget(p->server->service, &p->x.call);
	if (p->is_leaving) {
		abandon(p);
		return;
	}
	atomic_store(&p->x.call.state, CALL_DONE);
	atomic_fetch_add(&p->server->counts.polls_gone, 1);
	peer_wake(p, true);
}

static void look_after(struct http_server *s)
{
	int64_t now_ms = clock_monotonic_ms(s->clock);

	pthread_mutex_lock(&s->peers_mutex);
	connection_limits_tick(s, now_ms);
	for (struct peer *p = s->all.first; p != NULL; p = p->links[IN_ALL].next) {
		int64_t deadline_ms = atomic_load_explicit(&p->deadline_ms, memory_order_relaxed);

		int64_t asked_ms = atomic_load_explicit(&p->asked_ms, memory_order_relaxed);

		if (p->is_leaving)
			end_poll_of(p);
		if (asked_ms != 0 && now_ms - asked_ms >= ABANDON_MS && has_left(p))
			abandon(p);
		if (deadline_ms == 0 || deadline_ms > now_ms)
			continue;
		atomic_store_explicit(&p->deadline_ms, 0, memory_order_relaxed);
		atomic_fetch_add(&s->counts.connections_cut, 1);
		shutdown(p->fd, SHUT_RDWR); /* its loop sees the end and closes it */
	}
	pthread_mutex_unlock(&s->peers_mutex);
}

static void free_closed(struct http_server *s)
{
	struct peer *dead;

	pthread_mutex_lock(&s->peers_mutex);
	dead = steal(&s->closed);
	pthread_mutex_unlock(&s->peers_mutex);
	while (dead != NULL) {
		struct peer *next = dead->links[IN_ALL].next;

		peer_free(dead);
		dead = next;
	}
}

/* After a crowd has gone: what its connections held lies free all over the heap, and nobody else
 * would give it back. */
static void give_back_memory(struct http_server *s)
{
	uint64_t now = atomic_load(&s->counts.connections);

	if (now > s->connections_peak)
		s->connections_peak = now;
	if (s->connections_peak < CONNECTIONS_PEAK_MIN || now > s->connections_peak / 2)
		return;
	malloc_trim(0);
	s->connections_peak = now;
}

static void *run_monitor(void *arg)
{
	struct http_server *s = arg;
	struct epoll_event events[MONITOR_EVENTS];

	for (;;) {
		int count = epoll_wait(s->watch_fd, events, MONITOR_EVENTS, MONITOR_MS);

		pthread_mutex_lock(&s->peers_mutex);
		for (int i = 0; i < count; i++) {
			if (events[i].data.ptr == NULL) {
				pthread_mutex_unlock(&s->peers_mutex);
				service_tick(s->service); /* what it has counted since */
				return NULL;
			}
			end_poll_of(events[i].data.ptr);
		}
		pthread_mutex_unlock(&s->peers_mutex);
		look_after(s);
		free_closed(s);
		give_back_memory(s);
		service_tick(s->service);
	}
}

enum result monitor_start(struct http_server *s, struct error *err)
{
	struct epoll_event stop = {.events = EPOLLIN, .data.ptr = NULL};

	s->watch_fd = epoll_create1(EPOLL_CLOEXEC);
	s->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (s->watch_fd < 0 || s->stop_fd < 0 ||
	    epoll_ctl(s->watch_fd, EPOLL_CTL_ADD, s->stop_fd, &stop) != 0)
		return fail_errno(err, E_IO, "watch connections");
	if (pthread_create(&s->monitor, NULL, run_monitor, s) != 0)
		return fail_errno(err, E_IO, "start a thread");
	s->has_monitor = true;
	return OK;
}

void monitor_stop(struct http_server *s)
{
	const uint64_t one = 1;

	if (!s->has_monitor)
		return;
	while (write(s->stop_fd, &one, sizeof one) < 0 && errno == EINTR)
		;
	pthread_join(s->monitor, NULL);
	s->has_monitor = false;
}

void peers_free(struct http_server *s)
{
	free_closed(s);
	if (s->watch_fd >= 0)
		close(s->watch_fd);
	if (s->stop_fd >= 0)
		close(s->stop_fd);
}
