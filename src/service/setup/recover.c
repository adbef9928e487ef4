/*
 * What `reeved recover` does to a store: a fresh administrator's token, where all others are lost.
 *
 * It gives nobody a right that is not there already: it needs the root key, with which every
 * content can be opened. It is recorded, so that the operators of the store see it. Other tokens
 * stay.
 *
 * What must hold: the token is kept (`keep`) before the commit, so no token that works is lost by a
 * crash. If FIRST_POLICY does not give the right to administer, the token could not change
 * anything: then the policy that ships becomes its next version, where the operator asked for that,
 * or nothing is written.
 *
 * One thread, while no service runs on the store.
 */
#include "service/setup/shipped_document.h"
#include "service/setup/stopped.h"

#include "base/memory.h"

struct recovery {
	struct bootstrap f;
	const struct recovery_order *order;
	struct buf token;
};

static enum result read_time(void *ctx, const struct revision_row *row, struct error *err)
{
	(void)err;
	*(int64_t *)ctx = row->time_ms;
	return OK;
}

static enum result read_version(void *ctx, const struct version_row *row, struct error *err)
{
	(void)err;
	*(uint64_t *)ctx = row->version;
	return OK;
}

/* A revision of its own; its time is not before that of the last one. */
static enum result put_revision(struct recovery *r, struct store_session *ss, struct error *err)
{
	int64_t last_ms = 0;
	enum result rc = store_get_revision(ss, r->f.revision, read_time, &last_ms, err);

	if (rc != OK)
		return rc;
	r->f.revision++;
	if (r->f.now_ms < last_ms)
		r->f.now_ms = last_ms;

	const struct revision_row row = {.revision = r->f.revision,
					 .time_ms = r->f.now_ms,
					 .author = SLICE_LITERAL(SERVER_AUTHOR),
					 .message = SLICE_LITERAL("reeved recover")};
	const struct meta_number numbers[] = {{META_REVISION, r->f.revision},
					      {META_LAST_MS, (uint64_t)r->f.now_ms}};

	rc = store_put_revisions(r->f.store, &row, 1, err);
	return rc == OK ? store_put_numbers(r->f.store, numbers, ARRAY_SIZE(numbers), err) : rc;
}

static enum result put_policy(struct recovery *r, struct store_session *ss, struct error *err)
{
	const struct shipped_document *policy = r->order->policy;
	struct audit_touch touch = {.version = 0};
	uint64_t version = 0;
	enum result rc =
		store_each_version(ss, slice_text(policy->path), (struct row_page){.limit = 1},
				   read_version, &version, err);

	if (rc == OK)
		rc = put_revision(r, ss, err);
	if (rc == OK)
		rc = shipped_document_put(&r->f, policy, version + 1, &touch, err);
	return rc == OK ? bootstrap_record(&r->f, "policy.put", r->order->reason, &touch, 1, err)
			: rc;
}

static enum result check_policy(struct recovery *r, struct store_session *ss, struct error *err)
{
	bool may_administer = false;
	enum result rc = stopped_may_administer(&r->f, ss, &may_administer, err);

	if (rc != OK || may_administer)
		return rc;
	if (r->order->policy != NULL)
		return put_policy(r, ss, err);
	return fail(err, E_CONFLICT,
		    "policies/" FIRST_POLICY
		    " does not give the right to administer, so a fresh token could not change "
		    "anything: --reset-policy stores the policy that ships as its next version");
}

static enum result put_token(struct recovery *r, struct error *err)
{
	struct audit_touch tokens = {.path = SLICE_LITERAL("sys/tokens")};
	char accessor[ACCESSOR_BYTES];
	enum result rc = bootstrap_administrator(&r->f, &r->token, accessor, err);

	if (rc == OK)
		rc = bootstrap_record(&r->f, "store.recover", r->order->reason, &tokens, 1, err);
	return rc == OK ? bootstrap_record_token(&r->f, accessor, err) : rc;
}

static enum result recover(void *ctx, struct store_session *ss, struct error *err)
{
	struct recovery *r = ctx;
	CLEANUP(buf_clear) struct buf checkpoint = BUF_NULL;
	enum result rc = check_policy(r, ss, err);

	if (rc == OK)
		rc = put_token(r, err);
	if (rc == OK)
		rc = audit_rows_put(&r->f.audit_rows, r->f.store, &r->f.log, err);
	if (rc == OK)
		rc = audit_write_head(r->f.store, r->f.keyring, &r->f.log_key, &r->f.log,
				      &checkpoint, err);
	return rc == OK ? r->order->keep(r->order->keep_ctx, &r->token, err) : rc;
}

enum result service_recover(const struct stopped_store *to, const struct recovery_order *order,
			    struct error *err)
{
	struct recovery r = {.order = order, .token = BUF_NULL};
	enum result rc = stopped_open(&r.f, to, err);

	if (rc == OK)
		rc = stopped_transact(&r.f, recover, &r, err);
	stopped_close(&r.f);
	buf_clear(&r.token);
	return rc;
}
