/*
 * No token gives rights that its maker does not have. A new token stands below its maker's: a
 * call needs the rights of both, the token ends with the maker's, and it has only policies that
 * the maker has itself or may grant.
 */
#include "access/token.h"
#include "crypto/token_text.h"
#include "service/codec.h"
#include "service/engine/engine.h"
#include "service/engine/response.h"
#include "service/state/token_chain.h"
#include "service/token/token_job.h"
#include "service/token/token_name.h"
#include "service/token/tokens.h"

#include <string.h>

/* Rights come first: a maker who may not give the policy does not learn whether it exists. */
static enum result check_policy(const struct verb_context *ctx, struct slice name,
				struct error *err)
{
	char path[PATH_BYTES_MAX + 16] = "policies/";
	struct slice full;
	enum doc_kind kind;

	if (name.len > PATH_BYTES_MAX)
		return fail(err, E_MALFORMED, "a policy's name is too long");
	memcpy(path + strlen(path), name.data, name.len);
	full = slice_make(path, strlen("policies/") + name.len);
	if (path_check(full, &kind, err) != OK)
		return wrap(err, E_MALFORMED, "`policies`");
	if (!principal_has_policy(ctx->call->principal, name) &&
	    !rights_may(ctx->rights, MAY_GRANT, full))
		return fail(err, E_FORBIDDEN,
			    "may not give policy %.*s: neither has it nor may grant it",
			    SLICE_ARGS(name));
	if (snapshot_policy(ctx->snapshot, name) == NULL)
		return fail(err, E_INVALID, "policy %.*s does not exist", SLICE_ARGS(name));
	return OK;
}

/* Checks what was read of a request, also of one that could not be read to its end: the rights of
 * the maker are judged, and their lack recorded, before an error in a later member is told. */
static enum result check_request(const struct verb_context *ctx, const struct token_request *t,
				 struct error *err)
{
	enum result rc = OK;

	if (t->read >= TOKEN_READ_OBJECT && ctx->rights->levels_count >= RIGHTS_LEVELS_MAX)
		return fail(err, E_LIMIT, "tokens hang below one another at most %d deep",
			    TOKEN_DEPTH_MAX);
	if (t->read >= TOKEN_READ_NAME)
		rc = token_name_check_form(t->name, err);
	for (uint32_t i = 0; rc == OK && i < t->policies_count; i++)
		rc = check_policy(ctx, t->policies[i], err);
	if (rc == OK && t->read >= TOKEN_READ_POLICIES)
		rc = token_name_check(ctx, t->name, err);
	return rc;
}

/* A token never ends later than those above it. */
static enum result set_times(const struct verb_context *ctx, struct token_record *r,
			     const struct token_request *t, struct error *err)
{
	const struct token *maker = snapshot_token(ctx->snapshot, ctx->call->principal->accessor);
	int64_t now_ms = ctx->now_ms, end;

	if (maker == NULL)
		return fail(err, E_UNAUTHENTICATED, "a valid token is needed");
	r->ttl_ms = t->ttl_ms;
	end = token_chain_end(ctx->snapshot, maker, true);
	r->created_ms = now_ms;
	r->max_expires_ms = t->max_ttl_ms != 0 ? now_ms + t->max_ttl_ms : 0;
	end = token_earlier(end, r->max_expires_ms);
	r->expires_ms = token_earlier(end, r->ttl_ms != 0 ? now_ms + r->ttl_ms : 0);
	return OK;
}

/* `text` gets the new token's own text: 256 random bits that exist only there and in the response.
 * The store gets their keyed hash. */
static enum result make_token(const struct verb_context *ctx, struct token_job *j,
			      const struct token_request *t, struct buf *text, struct error *err)
{
	const struct key *pepper =
		keyring_derived(ctx->service->state.keyring, DERIVED_TOKEN_PEPPER);
	struct token_record record = {.name = t->name,
				      .policies = t->policies,
				      .policies_count = t->policies_count,
				      .addresses = t->addresses,
				      .addresses_count = t->addresses_count,
				      .parent = ctx->call->principal->accessor,
				      .created_by = ctx->call->principal->name};
	struct token like = {.uses_left = t->uses};
	char accessor[ACCESSOR_BYTES];
	enum result rc = set_times(ctx, &record, t, err);

	if (rc == OK)
		rc = token_generate(text, err);
	if (rc != OK)
		return rc;
	accessor_generate(accessor);
	record.accessor = slice_text(accessor);
	if (!token_hash(like.hash, pepper, buf_slice(text)))
		return fail(err, E_INTERNAL, "a new token is not well-formed");
	return token_job_add(j, &record, &like, err);
}

/* The response is written before the commit, as a secret body; it leaves only if the token is
 * stored. */
static enum step response_created(struct call *c, const struct token *t, const struct buf *text)
{
	CLEANUP(buf_clear) struct buf b = BUF_RESPONSE;
	struct token_item item = token_item_make(t, false);
	enum step step;

	item.text = buf_slice(text);
	c->codec->token(&b, &item);
	step = response_body(c, BODY_JSON, &b, true);
	c->out.is_created = c->out.result == OK;
	return c->out.is_created ? STEP_COMMIT : step;
}

enum step token_create_on_worker(struct verb_context *ctx)
{
	const struct body_input body = verb_body(ctx);
	struct token_request request = {0};
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	struct token_job *j = token_job_new(ctx, 1);
	struct error err = ERROR_NULL, unread = ERROR_NULL;
	enum result rc, rc_read;

	if (j == NULL)
		return response_fail(ctx->call, E_MEMORY, "out of memory");
	rc_read = ctx->call->codec->read_token(&request, &body, &j->arena, &unread);
	rc = check_request(ctx, &request, &err);
	if (rc == OK && rc_read != OK) {
		rc = rc_read;
		err = unread;
	}
	if (rc == OK)
		rc = make_token(ctx, j, &request, &text, &err);
	if (rc == OK)
		return response_created(ctx->call, j->tokens[0], &text);
	ctx->call->audit_draft = NULL; /* nothing was made */
	return response_error(ctx->call, rc, &err);
}
