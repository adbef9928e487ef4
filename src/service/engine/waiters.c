/*
 * The table of long polls: a hash table by path, with a bit for each bucket that the waker must
 * look at.
 *
 * Marks are by bucket, not by path: a marked bucket may hold polls of other paths, which
 * `must_wake` then leaves where they are. Marks for the next round are kept apart (`next`), so that
 * a round ends although commits go on marking.
 *
 * A round may be interrupted after LOOKED_AT_MAX calls, to let other threads have the mutex.
 * `asked_in_round` says which calls of a bucket were looked at already, so that the round goes on
 * behind them, and a call that was added meanwhile is looked at as well.
 *
 * What must hold, besides the header: a bucket loses its mark only after all its calls were looked
 * at. Woken calls are linked by `next`, which is free while a call waits, and are handed back after
 * the mutex.
 */
#include "service/engine/waiters.h"

#include "base/memory.h"
#include "service/state/share.h"

#include <pthread.h>

#define BUCKETS	      4096 /* a power of two */
#define LOOKED_AT_MAX 128  /* calls looked at while the mutex is held once */
#define WORD_BITS     64

struct waiters {
	pthread_mutex_t mutex;
	struct call *buckets[BUCKETS];
	uint64_t marked[BUCKETS / WORD_BITS]; /* of the round */
	uint64_t next[BUCKETS / WORD_BITS];   /* of the round after it */
	uint64_t round;			      /* calls looked at in it have its number */
	uint32_t count, max;
};

struct waiters *waiters_new(uint32_t max)
{
	struct waiters *w = alloc_zero(sizeof *w);

	if (w == NULL)
		return NULL;
	if (pthread_mutex_init(&w->mutex, NULL) != 0) {
		alloc_free(w);
		return NULL;
	}
	w->max = max;
	return w;
}

void waiters_free(struct waiters *w)
{
	if (w == NULL)
		return;
	pthread_mutex_destroy(&w->mutex);
	alloc_free(w);
}

static size_t bucket_of(struct slice path)
{
	return slice_hash(path) & (BUCKETS - 1);
}

bool waiters_add(struct waiters *w, struct call *c)
{
	struct call **bucket = &w->buckets[bucket_of(c->path)];
	bool has_room;

	pthread_mutex_lock(&w->mutex);
	has_room = w->count < w->max;
	if (has_room) {
		c->asked_in_round = 0;
		c->before_in_waiters = NULL;
		c->next_in_waiters = *bucket;
		if (*bucket != NULL)
			(*bucket)->before_in_waiters = c;
		*bucket = c;
		w->count++;
		atomic_store(&c->state, CALL_WAITING);
	}
	pthread_mutex_unlock(&w->mutex);
	return has_room;
}

/* Under the mutex. CALL_NEW tells every other thread that the call is no longer there to be taken.
 */
static void unlink_call(struct waiters *w, struct call *c)
{
	if (c->before_in_waiters != NULL)
		c->before_in_waiters->next_in_waiters = c->next_in_waiters;
	else
		w->buckets[bucket_of(c->path)] = c->next_in_waiters;
	if (c->next_in_waiters != NULL)
		c->next_in_waiters->before_in_waiters = c->before_in_waiters;
	c->before_in_waiters = c->next_in_waiters = NULL;
	w->count--;
	if (c->share != NULL)
		share_give(c->share, SHARE_POLLS, 1);
	atomic_store(&c->state, CALL_NEW);
}

bool waiters_take(struct waiters *w, struct call *c)
{
	bool is_here;

	pthread_mutex_lock(&w->mutex);
	is_here = atomic_load(&c->state) == CALL_WAITING;
	if (is_here)
		unlink_call(w, c);
	pthread_mutex_unlock(&w->mutex);
	return is_here;
}

/* Outside the mutex: `done` may lead straight back here. */
static uint32_t hand_back(struct call *c)
{
	uint32_t count = 0;

	while (c != NULL) {
		struct call *next = c->next;

		c->next = NULL;
		c->done(c);
		c = next;
		count++;
	}
	return count;
}

static void set_mark(struct waiters *w, size_t bucket)
{
	w->next[bucket / WORD_BITS] |= UINT64_C(1) << bucket % WORD_BITS;
}

void waiters_mark(struct waiters *w, struct slice path)
{
	pthread_mutex_lock(&w->mutex);
	if (path.len != 0)
		set_mark(w, bucket_of(path));
	for (size_t i = 0; path.len == 0 && i < BUCKETS; i++) {
		if (w->buckets[i] != NULL)
			set_mark(w, i);
	}
	pthread_mutex_unlock(&w->mutex);
}

bool waiters_begin_round(struct waiters *w)
{
	bool is_any = false;

	pthread_mutex_lock(&w->mutex);
	for (size_t i = 0; i < BUCKETS / WORD_BITS; i++) {
		w->marked[i] |= w->next[i];
		w->next[i] = 0;
		is_any |= w->marked[i] != 0;
	}
	w->round++;
	pthread_mutex_unlock(&w->mutex);
	return is_any;
}

/* One look at the marked ones. */
struct waking {
	struct waiters *waiters;
	bool (*must_wake)(void *ctx, const struct call *c);
	void *ctx;
	struct call *list;
	uint32_t taken, max, looked_at;
};

/* False: no more for now. */
static bool take_from_bucket(struct waking *k, size_t bucket)
{
	struct waiters *w = k->waiters;
	struct call *c = w->buckets[bucket];

	while (c != NULL) {
		struct call *next = c->next_in_waiters;

		if (c->asked_in_round != w->round) {
			if (k->taken == k->max || k->looked_at++ == LOOKED_AT_MAX)
				return false;
			c->asked_in_round = w->round;
			if (k->must_wake(k->ctx, c)) {
				unlink_call(w, c);
				c->next = k->list;
				k->list = c;
				k->taken++;
			}
		}
		c = next;
	}
	w->marked[bucket / WORD_BITS] &= ~(UINT64_C(1) << bucket % WORD_BITS);
	return true;
}

uint32_t waiters_wake_marked(struct waiters *w, uint32_t max,
			     bool (*must_wake)(void *ctx, const struct call *c), void *ctx,
			     bool *ret_is_over)
{
	struct waking k = {.waiters = w, .must_wake = must_wake, .ctx = ctx, .max = max};
	bool is_over = true;

	pthread_mutex_lock(&w->mutex);
	for (size_t i = 0; is_over && i < BUCKETS / WORD_BITS; i++) {
		while (is_over && w->marked[i] != 0)
			is_over = take_from_bucket(&k, i * WORD_BITS + (size_t)__builtin_ctzll(
									       w->marked[i]));
	}
	pthread_mutex_unlock(&w->mutex);
	*ret_is_over = is_over;
	return hand_back(k.list);
}

/* Looks at all calls. It is called a few times a second and costs a comparison for each. */
void waiters_wake_late(struct waiters *w, int64_t now_ms)
{
	struct call *list = NULL;

	pthread_mutex_lock(&w->mutex);
	for (size_t i = 0; w->count != 0 && i < BUCKETS; i++) {
		struct call *c = w->buckets[i];

		while (c != NULL) {
			struct call *next = c->next_in_waiters;

			if (c->wake_ms <= now_ms) {
				unlink_call(w, c);
				c->next = list;
				list = c;
			}
			c = next;
		}
	}
	pthread_mutex_unlock(&w->mutex);
	hand_back(list);
}

void waiters_wake_all(struct waiters *w)
{
	waiters_wake_late(w, INT64_MAX);
}

uint32_t waiters_count(struct waiters *w)
{
	uint32_t count;

	pthread_mutex_lock(&w->mutex);
	count = w->count;
	pthread_mutex_unlock(&w->mutex);
	return count;
}
