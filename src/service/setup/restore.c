/*
 * What a restore does to a store that was copied from a backup.
 *
 * A restore makes invalid what the server gave out after the backup was taken. The epoch rises, so
 * that no client takes the older state for a newer one. Tokens are revoked, because the backup does
 * not tell which were revoked since. An audit entry says why.
 *
 * What must hold: all of it is one transaction, or nothing happened. Unless tokens are kept, the
 * restore ends with one token that can administer; if the backup's policy would not give it that
 * right, the restore is refused, since no token could then change anything.
 *
 * One thread, while no service runs on the store. Rows are read through a session within the same
 * transaction.
 */
#include "service/setup/stopped.h"

#include "service/service.h"

struct restoration {
	struct bootstrap f;
	struct slice reason;
	bool is_keeping_tokens;
	struct buf *token;
	uint64_t revoked;
};

/* Expired tokens too: a clock that is set back must not make them valid again. */
static enum result revoke_one(void *ctx, const struct token_row *row, struct error *err)
{
	struct restoration *a = ctx;
	struct token_row revoked = *row;

	if (row->is_revoked)
		return OK;
	revoked.is_revoked = true;
	a->revoked++;
	return store_update_tokens(a->f.store, &revoked, 1, err);
}

/* One entry for all revoked tokens: their number, not their names, since a store may have
 * thousands. */
static enum result record(struct restoration *a, struct slice reason, const char *accessor,
			  struct error *err)
{
	struct audit_touch backup = {.path = SLICE_LITERAL("sys/backup")};
	/* Says of all tokens that older entries name that they are revoked. */
	struct audit_touch tokens = {.path = SLICE_LITERAL("sys/tokens"),
				     .state = AUDIT_STATE_REVOKED};
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	enum result rc = bootstrap_record(&a->f, "store.restore", reason, &backup, 1, err);

	if (rc == OK && a->revoked != 0) {
		buf_append_u64(&text, a->revoked);
		buf_append_text(&text, " tokens ended by the restore");
		rc = buf_check(&text, err);
		if (rc == OK)
			rc = bootstrap_record(&a->f, "token.revoke", buf_slice(&text), &tokens, 1,
					      err);
	}
	return rc == OK ? bootstrap_record_token(&a->f, accessor, err) : rc;
}

/* The check for an administrator comes before the first row is written, the head of the log last.
 */
static enum result restore_state(void *ctx, struct store_session *ss, struct error *err)
{
	struct restoration *a = ctx;
	CLEANUP(buf_clear) struct buf checkpoint = BUF_NULL;
	char accessor[ACCESSOR_BYTES];
	bool may_administer = false;
	enum result rc = stopped_may_administer(&a->f, ss, &may_administer, err);

	if (rc == OK && !may_administer && !a->is_keeping_tokens)
		rc = fail(
			err, E_CONFLICT,
			"the backup has no policies/" FIRST_POLICY
			" that gives the right to administer, so a fresh token could not: restore "
			"with --keep-tokens, then run reeved recover with --reset-policy");
	if (rc != OK)
		return rc;
	a->f.epoch++;
	rc = store_put_numbers(a->f.store, &(struct meta_number){META_EPOCH, a->f.epoch}, 1, err);
	if (rc == OK && !a->is_keeping_tokens)
		rc = store_each_token(ss, 0, revoke_one, a, err);
	if (rc == OK)
		rc = bootstrap_administrator(&a->f, a->token, accessor, err);
	if (rc == OK)
		rc = record(a, a->reason, accessor, err);
	if (rc == OK)
		rc = audit_rows_put(&a->f.audit_rows, a->f.store, &a->f.log, err);
	if (rc == OK)
		rc = audit_write_head(a->f.store, a->f.keyring, &a->f.log_key, &a->f.log,
				      &checkpoint, err);
	return rc;
}

enum result service_restore(const struct stopped_store *to, struct slice reason,
			    bool is_keeping_tokens, struct buf *ret_token, struct error *err)
{
	struct restoration a = {.reason = reason,
				.is_keeping_tokens = is_keeping_tokens,
				.token = ret_token};
	size_t before = ret_token->len;
	enum result rc = stopped_open(&a.f, to, err);

	if (rc == OK)
		rc = stopped_transact(&a.f, restore_state, &a, err);
	stopped_close(&a.f);
	if (rc != OK)
		buf_cut(ret_token, before);
	return rc == OK ? OK : wrap(err, rc, "restoring the backup");
}
