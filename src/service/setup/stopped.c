/*
 * Opens a store that has data, and finds whether its first policy still gives the right to
 * administer (stopped.h). The policy is opened and compiled here because no snapshot exists.
 */
#include "service/setup/stopped.h"

#include "access/policy.h"
#include "crypto/content.h"
#include "service/engine/audit_draft.h"
#include "service/engine/engine.h"
#include "service/engine/response.h"

/* Whether a token with only this policy may write policies in general: with that right it can get
 * all others. */
static bool gives_administration(const struct policy *p)
{
	static const struct slice any = SLICE_INIT("policies/_");

	return policies_decide(&p, 1, MAY_WRITE, any).is_allowed &&
	       policies_decide(&p, 1, MAY_ADMIN, any).is_allowed;
}

struct policy_reader {
	const struct bootstrap *f;
	bool may_administer;
};

static enum result read_policy(void *ctx, const struct version_row *row, struct error *err)
{
	struct policy_reader *r = ctx;
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
	rc = content_open(&content, r->f->keyring, &place, row->sealed, row->wrapped_key, err);
	if (rc == OK)
		rc = tree_of_content(buf_slice(&content), row->content_type, NULL, &tree, NULL,
				     err);
	if (rc == OK)
		rc = policy_compile(&policy, SLICE_LITERAL(FIRST_POLICY), &tree.root, err);
	if (rc != OK)
		return wrap(err, rc, "policies/" FIRST_POLICY);
	r->may_administer = gives_administration(policy);
	policy_unref(policy);
	return OK;
}

enum result stopped_open(struct bootstrap *ret, const struct stopped_store *to, struct error *err)
{
	CLEANUP(store_head_clear) struct store_head head = STORE_HEAD_NULL;
	enum result rc = setup_open_store(to, &head, err);

	*ret = (struct bootstrap){.store = to->store,
				  .keyring = to->keyring,
				  .log_key = head.log_key,
				  .log = head.log,
				  .now_ms = clock_wall_ms(to->clock),
				  .epoch = head.epoch,
				  .revision = head.revision};
	return rc;
}

/* The keyring is the caller's to free, so the store must not keep its keys. */
void stopped_close(struct bootstrap *f)
{
	store_authenticate(f->store, NULL);
	audit_rows_free(&f->audit_rows);
}

enum result stopped_may_administer(const struct bootstrap *f, struct store_session *ss, bool *ret,
				   struct error *err)
{
	static const struct slice policy = SLICE_INIT("policies/" FIRST_POLICY);
	struct policy_reader r = {.f = f};
	enum result rc = store_get_version_at(ss, &(struct version_at){policy, 0, f->revision},
					      read_policy, &r, err);

	if (rc != OK && rc != E_NOT_FOUND)
		return rc;
	*ret = r.may_administer;
	return OK;
}

enum result stopped_transact(const struct bootstrap *f, stopped_fn *write, void *ctx,
			     struct error *err)
{
	struct store *store = f->store;
	struct store_session *ss = NULL;
	enum result rc = store_begin(store, NULL, err);

	if (rc != OK)
		return rc;
	rc = store_session_open(&ss, store, err);
	if (rc == OK)
		rc = store_session_begin(ss, err);
	if (rc == OK)
		rc = write(ctx, ss, err);
	if (ss != NULL)
		store_session_end(ss);
	store_session_close(ss);
	if (rc == OK)
		return store_commit(store, err);
	store_rollback(store);
	return rc;
}
