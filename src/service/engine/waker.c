/*
 * The thread that wakes long polls: it reads the change feed, marks, and wakes in slices.
 *
 * If 10,000 polls were woken at once, their responses would fill the event loops for longer than
 * other requests should wait. So at most SLICE_MAX are woken, and the next only once nearly all of
 * these have gone on (service_submit() counts `woken` down), or after PAUSES_MAX pauses, about 2
 * ms: a client that has left never goes on.
 *
 * What must hold: each commit that changes a configuration or takes rights away is followed by a
 * kick, after its record is in the feed. The flag `is_kicked` is cleared before the feed is read,
 * so that a kick that comes during a round leads to another one.
 */
#include "service/engine/waker.h"
#include "service/engine/engine.h"
#include "service/state/state.h"

#include "service/engine/waiters.h"

#include <string.h>

#define SLICE_MAX   64 /* polls woken at a time */
#define PENDING_MAX 16 /* of these not yet gone on with when the next are woken */
#define PAUSE_US    50 /* between two looks at that */
#define PAUSES_MAX  40 /* a client that has left is not waited for */

/* The state that polls are compared with. Polls of one path are in one bucket and are looked at
 * together, so the revision of the last path is kept. */
struct looking {
	struct snapshot *now;
	int64_t now_ms;	   /* server time */
	struct slice path; /* the last one looked up, and when it changed */
	uint64_t revision;
};

static uint64_t changed_at(struct looking *l, struct slice path)
{
	const struct snap_doc *d;

	if (slice_is_equal(path, l->path))
		return l->revision;
	d = config_doc(l->now, path);
	l->path = path;
	l->revision = d != NULL ? d->changed_revision : 0;
	return l->revision;
}

/* Called under the mutex of the waiters: a few lookups, and no other lock. */
static bool must_wake(void *ctx, const struct call *c)
{
	struct looking *l = ctx;

	return changed_at(l, c->path) != c->seen_revision ||
	       rights_fingerprint(l->now, c->principal, l->now_ms) != c->seen_rights;
}

/* Lets those that were just woken be answered. */
static void wait_for_responses(struct service *s, uint32_t woken)
{
	atomic_store(&s->woken, (int32_t)woken);
	for (int i = 0; i < PAUSES_MAX && atomic_load(&s->woken) > PENDING_MAX; i++)
		sleep_us(PAUSE_US);
}

/* Each slice compares with the newest snapshot, since a round may take long. */
static void wake_round(struct service *s)
{
	bool is_over = false;

	while (!is_over && lifecycle_rules(&s->lifecycle)->may_wait) {
		struct looking l = {.now = state_snapshot(&s->state),
				    .now_ms = state_now_ms(&s->state)};
		uint32_t woken =
			waiters_wake_marked(s->waiters, SLICE_MAX, must_wake, &l, &is_over);

		snapshot_unref(l.now);
		if (woken != 0)
			wait_for_responses(s, woken);
	}
}

/* Marks the polls that the records since the last look are about. */
static void mark_changed(struct service *s)
{
	enum change_feed_step step;
	struct change_record *r;

	while ((step = change_feed_next(s->changes, &s->waker.seen, &r)) != FEED_END) {
		if (step == FEED_GAP) {
			waiters_mark(s->waiters, SLICE_NULL);
			continue;
		}
		if (r->has_less_rights)
			waiters_mark(s->waiters, SLICE_NULL);
		for (uint32_t i = 0; i < r->configs_count; i++)
			waiters_mark(s->waiters, r->configs[i]);
		change_record_unref(r);
	}
}

/* Whether a poll may have to be woken. */
static bool begin_round(struct service *s)
{
	mark_changed(s);
	return lifecycle_rules(&s->lifecycle)->may_wait && waiters_begin_round(s->waiters);
}

static void *waker_main(void *arg)
{
	struct service *s = arg;
	struct waker *w = &s->waker;

	pthread_mutex_lock(&w->mutex);
	while (!w->is_stopping) {
		if (!w->is_kicked) {
			pthread_cond_wait(&w->kicked, &w->mutex);
			continue;
		}
		w->is_kicked = false;
		pthread_mutex_unlock(&w->mutex);
		while (begin_round(s))
			wake_round(s);
		pthread_mutex_lock(&w->mutex);
	}
	pthread_mutex_unlock(&w->mutex);
	return NULL;
}

enum result waker_start(struct service *s, struct error *err)
{
	s->waker.seen = change_feed_end(s->changes);
	if (pthread_create(&s->waker.thread, NULL, waker_main, s) != 0)
		return fail(err, E_IO, "a thread cannot be started");
	s->waker.has_thread = true;
	return OK;
}

void waker_stop(struct service *s)
{
	struct waker *w = &s->waker;

	if (!w->has_thread)
		return;
	pthread_mutex_lock(&w->mutex);
	w->is_stopping = true;
	pthread_cond_signal(&w->kicked);
	pthread_mutex_unlock(&w->mutex);
	pthread_join(w->thread, NULL);
	w->has_thread = false;
}

void waker_kick(struct service *s)
{
	struct waker *w = &s->waker;

	pthread_mutex_lock(&w->mutex);
	w->is_kicked = true;
	pthread_cond_signal(&w->kicked);
	pthread_mutex_unlock(&w->mutex);
}
