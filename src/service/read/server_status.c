/* The rule: numbers and names of parts, never of documents. */
#include "base/text.h"
#include "service/engine/engine.h"
#include "service/read/read.h"
#include "service/state/token_chain.h"
#include "service/engine/response.h"
#include "doc/json_member.h"
#include "service/token/tokens.h"
#include "service/engine/waiters.h"

#define LOOK_STEPS 5 /* of one thing that is counted */

static void append_documents(struct buf *b, const struct verb_context *ctx)
{
	const struct snapshot *snapshot = ctx->snapshot;
	uint64_t counts[KIND_COUNT] = {0};
	const struct snap_doc *d;
	struct pmap_walk w;

	pmap_walk_from(&w, &snapshot->docs, SLICE_NULL);
	while ((d = pmap_walk_next(&w)) != NULL && budget_spend(ctx->budget, LOOK_STEPS)) {
		if (snap_doc_is_live(d))
			counts[d->record->kind]++;
	}
	json_member(b, "documents");
	buf_append_char(b, '{');
	for (int i = 0; i < KIND_COUNT; i++)
		json_member_u64(b, kind_name((enum doc_kind)i), counts[i]);
	buf_append_char(b, '}');
}

/* The lines of the note that say size and root. */
static void append_audit(struct buf *b, struct service *s)
{
	CLEANUP(buf_clear) struct buf note = BUF_NULL;
	struct slice rest, line, size = SLICE_LITERAL("0"), root = SLICE_NULL;

	pthread_mutex_lock(&s->head_mutex);
	buf_append_slice(&note, buf_slice(&s->checkpoint));
	pthread_mutex_unlock(&s->head_mutex);
	rest = buf_slice(&note);
	if (slice_next_part(&rest, '\n', &line) && slice_next_part(&rest, '\n', &size))
		slice_next_part(&rest, '\n', &root);
	json_member(b, "audit");
	buf_append_text(b, "{\"size\":");
	buf_append_slice(b, size.len != 0 ? size : SLICE_LITERAL("0"));
	json_member_text(b, "root", root);
	json_member_text(b, "origin", slice_text(s->log_key.name));
	buf_append_char(b, '}');
}

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
	const struct snapshot *snapshot = ctx->snapshot;
	CLEANUP(buf_clear) struct buf b = BUF_RESPONSE;
	bool is_read_only = lifecycle_rules(&s->lifecycle)->record_refusal != NULL;

	buf_append_char(&b, '{');
	json_member_text(&b, "version", SLICE_LITERAL(REEVE_VERSION));
	json_member_u64(&b, "epoch", snapshot->epoch);
	json_member_u64(&b, "revision", snapshot->revision);
	json_member_time(&b, "revision_time", snapshot->time_ms);
	json_member_time(&b, "time", ctx->now_ms);
	json_member_time(&b, "started_at", s->started_ms);
	json_member_u64(&b, "uptime_seconds",
			ctx->now_ms > s->started_ms ? (uint64_t)(ctx->now_ms - s->started_ms) / 1000
						    : 0);
	json_member_text(&b, "store",
			 is_read_only ? SLICE_LITERAL("read-only") : SLICE_LITERAL("ok"));
	append_documents(&b, ctx);
	json_member_u64(&b, "tokens", tokens_in_force(ctx));
	append_audit(&b, s);
	json_member_u64(&b, "key_generation", keyring_generation(s->state.keyring));
	json_member_bool(&b, "keys_locked_in_memory",
			 secret_memory_is_locked(keyring_memory(s->state.keyring)));
	json_member_u64(&b, "waiting_polls", waiters_count(s->waiters));
	buf_append_char(&b, '}');
	return response_json(ctx->call, &b);
}
