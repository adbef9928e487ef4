/*
 * The verbs that write documents, up to the point where all writes are alike.
 *
 * One call changes one document or, as a batch, many: then all of them or none. These functions
 * turn a request into the changes of a struct write and hand it to write_prepare(). They look at no
 * state and ask for no rights, so the form of a request is checked before anything is read. In a
 * worker.
 */
#include "service/codec.h"
#include "service/engine/engine.h"
#include "service/engine/response.h"
#include "service/write/verbs.h"
#include "service/write/write.h"
#include "service/write/write_prepare.h"

/* Reads the body of the verbs that take version numbers. */
static enum result read_body(struct verb_context *ctx, struct write *w, struct change *c,
			     struct error *err)
{
	const struct body_input body = verb_body(ctx);
	const struct codec *codec = ctx->call->codec;
	struct version_list versions = {.count = 0};
	enum result rc;

	if (c->op == CHANGE_OP_ROLLBACK)
		return codec->read_version(&c->from_version, &body, err);
	if (c->op != CHANGE_OP_UNDELETE && c->op != CHANGE_OP_DESTROY)
		return OK;
	rc = codec->read_versions(&versions, &body, &w->arena, err);
	c->versions = versions.items;
	c->versions_count = versions.count;
	return rc;
}

/* The verb says which operation it is; path and preconditions come from the request line and its
 * headers. */
enum step document_write_on_worker(struct verb_context *ctx)
{
	static const enum change_op ops[] = {
		[VERB_DOCUMENT_PUT] = CHANGE_OP_PUT,
		[VERB_DOCUMENT_PATCH] = CHANGE_OP_PATCH,
		[VERB_DOCUMENT_DELETE] = CHANGE_OP_DELETE,
		[VERB_DOCUMENT_UNDELETE] = CHANGE_OP_UNDELETE,
		[VERB_DOCUMENT_DESTROY] = CHANGE_OP_DESTROY,
		[VERB_DOCUMENT_ROLLBACK] = CHANGE_OP_ROLLBACK,
	};
	struct call *call = ctx->call;
	struct write *w = write_new(ctx, 1);
	struct error err = ERROR_NULL;
	struct change *c;
	enum result rc;

	if (w == NULL)
		return response_fail(call, E_MEMORY, "out of memory");
	w->changes_count = 1;
	c = &w->changes[0];
	c->op = ops[call->verb];
	c->origin = change_op_name(c->op);
	c->path = call->path;
	c->has_if_version = call->in.write.has_if_version;
	c->if_version = call->in.write.if_version;
	c->body = call->in.body;
	c->body_format = call->in.body_format;
	rc = read_body(ctx, w, c, &err);
	return rc == OK ? write_prepare(ctx, w) : response_error(call, rc, &err);
}

static void take_change(struct change *c, const struct change_request *r)
{
	c->path = r->path;
	c->op = r->op;
	c->origin = change_op_name(r->op);
	c->has_if_version = r->has_if_version;
	c->if_version = r->if_version;
	c->body = r->body;
	c->body_format = r->body_format;
	c->from_version = r->version;
	c->versions = r->versions.items;
	c->versions_count = r->versions.count;
}

/* Also of a batch that could not be read to its end: its refusal is recorded with the paths up to
 * there. */
static enum result take_batch(struct write *w, const struct batch_request *r, struct error *err)
{
	if (!write_make_room(w, r->changes_count))
		return fail(err, E_MEMORY, "out of memory");
	for (uint32_t i = 0; i < r->changes_count; i++)
		take_change(&w->changes[i], &r->changes[i]);
	w->changes_count = r->changes_count;
	if (r->has_message)
		w->message = r->message;
	if (r->has_source)
		w->source = r->source;
	return OK;
}

enum step batch_on_worker(struct verb_context *ctx)
{
	struct call *call = ctx->call;
	const struct body_input body = verb_body(ctx);
	struct batch_request request = {.changes_count = 0};
	struct write *w = write_new(ctx, 0);
	struct error err = ERROR_NULL, other = ERROR_NULL;
	enum result rc, taken;

	if (w == NULL)
		return response_fail(call, E_MEMORY, "out of memory");
	w->is_batch = true;
	rc = call->codec->read_batch(&request, &body, &w->arena, &err);
	taken = take_batch(w, &request, &other);
	if (rc != OK)
		return response_error(call, rc, &err);
	return taken == OK ? write_prepare(ctx, w) : response_error(call, taken, &other);
}
