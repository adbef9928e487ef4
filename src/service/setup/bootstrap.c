/*
 * The first token, and audit entries of the server itself.
 *
 * A token's text is made, hashed and given out once; only its hash and its record reach the store.
 * The hash is keyed, so the keyring must be open before.
 */
#include "service/setup/bootstrap.h"

#include "access/token.h"

#include <stdio.h>
#include <string.h>

/* The token has no expiry, no parent and no limit of uses: it must work until other tokens exist.
 */
enum result bootstrap_administrator(struct bootstrap *f, struct buf *ret_token,
				    char ret_accessor[static ACCESSOR_BYTES], struct error *err)
{
	CLEANUP(buf_clear) struct buf record = BUF_NULL;
	struct slice policies[] = {SLICE_LITERAL(FIRST_POLICY)};
	struct token_record r = {.name = SLICE_LITERAL(FIRST_POLICY),
				 .policies = policies,
				 .policies_count = 1,
				 .created_ms = f->now_ms,
				 .created_by = SLICE_LITERAL(SERVER_AUTHOR)};
	const struct key *pepper = keyring_derived(f->keyring, DERIVED_TOKEN_PEPPER);
	struct token_row row = {.uses_left = -1};
	uint8_t hash[HASH_BYTES];
	size_t before = ret_token->len;
	enum result rc;

	accessor_generate(ret_accessor);
	r.accessor = slice_text(ret_accessor);
	token_record_write(&record, &r);
	rc = buf_check(&record, err);
	if (rc == OK)
		rc = token_generate(ret_token, err);
	if (rc != OK)
		return rc;
	if (!token_hash(hash, pepper, slice_from(buf_slice(ret_token), before)))
		return fail(err, E_INTERNAL, "a new token is not well-formed");
	row.hash = slice_make((const char *)hash, sizeof hash);
	row.accessor = r.accessor;
	row.record = buf_slice(&record);
	audit_token_digest(f->token_digest, row.hash, row.record);
	return store_put_tokens(f->store, &row, 1, err);
}

/* Proof "embedded" says that the entry came from a command on the machine, not from a request. */
enum result bootstrap_record(struct bootstrap *f, const char *action, struct slice reason,
			     struct audit_touch *touched, uint32_t touched_count, struct error *err)
{
	struct audit_entry e = {
		.epoch = f->epoch,
		.revision = f->revision,
		.actor = SLICE_LITERAL(SERVER_AUTHOR),
		.auth = SLICE_LITERAL("embedded"),
		.action = slice_text(action),
		.outcome = SLICE_LITERAL("ok"),
		.reason = reason,
		.touched = touched,
		.touched_count = touched_count,
	};

	return audit_rows_add(&f->audit_rows, &f->log, &e, f->now_ms, err);
}

enum result bootstrap_record_token(struct bootstrap *f, const char *accessor, struct error *err)
{
	char path[32 + ACCESSOR_BYTES];
	struct audit_touch touch;

	snprintf(path, sizeof path, "sys/tokens/%s", accessor);
	touch = (struct audit_touch){.path = slice_text(path),
				     .state = AUDIT_STATE_LIVE,
				     .has_digest = true};
	memcpy(touch.digest, f->token_digest, sizeof touch.digest);
	return bootstrap_record(f, "token.create", SLICE_NULL, &touch, 1, err);
}
