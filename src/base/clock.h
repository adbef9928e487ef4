/*
 * Time. A clock is a vtable, so that tests can use one that jumps. Wall time is in milliseconds
 * since 1970-01-01T00:00:00Z without leap seconds; monotonic time never decreases and means nothing
 * outside this process.
 */
#pragma once

#include "base/buf.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

/* Both functions get `ctx`, may be called from any thread and cannot fail. Wall time may jump in
 * both directions when an administrator sets it: deadlines and waits use monotonic time, timestamps
 * and the validity of tokens use wall time. */
struct clock {
	int64_t (*wall_ms)(void *ctx);
	int64_t (*monotonic_ms)(void *ctx);
	void *ctx;
};

extern const struct clock system_clock; /* clock_gettime(2) */

static inline int64_t clock_wall_ms(const struct clock *c)
{
	return c->wall_ms(c->ctx);
}

static inline int64_t clock_monotonic_ms(const struct clock *c)
{
	return c->monotonic_ms(c->ctx);
}

/* Sleeps so long, also when signals interrupt it. */
void sleep_us(int64_t us);

#define TIMESTAMP_BYTES	 25			  /* "2026-11-20T21:04:23.123Z" and its NUL */
#define TIMESTAMP_MS_MAX INT64_C(253402300799999) /* the end of the year 9999 */

/* RFC 3339 in UTC with milliseconds. `wall_ms` is clamped to the years 1970 to 9999. */
void timestamp_format(char ret[static TIMESTAMP_BYTES], int64_t wall_ms);

/* An RFC 3339 (section 5.6) date-time with any offset; the fraction of a second is cut after three
 * digits. "T" and "Z" may be small letters, and a space may replace the "T". False for any other
 * text and for years before 1970; `*ret_wall_ms` is then untouched. */
bool timestamp_parse(struct slice text, int64_t *ret_wall_ms);

/* "250ms", "30s", "5m", "12h", "7d" or plain seconds ("30"); no sign, no blank, no fraction, one
 * unit only. The result is in milliseconds. False when malformed or above `max_ms`; `*ret_ms` is
 * then untouched. */
bool duration_parse(struct slice text, int64_t max_ms, int64_t *ret_ms);
