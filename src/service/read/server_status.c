/*
 * The state of the server in numbers and names of its parts; it never names a document.
 *
 * Runs in a worker, since it counts all documents and tokens of the snapshot. The numbers of one
 * response are of one snapshot, but for those that the server changes all the time: the waiting
 * polls, the audit log's size and the key generation.
 */
#include "service/engine/engine.h"
#include "service/engine/response.h"
#include "service/engine/waiters.h"
#include "service/read/read.h"
#include "service/state/token_chain.h"

#define LOOK_STEPS 5 /* of one document or token that is counted */

/* Counting stops where the budget ends; the engine then responds with E_LIMIT. */
static void count_documents(const struct verb_context *ctx, uint64_t counts[static KIND_COUNT])
{
	const struct snap_doc *d;
	struct pmap_walk w;

	pmap_walk_from(&w, &ctx->snapshot->docs, SLICE_NULL);
	while ((d = pmap_walk_next(&w)) != NULL && budget_spend(ctx->budget, LOOK_STEPS)) {
		if (snap_doc_is_live(d))
			counts[d->record->kind]++;
	}
}

/* The committer replaces the checkpoint; a copy keeps the lock short. */
static void copy_checkpoint(struct service *s, struct buf *ret)
{
	pthread_mutex_lock(&s->head_mutex);
	buf_append_slice(ret, buf_slice(&s->checkpoint));
	pthread_mutex_unlock(&s->head_mutex);
}

/* The second and third line of a checkpoint are the log's size and root. */
static void read_checkpoint(struct slice note, struct status_item *ret)
{
	struct slice line;

	ret->audit_size = SLICE_LITERAL("0");
	if (slice_next_part(&note, '\n', &line) && slice_next_part(&note, '\n', &line)) {
		if (line.len != 0)
			ret->audit_size = line;
		if (slice_next_part(&note, '\n', &line))
			ret->audit_root = line;
	}
}

/* Tokens stay in the snapshot for a while after they have ended, so they are counted by their state
 * now. */
static uint64_t tokens_in_force(const struct verb_context *ctx)
{
	struct pmap_walk w;
	const struct token *t;
	uint64_t count = 0;

	pmap_walk_from(&w, &ctx->snapshot->tokens_by_accessor, SLICE_NULL);
	while ((t = pmap_walk_next(&w)) != NULL && budget_spend(ctx->budget, LOOK_STEPS))
		count += !token_has_ended(t, ctx->now_ms);
	return count;
}

enum step status_on_worker(struct verb_context *ctx)
{
	struct service *s = ctx->service;
	CLEANUP(buf_clear) struct buf b = BUF_RESPONSE, note = BUF_NULL;
	struct status_item item = {
		.server_version = SLICE_LITERAL(REEVE_VERSION),
		.epoch = ctx->snapshot->epoch,
		.revision = ctx->snapshot->revision,
		.revision_ms = ctx->snapshot->time_ms,
		.now_ms = server_time_wall_ms(&s->state.clock),
		.started_ms = s->started_ms,
		.clock_behind_ms = server_time_behind_ms(&s->state.time, &s->state.clock),
		.clock_jump_ms = atomic_load(&s->state.time.jump_ms),
		.clock_jumped_at_ms = atomic_load(&s->state.time.jumped_at_ms),
		.is_read_only = lifecycle_rules(&s->lifecycle)->is_read_only,
		.is_disk_full = lifecycle_rules(&s->lifecycle)->is_disk_full,
		.tokens = tokens_in_force(ctx),
		.audit_origin = slice_text(s->log_key.name),
		.key_generation = keyring_generation(s->state.keyring),
		.is_key_memory_locked = secret_memory_is_locked(keyring_memory(s->state.keyring)),
		.waiting_polls = waiters_count(s->waiters),
	};

	count_documents(ctx, item.documents);
	copy_checkpoint(s, &note);
	read_checkpoint(buf_slice(&note), &item);
	ctx->call->codec->status(&b, &item);
	return response_json(ctx->call, &b);
}
