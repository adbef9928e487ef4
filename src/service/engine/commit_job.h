/*
 * The committer's work for one call. The committer knows only these functions: a write, a change
 * of tokens or a key rotation each bring their own.
 *
 * A worker makes the job and passes it to the call with call_set_job(). It is freed with the call,
 * or when the call is prepared again.
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
	int64_t now_ms; /* server time (state/server_time.h) */
};

struct commit_job_ops {
	/*
	 * Between savepoint and release: re-checks what was read, writes the rows, drafts the
	 * audit entry, moves `working` on, and fills call->out. E_STALE: what was read has changed;
	 * the job is prepared again by a worker. On any failure the committer takes back rows,
	 * `working` and log.
	 */
	enum result (*apply)(struct commit_job *job, struct commit_context *ctx, struct error *err);
	/* The transaction is durable and its snapshot published; before the response leaves. May be
	 * NULL. */
	void (*published)(struct commit_job *job, struct service *s);
	/* It was applied, but the transaction was lost with all in it. May be NULL. */
	void (*unapplied)(struct commit_job *job);
	/* For the audit entry of a refused call: calls `look` for each path that the job would have
	 * touched. May be NULL. */
	bool (*each_path)(const struct commit_job *job, bool (*look)(void *ctx, struct slice path),
			  void *ctx);
	void (*free)(struct commit_job *job);
};

struct commit_job {
	const struct commit_job_ops *ops;
	struct call *call;
	/* Set by apply: once this is durable, old bytes in the store are overwritten. */
	bool has_destroyed;
};

/* Takes `job_take`, in place of one that was there. */
void call_set_job(struct call *c, struct commit_job *job_take);
/* Frees the call's job, if it has one. */
void call_drop_job(struct call *c);
