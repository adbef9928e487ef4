/* What http/ counts: requests by route and class of status, and how long they took. Any thread,
 * no lock. */
#pragma once

#include "base/buf.h"
#include "http/routes.h"

#include <stdatomic.h>

#define COUNT_BUCKETS 15
#define COUNT_CLASSES 5 /* 1xx … 5xx */

/* The row behind the table's last is for what found no route. */
struct http_counts {
	struct {
		_Atomic uint64_t by_class[COUNT_CLASSES];
		_Atomic uint64_t by_duration[COUNT_BUCKETS + 1];
		_Atomic uint64_t total_us;
	} routes[ROUTES_MAX + 1];
	_Atomic uint64_t connections, connections_cut, connections_evicted, polls_gone;
};

/* `route` may be NULL. */
void counts_add(struct http_counts *c, const struct route *route, unsigned status, int64_t took_us);

/* Prometheus text exposition format 0.0.4. */
struct http_gauges {
	uint64_t in_flight, body_bytes, response_bytes;
};
void counts_write(struct buf *ret, const struct http_counts *c, const struct http_gauges *now);
