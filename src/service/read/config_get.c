/*
 * One effective configuration, current or old, in any of its forms.
 *
 * The plain JSON form of the current one lies ready in the cache and is shared by all readers; an
 * event loop sends it without copying it. Every other form is made from the same cache entry.
 *
 * Secrets are revealed all or none: a reader that may not read one of them gets an error with the
 * places of those, also where the ETag is the same. Revealed values live in wiped memory only, and
 * the call's audit entry names each secret before it is opened, so that the entry is durable before
 * the response leaves.
 *
 * A poll (STEP_WAIT) is a read whose ETag the client has already; it comes back here each time it
 * is woken.
 */
#include "doc/pointer.h"
#include "doc/write.h"
#include "service/engine/audit_draft.h"
#include "service/engine/engine.h"
#include "service/engine/response.h"
#include "service/read/condition.h"
#include "service/read/config_explain.h"
#include "service/read/read.h"
#include "service/state/config_at.h"
#include "service/state/state.h"

#include <string.h>

/* How many secrets an event loop may reveal in one call. Each is decrypted and recorded; meanwhile
 * the loop serves no other connection. */
#define LOOP_SECRETS_MAX 8

struct revealing {
	struct verb_context *ctx;
	struct view view;
	const struct effective_entry *entry;
};

/* Whether the reader may read all secrets that the configuration refers to. Where not, the places
 * of the others become the response's problems, and the audit draft names them. */
static bool check_reveal(struct verb_context *ctx, const struct effective_entry *e)
{
	struct call *c = ctx->call;
	struct buf *problems = &c->out.problems;
	uint32_t refused = 0;

	c->codec->problems_begin(problems, PROBLEMS_ERRORS);
	for (uint32_t i = 0; i < e->effective.secrets_count; i++) {
		const struct secret_ref *ref = &e->effective.secrets[i];

		if (rights_may(ctx->rights, MAY_READ, ref->path))
			continue;
		if (!audit_draft_touch(c, ref->path, 0, NULL))
			problems->is_failed = true;
		/* The audit entry names all of them, the response the first ones. */
		if (refused++ >= PROFILE_PROBLEMS_MAX)
			continue;
		c->codec->problem(problems,
				  &(struct check_problem){
					  .profile = slice_from(c->path, strlen("config/")),
					  .pointer = ref->pointer,
					  .message = "refers to a secret that you may not read"});
	}
	c->codec->problems_end(problems);
	if (refused == 0)
		buf_clear(problems);
	return refused == 0;
}

/* A secret with a version is recorded at that version, any other one at the version that the view
 * shows. */
static enum result record_secret(struct revealing *r, uint32_t i, struct error *err)
{
	const struct secret_ref *ref = &r->entry->effective.secrets[i];
	struct view_doc *d;
	enum result rc;

	rc = ref->version != 0 ? view_find_version(&r->view, ref->path, ref->version, &d, err)
			       : view_find(&r->view, ref->path, &d, err);
	if (rc == E_NOT_FOUND || rc == E_MALFORMED || (rc == OK && !d->exists))
		return OK; /* the reference has a default instead */
	return rc == OK ? view_record_read(&r->view, d, err) : rc;
}

static enum result record_reveal(struct revealing *r, struct error *err)
{
	enum result rc = OK;

	if (r->entry->effective.secrets_count == 0)
		return OK;
	if (!audit_draft_touch(r->ctx->call, r->ctx->call->path, 0, NULL))
		return fail(err, E_UNAVAILABLE, "cannot record the read");
	for (uint32_t i = 0; rc == OK && i < r->entry->effective.secrets_count; i++)
		rc = record_secret(r, i, err);
	return rc;
}

static enum result reveal(struct revealing *r, struct tree *ret, struct error *err)
{
	CLEANUP(arena_clear) struct arena a = ARENA_INIT(0, true);
	CLEANUP(alloc_freep) struct profile_problems *problems = alloc_zero(sizeof *problems);
	const struct profile_reveal_input in = {&r->entry->effective, view_secret_value, &r->view,
						r->ctx->budget};
	enum result rc;

	if (problems == NULL)
		return fail(err, E_MEMORY, "out of memory");
	/* Before any is opened: the entry names them even if the response fails later. */
	rc = record_reveal(r, err);
	return rc == OK ? profile_reveal(ret, &in, problems, &a, err) : rc;
}

static enum result write_format(struct buf *ret, enum config_format format,
				const struct tree_node *n, struct error *err)
{
	enum result rc = OK;

	switch (format) {
	case CONFIG_JSON:
		json_write(ret, n);
		break;
	case CONFIG_YAML:
		yaml_write(ret, n);
		break;
	case CONFIG_PROPERTIES:
		rc = properties_write(ret, n, err);
		break;
	case CONFIG_ENV:
		rc = env_write(ret, n, SLICE_NULL, err);
		break;
	case CONFIG_RAW:
		raw_write(ret, n);
		break;
	}
	/* A writer that fails in a full buffer gives the bound; response_check() also says what to
	 * do. */
	return rc == OK || ret->is_full ? response_check(ret, err) : rc;
}

static enum body_kind kind_of(enum config_format format)
{
	static const enum body_kind kinds[] = {[CONFIG_JSON] = BODY_JSON,
					       [CONFIG_YAML] = BODY_YAML,
					       [CONFIG_PROPERTIES] = BODY_PROPERTIES,
					       [CONFIG_ENV] = BODY_ENV,
					       [CONFIG_RAW] = BODY_TEXT};

	return kinds[format];
}

/* STEP_WAIT: the engine keeps the poll until the configuration or the reader's rights change. */
static enum step response_not_modified(struct call *c)
{
	c->out.is_not_modified = true;
	response_empty(c);
	return c->in.config.wait_ms > 0 ? STEP_WAIT : STEP_RESPOND;
}

/* The form that lies ready in the cache. */
static bool is_plain(const struct config_input *in)
{
	return in->format == CONFIG_JSON && !in->is_revealed && in->key.len == 0 &&
	       !in->is_explained;
}

/* `revealed` NULL: the secrets stay references. */
static enum step response_content(struct verb_context *ctx, const struct effective_entry *e,
				  struct tree *revealed)
{
	struct call *c = ctx->call;
	const struct tree_node *n = revealed != NULL ? &revealed->root : &e->effective.tree.root;
	CLEANUP(buf_clear) struct buf b = BUF_RESPONSE;
	struct error err = ERROR_NULL;
	enum result rc;

	if (c->in.config.key.len != 0)
		n = pointer_is_valid(c->in.config.key) ? pointer_get(n, c->in.config.key) : NULL;
	if (n == NULL) /* the reader learns that from the content, so the entry stays */
		return response_fail(c, E_NOT_FOUND, "%.*s has no value at this key",
				     SLICE_ARGS(c->path));
	if (c->in.config.is_explained)
		rc = config_explain_write(&b, ctx, e, n, &err);
	else
		rc = write_format(&b, c->in.config.format, n, &err);
	if (rc != OK)
		return response_error(c, rc, &err);
	return response_body(c,
			     c->in.config.is_explained ? BODY_JSON : kind_of(c->in.config.format),
			     &b, revealed != NULL);
}

static enum step response_revealed(struct verb_context *ctx, uint64_t at_revision,
				   const struct effective_entry *e)
{
	struct revealing r = {.ctx = ctx, .entry = e};
	CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, true);
	struct error err = ERROR_NULL;
	enum step step;
	enum result rc;

	verb_view_init(&r.view, ctx, at_revision, NULL);
	r.view.for_whom = audit_draft_recorder(ctx->call);
	rc = reveal(&r, &tree, &err);
	if (rc == OK)
		step = response_content(ctx, e, &tree);
	else if (rc == E_NEEDS_STORE) /* a pinned version of a secret, in an event loop */
		step = STEP_WORKER;
	else
		step = response_error(ctx->call, rc, &err);
	view_clear(&r.view);
	return step;
}

static enum step refuse_reveal(struct verb_context *ctx)
{
	atomic_fetch_add(&ctx->service->counters.refused, 1);
	return response_fail(ctx->call, E_FORBIDDEN, "it refers to secrets that you may not read");
}

static enum step response_entry(struct verb_context *ctx, uint64_t at_revision,
				const struct effective_entry *e)
{
	struct call *c = ctx->call;
	enum condition condition;

	/* Before the ETag: a poll must end when its reader loses the right. */
	if (c->in.config.is_revealed && !check_reveal(ctx, e))
		return refuse_reveal(ctx);
	if (is_plain(&c->in.config))
		memcpy(c->out.etag, e->etag, sizeof e->etag);
	else if (!c->in.config.is_explained) /* that form depends on the reader and has no ETag */
		effective_etag(c->out.etag, e, c->in.config.format, c->in.config.is_revealed,
			       c->in.config.key);
	condition = condition_check(c);
	if (condition == CONDITION_FAILS)
		return STEP_RESPOND;
	if (condition == CONDITION_IS_SAME)
		return response_not_modified(c);
	if (is_plain(&c->in.config)) {
		c->out.body = shared_body_ref(e->json);
		c->out.kind = BODY_JSON;
		c->out.result = OK;
		return STEP_RESPOND;
	}
	return c->in.config.is_revealed ? response_revealed(ctx, at_revision, e)
					: response_content(ctx, e, NULL);
}

/* Whether an event loop may make this form itself. */
static bool is_quick(const struct config_input *in, const struct effective_entry *e)
{
	if (is_plain(in))
		return true;
	return e->json->bytes.len <= LOOP_BYTES_MAX && !in->is_explained &&
	       (!in->is_revealed || e->effective.secrets_count <= LOOP_SECRETS_MAX);
}

enum step config_get_on_loop(struct verb_context *ctx)
{
	struct call *c = ctx->call;
	struct snap_doc *d;
	struct effective_entry *e;
	enum step step;

	if (c->in.config.at.revision != 0 || c->in.config.at.at_ms != 0)
		return STEP_WORKER;
	d = config_doc(ctx->snapshot, c->path);
	if (d == NULL)
		return response_fail(c, E_NOT_FOUND, "%.*s does not exist", SLICE_ARGS(c->path));
	e = config_cache_get(ctx->service->state.cache, d);
	if (e == NULL) {
		atomic_fetch_add(&ctx->service->counters.config_misses, 1);
		return STEP_WORKER;
	}
	atomic_fetch_add(&ctx->service->counters.config_hits, 1);
	step = is_quick(&c->in.config, e) ? response_entry(ctx, 0, e) : STEP_WORKER;
	effective_entry_unref(e);
	return step;
}

/* A forced write may have left it invalid. The reader learns that, but not the details, which may
 * name documents that it may not read. */
static enum step response_invalid(struct call *c, enum result rc, uint64_t revision,
				  const struct error *err)
{
	if (rc == E_UNSUPPORTED)
		return response_fail(
			c, E_NOT_FOUND,
			"%.*s %s abstract: it is served only through profiles that extend it",
			SLICE_ARGS(c->path), revision == 0 ? "is" : "was");
	if (rc == E_INVALID && revision != 0)
		return response_fail(
			c, rc,
			"%.*s was not served at revision %llu: a forced write had deleted "
			"or changed a document that it needed",
			SLICE_ARGS(c->path), (unsigned long long)revision);
	if (rc == E_INVALID)
		return response_fail(
			c, rc,
			"%.*s cannot be served: a forced write has deleted or changed a "
			"document that it needs",
			SLICE_ARGS(c->path));
	return response_error(c, rc, err);
}

enum step config_get_on_worker(struct verb_context *ctx)
{
	struct call *c = ctx->call;
	struct effective_entry *e = NULL;
	struct error err = ERROR_NULL;
	struct config_source source = verb_config_source(ctx);
	uint64_t revision = 0;
	enum step step;
	enum result rc;

	if (config_doc(ctx->snapshot, c->path) == NULL && c->in.config.at.revision == 0 &&
	    c->in.config.at.at_ms == 0)
		return response_fail(c, E_NOT_FOUND, "%.*s does not exist", SLICE_ARGS(c->path));
	rc = revision_asked(ctx, &c->in.config.at, &revision, &err);
	if (rc == OK)
		rc = config_at(&source, c->path, revision, &e, &err);
	if (rc != OK)
		return response_invalid(c, rc, revision, &err);
	step = response_entry(ctx, revision, e);
	effective_entry_unref(e);
	return step;
}
