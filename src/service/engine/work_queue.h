/*
 * The calls that wait for a worker, and how many workers may be at work.
 *
 * Principals take turns: each has a lane of its own calls in the order in which they came, and at
 * most `lane_max` calls of one lane are at work at a time. At most `short_max` calls are at work
 * as short ones. A call that has run for a while becomes a long one, of which there are at most
 * `long_max`, and its place is free for the next. So a call waits for a place only as long as
 * short calls take, whatever other principals send.
 *
 * Writes of one document take turns too: while one is at work, the next waits behind it, because
 * it would only lose against it in the commit. A write that becomes long lets the others pass.
 *
 * What must hold: a call is in exactly one place: a lane, behind the write whose turn it is, or at
 * work; `waiting` counts the first two. Any thread may call. Lock: the queue's own mutex, held
 * alone; under it each call that is moved takes a few instructions.
 */
#pragma once

#include "service/state/share.h"

#include <pthread.h>

#define WRITING_BUCKETS 256 /* a power of two */

/* All members are under the mutex, but for the bounds, which do not change. */
struct work_queue {
	pthread_mutex_t mutex;
	struct idle_worker *idle; /* the last one to become idle first: its caches are warm */
	uint32_t waking;	  /* woken, and not yet here */
	struct share *ring_first, *ring_last; /* lanes of which a call may run */
	uint32_t waiting;		      /* calls, those behind others included */
	uint32_t short_running, short_max;
	uint32_t long_running, long_max;
	uint32_t lane_max;
	struct call *writing[WRITING_BUCKETS]; /* the write of a document whose turn it is */
	bool is_closed;
};

bool work_queue_init(struct work_queue *q, uint32_t short_max, uint32_t long_max);
void work_queue_clear(struct work_queue *q);

/* At the end of its principal's lane; call->share is set. False: `max` wait already, or it is
 * closed. */
bool work_queue_push(struct work_queue *q, struct call *c, uint32_t max);
/* At the front of its lane, whatever waits: a call that was at work before. False: it is closed. */
bool work_queue_push_again(struct work_queue *q, struct call *c);

/* Waits for the next call that may run, which then counts as short. NULL: closed and empty. */
struct call *work_queue_take(struct work_queue *q);
/* The call at work becomes a long one. False: there are too many long ones, so it must end. */
bool work_queue_lengthen(struct work_queue *q, struct call *c);
/* A worker is done with the call; before it is handed on. */
void work_queue_done(struct work_queue *q, struct call *c);

/* The call's turn to write its document ends: the next write of it may run. No effect on a call
 * that has no turn. */
void work_queue_end_turn(struct work_queue *q, struct call *c);

/* No call is taken from now on; workers empty the queue and then get NULL. */
void work_queue_close(struct work_queue *q);
/* For the metrics: the numbers of this moment. */
uint32_t work_queue_waiting(struct work_queue *q);
void work_queue_running(struct work_queue *q, uint32_t *ret_short, uint32_t *ret_long);
