/*
 * The walk that finds ended tokens, and the commit job that removes them.
 *
 * The walk goes through tokens_by_accessor, a few tokens each tick, and starts anew after a pause.
 * An index by the time at which a token ends would need memory for each token and yet not find
 * those that end with one above them. What the walk finds is collected over several ticks, so that
 * a few tokens a minute cost one transaction a minute.
 *
 * What must hold:
 * - A token is removed only if it has been seen to have ended for ended_tokens_kept of monotonic
 *   time. So calls that were admitted with the token are over.
 * - The committer decides again, by its own snapshot: a token that was renewed stays. It goes by
 *   the time from which a restart would go on: a token that was ended by a clock that was wrong
 *   for a moment, and that a restart would give back, stays.
 * - A token whose parent was removed has ended for good (token_chain.c). So it does not matter
 *   which of the two goes first.
 * - One job at a time; where it fails, the next walk finds its tokens again.
 *
 * Threads: the one that ticks walks; apply() and what follows it run in the committer.
 */
#include "service/token/token_sweep.h"

#include "base/log.h"
#include "base/memory.h"
#include "service/engine/audit_draft.h"
#include "service/engine/commit_job.h"
#include "service/state/token_chain.h"

#include <malloc.h>

/* What one tick looks at: 32 valid tokens, in about 50 microseconds, or 256 that have ended. These
 * cost less to look at, and the more there are of them the faster the walk must be. */
#define LOOKS_MAX  256
#define LOOK_VALID 8
#define LOOK_ENDED 1
#define BATCH_MAX  128 /* tokens removed in one transaction: a few milliseconds of the committer */
#define PAUSE_MS   60000 /* between two walks, at most */
/* Removed tokens whose memory is returned to the system, after any walk or after one that found
 * nothing. Each time costs some milliseconds. */
#define TRIM_ANY   4096
#define TRIM_QUIET 512

struct sweep_job {
	struct commit_job job; /* first: the committer has a pointer to it */
	struct service *service;
	uint32_t count;
	struct token *tokens[BATCH_MAX]; /* referenced; after apply() those that were removed */
};

/* One look at many tokens. Most of them have the same few parents, so the last one is kept. */
struct look {
	const struct snapshot *snapshot;
	int64_t now_ms; /* by which tokens expire */
	int64_t mono_ms;
	int64_t kept_ms;
	struct slice parent;
	bool is_parent_in_force;
};

static bool is_in_force(struct look *l, const struct token *t)
{
	struct slice parent = t->record.parent;

	if (token_has_ended(t, l->now_ms))
		return false;
	if (parent.len == 0)
		return true;
	if (!slice_is_equal(parent, l->parent)) {
		l->parent = parent;
		l->is_parent_in_force =
			token_is_in_force(l->snapshot, snapshot_token(l->snapshot, parent),
					  l->now_ms);
	}
	return l->is_parent_in_force;
}

/* Notes when it is first seen to have ended. */
static bool is_to_be_removed(struct look *l, struct token *t)
{
	int64_t seen_ms = atomic_load(&t->ended_seen_ms);

	if (is_in_force(l, t)) {
		if (seen_ms != 0) /* one above it was renewed */
			atomic_store(&t->ended_seen_ms, 0);
		return false;
	}
	if (seen_ms == 0)
		atomic_store(&t->ended_seen_ms, l->mono_ms);
	return seen_ms != 0 && l->mono_ms - seen_ms >= l->kept_ms;
}

/* Server time as a restart would begin it (continue_time() in service.c). */
static int64_t recorded_ms(const struct state *state, const struct commit_context *ctx)
{
	int64_t now_ms = server_time_wall_ms(&state->clock);

	if (now_ms < ctx->working->time_ms)
		now_ms = ctx->working->time_ms;
	return now_ms < ctx->log->last_time_ms ? ctx->log->last_time_ms : now_ms;
}

/* Keeps of the job's tokens those that are still there and still to be removed, as `working` has
 * them. */
static void decide_again(struct sweep_job *j, struct commit_context *ctx)
{
	struct state *state = &j->service->state;
	struct look l = {.snapshot = ctx->working,
			 .now_ms = recorded_ms(state, ctx),
			 .mono_ms = clock_monotonic_ms(&state->clock),
			 .kept_ms = state->settings.ended_tokens_kept_ms};
	uint32_t count = 0;

	for (uint32_t i = 0; i < j->count; i++) {
		struct token *found = j->tokens[i];
		struct token *t = snapshot_token(ctx->working, found->record.accessor);

		if (t != NULL && is_to_be_removed(&l, t))
			j->tokens[count++] = token_ref(t);
		token_unref(found);
	}
	j->count = count;
}

/* No caller waits for the outcome, and none may become a refusal that is recorded, or a call for a
 * worker. */
static enum result as_failure(const struct sweep_job *j, enum result rc, struct error *err)
{
	if (rc != E_STALE && !call_is_refusal(j->job.call, rc))
		return rc;
	return fail(err, E_INTERNAL, "ended tokens could not be removed: %s", result_name(rc));
}

static enum result apply(struct commit_job *job, struct commit_context *ctx, struct error *err)
{
	struct sweep_job *j = (struct sweep_job *)job;
	struct slice hashes[BATCH_MAX];
	enum result rc;

	decide_again(j, ctx);
	for (uint32_t i = 0; i < j->count; i++)
		hashes[i] = slice_make((const char *)j->tokens[i]->hash, HASH_BYTES);
	if (j->count == 0)
		return OK;
	rc = store_remove_tokens(j->service->state.store, hashes, j->count, err);
	if (rc != OK)
		return as_failure(j, rc, err);
	for (uint32_t i = 0; i < j->count; i++) {
		if (!snapshot_remove_token(ctx->working, j->tokens[i]))
			return fail(err, E_MEMORY, "out of memory");
	}
	return OK;
}

static void published(struct commit_job *job, struct service *s)
{
	atomic_fetch_add(&s->counters.tokens_removed, ((struct sweep_job *)job)->count);
}

static void free_job(struct commit_job *job)
{
	struct sweep_job *j = (struct sweep_job *)job;

	for (uint32_t i = 0; i < j->count; i++)
		token_unref(j->tokens[i]);
	alloc_free(j);
}

static const struct commit_job_ops sweep_job_ops = {
	.apply = apply,
	.published = published,
	.free = free_job,
};

/* The job is freed with its call. A failure has no caller to be told. */
static void job_done(struct call *c)
{
	struct service *s = c->ctx;
	char quoted[ERROR_TEXT_BYTES];

	if (c->out.result != OK)
		log_line(LOG_WARN, "tokens_not_removed", "error=%s",
			 log_quote(quoted, sizeof quoted, slice_text(c->out.error.text)));
	call_clear(c);
	alloc_free(c);
	atomic_store(&s->sweep.is_busy, false);
}

/* Gives the job to the committer, in a call that no client waits for. Where that cannot be now, the
 * walk keeps it for the next tick. */
static void submit(struct service *s)
{
	struct token_sweep *w = &s->sweep;
	struct call *c = alloc_zero(sizeof *c);

	if (c == NULL)
		return;
	call_init(c);
	c->done = job_done;
	c->ctx = s;
	service_revision(s, &c->out.epoch, &c->out.revision);
	w->job->job.call = c;
	call_set_job(c, &w->job->job);
	atomic_store(&c->state, CALL_PENDING);
	atomic_store(&w->is_busy, true);
	service_call_begin(s);
	if (queue_push(&s->commit, c, s->state.settings.queue_max)) {
		w->job = NULL;
		return;
	}
	service_call_end(s);
	atomic_store(&w->is_busy, false);
	c->job = NULL;
	call_clear(c);
	alloc_free(c);
}

/* False: there is no memory or no room. */
static bool collect(struct service *s, struct token *t)
{
	struct token_sweep *w = &s->sweep;

	if (w->job == NULL) {
		w->job = alloc_zero(sizeof *w->job);
		if (w->job == NULL)
			return false;
		w->job->job.ops = &sweep_job_ops;
		w->job->service = s;
	}
	if (w->job->count == BATCH_MAX)
		return false;
	w->job->tokens[w->job->count++] = token_ref(t);
	w->found++;
	return true;
}

/* Goes on behind the token that was looked at last; whether that was the end. One that cannot be
 * collected is looked at again. */
static bool walk_on(struct service *s, const struct snapshot *now)
{
	struct token_sweep *w = &s->sweep;
	struct look l = {.snapshot = now,
			 .now_ms = state_now_ms(&s->state),
			 .mono_ms = clock_monotonic_ms(&s->state.clock),
			 .kept_ms = s->state.settings.ended_tokens_kept_ms};
	struct slice from = w->last != NULL ? w->last->record.accessor : SLICE_NULL;
	struct token *last = w->last, *t = NULL;
	struct pmap_walk walk;

	pmap_walk_from(&walk, &now->tokens_by_accessor, from);
	for (uint32_t looks = 0; looks < LOOKS_MAX;) {
		t = pmap_walk_next(&walk);
		if (t != NULL && w->last != NULL && slice_is_equal(t->record.accessor, from))
			t = pmap_walk_next(&walk);
		if (t == NULL || (is_to_be_removed(&l, t) && !collect(s, t)))
			break;
		looks += atomic_load(&t->ended_seen_ms) != 0 ? LOOK_ENDED : LOOK_VALID;
		last = t;
	}
	if (last != w->last) {
		token_unref(w->last);
		w->last = token_ref(last);
	}
	return t == NULL;
}

/* The memory of many tokens lies free all over the heap, and malloc() does not return it to the
 * system by itself. */
static void return_memory(struct service *s, bool is_quiet)
{
	uint64_t removed = atomic_load(&s->counters.tokens_removed);

	if (removed - s->sweep.trimmed_at < (is_quiet ? TRIM_QUIET : TRIM_ANY))
		return;
	malloc_trim(0);
	s->sweep.trimmed_at = removed;
}

static void end_walk(struct service *s, int64_t now_ms)
{
	struct token_sweep *w = &s->sweep;
	int64_t kept_ms = s->state.settings.ended_tokens_kept_ms;

	token_unref(w->last);
	w->last = NULL;
	w->due_ms = now_ms + (kept_ms < PAUSE_MS ? kept_ms : PAUSE_MS);
	return_memory(s, w->found == 0);
	w->found = 0;
}

void token_sweep(struct service *s)
{
	const struct lifecycle_rules *rules = lifecycle_rules(&s->lifecycle);
	int64_t now_ms = clock_monotonic_ms(&s->state.clock);
	struct token_sweep *w = &s->sweep;
	CLEANUP(snapshot_unrefp) struct snapshot *now = NULL;
	bool is_over;

	if (rules->record_refusal != NULL || rules->is_disk_full || rules->is_ending ||
	    now_ms < w->due_ms || atomic_load(&w->is_busy))
		return;
	now = state_snapshot(&s->state);
	is_over = walk_on(s, now);
	if (w->job != NULL && (is_over || w->job->count == BATCH_MAX))
		submit(s);
	if (is_over && w->job == NULL)
		end_walk(s, now_ms);
}

void token_sweep_clear(struct service *s)
{
	token_unref(s->sweep.last);
	if (s->sweep.job != NULL)
		free_job(&s->sweep.job->job);
	s->sweep = (struct token_sweep){.last = NULL};
}
