/*
 * The calls that wait for the committer, in the order in which they came.
 *
 * Any thread pushes; one takes. The queue owns the calls in it, linked by `next`. Lock: its own
 * mutex, held alone.
 */
#pragma once

#include "service/call.h"

#include <pthread.h>

struct call_queue {
	pthread_mutex_t mutex;
	pthread_cond_t filled;
	struct call *first, *last;
	uint32_t count;
	bool is_closed;
};

/* False: no mutex or no condition could be made. */
bool queue_init(struct call_queue *q);
/* The queue is empty and no thread uses it any more. */
void queue_clear(struct call_queue *q);
bool queue_push(struct call_queue *q, struct call *c, uint32_t max); /* false: full or closed */
/* No call is taken from now on; those in the queue still come out. */
void queue_close(struct call_queue *q);
/* Waits, at most `wait_ms` (whole seconds) where that is not 0; a list by `next`, NULL where
 * nothing came. `*ret_is_over`: closed and empty. */
struct call *queue_take(struct call_queue *q, uint32_t max, int64_t wait_ms, bool *ret_is_over);
