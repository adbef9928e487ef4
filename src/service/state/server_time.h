/*
 * Server time: the wall time by which the service decides what has ended, and which it writes into
 * revisions and audit entries.
 *
 * The machine's clock can be set back; then a token that was refused as expired would be valid
 * again. Server time never goes back: it is the machine's wall time as long as that is ahead, and
 * otherwise goes on from the latest time that it gave or that the data hold, at the pace of the
 * monotonic clock. A start continues behind the last revision and the last audit entry
 * (server_time_raise()), so that this holds across restarts too.
 *
 * A clock that is ahead and is then corrected leaves server time ahead. Times of one process stay
 * in order by that, and tokens last as long as they are meant to.
 *
 * No other file of service/ reads the wall clock, but those of setup/, which run while no service
 * does; scripts/check-layers holds them to it. All functions take no lock; any thread may call.
 */
#pragma once

#include "base/clock.h"

#include <stdatomic.h>

/* Milliseconds. server_time_begin() sets it. */
struct server_time {
	_Atomic int64_t apart_ms;      /* server time minus monotonic time; only rises */
	_Atomic int64_t wall_apart_ms; /* wall minus monotonic time at the last look */
	_Atomic int64_t jump_ms;       /* of the last one that was noted; 0: none */
	_Atomic int64_t jumped_at_ms;  /* server time */
};

/* A clock that moved by more than this is logged and shown (a day). */
#define SERVER_TIME_JUMP_MS INT64_C(86400000)

/* Before the first of the others: server time is the machine's wall time. */
void server_time_begin(struct server_time *t, const struct clock *clock);

/* Server time is at least `at_least_ms` from now on, the greatest time that the data hold. Gives
 * how far the machine's clock is behind it; 0: it is not. A clock that is behind by more than
 * SERVER_TIME_JUMP_MS is noted as a jump. */
int64_t server_time_raise(struct server_time *t, const struct clock *clock, int64_t at_least_ms);

/* The time for every decision about expiry, and for stamps. It never decreases. */
int64_t server_time_now_ms(struct server_time *t, const struct clock *clock);

/* The machine's wall time, to be shown, and to tell what a restart would make of server time. No
 * request is decided by it. */
int64_t server_time_wall_ms(const struct clock *clock);

/* How far that is behind server time; not negative. */
int64_t server_time_behind_ms(struct server_time *t, const struct clock *clock);

/* How far the machine's clock moved against monotonic time since the last look; negative: back. A
 * move by more than SERVER_TIME_JUMP_MS is noted as a jump. One thread at a time looks. */
int64_t server_time_look(struct server_time *t, const struct clock *clock);
