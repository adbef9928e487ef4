/*
 * The committer: one thread that writes everything durable.
 *
 * It takes all calls that wait, at most GROUP_MAX, and makes them one transaction:
 *   begin → for each call: savepoint, job, audit entry, release → sign the log → commit →
 *   publish the snapshot → finish the calls → wake polls
 *
 * What must hold:
 * - No response leaves before its entry and its rows are durable.
 * - A job that fails is undone alone, by its savepoint; rows, `working` and log go back together.
 * - A job that finds that its reads have changed (E_STALE) goes back to a worker, and
 *   nowhere else.
 * - If the commit itself fails, its outcome is unknown: what the group wrote is answered with
 *   503, and the service is read-only from then on. The next start finds out.
 * - Where the disk is full, nothing of the group is written: it is answered with 507, and the next
 *   group is tried as any. While none comes, this thread tries a group of no calls each second.
 *   Only a commit shows that there is space: on some file systems a transaction can begin without.
 * - The committer prepares nothing and reads no content, so that a large write does not delay
 *   others.
 *
 * Only this thread writes to the store, moves `current` and the log on, and shreds. Locks:
 * snapshot_mutex and head_mutex, one at a time, while it publishes.
 */
#include "base/log.h"
#include "service/engine/engine.h"
#include "service/engine/audit_write.h"
#include "service/engine/audit_draft.h"
#include "service/engine/commit_job.h"
#include "service/engine/response.h"
#include "service/engine/token_use.h"
#include "service/engine/waker.h"

#include <string.h>

/* The most calls in one transaction: enough to share an fsync, few enough that the first need not
 * wait long for the last. */
#define GROUP_MAX      256
#define SHRED_AGAIN_MS 1000
#define SHRED_FULL_MS  10000 /* each try copies much in vain */
#define SLOW_MS	       1000  /* a commit or a shredding that is worth a line in the log */
#define SPACE_AGAIN_MS 1000

/* The texts of the store may name files. */
#define DISK_FULL_TEXT                                                                   \
	"the server's disk is full: nothing was written; it works again by itself when " \
	"there is space for the data"

/* One transaction. */
struct group {
	struct service *service;
	struct snapshot *working;
	struct audit_log log;
	struct buf checkpoint;
	int64_t began_ms, applied_ms, committed_ms; /* monotonic */
	uint32_t items;
	bool has_written; /* documents or tokens: `working` is to be published */
	bool has_rows;	  /* anything: there is something to commit */
	bool is_shredding;
	enum result failure; /* of the whole group: nothing of it is written */
	struct call *done;   /* answered once it is durable, newest first */
	struct call *stale;  /* to be prepared again once this group is published, newest first */
};

static void add_to_group(struct group *g, struct call *c)
{
	c->next = g->done;
	g->done = c;
}

/* The job is prepared again from the start, against the snapshot that this group publishes. */
static void put_aside(struct group *g, struct call *c)
{
	c->attempts++;
	call_drop_job(c);
	c->audit_draft = NULL;
	c->next = g->stale;
	g->stale = c;
}

/* The parts of the response that did not come true: its version, its entry in the log. */
static void forget_response(const struct group *g, struct call *c)
{
	response_reset(c);
	c->out.epoch = g->working->epoch;
	c->out.revision = g->working->revision;
}

static void leave_unrecorded(struct call *c, enum result rc, const char *reason)
{
	if (rc == E_FULL)
		response_unrecorded(c, rc, DISK_FULL_TEXT);
	else
		response_unrecorded(c, E_UNAVAILABLE, reason);
}

/* E_STALE: a conflict. `*ret_is_lost`: it could not be undone, and the whole transaction is lost
 * with it. */
static enum result apply_job(struct group *g, struct call *c, bool *ret_is_lost, struct error *err)
{
	struct service *s = g->service;
	struct commit_context ctx = {.service = s,
				     .working = g->working,
				     .log = &g->log,
				     .now_ms = state_now_ms(&s->state)};
	CLEANUP(snapshot_unrefp) struct snapshot *before = snapshot_fork(g->working);
	struct audit_log log = g->log;
	struct snapshot *failed;
	enum result rc, undone;

	if (before == NULL)
		return fail(err, E_MEMORY, "out of memory");
	rc = store_savepoint(s->state.store, err);
	if (rc != OK)
		return rc;
	rc = c->job->ops->apply(c->job, &ctx, err);
	if (rc == OK)
		rc = token_consume_use(s, g->working, c, err);
	if (rc == OK)
		rc = store_release(s->state.store, err);
	if (rc == OK) {
		g->has_written = g->has_rows = true;
		g->is_shredding |= c->job->has_destroyed;
		return OK;
	}
	failed = g->working;
	g->working = steal(&before);
	snapshot_unref(failed);
	g->log = log;
	forget_response(g, c);
	undone = store_rollback_to(s->state.store, rc == OK ? err : &(struct error)ERROR_NULL);
	*ret_is_lost = undone != OK;
	return rc;
}

/* For a response that costs a use. If no use is left, the call gets 401 in place of its response
 * and no entry. Whether the group can go on: a failure other than that may have left half of the
 * uses taken. */
static bool consume_use(struct group *g, struct call *c, struct error *err)
{
	enum result rc = token_consume_use(g->service, g->working, c, err);

	if (rc == OK) {
		g->has_written = g->has_rows = true;
		return true;
	}
	c->audit_draft = NULL;
	if (rc == E_UNAUTHENTICATED) {
		response_error(c, rc, err);
	} else {
		leave_unrecorded(c, rc, err->text);
		g->failure = rc;
	}
	add_to_group(g, c);
	return rc == E_UNAUTHENTICATED;
}

/* For a call without a job, or whose job failed: its response is ready, and only its use and its
 * audit entry are missing. Whether the group can go on. */
static bool add_audit_draft(struct group *g, struct call *c, struct error *err)
{
	struct audit_log before = g->log;
	enum result rc;

	if (c->consumes_use && (!consume_use(g, c, err) || c->out.result == E_UNAUTHENTICATED))
		return c->out.result == E_UNAUTHENTICATED;
	if (c->audit_draft == NULL) {
		add_to_group(g, c);
		return true;
	}
	rc = audit_draft_append(g->service, &g->log, c, c->out.revision,
				state_now_ms(&g->service->state), err);
	add_to_group(g, c);
	if (rc == OK) {
		g->has_rows = true;
		return true;
	}
	/* Rows wait in memory until the end: with the log as it was before, those of this call are
	 * left out, and the group goes on. */
	g->log = before;
	response_unrecorded(c, E_UNAVAILABLE, err->text);
	return true;
}

/* Whether the group can go on. */
static bool add_job(struct group *g, struct call *c, struct error *err)
{
	bool is_lost = false;
	enum result rc = apply_job(g, c, &is_lost, err);

	if (is_lost) {
		leave_unrecorded(c, rc, err->text);
		add_to_group(g, c);
		g->failure = rc;
		return false;
	}
	switch (rc) {
	case OK:
		add_to_group(g, c);
		return true;
	case E_STALE:
		put_aside(g, c);
		return true;
	case E_IO:
	case E_FULL:
	case E_UNAVAILABLE:
		leave_unrecorded(c, rc, err->text);
		add_to_group(g, c);
		return true;
	default:
		response_error(c, rc, err);
		c->consumes_use = c->principal != NULL && c->principal->has_limited_uses;
		return add_audit_draft(g, c, err);
	}
}

static bool add_call(struct group *g, struct call *c, struct error *err)
{
	return c->job != NULL ? add_job(g, c, err) : add_audit_draft(g, c, err);
}

/* The numbers that begin_group() compares at the next transaction, and that the next start reads. A
 * group of reads moves the log only. */
static enum result write_heads(struct group *g, struct error *err)
{
	struct service *s = g->service;
	const struct meta_number numbers[] = {
		{META_REVISION, g->working->revision},
		{META_LAST_MS, (uint64_t)g->working->time_ms},
	};
	enum result rc = audit_rows_put(&s->audit_rows, s->state.store, &g->log, err);

	if (rc == OK && g->has_written)
		rc = store_put_numbers(s->state.store, numbers, ARRAY_SIZE(numbers), err);
	if (rc == OK)
		rc = audit_write_head(s->state.store, s->state.keyring, &s->log_key, &g->log,
				      &g->checkpoint, err);
	return rc;
}

/* A commit that fails may be durable or not: fsync does not say. So nothing is retried, and no
 * write is taken until a start has read what is there. A full disk is no such failure: the store
 * has made sure that nothing of the commit is there. */
static enum result end_group(struct group *g, struct error *err)
{
	struct service *s = g->service;
	enum result rc = write_heads(g, err);

	if (rc != OK)
		return rc;
	rc = store_commit(s->state.store, err);
	if (rc == OK || rc == E_FULL)
		return rc;
	lifecycle_move(&s->lifecycle, EVENT_STORE_FAILED);
	log_line(LOG_ERROR, "commit_failed", "error=%s", result_name(rc));
	return wrap(err, E_UNAVAILABLE,
		    "not acknowledged; its outcome is decided at the next start");
}

static void publish_snapshot(struct group *g)
{
	struct service *s = g->service;
	struct snapshot *before;

	pthread_mutex_lock(&s->state.snapshot_mutex);
	before = s->state.current;
	s->state.current = steal(&g->working);
	pthread_mutex_unlock(&s->state.snapshot_mutex);
	snapshot_unref(before);
}

/* The log's head goes first: a snapshot that can be seen has its entry in a checkpoint that can be
 * fetched. */
static void publish(struct group *g)
{
	struct service *s = g->service;

	s->log = g->log;
	pthread_mutex_lock(&s->head_mutex);
	buf_clear(&s->checkpoint);
	s->checkpoint = buf_steal(&g->checkpoint);
	pthread_mutex_unlock(&s->head_mutex);
	if (g->has_written)
		publish_snapshot(g);
}

/* Lists of a group are built newest first; calls are answered in the order in which they came. */
static struct call *reversed(struct call *list)
{
	struct call *out = NULL;

	while (list != NULL) {
		struct call *next = list->next;

		list->next = out;
		out = list;
		list = next;
	}
	return out;
}

static void finish_all(struct group *g)
{
	struct call *c = reversed(g->done);

	while (c != NULL) {
		struct call *next = c->next;

		call_finish(g->service, c);
		c = next;
	}
}

/* After publishing, so that the new attempt sees the snapshot that made the old one stale. */
static void requeue(struct group *g)
{
	struct call *c = reversed(g->stale);

	while (c != NULL) {
		struct call *next = c->next;

		if (!work_queue_push_again(&g->service->work, c)) {
			response_unrecorded(c, E_UNAVAILABLE, "shutting down");
			call_finish(g->service, c);
		}
		c = next;
	}
}

/* The group is lost: `rest` was not reached any more. Calls that failed by themselves, or needed
 * nothing durable, keep their response; all others get 503, or 507 where the disk is full. */
static void fail_all(struct group *g, struct call *rest, const struct error *err)
{
	store_rollback(g->service->state.store);
	for (struct call *c = g->done; c != NULL; c = c->next) {
		if (c->job != NULL && c->out.result == OK && c->job->ops->unapplied != NULL)
			c->job->ops->unapplied(c->job);
		if (c->audit_draft != NULL || c->consumes_use ||
		    (c->job != NULL && c->out.result == OK))
			leave_unrecorded(c, g->failure, err->text);
	}
	while (rest != NULL) {
		struct call *next = rest->next;

		leave_unrecorded(rest, g->failure, err->text);
		add_to_group(g, rest);
		rest = next;
	}
}

/* Destroyed content may still lie in the store's log, and a reader (a backup) can keep it there; so
 * this is tried again until it is gone. No call waits for it: the responses have left. */
static void shred_when_due(struct service *s)
{
	int64_t now_ms = clock_monotonic_ms(&s->state.clock);
	struct error err = ERROR_NULL;
	char quoted[ERROR_TEXT_BYTES];
	enum result rc;

	if (s->shred_at_ms == 0 || now_ms < s->shred_at_ms)
		return;
	rc = store_shred(s->state.store, &err);
	if (rc != OK && !s->is_shred_late)
		log_line(LOG_WARN, "shred_delayed", "error=%s",
			 log_quote(quoted, sizeof quoted, slice_text(err.text)));
	s->is_shred_late = rc != OK;
	s->shred_at_ms = rc == OK || rc == E_UNAVAILABLE ? 0
			 : rc == E_FULL			 ? now_ms + SHRED_FULL_MS
							 : now_ms + SHRED_AGAIN_MS;
	now_ms = clock_monotonic_ms(&s->state.clock) - now_ms;
	if (now_ms >= SLOW_MS)
		log_line(LOG_WARN, "slow_shred", "ms=%lld", (long long)now_ms);
}

/* Another writer has changed the store: our snapshot and our log are no longer what they would be
 * added to. The store lets one process write at a time, so this is a mistake of operation and no
 * conflict to retry. */
static enum result refuse_position(const struct group *g, const struct store_position *found,
				   struct error *err)
{
	log_line(LOG_ERROR, "store_moved",
		 "epoch=%llu revision=%llu log_size=%llu found_epoch=%llu found_revision=%llu"
		 " found_log_size=%llu",
		 (unsigned long long)g->working->epoch, (unsigned long long)g->working->revision,
		 (unsigned long long)g->log.tree.size, (unsigned long long)found->epoch,
		 (unsigned long long)found->revision, (unsigned long long)found->log_size);
	return fail(err, E_UNAVAILABLE,
		    "another process has written to the store; restart reeved to read its changes");
}

/* A store that takes no writes any more, for whatever reason, makes the service read-only. */
static enum result begin_group(struct group *g, struct error *err)
{
	struct service *s = g->service;
	struct store_position found;
	enum result rc = store_begin(s->state.store, &found, err);

	if (rc == OK &&
	    (found.epoch != g->working->epoch || found.revision != g->working->revision ||
	     found.log_size != g->log.tree.size))
		rc = refuse_position(g, &found, err);
	if (rc == E_UNAVAILABLE && lifecycle_move(&s->lifecycle, EVENT_STORE_FAILED))
		log_line(LOG_ERROR, "store_read_only", "error=%s", result_name(rc));
	return rc;
}

/* Once for each change of state, before the responses leave. */
static void note_space(struct service *s, bool is_full)
{
	if (is_full && lifecycle_move(&s->lifecycle, EVENT_STORE_FULL))
		log_line(LOG_ERROR, "disk_full", "hint=\"%s\"",
			 "make space on the file system of the data: writes go on by themselves");
	else if (!is_full && lifecycle_move(&s->lifecycle, EVENT_STORE_ROOM))
		log_line(LOG_WARN, "disk_has_space", "%s", "");
}

static void log_slow(const struct group *g)
{
	int64_t end_ms = clock_monotonic_ms(&g->service->state.clock);

	if (end_ms - g->began_ms >= SLOW_MS)
		log_line(LOG_WARN, "slow_commit",
			 "items=%u apply_ms=%lld commit_ms=%lld answer_ms=%lld", g->items,
			 (long long)(g->applied_ms - g->began_ms),
			 (long long)(g->committed_ms - g->applied_ms),
			 (long long)(end_ms - g->committed_ms));
}

/* One transaction from begin to the last response. From the first failure that concerns more than
 * one call, `is_good` is false and all that was written is rolled back. */
static void commit_group(struct group *g, struct call *list)
{
	struct service *s = g->service;
	struct error err = ERROR_NULL;
	struct call *next;
	bool is_good;

	g->began_ms = clock_monotonic_ms(&s->state.clock);
	g->failure = begin_group(g, &err);
	is_good = g->failure == OK;
	while (is_good && list != NULL) {
		next = list->next;
		is_good = add_call(g, list, &err);
		list = next;
		g->items++;
	}
	atomic_fetch_add(&s->counters.commit_items, g->items);
	g->applied_ms = clock_monotonic_ms(&s->state.clock);
	if (is_good && g->has_rows)
		g->failure = end_group(g, &err);
	else if (is_good)
		store_rollback(s->state.store);
	is_good = g->failure == OK;
	if (g->failure == E_FULL || (is_good && g->has_rows))
		note_space(s, !is_good);
	g->committed_ms = clock_monotonic_ms(&s->state.clock);
	if (!is_good) {
		fail_all(g, list, &err);
	} else if (g->has_rows) {
		atomic_fetch_add(&s->counters.commits, 1);
		publish(g);
		for (struct call *c = g->done; g->has_written && c != NULL; c = c->next) {
			if (c->job != NULL && c->out.result == OK && c->job->ops->published != NULL)
				c->job->ops->published(c->job, s);
		}
	}
	/* The responses leave before any poll is woken and before anything is shredded. */
	finish_all(g);
	requeue(g);
	if (is_good && g->has_written)
		waker_kick(s);
	if (is_good && g->is_shredding)
		s->shred_at_ms = g->committed_ms;
	log_slow(g);
}

/* A group of no calls writes the log's head again. Without memory for the working snapshot the
 * whole group fails, and the store was not touched. */
static void run_group(struct service *s, struct call *list)
{
	struct group g = {.service = s, .log = s->log, .has_rows = list == NULL};
	struct error err = ERROR_NULL;

	g.working = snapshot_fork(s->state.current);
	if (g.working == NULL) {
		g.failure = fail(&err, E_MEMORY, "out of memory");
		fail_all(&g, list, &err);
		finish_all(&g);
		return;
	}
	commit_group(&g, list);
	snapshot_unref(g.working);
	buf_clear(&g.checkpoint);
	audit_rows_clear(&s->audit_rows);
}

static int64_t time_to_wait(struct service *s)
{
	if (lifecycle_rules(&s->lifecycle)->is_disk_full)
		return SPACE_AGAIN_MS;
	return s->shred_at_ms != 0 ? SHRED_AGAIN_MS : 0;
}

/* It sleeps until a call comes; while something is left to shred or the disk is full it also wakes
 * by itself. After the queue is closed it first empties it. */
static void *committer_main(void *arg)
{
	struct service *s = arg;
	bool is_over = false;

	while (!is_over) {
		struct call *list = queue_take(&s->commit, GROUP_MAX, time_to_wait(s), &is_over);

		for (struct call *c = list; c != NULL; c = c->next)
			call_unqueued(c);
		if (list != NULL || (!is_over && lifecycle_rules(&s->lifecycle)->is_disk_full))
			run_group(s, list);
		shred_when_due(s);
	}
	return NULL;
}

/* A start on a full disk says so at once: to begin a transaction takes its space. A lock that
 * another process holds may be free when the first call comes. */
enum result committer_start(struct service *s, struct error *err)
{
	struct error why = ERROR_NULL;
	enum result rc = store_begin(s->state.store, NULL, &why);

	store_rollback(s->state.store);
	if (rc == E_FULL)
		note_space(s, true);
	if (rc != OK && rc != E_FULL && rc != E_BUSY)
		return fail(err, rc, "%s", why.text);
	if (pthread_create(&s->committer, NULL, committer_main, s) != 0)
		return fail(err, E_IO, "a thread cannot be started");
	s->has_committer = true;
	return OK;
}

void committer_stop(struct service *s)
{
	queue_close(&s->commit);
	if (s->has_committer)
		pthread_join(s->committer, NULL);
	s->has_committer = false;
}
