/*
 * What `reeved recover` does to a store: a fresh administrator's token, where all others are lost.
 *
 * It gives nobody a right that is not there already: it needs the root key, with which every
 * content can be opened. It is recorded, so that the operators of the store see it. Other tokens
 * stay.
 *
 * What must hold: the token is kept (`keep`) before the commit, so no token that works is lost by a
 * crash. If FIRST_POLICY does not give the right to administer, nothing is written, since the token
 * could not change anything.
 *
 * One thread, while no service runs on the store.
 */
#include "service/setup/stopped.h"

#include "service/service.h"

struct recovery {
	struct bootstrap f;
	struct slice reason;
	keep_token_fn *keep;
	void *keep_ctx;
};

static enum result write_token(struct recovery *r, struct error *err)
{
	CLEANUP(buf_clear) struct buf token = BUF_NULL;
	struct audit_touch tokens = {.path = SLICE_LITERAL("sys/tokens")};
	char accessor[ACCESSOR_BYTES];
	enum result rc = bootstrap_administrator(&r->f, &token, accessor, err);

	if (rc == OK)
		rc = bootstrap_record(&r->f, "store.recover", r->reason, &tokens, 1, err);
	if (rc == OK)
		rc = bootstrap_record_token(&r->f, accessor, err);
	return rc == OK ? r->keep(r->keep_ctx, &token, err) : rc;
}

static enum result recover(void *ctx, struct store_session *ss, struct error *err)
{
	struct recovery *r = ctx;
	CLEANUP(buf_clear) struct buf checkpoint = BUF_NULL;
	bool may_administer = false;
	enum result rc = stopped_may_administer(&r->f, ss, &may_administer, err);

	if (rc == OK && !may_administer)
		rc = fail(err, E_CONFLICT,
			  "policies/" FIRST_POLICY
			  " does not give the right to administer, so a fresh token could not "
			  "change anything");
	if (rc == OK)
		rc = write_token(r, err);
	if (rc == OK)
		rc = audit_rows_put(&r->f.audit_rows, r->f.store, &r->f.log, err);
	if (rc == OK)
		rc = audit_write_head(r->f.store, r->f.keyring, &r->f.log_key, &r->f.log,
				      &checkpoint, err);
	return rc;
}

enum result service_recover(const struct stopped_store *to, struct slice reason,
			    keep_token_fn *keep, void *keep_ctx, struct error *err)
{
	struct recovery r = {.reason = reason, .keep = keep, .keep_ctx = keep_ctx};
	enum result rc = stopped_open(&r.f, to, err);

	if (rc == OK)
		rc = stopped_transact(&r.f, recover, &r, err);
	stopped_close(&r.f);
	return rc;
}
