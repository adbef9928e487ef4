/*
 * Server time as the monotonic clock and a distance that only rises.
 *
 * What must hold: `apart_ms` never falls. Monotonic time does not fall either, so neither does
 * their sum, whichever threads raise it at the same time.
 */
#include "service/state/server_time.h"

static int64_t wall_apart_ms(const struct clock *clock)
{
	return clock_wall_ms(clock) - clock_monotonic_ms(clock);
}

/* Gives the distance that holds now: `to_ms`, or a greater one. */
static int64_t raise_apart(struct server_time *t, int64_t to_ms)
{
	int64_t apart_ms = atomic_load(&t->apart_ms);

	while (apart_ms < to_ms && !atomic_compare_exchange_weak(&t->apart_ms, &apart_ms, to_ms))
		;
	return apart_ms < to_ms ? to_ms : apart_ms;
}

/* Only the thread that opens the service and the one that ticks come here, one after the other. */
static void note_jump(struct server_time *t, const struct clock *clock, int64_t by_ms)
{
	if (by_ms > -SERVER_TIME_JUMP_MS && by_ms < SERVER_TIME_JUMP_MS)
		return;
	atomic_store(&t->jumped_at_ms, server_time_now_ms(t, clock));
	atomic_store(&t->jump_ms, by_ms);
}

void server_time_begin(struct server_time *t, const struct clock *clock)
{
	int64_t apart_ms = wall_apart_ms(clock);

	atomic_store(&t->apart_ms, apart_ms);
	atomic_store(&t->wall_apart_ms, apart_ms);
}

int64_t server_time_raise(struct server_time *t, const struct clock *clock, int64_t at_least_ms)
{
	int64_t now_ms = clock_monotonic_ms(clock), behind_ms = at_least_ms - clock_wall_ms(clock);

	raise_apart(t, at_least_ms - now_ms);
	if (behind_ms <= 0)
		return 0;
	note_jump(t, clock, -behind_ms);
	return behind_ms;
}

int64_t server_time_now_ms(struct server_time *t, const struct clock *clock)
{
	int64_t now_ms = clock_monotonic_ms(clock);

	return now_ms + raise_apart(t, clock_wall_ms(clock) - now_ms);
}

int64_t server_time_wall_ms(const struct clock *clock)
{
	return clock_wall_ms(clock);
}

int64_t server_time_behind_ms(struct server_time *t, const struct clock *clock)
{
	int64_t wall_ms = clock_wall_ms(clock), now_ms = server_time_now_ms(t, clock);

	return now_ms > wall_ms ? now_ms - wall_ms : 0;
}

int64_t server_time_look(struct server_time *t, const struct clock *clock)
{
	int64_t apart_ms = wall_apart_ms(clock);
	int64_t moved_ms = apart_ms - atomic_exchange(&t->wall_apart_ms, apart_ms);

	note_jump(t, clock, moved_ms);
	return moved_ms;
}
