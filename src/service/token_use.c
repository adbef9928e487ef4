/* The rule: a token that is good for so many answers is counted down where everything is in order, by the committer, and durably, before the answer
 * that it pays for leaves. */
#include "service/internal.h"

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
	rc = store_update_token(s->store, &row, err);
	if (rc != OK)
		token_unref(*ret);
	return rc;
}

enum result token_spend(struct service *s, struct snapshot *working, const struct call *c,
			struct error *err)
{
	const struct token *now = snapshot_token(working, c->token->record.accessor);
	struct token *after;
	enum result rc;

	if (c->token->uses_left < 0)
		return OK;
	if (now == NULL || now->uses_left <= 0)
		return fail(err, E_UNAUTHENTICATED, "the token is not valid");
	rc = update_row(s, now, now->uses_left - 1, &after, err);
	if (rc != OK)
		return rc;
	return snapshot_put_token(working, after) ? OK : fail(err, E_MEMORY, "out of memory");
}
