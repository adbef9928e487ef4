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
#include "service/setup/bootstrap.h"

#include "access/policy.h"
#include "crypto/content.h"
#include "service/engine/engine.h"
#include "service/engine/audit_draft.h"
#include "service/engine/response.h"

struct restoration {
	struct bootstrap f;
	bool has_policy;
	uint64_t revoked;
};

static enum result read_number(void *ctx, struct slice value, struct error *err)
{
	return slice_to_u64(value, INT64_MAX, ctx)
		       ? OK
		       : fail(err, E_CORRUPT, "a stored number is malformed");
}

static enum result read_origin(void *ctx, struct slice value, struct error *err)
{
	struct restoration *a = ctx;

	return vkey_init_from_seed(&a->f.log_key, value, keyring_signing_seed(a->f.keyring), err);
}

static enum result read_log(void *ctx, const struct log_row *row, struct error *err)
{
	struct restoration *a = ctx;

	return audit_log_read_state(&a->f.log, row->peaks, err);
}

/* Whether a token with only this policy may write policies in general: with that right it can get
 * all others. */
static bool gives_administration(const struct policy *p)
{
	static const struct slice any = SLICE_INIT("policies/_");

	return policies_decide(&p, 1, MAY_WRITE, any).is_allowed &&
	       policies_decide(&p, 1, MAY_ADMIN, any).is_allowed;
}

/* The policy is opened and compiled here because no snapshot exists yet. */
static enum result note_policy(void *ctx, const struct version_row *row, struct error *err)
{
	struct restoration *a = ctx;
	struct content_place place = {.kind = SLICE_LITERAL("policies"),
				      .path = row->path,
				      .version = row->version,
				      .content_type = row->content_type};
	CLEANUP(buf_clear) struct buf content = BUF_NULL;
	CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);
	struct policy *policy;
	enum result rc;

	if (row->state != VERSION_LIVE)
		return OK;
	rc = content_open(&content, a->f.keyring, &place, row->sealed, row->wrapped_key, err);
	if (rc == OK)
		rc = tree_of_content(buf_slice(&content), row->content_type, NULL, &tree, NULL,
				     err);
	if (rc == OK)
		rc = policy_compile(&policy, SLICE_LITERAL(FIRST_POLICY), &tree.root, err);
	if (rc != OK)
		return wrap(err, rc, "policies/" FIRST_POLICY);
	a->has_policy = gives_administration(policy);
	policy_unref(policy);
	return OK;
}

/* The heads of the backup. The key of the log is made again from its origin and the keyring:
 * entries go on in the same log. */
static enum result read_state(struct restoration *a, struct store_session *ss, struct error *err)
{
	static const struct slice policy = SLICE_INIT("policies/" FIRST_POLICY);
	enum result rc = store_get_meta(ss, META_EPOCH, read_number, &a->f.epoch, err);

	if (rc == OK)
		rc = store_get_meta(ss, META_REVISION, read_number, &a->f.revision, err);
	if (rc == OK)
		rc = store_get_meta(ss, META_LOG_ORIGIN, read_origin, a, err);
	if (rc == OK)
		rc = store_get_log(ss, read_log, a, err);
	if (rc != OK)
		return wrap(err, rc, "the backup's heads");
	rc = store_get_version_at(ss, &(struct version_at){policy, 0, a->f.revision}, note_policy,
				  a, err);
	return rc == E_NOT_FOUND ? OK : rc;
}

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
static enum result restore_state(struct restoration *a, struct store_session *ss,
				 struct slice reason, bool is_keeping_tokens, struct buf *ret_token,
				 struct error *err)
{
	CLEANUP(buf_clear) struct buf checkpoint = BUF_NULL;
	char accessor[ACCESSOR_BYTES];
	enum result rc = read_state(a, ss, err);

	if (rc == OK && !a->has_policy && !is_keeping_tokens)
		rc = fail(err, E_CONFLICT,
			  "the backup has no policies/" FIRST_POLICY
			  " that gives the right to administer, so a fresh token could not; keep "
			  "the tokens that it holds");
	if (rc != OK)
		return rc;
	a->f.epoch++;
	rc = store_put_numbers(a->f.store, &(struct meta_number){META_EPOCH, a->f.epoch}, 1, err);
	if (rc == OK && !is_keeping_tokens)
		rc = store_each_token(ss, 0, revoke_one, a, err);
	if (rc == OK)
		rc = bootstrap_administrator(&a->f, ret_token, accessor, err);
	if (rc == OK)
		rc = record(a, reason, accessor, err);
	if (rc == OK)
		rc = audit_rows_put(&a->f.audit_rows, a->f.store, &a->f.log, err);
	if (rc == OK)
		rc = audit_write_head(a->f.store, a->f.keyring, &a->f.log_key, &a->f.log,
				      &checkpoint, err);
	return rc;
}

static enum result restore_with_session(struct restoration *a, struct slice reason,
					bool is_keeping_tokens, struct buf *ret_token,
					struct error *err)
{
	struct store_session *ss;
	enum result rc = store_session_open(&ss, a->f.store, err);

	if (rc != OK)
		return rc;
	rc = store_session_begin(ss, err);
	if (rc == OK) {
		rc = restore_state(a, ss, reason, is_keeping_tokens, ret_token, err);
		store_session_end(ss);
	}
	store_session_close(ss);
	return rc;
}

enum result service_restore(const struct stopped_store *to, struct slice reason,
			    bool is_keeping_tokens, struct buf *ret_token, struct error *err)
{
	struct restoration a = {.f = {.store = to->store,
				      .keyring = to->keyring,
				      .log = AUDIT_LOG_EMPTY,
				      .now_ms = clock_wall_ms(to->clock)}};
	size_t before = ret_token->len;
	enum result rc = store_begin(to->store, NULL, err);

	if (rc != OK)
		return rc;
	rc = restore_with_session(&a, reason, is_keeping_tokens, ret_token, err);
	if (rc == OK)
		rc = store_commit(to->store, err);
	else
		store_rollback(to->store);
	audit_rows_free(&a.f.audit_rows);
	if (rc != OK)
		buf_cut(ret_token, before);
	return rc == OK ? OK : wrap(err, rc, "restoring the backup");
}
