/*
 * Counts responses and writes the metrics of http/ as text. The names of metrics and labels are an
 * interface: dashboards and alerts refer to them.
 *
 * Every counter is an atomic number of its own, changed with relaxed order: event loops never wait
 * for each other. So a scrape during requests may see a response in one counter and not yet in
 * another; the next scrape sees both. Sums over buckets are made when they are written, which keeps
 * counts_add() to three additions.
 */
#include "http/counters.h"

#include <time.h>

/* Upper bounds of the histogram. A cached read takes some tens of microseconds, a durable write a
 * few milliseconds; the last bucket has long polls. */
static const uint32_t bucket_us[COUNT_BUCKETS] = {
	50,    100,   250,    500,    1000,   2500,    5000,	10000,
	25000, 50000, 100000, 250000, 500000, 1000000, 2500000,
};

int64_t counts_time_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void counts_add(struct http_counts *c, const struct route *route, unsigned status, int64_t took_us)
{
	/* The place in the route table. What matched no route is one row, whatever its path: a
	 * client must not be able to make new labels. */
	uint32_t row = route != NULL ? (uint32_t)(route - routes) : ROUTES_MAX;
	uint64_t took = took_us > 0 ? (uint64_t)took_us : 0;
	uint32_t bucket = 0;

	while (bucket < COUNT_BUCKETS && took > bucket_us[bucket])
		bucket++;
	atomic_fetch_add_explicit(&c->routes[row].by_class[(status / 100 - 1) % COUNT_CLASSES], 1,
				  memory_order_relaxed);
	atomic_fetch_add_explicit(&c->routes[row].by_duration[bucket], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&c->routes[row].total_us, took, memory_order_relaxed);
}

static uint64_t read_count(const _Atomic uint64_t *count)
{
	return atomic_load_explicit(count, memory_order_relaxed);
}

/* method="GET",route="/v1/…" */
static void write_labels(struct buf *ret, uint32_t row)
{
	if (row == ROUTES_MAX)
		buf_append_text(ret, "method=\"\",route=\"\"");
	else
		buf_printf(ret, "method=\"%s\",route=\"%s\"", method_name(routes[row].method),
			   routes[row].pattern);
}

/* Routes without requests are left out, so that scrapes stay small. */
static bool is_used(const struct http_counts *c, uint32_t row)
{
	for (uint32_t i = 0; i < COUNT_CLASSES; i++) {
		if (read_count(&c->routes[row].by_class[i]) != 0)
			return true;
	}
	return false;
}

static void write_classes(struct buf *ret, const struct http_counts *c, uint32_t row)
{
	for (uint32_t i = 0; i < COUNT_CLASSES; i++) {
		uint64_t count = read_count(&c->routes[row].by_class[i]);

		if (count == 0)
			continue;
		buf_append_text(ret, "reeve_http_requests_total{");
		write_labels(ret, row);
		buf_printf(ret, ",status=\"%uxx\"} %llu\n", i + 1, (unsigned long long)count);
	}
}

/* A Prometheus histogram: each bucket has the requests up to its bound, so it includes the buckets
 * before it; "+Inf" has all. Times are in seconds. */
static void write_durations(struct buf *ret, const struct http_counts *c, uint32_t row)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i <= COUNT_BUCKETS; i++) {
		sum += read_count(&c->routes[row].by_duration[i]);
		buf_append_text(ret, "reeve_http_request_seconds_bucket{");
		write_labels(ret, row);
		if (i == COUNT_BUCKETS)
			buf_append_text(ret, ",le=\"+Inf\"} ");
		else
			buf_printf(ret, ",le=\"%g\"} ", bucket_us[i] / 1e6);
		buf_append_u64(ret, sum);
		buf_append_char(ret, '\n');
	}
	buf_append_text(ret, "reeve_http_request_seconds_sum{");
	write_labels(ret, row);
	buf_printf(ret, "} %.6f\n", (double)read_count(&c->routes[row].total_us) / 1e6);
	buf_append_text(ret, "reeve_http_request_seconds_count{");
	write_labels(ret, row);
	buf_printf(ret, "} %llu\n", (unsigned long long)sum);
}

static void write_plain(struct buf *ret, const char *name, const char *type, const char *help,
			uint64_t value)
{
	buf_printf(ret, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n", name, help, name, type, name,
		   (unsigned long long)value);
}

void counts_write(struct buf *ret, const struct http_counts *c, const struct http_gauges *now)
{
	buf_append_text(ret,
			"# HELP reeve_http_requests_total Responses by route and class of status.\n"
			"# TYPE reeve_http_requests_total counter\n");
	for (uint32_t i = 0; i <= ROUTES_MAX; i++)
		write_classes(ret, c, i);
	buf_append_text(ret,
			"# HELP reeve_http_request_seconds Time from the request's last header to "
			"its response, the waiting of long polls included.\n"
			"# TYPE reeve_http_request_seconds histogram\n");
	for (uint32_t i = 0; i <= ROUTES_MAX; i++) {
		if (is_used(c, i))
			write_durations(ret, c, i);
	}
	write_plain(ret, "reeve_http_connections", "gauge", "Connections that are open.",
		    read_count(&c->connections));
	write_plain(ret, "reeve_http_requests_in_flight", "gauge",
		    "Requests that have no response yet.", now->in_flight);
	write_plain(ret, "reeve_http_body_bytes", "gauge",
		    "Bytes of request bodies that are being received or processed.",
		    now->body_bytes);
	write_plain(ret, "reeve_http_answer_bytes", "gauge",
		    "Bytes of large responses that clients have not yet received.",
		    now->response_bytes);
	write_plain(ret, "reeve_http_connections_cut_total", "counter",
		    "Connections closed because a deadline passed.",
		    read_count(&c->connections_cut));
	write_plain(
		ret, "reeve_http_connections_evicted_total", "counter",
		"Connections closed so that others could connect: unauthenticated or idle ones.",
		read_count(&c->connections_evicted));
	write_plain(ret, "reeve_http_polls_gone_total", "counter",
		    "Long polls whose client left before the response.",
		    read_count(&c->polls_gone));
}
