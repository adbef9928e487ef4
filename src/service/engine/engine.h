/*
 * The engine: threads, queues, counters, and the way of a call through them (verb.h).
 *
 * It owns the threads and all that they share but the data, which are in struct state. The verbs
 * lie above it and are known to it only as rows of the verb table and as commit jobs.
 *
 * What must hold:
 * - A call is with one thread at a time (dispatch.c). `calls_open` counts those that are with a
 *   worker or the committer; the service ends when it is 0.
 * - Members marked as the committer's are read and written by that thread only.
 *
 * Locks: each of snapshot_mutex, head_mutex, idle_mutex and those inside the queues, waiters,
 * change feed, shares, cache and folded failures is held for a few instructions. No function of
 * service/ takes a second one while it holds one, except that the shares' mutex is taken under that
 * of the folded failures, to keep a share. Locks of http/ may be held when the mutex of the waiters
 * or the shares is taken (http/server_state.h). `done` is called without any lock of service/.
 */
#pragma once

#include "audit/audit_log.h"
#include "service/engine/audit_write.h"
#include "service/engine/change_feed.h"
#include "service/engine/lifecycle.h"
#include "service/engine/queue.h"
#include "service/engine/verb.h"
#include "service/engine/work_queue.h"
#include "service/service.h"

struct folded;
struct sweep_job;
struct refusals;
struct waiters;

/* One thread that may read the disk and parse. */
struct worker {
	struct service *service;
	struct store_session *session; /* NULL before its first call */
	struct call *call;	       /* at work */
	int64_t began_ms;	       /* with it, monotonic */
	pthread_t thread;
};

/* Counted since the start, for the metrics. Nothing else depends on them. */
struct counters {
	_Atomic uint64_t calls[VERB_COUNT];
	_Atomic uint64_t refused, failed;
	_Atomic uint64_t commits, commit_items, audit_entries;
	_Atomic uint64_t config_hits, config_misses;
	_Atomic uint64_t tokens_removed;
	_Atomic uint64_t waiting;
};

/* waker.c's. */
struct waker {
	struct change_cursor seen; /* its thread's */
	pthread_mutex_t mutex;
	pthread_cond_t kicked;
	pthread_t thread;
	bool has_thread, is_kicked, is_stopping;
};

/* The walk over the tokens that looks for ended ones (token/token_sweep.c). All members but
 * `is_busy` are of the thread that ticks. */
struct token_sweep {
	struct token *last;    /* the one that was looked at last, referenced; NULL: none */
	struct sweep_job *job; /* with those found so far; NULL: none */
	int64_t due_ms;	       /* of the next walk, monotonic */
	uint32_t found;	       /* in this walk */
	uint64_t trimmed_at;   /* tokens removed when memory was last returned to the system */
	atomic_bool is_busy;   /* the committer has a job */
};

/* The whole service. The facade (service.c) makes and frees it; the threads share it as the
 * comments say. */
struct service {
	struct state state;
	struct vkey log_key; /* the audit log's */
	struct waiters *waiters;
	struct change_feed *changes;
	struct waker waker;
	_Atomic int32_t woken; /* polls of the last slice that have not gone on yet; a hint */
	struct refusals *refusals;
	struct shares *shares;
	struct folded *folded;
	struct token_sweep sweep;

	struct work_queue work;	  /* for the workers */
	struct call_queue commit; /* for the committer */
	struct worker *workers;
	uint32_t workers_count;
	pthread_t committer;
	bool has_committer;

	struct audit_log log;	      /* the committer's; as of the last commit */
	struct audit_rows audit_rows; /* the committer's, of its transaction */
	int64_t shred_at_ms; /* the committer's: when to try, monotonic; 0: nothing to shred */
	bool is_shred_late;  /* the committer's: the last try failed */
	pthread_mutex_t head_mutex;
	struct buf checkpoint; /* the signed note of the last commit, under head_mutex */

	struct lifecycle lifecycle;
	_Atomic uint64_t calls_open; /* pending or waiting */
	pthread_mutex_t idle_mutex;
	pthread_cond_t idle;
	struct counters counters;
	int64_t started_ms; /* the machine's wall time */
};

/* Counts a call that waits in its principal's share. False: the share is used up, and call->out is
 * E_BUSY (E_MEMORY: there is no share). */
bool call_queued(struct service *s, struct call *c);
void call_unqueued(struct call *c); /* nothing where it is not counted */

/* A call is open from the one to the other; service_drain() waits for the last. */
void service_call_begin(struct service *s);
void service_call_end(struct service *s);
void call_drop_work(struct call *c); /* frees what the verb left in call->work */
void call_finish(struct service *s,
		 struct call *c); /* DONE and handed back; not to be touched after */
/* Where a call goes after a step, in a worker or the caller's thread: to another thread, the
 * waiters or the end. Anything but CALL_DONE: it is not to be touched any more. */
enum call_state call_after(struct verb_context *ctx, enum step step);
/* Starting and stopping the threads. Each _stop() waits until its threads have ended, and is
 * harmless if they were never started. Workers stop before the committer, since they give it calls.
 * E_IO, E_MEMORY. */
MUST_USE enum result workers_start(struct service *s, struct error *err);
void workers_stop(struct service *s);
MUST_USE enum result committer_start(struct service *s, struct error *err);
void committer_stop(struct service *s);
