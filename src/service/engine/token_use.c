/*
 * Tokens with a limited number of uses. The committer counts them down, durably, before the
 * response that the use pays for leaves. A token made with such a token counts it down too: else it
 * would be the way to as many responses as one likes.
 *
 * What must hold: either each limited token of the chain loses one use, or none does. So all are
 * looked at before the first is changed; a failure after that ends in the caller's rollback.
 *
 * Only the committer, in its transaction. A token is immutable, so a use taken puts a new one in
 * its place.
 */
#include "service/engine/engine.h"
#include "service/engine/token_use.h"
#include "service/engine/audit_draft.h"
#include "service/engine/response.h"

/* Writes the row and makes the token of it, so that the snapshot holds what a start would read. */
static enum result update_row(struct service *s, const struct token *t, int64_t uses_left,
			      struct token **ret, struct error *err)
{
	CLEANUP(buf_clear) struct buf record = BUF_NULL;
	struct token_row row = {.hash = slice_make((const char *)t->hash, HASH_BYTES),
				.accessor = t->record.accessor,
				.expires_ms = t->expires_ms,
				.uses_left = uses_left,
				.is_revoked = t->is_revoked};
	enum result rc;

	token_record_write(&record, &t->record);
	rc = buf_check(&record, err);
	if (rc != OK)
		return rc;
	row.record = buf_slice(&record);
	rc = token_new(ret, &row, err);
	if (rc != OK)
		return rc;
	rc = store_update_tokens(s->state.store, &row, 1, err);
	if (rc != OK)
		token_unref(*ret);
	return rc;
}

static bool has_use_left(const struct snapshot *s, const struct principal *p)
{
	for (uint32_t i = 0; i < p->chain_count; i++) {
		const struct token *t = snapshot_token(s, p->chain[i].accessor);

		if (t == NULL || t->uses_left == 0)
			return false;
	}
	return true;
}

static enum result spend_one(struct service *s, struct snapshot *working, const struct token *t,
			     struct error *err)
{
	struct token *after;
	enum result rc = update_row(s, t, t->uses_left - 1, &after, err);

	if (rc != OK)
		return rc;
	return snapshot_put_token(working, after) ? OK : fail(err, E_MEMORY, "out of memory");
}

enum result token_consume_use(struct service *s, struct snapshot *working, const struct call *c,
			      struct error *err)
{
	const struct principal *p = c->principal;
	enum result rc = OK;

	if (p == NULL || !p->has_limited_uses)
		return OK;
	if (!has_use_left(working, p)) /* before any of them is taken */
		return fail(err, E_UNAUTHENTICATED, "a valid token is needed");
	for (uint32_t i = 0; rc == OK && i < p->chain_count; i++) {
		const struct token *t = snapshot_token(working, p->chain[i].accessor);

		if (t->uses_left > 0)
			rc = spend_one(s, working, t, err);
	}
	return rc;
}
