/* The rule: who takes a call out of the table, under its mutex, is the only one who may go on with it. So a wake and a forget that meet
 * cannot both have it. */
#include "service/waiters.h"

#include "base/memory.h"

#include <pthread.h>

#define BUCKETS 4096 /* a power of two */

struct waiters {
	pthread_mutex_t mutex;
	struct call *buckets[BUCKETS];
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

static struct call **bucket_of(struct waiters *w, struct slice path)
{
	return &w->buckets[slice_hash(path) & (BUCKETS - 1)];
}

bool waiters_add(struct waiters *w, struct call *c)
{
	struct call **bucket = bucket_of(w, c->path);
	bool has_room;

	pthread_mutex_lock(&w->mutex);
	has_room = w->count < w->max;
	if (has_room) {
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

static void unlink_call(struct waiters *w, struct call *c)
{
	if (c->before_in_waiters != NULL)
		c->before_in_waiters->next_in_waiters = c->next_in_waiters;
	else
		*bucket_of(w, c->path) = c->next_in_waiters;
	if (c->next_in_waiters != NULL)
		c->next_in_waiters->before_in_waiters = c->before_in_waiters;
	c->before_in_waiters = c->next_in_waiters = NULL;
	w->count--;
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
static void hand_back(struct call *c)
{
	while (c != NULL) {
		struct call *next = c->next;

		c->next = NULL;
		c->done(c);
		c = next;
	}
}

/* Moves those of a bucket whom it concerns to a list; an empty `path` is any, a `now_ms` of 0 no deadline. */
static void take_some(struct waiters *w, struct call **bucket, struct slice path, int64_t now_ms,
		      struct call **list)
{
	struct call *c = *bucket;

	while (c != NULL) {
		struct call *next = c->next_in_waiters;

		if ((path.len == 0 || slice_is_equal(c->path, path)) &&
		    (now_ms == 0 || c->deadline_ms <= now_ms)) {
			unlink_call(w, c);
			c->next = *list;
			*list = c;
		}
		c = next;
	}
}

void waiters_wake(struct waiters *w, struct slice path)
{
	struct call *list = NULL;

	pthread_mutex_lock(&w->mutex);
	take_some(w, bucket_of(w, path), path, 0, &list);
	pthread_mutex_unlock(&w->mutex);
	hand_back(list);
}

void waiters_wake_late(struct waiters *w, int64_t now_ms)
{
	struct call *list = NULL;

	pthread_mutex_lock(&w->mutex);
	for (size_t i = 0; w->count != 0 && i < BUCKETS; i++)
		take_some(w, &w->buckets[i], SLICE_NULL, now_ms, &list);
	pthread_mutex_unlock(&w->mutex);
	hand_back(list);
}

void waiters_wake_all(struct waiters *w)
{
	waiters_wake_late(w, 0);
}

uint32_t waiters_count(struct waiters *w)
{
	uint32_t count;

	pthread_mutex_lock(&w->mutex);
	count = w->count;
	pthread_mutex_unlock(&w->mutex);
	return count;
}
