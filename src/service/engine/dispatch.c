/*
 * The way of every call: rights, guard, Idempotency-Key, verb, audit entry, response.
 *
 * The steps are the same for every verb and are done here, by the verb table, so that no verb can
 * forget one. A call may run twice: first in the caller's thread (an event loop), which reads only
 * the snapshot and parses little; then, if that gives STEP_WORKER, in a worker, from the start and
 * with the snapshot of that time. A poll runs again each time it is woken.
 *
 * A call belongs to one thread at a time: the caller's, a worker, the committer, or (while it
 * waits) the table of waiters. Handing it on is the last thing that a thread does with it.
 */
#include "service/state/config_cache.h"
#include "service/engine/engine.h"
#include "service/state/state.h"
#include "service/engine/folded_failures.h"
#include "service/engine/response_yaml.h"
#include "service/state/share.h"
#include "service/engine/audit_draft.h"
#include "service/engine/commit_job.h"
#include "service/engine/response.h"
#include "service/engine/token_use.h"
#include "service/state/token_chain.h"
#include "service/engine/waiters.h"
#include "service/engine/waker.h"

#include <string.h>

static bool is_of_one_document(enum verb verb)
{
	return verb >= VERB_DOCUMENT_PUT && verb <= VERB_DOCUMENT_ROLLBACK;
}

bool verb_is_write(enum verb verb)
{
	return verb_input_family(verb) == INPUT_WRITE;
}

/* A dry run of one document changes nothing, so permission `check` is enough for it; a batch checks
 * each of its paths itself (GUARD_VERB). */
static bool may_pass(const struct verb_context *ctx)
{
	const struct call *c = ctx->call;

	switch (verb_table[c->verb].guard) {
	case GUARD_PATH:
		if (rights_may(ctx->rights, c->permission, c->path))
			return true;
		return is_of_one_document(c->verb) && c->in.write.is_dry_run &&
		       rights_may(ctx->rights, MAY_CHECK, c->path);
	case GUARD_UNDER:
		return rights_may_under(ctx->rights, c->permission, c->path);
	case GUARD_VERB:
		return true;
	}
	return false;
}

/* E_NOT_FOUND: the key is new or there is none; the verb runs. */
static enum result look_at_key(struct verb_context *ctx, const struct verb_row *row,
			       struct error *err)
{
	const struct call *c = ctx->call;

	if (c->in.idempotency_key.len == 0)
		return E_NOT_FOUND;
	if (row->has_credential)
		return fail(err, E_MALFORMED,
			    "Idempotency-Key is not known here: the answer is a new token, which "
			    "is never kept; revoke what a lost answer made");
	if (row->replay == NULL)
		return fail(err, E_MALFORMED, "Idempotency-Key is not known here: send it without");
	if (call_is_dry_run(c) || ctx->worker == NULL)
		return E_NOT_FOUND;
	return row->replay(ctx, err);
}

/* An event loop parses little, and no YAML. */
static bool has_small_body(const struct call *c)
{
	return c->in.body.len == 0 ||
	       (c->in.body.len <= LOOP_BYTES_MAX && c->in.body_format == DOC_JSON);
}

static enum step run_verb(struct verb_context *ctx)
{
	struct call *c = ctx->call;
	const struct verb_row *row = &verb_table[c->verb];
	struct error err = ERROR_NULL;
	enum result rc;

	/* A right that was granted since then does not help: the body was not read. */
	if (c->is_refused || !may_pass(ctx)) {
		atomic_fetch_add(&ctx->service->counters.refused, 1);
		return response_fail(c, E_FORBIDDEN, "%s may not %s %.*s",
				     c->principal->name.len != 0 ? c->principal->name.data
								 : "the token",
				     permission_name(c->permission), SLICE_ARGS(c->path));
	}
	rc = look_at_key(ctx, row, &err);
	if (rc != E_NOT_FOUND)
		return rc == OK ? STEP_RESPOND : response_error(c, rc, &err);
	if (row->on_loop == NULL && row->on_worker == NULL)
		return response_fail(c, E_UNSUPPORTED, "this server does not know how to do that");
	if (ctx->worker == NULL)
		return row->on_loop != NULL && has_small_body(c) ? row->on_loop(ctx) : STEP_WORKER;
	return row->on_worker != NULL ? row->on_worker(ctx) : row->on_loop(ctx);
}

/* YAML is made where the response is made if it is small; an event loop leaves the rest to a
 * worker. */
static enum step render(struct verb_context *ctx)
{
	struct call *c = ctx->call;
	struct error err = ERROR_NULL;
	enum result rc;

	if (ctx->worker == NULL && c->out.body->bytes.len > LOOP_BYTES_MAX)
		return STEP_WORKER;
	rc = render_yaml(c, ctx->budget, &err);
	return rc == OK ? STEP_RESPOND : response_error(c, rc, &err);
}

/* A call whose budget is used up fails, whatever its verb made of it: a result that is cut short
 * must not look complete, and must not be written. If the verb has said more, such as which
 * document it was, its text stays. */
static enum step response_exhausted(struct call *c, const struct error *err)
{
	if (c->out.result == E_LIMIT && c->budget.outcome == E_LIMIT)
		return STEP_RESPOND;
	return response_error(c, c->budget.outcome, err);
}

/* All that an earlier run of the call left goes first: response, job, draft, arena. Then the rights
 * are loaded from the newest snapshot, so that a right that was taken away meanwhile is missing. */
enum step verb_run(struct verb_context *ctx, struct service *s, struct call *c,
		   struct worker *worker)
{
	struct error err = ERROR_NULL;
	enum result rc;
	enum step step;

	ctx->service = s;
	ctx->call = c;
	ctx->worker = worker;
	ctx->session = worker != NULL ? worker->session : NULL;
	ctx->budget = worker != NULL ? &c->budget : NULL;
	ctx->rights = &ctx->own_rights;
	ctx->now_ms = state_now_ms(&s->state);
	ctx->snapshot = state_snapshot(&s->state);
	response_reset(c);
	c->service = s;
	call_drop_job(c);
	call_drop_work(c);
	c->audit_draft = NULL;
	c->consumes_use = false;
	arena_clear(&c->arena); /* a poll comes here each time it is woken */
	snapshot_unref(c->snapshot);
	c->snapshot = snapshot_ref(ctx->snapshot);
	c->out.revision = ctx->snapshot->revision;
	c->out.epoch = ctx->snapshot->epoch;
	if (c->principal == NULL)
		return response_fail(c, E_UNAUTHENTICATED, "a valid token is needed");
	rc = rights_load(&ctx->own_rights, &c->arena, ctx->snapshot, c->principal, ctx->now_ms,
			 &err);
	if (rc != OK)
		return response_error(c, rc, &err);
	step = run_verb(ctx);
	if (step == STEP_RESPOND && render_is_needed(c))
		step = render(ctx);
	if (worker != NULL && budget_result(&c->budget, &err) != OK)
		step = response_exhausted(c, &err);
	if (step != STEP_COMMIT)
		call_drop_job(c); /* a refused call must not reach the committer with a job */
	return step;
}

/* The rights live in the arena of the call only until the decision; service_submit() loads them
 * again. */
bool service_admit(struct service *s, struct call *c)
{
	CLEANUP(snapshot_unrefp) struct snapshot *now = state_snapshot(&s->state);
	struct error err = ERROR_NULL;
	struct verb_context ctx = {.service = s, .call = c, .snapshot = now};

	ctx.rights = &ctx.own_rights;
	/* Where the rights cannot be loaded, the call learns why when it is submitted. */
	if (c->principal != NULL && rights_load(&ctx.own_rights, &c->arena, now, c->principal,
						state_now_ms(&s->state), &err) == OK)
		c->is_refused = !may_pass(&ctx);
	arena_clear(&c->arena);
	return !c->is_refused;
}

void verb_end(struct verb_context *ctx)
{
	snapshot_unref(ctx->snapshot);
	ctx->snapshot = NULL;
}

/* The next writer of the document goes on first. A response that is still to become YAML goes round
 * once more through a worker; `is_rendered` keeps that to one time. */
void call_finish(struct service *s, struct call *c)
{
	work_queue_end_turn(&s->work, c);
	/* The committer does not convert to YAML; a worker does. */
	if (render_is_needed(c) && !c->is_rendered) {
		c->is_rendered = true;
		if (work_queue_push_again(&s->work, c))
			return;
	}
	if (c->out.result != OK)
		atomic_fetch_add(&s->counters.failed, 1);
	atomic_store(&c->state, CALL_DONE);
	c->done(c);
	service_call_end(s);
}

/* One principal may take at most half of the queue. */
bool call_queued(struct service *s, struct call *c)
{
	uint64_t max = s->state.settings.queue_max / 2 + 1;

	if (service_share(s, c) == NULL) {
		response_fail(c, E_MEMORY, "out of memory");
		return false;
	}
	c->is_queued = share_take(c->share, SHARE_QUEUED, 1, max);
	if (!c->is_queued)
		response_fail(c, E_BUSY, "too many of your requests wait already");
	return c->is_queued;
}

void call_unqueued(struct call *c)
{
	if (c->is_queued)
		share_give(c->share, SHARE_QUEUED, 1);
	c->is_queued = false;
}

/* Closes the gap between the snapshot that the poll has seen and its place in the table: a commit
 * in between has marked before the poll was there. Publishing comes before marking, so one of the
 * two sees the other. */
static void mark_if_moved(struct verb_context *ctx, const struct snap_doc *seen,
			  struct slice config)
{
	CLEANUP(snapshot_unrefp) struct snapshot *now = state_snapshot(&ctx->service->state);
	const struct snapshot *then = ctx->snapshot;
	struct slice path = seen->record->row.path;

	if (snapshot_doc(now, path) == seen && pmap_is_same(&now->policies, &then->policies) &&
	    pmap_is_same(&now->tokens_by_accessor, &then->tokens_by_accessor))
		return;
	waiters_mark(ctx->service->waiters, config);
	waker_kick(ctx->service);
}

/* The latest time at which the poll goes on: its wait is over, or its principal ends (one
 * millisecond after, when it has ended). Monotonic; the principal's end is server time and is moved
 * over by the difference. */
static int64_t wake_time(const struct verb_context *ctx, int64_t now_ms)
{
	int64_t deadline_ms = ctx->call->deadline_ms;
	int64_t end_ms = principal_ends_ms(ctx->snapshot, ctx->call->principal);

	if (end_ms == 0 || end_ms - ctx->now_ms >= deadline_ms - now_ms)
		return deadline_ms;
	return now_ms + (end_ms - ctx->now_ms) + 1;
}

/* One principal may have at most a quarter of the polls. */
static bool add_to_waiters(struct service *s, struct call *c)
{
	if (service_share(s, c) == NULL ||
	    !share_take(c->share, SHARE_POLLS, 1, s->state.settings.waiters_max / 4 + 1)) {
		response_fail(c, E_BUSY, "too many of your polls wait already");
		return false;
	}
	if (waiters_add(s->waiters, c))
		return true;
	share_give(c->share, SHARE_POLLS, 1);
	response_fail(c, E_BUSY, "too many polls wait already");
	return false;
}

/* CALL_DONE: the "not modified" in call->out is the response now, or a refusal. The call may be
 * woken by another thread as soon as it is in the table, so that all its members are set before. */
static enum call_state wait_for_change(struct verb_context *ctx)
{
	struct call *c = ctx->call;
	struct service *s = ctx->service;
	int64_t now_ms = clock_monotonic_ms(&s->state.clock);
	struct snap_doc *seen = config_doc(ctx->snapshot, c->path);
	char config[PROFILE_PATH_BYTES];
	size_t len = c->path.len < sizeof config ? c->path.len : 0; /* else `seen` is NULL */

	if (c->deadline_ms == 0)
		c->deadline_ms = now_ms + (c->in.config.wait_ms < s->state.settings.wait_ms_max
						   ? c->in.config.wait_ms
						   : s->state.settings.wait_ms_max);
	if (now_ms >= c->deadline_ms || !lifecycle_rules(&s->lifecycle)->may_wait || seen == NULL)
		return CALL_DONE;
	c->wake_ms = wake_time(ctx, now_ms);
	c->seen_revision = seen->changed_revision;
	c->seen_rights = rights_fingerprint(ctx->snapshot, c->principal, ctx->now_ms);
	c->has_budget = false;	     /* what was spent so far does not count for the next run */
	snapshot_unref(c->snapshot); /* a waiting poll must not keep an old snapshot alive */
	c->snapshot = NULL;
	arena_clear(&c->arena); /* nor the memory of its rights: thousands of polls may wait */
	/* A waiting call belongs to the waiters and may be gone: its path is copied before. */
	memcpy(config, c->path.data, len);
	if (!add_to_waiters(s, c))
		return CALL_DONE;
	mark_if_moved(ctx, seen, slice_make(config, len));
	return CALL_WAITING;
}

/* The state becomes CALL_PENDING and the call is counted as open before the queue has it: the
 * committer may be done with it before queue_push() returns. A worker's call was within the bound
 * when it was queued for the worker, so a full queue does not turn it away here. */
static enum call_state to_committer(struct verb_context *ctx)
{
	struct call *c = ctx->call;
	struct service *s = ctx->service;
	const char *refusal = lifecycle_rules(&s->lifecycle)->record_refusal;

	if (refusal != NULL) {
		response_unrecorded(c, E_UNAVAILABLE, refusal);
		return CALL_DONE;
	}
	/* A worker's call was counted when it was queued for the worker. */
	if (ctx->worker == NULL && !call_queued(s, c)) {
		response_unrecorded(c, E_BUSY, c->out.error.text);
		return CALL_DONE;
	}
	atomic_store(&c->state, CALL_PENDING);
	if (ctx->worker == NULL)
		service_call_begin(s);
	if (queue_push(&s->commit, c,
		       ctx->worker != NULL ? UINT32_MAX : s->state.settings.queue_max))
		return CALL_PENDING;
	if (ctx->worker == NULL)
		service_call_end(s);
	call_unqueued(c);
	response_unrecorded(c, E_BUSY, "too many calls wait already");
	return CALL_DONE;
}

/* As to_committer(): first the state and the count, then the queue. */
static enum call_state to_worker(struct verb_context *ctx)
{
	struct call *c = ctx->call;
	struct service *s = ctx->service;

	if (!call_queued(s, c))
		return CALL_DONE;
	atomic_store(&c->state, CALL_PENDING);
	service_call_begin(s);
	if (work_queue_push(&s->work, c, s->state.settings.queue_max))
		return CALL_PENDING;
	service_call_end(s);
	call_unqueued(c);
	response_fail(c, E_BUSY, "too many calls wait already");
	return CALL_DONE;
}

/* A principal with limited uses pays for each response before it leaves. */
static bool must_consume_use(const struct call *c)
{
	return c->principal != NULL && c->out.result != E_UNAUTHENTICATED &&
	       c->principal->has_limited_uses;
}

/* A poll of a principal with limited uses does not wait: it is answered "not modified" at once,
 * which costs a use as every response does. */
enum call_state call_after(struct verb_context *ctx, enum step step)
{
	struct call *c = ctx->call;
	struct service *s = ctx->service;

	switch (step) {
	case STEP_WORKER:
		return to_worker(ctx);
	case STEP_COMMIT:
		return to_committer(ctx);
	case STEP_WAIT:
		if (!must_consume_use(c))
			return wait_for_change(ctx);
		break;
	case STEP_RESPOND:
		break;
	}
	c->consumes_use = must_consume_use(c);
	if (audit_draft_says_only_failure(c) && folded_count(s, c))
		c->audit_draft = NULL;
	return c->audit_draft != NULL || c->consumes_use ? to_committer(ctx) : CALL_DONE;
}

/* The entry of every call and of every poll that was woken (its `deadline_ms` is set then). */
enum call_state service_submit(struct service *s, struct call *c)
{
	const char *refusal = lifecycle_rules(&s->lifecycle)->refusal;
	struct verb_context ctx;
	enum call_state state;
	enum step step;

	atomic_fetch_add(&s->counters.calls[c->verb], 1);
	if (c->deadline_ms != 0)
		atomic_fetch_sub(&s->woken, 1);
	if (refusal != NULL && c->deadline_ms == 0) { /* a poll that was taken before goes on */
		response_reset(c);
		response_fail(c, E_UNAVAILABLE, "%s", refusal);
		atomic_store(&c->state, CALL_DONE);
		return CALL_DONE;
	}
	step = verb_run(&ctx, s, c, NULL);
	state = call_after(&ctx, step);
	verb_end(&ctx);
	if (state != CALL_DONE)
		return state;
	if (c->out.result != OK)
		atomic_fetch_add(&s->counters.failed, 1);
	atomic_store(&c->state, CALL_DONE);
	return CALL_DONE;
}
