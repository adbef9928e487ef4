/*
 * The metrics of http/: requests by route and class of status, how long they took, and connections.
 * Any thread may call; the counters are atomic and no lock is taken. They begin at 0 with the
 * process and only grow, but for `connections`, which is a gauge.
 */
#pragma once

#include "base/buf.h"
#include "http/routes.h"

#include <stdatomic.h>

/* Bounds of the histogram; one more bucket has all that took longer. */
#define COUNT_BUCKETS 15
#define COUNT_CLASSES 5 /* 1xx … 5xx */

/* `routes` has a row for each row of the route table, and the last one for requests that matched no
 * route. */
struct http_counts {
	struct {
		/* Responses with 1xx in the first, … 5xx in the last. */
		_Atomic uint64_t by_class[COUNT_CLASSES];
		/* Each response once, in the first bucket that its time fits. */
		_Atomic uint64_t by_duration[COUNT_BUCKETS + 1];
		/* The sum of all their times. */
		_Atomic uint64_t total_us;
	} routes[ROUTES_MAX + 1];
	/* Open now; closed at a deadline; closed for others; polls whose client left. */
	_Atomic uint64_t connections, connections_cut, connections_evicted, polls_gone;
};

int64_t counts_time_us(void); /* monotonic; for counts_add() */

/* Counts one response. `route`: NULL if none matched. `status`: 100 to 599. `took_us`: from the
 * request's last header to here; negative counts as 0. */
void counts_add(struct http_counts *c, const struct route *route, unsigned status, int64_t took_us);

/* Values at the moment, which others count. */
struct http_gauges {
	uint64_t in_flight, body_bytes, response_bytes;
};

/* Appends all in the Prometheus text exposition format 0.0.4. */
void counts_write(struct buf *ret, const struct http_counts *c, const struct http_gauges *now);
