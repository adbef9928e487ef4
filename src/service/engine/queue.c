/*
 * The committer's queue: a list of calls under one mutex.
 *
 * A thread that pushes waits at most for a few instructions of another that pushes or takes, so
 * that event loops may push. The one thread that takes sleeps in the condition variable. After
 * queue_close() pushes fail, and takes go on until the queue is empty.
 */
#include "service/engine/queue.h"

#include <time.h>

bool queue_init(struct call_queue *q)
{
	*q = (struct call_queue){0};
	if (pthread_mutex_init(&q->mutex, NULL) != 0)
		return false;
	if (pthread_cond_init(&q->filled, NULL) != 0) {
		pthread_mutex_destroy(&q->mutex);
		return false;
	}
	return true;
}

void queue_clear(struct call_queue *q)
{
	pthread_cond_destroy(&q->filled);
	pthread_mutex_destroy(&q->mutex);
}

bool queue_push(struct call_queue *q, struct call *c, uint32_t max)
{
	bool is_in;

	pthread_mutex_lock(&q->mutex);
	is_in = !q->is_closed && q->count < max;
	if (is_in) {
		c->next = NULL;
		if (q->last != NULL)
			q->last->next = c;
		else
			q->first = c;
		q->last = c;
		q->count++;
		pthread_cond_signal(&q->filled);
	}
	pthread_mutex_unlock(&q->mutex);
	return is_in;
}

void queue_close(struct call_queue *q)
{
	pthread_mutex_lock(&q->mutex);
	q->is_closed = true;
	pthread_cond_broadcast(&q->filled);
	pthread_mutex_unlock(&q->mutex);
}

/* Under the mutex; at most `wait_ms` where that is not 0. Monotonic time: a clock that is set back
 * by a day must not make it a wait of a day. */
static void wait_until_filled(struct call_queue *q, int64_t wait_ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(wait_ms / 1000);
	while (q->first == NULL && !q->is_closed) {
		if (wait_ms == 0)
			pthread_cond_wait(&q->filled, &q->mutex);
		else if (pthread_cond_clockwait(&q->filled, &q->mutex, CLOCK_MONOTONIC, &until) !=
			 0)
			return;
	}
}

/* Takes up to `max` calls at once: they become one transaction. */
struct call *queue_take(struct call_queue *q, uint32_t max, int64_t wait_ms, bool *ret_is_over)
{
	struct call *list, *end;

	pthread_mutex_lock(&q->mutex);
	wait_until_filled(q, wait_ms);
	list = end = q->first;
	if (list != NULL) {
		q->count--;
		for (uint32_t taken = 1; taken < max && end->next != NULL; taken++) {
			end = end->next;
			q->count--;
		}
		q->first = end->next;
		if (q->first == NULL)
			q->last = NULL;
		end->next = NULL;
	}
	*ret_is_over = list == NULL && q->is_closed;
	pthread_mutex_unlock(&q->mutex);
	return list;
}
