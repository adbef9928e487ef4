/* What a test holds in its hands: the time, when the store's calls go on, and what is logged. One
 * of each a process. */
#pragma once

#include "base/log.h"
#include "fixture.h"
#include "service/engine/engine.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Time stands still but for control_pass(). */
static _Atomic int64_t control_wall_ms = 1800000000000, control_mono_ms = 1000000000;

static inline int64_t control_wall(void *ctx)
{
	(void)ctx;
	return atomic_load(&control_wall_ms);
}

static inline int64_t control_mono(void *ctx)
{
	(void)ctx;
	return atomic_load(&control_mono_ms);
}

static const struct clock control_clock = {control_wall, control_mono, NULL};

static inline void control_pass(int64_t ms)
{
	atomic_fetch_add(&control_wall_ms, ms);
	atomic_fetch_add(&control_mono_ms, ms);
}

/* To be called after each start, before the first call. */
static inline void control_time(struct fixture *f)
{
	f->service->state.clock = control_clock;
	server_time_begin(&f->service->state.time, &control_clock);
}

static inline void control_pause(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);
}

/* Waits until `condition` holds, at most ten seconds. */
#define CONTROL_UNTIL(condition)                                               \
	do {                                                                   \
		for (int tries_ = 0; !(condition) && tries_ < 20000; tries_++) \
			control_pause();                                       \
		cr_assert(condition);                                          \
	} while (0)

/* Whether all calls have come back, those included that nobody asked for. */
static inline bool control_is_idle(struct fixture *f)
{
	return atomic_load(&f->service->calls_open) == 0;
}

/* The store call that is held up until control_let_go(), or that fails, or that takes time. NULL:
 * none. */
static const char *_Atomic control_held, *_Atomic control_failing, *_Atomic control_slow;
static _Atomic int64_t control_slow_ms;
static atomic_int control_fails_left; /* how often it fails; negative: always */
static atomic_bool control_is_held;   /* one waits */

static inline bool control_is(const char *_Atomic *which, const char *name)
{
	const char *wanted = atomic_load(which);

	return wanted != NULL && strcmp(wanted, name) == 0;
}

/* Whether `name` is one of the words of `list`, which may be NULL. */
static inline bool control_is_one_of(const char *list, const char *name)
{
	struct slice rest = slice_text(list != NULL ? list : ""), word;

	while (slice_next_part(&rest, ' ', &word)) {
		if (slice_is_text(word, name))
			return true;
	}
	return false;
}

/* For fixture_open_failing(). */
static inline bool control_may_call(void *ctx, const char *name)
{
	(void)ctx;
	while (control_is(&control_held, name)) {
		atomic_store(&control_is_held, true);
		control_pause();
	}
	if (control_is(&control_slow, name))
		control_pass(atomic_load(&control_slow_ms));
	if (!control_is_one_of(atomic_load(&control_failing), name) ||
	    atomic_load(&control_fails_left) == 0)
		return true;
	if (atomic_load(&control_fails_left) > 0)
		atomic_fetch_sub(&control_fails_left, 1);
	return false;
}

/* `name`: of one call, or of several with blanks between them. */
static inline void control_fail(const char *name, int times)
{
	atomic_store(&control_fails_left, times);
	atomic_store(&control_failing, name);
}

static inline void control_hold(const char *name)
{
	atomic_store(&control_is_held, false);
	atomic_store(&control_held, name);
}

static inline void control_let_go(void)
{
	atomic_store(&control_held, NULL);
}

/* What is logged from control_log() to control_logged(), at most a pipe full. */
static int control_ends[2];

static inline void control_log(void)
{
	cr_assert_eq(pipe(control_ends), 0);
	log_set_sink(control_ends[1], LOG_INFO);
}

/* Waits for `text` in the log; NULL: takes what there is. The whole is in `ret`. */
static inline void control_logged(const char *text, char *ret, size_t size)
{
	struct pollfd ready = {.fd = control_ends[0], .events = POLLIN};
	size_t len = 0;

	ret[0] = '\0';
	while ((text == NULL || strstr(ret, text) == NULL) &&
	       poll(&ready, 1, text != NULL ? 10000 : 0) == 1) {
		ssize_t count = read(control_ends[0], ret + len, size - 1 - len);

		cr_assert_gt(count, 0);
		len += (size_t)count;
		ret[len] = '\0';
	}
	cr_assert(text == NULL || strstr(ret, text) != NULL, "`%s` is not logged: `%s`", text, ret);
	log_set_sink(STDERR_FILENO, LOG_INFO);
	close(control_ends[0]);
	close(control_ends[1]);
}
