/*
 * What the committer does for one call. It knows no more of a write, a change of a token or a key
 * rotation than these functions.
 *
 * A worker makes the job and sets call->job with call_set_job(), which passes it to the call; it is
 * freed with the call, or when it is thrown away to be prepared again.
 */
#pragma once

#include "audit/audit_log.h"
#include "service/call.h"
#include "service/state/snapshot.h"

struct service;
struct commit_job;

/* One transaction, as its jobs see it. */
struct commit_context {
	struct service *service;
	struct snapshot *working; /* becomes the next snapshot; a job moves it on */
	struct audit_log *log;
	int64_t now_ms; /* wall time */
};

struct commit_job_ops {
	/*
	 * Between savepoint and release: re-checks what was read, writes the rows and the audit
	 * entry, moves `working` on, and fills call->out. E_STALE: what was read has changed; the
	 * job is prepared again by a worker. On any failure the committer takes back rows,
	 * `working` and log.
	 */
	enum result (*apply)(struct commit_job *job, struct commit_context *ctx, struct error *err);
	/* The transaction is durable and its snapshot published; before the response leaves. May be
	 * NULL. */
	void (*published)(struct commit_job *job, struct service *s);
	/* It was applied, but the transaction was lost with all in it. May be NULL. */
	void (*unapplied)(struct commit_job *job);
	/* The audit entry of a call that was refused names what the job would have touched: calls
	 * back for each path. May be NULL. */
	bool (*each_path)(const struct commit_job *job, bool (*look)(void *ctx, struct slice path),
			  void *ctx);
	void (*free)(struct commit_job *job);
};

struct commit_job {
	const struct commit_job_ops *ops;
	struct call *call;
	bool has_destroyed; /* set by apply: the store is to be shredded once this is durable */
};

/* Takes `job_take`, in place of one that was there. */
void call_set_job(struct call *c, struct commit_job *job_take);
/* Frees the call's job; also where there is none. */
void call_drop_job(struct call *c);
