/*
 * No token gives rights that its maker does not have. A new token stands below its maker's: a call needs the rights of both, the
 * token ends with the maker's, and it has only policies that the maker has itself or may grant.
 */
#include "access/token.h"
#include "crypto/token_text.h"
#include "service/codec.h"
#include "service/engine/engine.h"
#include "service/engine/request_body.h"
#include "service/engine/response.h"
#include "service/state/token_chain.h"
#include "service/token/token_job.h"
#include "service/token/token_name.h"
#include "service/token/tokens.h"

#include <string.h>

static const struct slice create_keys[] = {
	SLICE_INIT("name"),    SLICE_INIT("policies"),	SLICE_INIT("ttl"),
	SLICE_INIT("max_ttl"), SLICE_INIT("addresses"), SLICE_INIT("uses"),
};

struct creating {
	struct verb_context *ctx;
	struct tree body;
	struct token_record record;
	int64_t uses_left;
};

/* Rights come first: a maker who may not give the policy does not learn whether it exists. */
static enum result check_policy(struct creating *m, struct slice name, struct error *err)
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
	if (!principal_has_policy(m->ctx->call->principal, name) &&
	    !rights_may(m->ctx->rights, MAY_GRANT, full))
		return fail(err, E_FORBIDDEN,
			    "may not give policy %.*s: neither has it nor may grant it",
			    SLICE_ARGS(name));
	if (snapshot_policy(m->ctx->snapshot, name) == NULL)
		return fail(err, E_INVALID, "policy %.*s does not exist", SLICE_ARGS(name));
	return OK;
}

static enum result read_policies(struct creating *m, struct error *err)
{
	const struct tree_node *n = TREE_GET(&m->body.root, "policies");
	struct token_record *r = &m->record;
	enum result rc = OK;

	if (n == NULL || n->kind != TREE_ARRAY || n->count == 0 || n->count > TOKEN_POLICIES_MAX)
		return fail(err, E_MALFORMED, "`policies` must be a list of 1 to %d names",
			    TOKEN_POLICIES_MAX);
	r->policies = arena_alloc_array(&m->body.arena, n->count, sizeof *r->policies);
	if (r->policies == NULL)
		return fail(err, E_MEMORY, "out of memory");
	for (uint32_t i = 0; rc == OK && i < n->count; i++) {
		const struct tree_node *item = &n->of.items[i];

		if (item->kind != TREE_STRING)
			return fail_at(err, E_MALFORMED, item->line, item->column,
				       "a policy's name must be a text");
		rc = check_policy(m, tree_text(item), err);
		r->policies[r->policies_count++] = tree_text(item);
	}
	return rc;
}

static enum result read_addresses(struct creating *m, struct error *err)
{
	const struct tree_node *n = TREE_GET(&m->body.root, "addresses");
	struct token_record *r = &m->record;

	if (n == NULL)
		return OK;
	if (n->kind != TREE_ARRAY || n->count == 0 || n->count > TOKEN_ADDRESSES_MAX)
		return fail_at(err, E_MALFORMED, n->line, n->column,
			       "`addresses` must be a list of 1 to %d ranges", TOKEN_ADDRESSES_MAX);
	r->addresses = arena_alloc_array(&m->body.arena, n->count, sizeof *r->addresses);
	if (r->addresses == NULL)
		return fail(err, E_MEMORY, "out of memory");
	for (uint32_t i = 0; i < n->count; i++) {
		const struct tree_node *item = &n->of.items[i];

		if (item->kind != TREE_STRING ||
		    !address_range_parse(tree_text(item), &r->addresses[r->addresses_count++]))
			return fail_at(err, E_MALFORMED, item->line, item->column,
				       "an address must be such as 10.0.0.0/8, 192.0.2.7 or ::1");
	}
	return OK;
}

static enum result read_uses(struct creating *m, struct error *err)
{
	const struct tree_node *n = TREE_GET(&m->body.root, "uses");

	m->uses_left = -1;
	if (n == NULL)
		return OK;
	if (n->kind != TREE_NUMBER || (n->flags & TREE_FITS_INT64) == 0 || n->as.integer < 1)
		return fail_at(err, E_MALFORMED, n->line, n->column,
			       "`uses` must be a number of at least 1");
	m->uses_left = n->as.integer;
	return OK;
}

/* A token never ends later than those above it. */
static enum result read_times(struct creating *m, struct error *err)
{
	const struct token *maker =
		snapshot_token(m->ctx->snapshot, m->ctx->call->principal->accessor);
	int64_t now_ms = m->ctx->now_ms, max_ttl_ms = 0;
	struct token_record *r = &m->record;
	int64_t end;
	enum result rc;

	if (maker == NULL)
		return fail(err, E_UNAUTHENTICATED, "a valid token is needed");
	rc = body_duration(&m->body, SLICE_LITERAL("ttl"), TOKEN_TTL_MS_MAX, &r->ttl_ms, err);
	if (rc == OK || rc == E_NOT_FOUND)
		rc = body_duration(&m->body, SLICE_LITERAL("max_ttl"), TOKEN_TTL_MS_MAX,
				   &max_ttl_ms, err);
	if (rc != OK && rc != E_NOT_FOUND)
		return rc;
	end = token_chain_end(m->ctx->snapshot, maker, true);
	r->created_ms = now_ms;
	r->max_expires_ms = max_ttl_ms != 0 ? now_ms + max_ttl_ms : 0;
	end = token_earlier(end, r->max_expires_ms);
	r->expires_ms = token_earlier(end, r->ttl_ms != 0 ? now_ms + r->ttl_ms : 0);
	return OK;
}

static enum result read_create(struct creating *m, struct error *err)
{
	const struct principal *maker = m->ctx->call->principal;
	struct token_record *r = &m->record;
	enum result rc =
		body_read(m->ctx->call, &m->body, create_keys, ARRAY_SIZE(create_keys), err);

	if (rc == OK && m->ctx->rights->levels_count >= RIGHTS_LEVELS_MAX)
		rc = fail(err, E_LIMIT, "tokens hang below one another at most %d deep",
			  TOKEN_DEPTH_MAX);
	if (rc != OK)
		return rc;
	r->parent = maker->accessor;
	r->created_by = maker->name;
	rc = body_text(&m->body, SLICE_LITERAL("name"), TOKEN_NAME_BYTES_MAX, &r->name, err);
	if (rc == E_NOT_FOUND)
		rc = fail(err, E_MALFORMED, "`name` is missing: whom the token stands for");
	if (rc == OK)
		rc = token_name_check_form(r->name, err);
	if (rc == OK)
		rc = read_policies(m, err);
	if (rc == OK)
		rc = token_name_check(m->ctx, r->name, err);
	if (rc == OK)
		rc = read_times(m, err);
	if (rc == OK)
		rc = read_addresses(m, err);
	return rc == OK ? read_uses(m, err) : rc;
}

static enum result make_token(struct creating *m, struct token_job *j, struct buf *text,
			      struct error *err)
{
	const struct keyring *keyring = m->ctx->service->state.keyring;
	struct token like = {.uses_left = m->uses_left};
	char accessor[ACCESSOR_BYTES];
	enum result rc = token_generate(text, err);

	if (rc != OK)
		return rc;
	accessor_generate(accessor);
	m->record.accessor = slice_text(accessor);
	if (!token_hash(like.hash, keyring_derived(keyring, DERIVED_TOKEN_PEPPER), buf_slice(text)))
		return fail(err, E_INTERNAL, "a new token is not well-formed");
	return token_job_add(j, &m->record, &like, err);
}

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
	struct creating m = {.ctx = ctx, .body = TREE_INIT(0, false)};
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	struct token_job *j = token_job_new(ctx, 1);
	struct error err = ERROR_NULL;
	enum step step;
	enum result rc;

	if (j == NULL)
		return response_fail(ctx->call, E_MEMORY, "out of memory");
	rc = read_create(&m, &err);
	if (rc == OK)
		rc = make_token(&m, j, &text, &err);
	if (rc == OK) {
		step = response_created(ctx->call, j->tokens[0], &text);
	} else {
		ctx->call->audit_draft = NULL; /* nothing was made */
		step = response_error(ctx->call, rc, &err);
	}
	tree_clear(&m.body);
	return step;
}
