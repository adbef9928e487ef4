/* The calls that wait for the committer, in the order in which they came. Any thread. */
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

bool queue_init(struct call_queue *q);
void queue_clear(struct call_queue *q);
bool queue_push(struct call_queue *q, struct call *c, uint32_t max); /* false: full or closed */
void queue_close(struct call_queue *q);
/* Waits, at most `wait_ms` (whole seconds) where that is not 0; a list by `next`, NULL where
 * nothing came. `*ret_is_over`: closed and empty. */
struct call *queue_take(struct call_queue *q, uint32_t max, int64_t wait_ms, bool *ret_is_over);
