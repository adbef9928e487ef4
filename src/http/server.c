/*
 * The server as a whole: what is opened in which order, and closed in which.
 *
 * Opening: limits and counters first, then the listening socket, the monitor, and libmicrohttpd
 * last, since it accepts connections from then on. A failure closes what was opened;
 * http_server_close() takes a half-built server.
 *
 * Closing has two steps, called in this order. http_server_drain() makes the service refuse new
 * calls and finish the ones it has, then waits for the responses to be sent. http_server_close()
 * wakes what still sleeps, stops the monitor, stops libmicrohttpd (which closes every connection,
 * and so fills server->closed), and frees what is left. The service outlives the server.
 *
 * libmicrohttpd is configured to do little: it decodes nothing, responds by itself only to what it
 * cannot parse, and its own limit of connections is never reached.
 */
#include "http/server.h"

#include "base/log.h"
#include "base/memory.h"
#include "http/connection.h"
#include "http/listen.h"
#include "http/monitor.h"
#include "http/request.h"
#include "http/server_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Instead of the system's usual 8 MiB: no event loop recurses deeply. */
#define THREAD_STACK_BYTES (512 * 1024)
/* Between two looks at the requests in flight, at a stop only. */
#define CLOSE_WAIT_US 5000

/* libmicrohttpd must not decode anything: request_target.c does, once and strictly. */
static size_t leave_encoded(void *ctx, struct MHD_Connection *connection, char *text)
{
	(void)ctx;
	(void)connection;
	return strlen(text);
}

static void log_library(void *ctx, const char *fmt, va_list args)
	__attribute__((format(printf, 2, 0)));

static void log_library(void *ctx, const char *fmt, va_list args)
{
	char text[256], quoted[512];

	(void)ctx;
	vsnprintf(text, sizeof text, fmt, args);
	log_line(LOG_DEBUG, "libmicrohttpd", "says=%s",
		 log_quote(quoted, sizeof quoted, slice_text(text)));
}

/* libmicrohttpd would abort without a line in our log. */
static void panic(void *ctx, const char *file, unsigned line, const char *reason)
{
	(void)ctx;
	(void)file;
	log_line(LOG_ERROR, "libmicrohttpd_panic", "line=%u reason=\"%s\"", line,
		 reason != NULL ? reason : "");
	abort();
}

uint64_t http_server_connections_max(const struct http_settings *settings)
{
	return (uint64_t)settings->connections_max + EVICTED_MAX + OVERFLOW_MAX + SPARE_MAX;
}

static enum result start_daemon(struct http_server *s, struct error *err)
{
	/* One epoll set and thread for each loop of the pool; suspending is what lets a loop go on
	 * while the service works. TURBO reads and writes before it waits for the socket. */
	const unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
			       MHD_USE_ERROR_LOG | MHD_USE_TURBO;
	unsigned idle_s = (unsigned)((s->settings.idle_ms + 999) / 1000);
	unsigned per_address = s->settings.connections_per_address_max;
	/* libmicrohttpd divides its limit among the loops and leaves connections above it
	 * unaccepted. So it is never to be reached: connection_limits.c keeps ours. */
	unsigned per_loop = (unsigned)http_server_connections_max(&s->settings);

	MHD_set_panic_func(panic, NULL);
	/* With STRICT_FOR_CLIENT 1 libmicrohttpd itself would respond to a missing Host, with two
	 * blocks of headers. */
	s->daemon = MHD_start_daemon(
		flags, 0, NULL, NULL, request_on_access, s, MHD_OPTION_EXTERNAL_LOGGER, log_library,
		NULL, MHD_OPTION_LISTEN_SOCKET, s->listen_fd, MHD_OPTION_THREAD_POOL_SIZE,
		(unsigned)s->settings.threads, MHD_OPTION_THREAD_STACK_SIZE,
		(size_t)THREAD_STACK_BYTES, MHD_OPTION_CONNECTION_LIMIT,
		per_loop * s->settings.threads, MHD_OPTION_PER_IP_CONNECTION_LIMIT, per_address,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, s->settings.connection_bytes_max,
		MHD_OPTION_CONNECTION_TIMEOUT, idle_s, MHD_OPTION_STRICT_FOR_CLIENT, 0,
		MHD_OPTION_UNESCAPE_CALLBACK, leave_encoded, NULL, MHD_OPTION_URI_LOG_CALLBACK,
		request_on_uri, s, MHD_OPTION_NOTIFY_COMPLETED, request_on_completed, s,
		MHD_OPTION_NOTIFY_CONNECTION, connection_notify, s, MHD_OPTION_END);
	if (s->daemon == NULL)
		return fail(err, E_IO, "the HTTP server did not start");
	return OK;
}

/* The daemon last: once it runs, clients can connect. */
static enum result open_parts(struct http_server *s, struct slice listen, struct error *err)
{
	union socket_address address;
	enum result rc = listen_parse(listen, &address, err);

	if (rc == OK)
		rc = listen_open(&s->listen_fd, &s->port, &address, err);
	if (rc == OK)
		rc = monitor_start(s, err);
	return rc == OK ? start_daemon(s, err) : rc;
}

enum result http_server_open(struct http_server **ret, const struct http_server_options *options,
			     struct error *err)
{
	uint64_t table_seed;
	struct http_server *s = alloc_zero(sizeof *s);
	enum result rc;

	if (s == NULL)
		return fail(err, E_MEMORY, "HTTP server: out of memory");
	s->service = options->service;
	s->clock = options->clock;
	s->settings = *options->settings;
	s->service_settings = *options->limits;
	s->listen_fd = s->monitor.epoll_fd = s->monitor.stop_fd = -1;
	random_fill(options->random, &s->request_seed, sizeof s->request_seed);
	/* Request ids tell their seed to those who read them: the table has one of its own. */
	random_fill(options->random, &table_seed, sizeof table_seed);
	s->bodies.settings = &s->settings;
	pending_responses_init(&s->pending, s->settings.responses_bytes_max);
	connection_limits_init(&s->limits, &s->settings, s->clock, table_seed,
			       &s->counts.connections_evicted);
	rc = open_parts(s, options->listen, err);
	if (rc != OK) {
		http_server_close(s);
		return rc;
	}
	*ret = s;
	return OK;
}

uint16_t http_server_port(const struct http_server *s)
{
	return s->port;
}

/* The listening socket stays open until the daemon stops. MHD_quiesce_daemon() would close it, but
 * races with its own event loops over their epoll sets and then aborts the process (0.9.75 to
 * 1.0.x). New requests are refused by the service and are not waited for. */
void http_server_drain(struct http_server *s)
{
	int64_t end_ms = clock_monotonic_ms(s->clock) + s->settings.drain_ms;

	atomic_store(&s->is_draining, true);
	service_drain(s->service);
	while (atomic_load(&s->in_flight) != 0 && clock_monotonic_ms(s->clock) < end_ms)
		sleep_us(CLOSE_WAIT_US);
}

/* The service has handed back every call when it is drained. This resumes connections whose wake is
 * still on its way: libmicrohttpd aborts the process if it is stopped with a suspended one. */
static void wake_all(struct http_server *s)
{
	pthread_mutex_lock(&s->limits.mutex);
	for (struct connection_entry *e = s->limits.all.first; e != NULL;
	     e = e->links[LIST_ALL].next)
		connection_wake(e->connection, true);
	pthread_mutex_unlock(&s->limits.mutex);
}

/* The monitor stops before the daemon, so that it looks at no connection that the daemon closes. */
void http_server_close(struct http_server *s)
{
	if (s == NULL)
		return;
	wake_all(s);
	monitor_stop(s);
	if (s->daemon != NULL)
		MHD_stop_daemon(s->daemon); /* closes the listening socket */
	else if (s->listen_fd >= 0)
		close(s->listen_fd);
	monitor_clear(s);
	connection_limits_clear(&s->limits);
	pending_responses_clear(&s->pending);
	alloc_free(s);
}
