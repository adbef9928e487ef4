/*
 * The worker threads. They do what may take long, within the request's budget; a call that takes
 * long gives its place to shorter ones after a while.
 *
 * There are short_max + long_max threads, of which at most short_max are at work on short calls.
 * After SHORT_MS a call becomes long, if there is a place for it; if there is none it ends with
 * E_BUSY, so that long calls cannot take all threads from short ones.
 *
 * What must hold:
 * - A worker has one call at a time, and its own store session, which it opens with the first call.
 *   Sessions read; only the committer writes.
 * - A call's budget spans all its attempts: a write that is prepared again goes on with what is
 *   left.
 * - After call_after() or call_finish() the worker does not touch the call, which may be gone.
 */
#include "service/engine/engine.h"
#include "service/state/state.h"
#include "service/engine/audit_draft.h"
#include "service/engine/response.h"
#include "service/engine/response_yaml.h"
#include "service/state/share.h"

#define ATTEMPTS_MAX 8	 /* of a write to be committed before others */
#define SHORT_MS     100 /* after which a call is a long one */
#define STEPS_PER_MS 100000

/* Asked by the call's budget about every millisecond. */
static enum result check_call(void *ctx, const char **reason)
{
	struct worker *w = ctx;
	struct service *s = w->service;

	if (atomic_load(&w->call->is_abandoned)) {
		*reason = "the client is gone";
		return E_UNAVAILABLE;
	}
	if (!w->call->is_long && clock_monotonic_ms(&s->state.clock) - w->began_ms >= SHORT_MS &&
	    !work_queue_lengthen(&s->work, w->call)) {
		*reason = "too many long requests are under way: try again";
		return E_BUSY;
	}
	return OK;
}

/* The budget's time is the worker's: waiting between two attempts is not counted. */
static void begin_budget(struct worker *w, struct call *c)
{
	struct service *s = w->service;
	const struct service_settings *settings = &s->state.settings;
	const struct budget_limits limits = {(uint64_t)settings->request_ms_max * STEPS_PER_MS,
					     settings->request_bytes_max, settings->request_ms_max};

	w->call = c;
	w->began_ms = clock_monotonic_ms(&s->state.clock);
	if (!c->has_budget)
		budget_init(&c->budget, &limits, &s->state.clock);
	else
		c->budget.deadline_ms = w->began_ms + c->budget_ms;
	c->has_budget = true;
	c->budget.check = check_call;
	c->budget.ctx = w;
}

/* The rest of the time is kept as a duration, because the deadline would run on while the call
 * waits. */
static void end_budget(struct worker *w, struct call *c)
{
	c->budget_ms = c->budget.deadline_ms - clock_monotonic_ms(&w->service->state.clock);
	c->budget.check = NULL;
	c->budget.ctx = NULL;
	w->call = NULL;
}

/* Ends the call before its verb ran, or instead of what that came to. */
static enum step response_too_late(struct call *c)
{
	return response_fail(c, E_BUSY,
			     "other writes changed what this one depends on, %u times: try again",
			     c->attempts);
}

/* After ATTEMPTS_MAX conflicts the write gives up: others change what it depends on faster than it
 * can be prepared. */
static enum step run(struct worker *w, struct verb_context *ctx, struct call *c)
{
	enum result rc = OK;
	struct error err = ERROR_NULL;
	enum step step;

	if (c->attempts == ATTEMPTS_MAX)
		return response_too_late(c);
	if (w->session == NULL)
		rc = store_session_open(&w->session, w->service->state.store, &err);
	if (rc != OK)
		return response_error(c, rc, &err);
	store_session_set_budget(w->session, &c->budget);
	step = verb_run(ctx, w->service, c, w);
	store_session_set_budget(w->session, NULL);
	return step;
}

/* The write is done already. Where rendering fails its response stays in JSON, which is YAML too.
 */
static void render_on(struct worker *w, struct call *c)
{
	struct error ignored = ERROR_NULL;

	begin_budget(w, c);
	if (render_yaml(c, &c->budget, &ignored) != OK)
		c->in.wants_yaml = false;
	end_budget(w, c);
	work_queue_done(&w->service->work, c);
	call_finish(w->service, c);
}

/* An exhausted budget after a conflict is reported as the conflict: another try can succeed, and a
 * smaller request would not help. */
static void work_on(struct worker *w, struct call *c)
{
	struct service *s = w->service;
	struct verb_context ctx = {.service = s, .call = c, .worker = w};
	enum call_state state;
	enum step step;

	call_unqueued(c);
	begin_budget(w, c);
	step = run(w, &ctx, c);
	if (ctx.snapshot == NULL) /* no verb ran, but call_after() needs a snapshot */
		ctx.snapshot = state_snapshot(&s->state);
	end_budget(w, c);
	if (step == STEP_RESPOND && c->out.result == E_LIMIT && c->attempts != 0)
		step = response_too_late(c);
	work_queue_done(&s->work, c);
	state = call_after(&ctx, step);
	verb_end(&ctx);
	if (state == CALL_DONE)
		call_finish(s, c);
	else if (state == CALL_WAITING)
		service_call_end(s);
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	struct call *c;

	while ((c = work_queue_take(&w->service->work)) != NULL)
		c->is_rendered ? render_on(w, c) : work_on(w, c);
	return NULL;
}

/* `workers_count` is the number of threads that run, also after a failure, so that workers_stop()
 * joins exactly these. */
enum result workers_start(struct service *s, struct error *err)
{
	uint32_t count = s->work.short_max + s->work.long_max;

	s->workers = alloc_zero_array(count, sizeof *s->workers);
	if (s->workers == NULL)
		return fail(err, E_MEMORY, "out of memory");
	for (uint32_t i = 0; i < count; i++) {
		struct worker *w = &s->workers[i];

		w->service = s;
		if (pthread_create(&w->thread, NULL, worker_main, w) != 0)
			return fail(err, E_IO, "a thread cannot be started");
		s->workers_count = i + 1;
	}
	return OK;
}

void workers_stop(struct service *s)
{
	work_queue_close(&s->work);
	for (uint32_t i = 0; i < s->workers_count; i++) {
		pthread_join(s->workers[i].thread, NULL);
		store_session_close(s->workers[i].session);
	}
	alloc_free(s->workers);
	s->workers = NULL;
	s->workers_count = 0;
}
