/* The rule: one call may change many documents, and then all of them or none. A single write is a batch of one. */
#include "service/write/write.h"
#include "service/engine/engine.h"
#include "service/engine/response.h"

#include "doc/read.h"
#include "doc/write.h"

#include <string.h>

/* What a change of a batch may say. */
static const char *const change_keys[] = {"op",		  "path",	"content", "source",
					  "content_type", "if_version", "version", "versions"};

static bool is_known(struct slice key, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (slice_is_text(key, names[i]))
			return true;
	}
	return false;
}

static enum result refuse_unknown(const struct tree_node *object, const char *const *names,
				  size_t count, struct error *err)
{
	if (object->kind != TREE_OBJECT)
		return fail_at(err, E_MALFORMED, object->line, object->column, "must be an object");
	for (uint32_t i = 0; i < object->count; i++) {
		const struct tree_member *m = &object->of.members[i];

		if (!is_known(tree_key(m), names, count))
			return fail_at(err, E_MALFORMED, m->line, m->column, "unknown key `%.*s`",
				       (int)(m->key_len < 64 ? m->key_len : 64), m->key);
	}
	return OK;
}

static enum result read_number(const struct tree_node *n, const char *name, uint64_t min,
			       uint64_t *ret, struct error *err)
{
	if (n->kind != TREE_NUMBER || (n->flags & TREE_FITS_INT64) == 0 || n->as.integer < 0 ||
	    (uint64_t)n->as.integer < min)
		return fail_at(err, E_MALFORMED, n->line, n->column,
			       "`%s` must be a version's number", name);
	*ret = (uint64_t)n->as.integer;
	return OK;
}

static enum result read_versions(struct write *w, struct change *c, const struct tree_node *n,
				 struct error *err)
{
	enum result rc = OK;

	if (n->kind != TREE_ARRAY || n->count == 0 ||
	    n->count > w->service->state.settings.batch_changes_max)
		return fail_at(err, E_MALFORMED, n->line, n->column,
			       "`versions` must be a list of 1 to %u numbers",
			       w->service->state.settings.batch_changes_max);
	c->versions = arena_alloc_array(&w->arena, n->count, sizeof *c->versions);
	if (c->versions == NULL)
		return fail(err, E_MEMORY, "out of memory");
	for (uint32_t i = 0; rc == OK && i < n->count; i++) {
		uint64_t version;
		bool is_there = false;

		rc = read_number(&n->of.items[i], "versions", 1, &version, err);
		for (uint32_t j = 0; rc == OK && j < c->versions_count; j++)
			is_there |= c->versions[j] == version;
		if (rc == OK && !is_there)
			c->versions[c->versions_count++] = version;
	}
	return rc;
}

/* {"version": 3} or {"versions": [1, 2]} */
static enum result read_small_body(struct write *w, struct change *c, struct error *err)
{
	static const char *const rollback_keys[] = {"version"}, *const state_keys[] = {"versions"};
	CLEANUP(tree_clear) struct tree body = TREE_INIT(0, false);
	struct doc_limits limits = DOC_LIMITS_DEFAULT;
	const struct call_input *in = &w->call->in;
	bool is_rollback = c->op == CHANGE_OP_ROLLBACK;
	const char *name = is_rollback ? "version" : "versions";
	const struct tree_node *n;
	enum result rc;

	rc = doc_read(&body, in->body_format, in->body, &limits, NULL, err);
	if (rc == OK)
		rc = refuse_unknown(&body.root, is_rollback ? rollback_keys : state_keys, 1, err);
	if (rc != OK)
		return rc;
	n = tree_get(&body.root, slice_text(name));
	if (n == NULL)
		return fail(err, E_MALFORMED, "`%s` is missing", name);
	return is_rollback ? read_number(n, name, 1, &c->from_version, err)
			   : read_versions(w, c, n, err);
}

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
	enum result rc = OK;

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
	if (c->op == CHANGE_OP_ROLLBACK || c->op == CHANGE_OP_UNDELETE ||
	    c->op == CHANGE_OP_DESTROY)
		rc = read_small_body(w, c, &err);
	return rc == OK ? write_prepare(ctx, w) : response_error(call, rc, &err);
}

static enum result read_content(struct write *w, struct change *c, const struct tree_node *content,
				struct error *err)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	const char *copy;

	(void)err;
	json_write_pretty(&text, content);
	copy = buf_is_failed(&text) ? NULL : arena_text(&w->arena, buf_slice(&text));
	if (copy == NULL)
		return fail(err, E_MEMORY, "out of memory");
	c->body = slice_make(copy, text.len);
	c->body_format = DOC_JSON;
	return OK;
}

static enum result read_source(struct write *w, struct change *c, const struct tree_node *n,
			       const struct tree_node *source, struct error *err)
{
	const struct tree_node *type = TREE_GET(n, "content_type");
	const char *copy;

	if (source->kind != TREE_STRING)
		return fail_at(err, E_MALFORMED, source->line, source->column,
			       "`source` must be a string");
	if (type != NULL && !tree_is_text(type, CONTENT_YAML) && !tree_is_text(type, CONTENT_JSON))
		return fail_at(err, E_UNSUPPORTED, type->line, type->column,
			       "`content_type` must be " CONTENT_YAML " or " CONTENT_JSON);
	copy = arena_text(&w->arena, tree_text(source));
	if (copy == NULL)
		return fail(err, E_MEMORY, "out of memory");
	c->body = slice_make(copy, source->count);
	c->body_format = type == NULL || tree_is_text(type, CONTENT_YAML) ? DOC_YAML : DOC_JSON;
	return OK;
}

static enum result read_op(struct change *c, const struct tree_node *n, struct error *err)
{
	const struct tree_node *op = TREE_GET(n, "op");

	for (int i = 0; op != NULL && i < CHANGE_OP_COUNT; i++) {
		c->op = (enum change_op)i;
		c->origin = change_op_name(c->op);
		if (i != CHANGE_OP_DESTROY && tree_is_text(op, c->origin))
			return OK;
	}
	return fail_at(err, E_MALFORMED, n->line, n->column,
		       "`op` must be put, patch, delete, undelete or rollback");
}

/* What belongs to the op, and nothing else. */
static enum result read_body(struct write *w, struct change *c, const struct tree_node *n,
			     struct error *err)
{
	const struct tree_node *content = TREE_GET(n, "content"), *source = TREE_GET(n, "source");
	const struct tree_node *version = TREE_GET(n, "version"),
			       *versions = TREE_GET(n, "versions");
	bool has_body = c->op == CHANGE_OP_PUT || c->op == CHANGE_OP_PATCH;

	if (has_body != ((content != NULL) != (source != NULL)) ||
	    (c->op == CHANGE_OP_ROLLBACK) != (version != NULL) ||
	    (c->op == CHANGE_OP_UNDELETE) != (versions != NULL) ||
	    (content != NULL && source != NULL) ||
	    (!has_body && (content != NULL || source != NULL)))
		return fail_at(err, E_MALFORMED, n->line, n->column,
			       "a put or patch has `content` or `source`, a rollback `version`, an "
			       "undelete `versions`, and no other any of them");
	if (content != NULL)
		return read_content(w, c, content, err);
	if (source != NULL)
		return read_source(w, c, n, source, err);
	if (version != NULL)
		return read_number(version, "version", 1, &c->from_version, err);
	return versions != NULL ? read_versions(w, c, versions, err) : OK;
}

static enum result read_change(struct write *w, struct change *c, const struct tree_node *n,
			       struct error *err)
{
	const struct tree_node *path, *if_version;
	enum result rc = refuse_unknown(n, change_keys, ARRAY_SIZE(change_keys), err);
	const char *copy;

	if (rc != OK)
		return rc;
	path = TREE_GET(n, "path");
	if_version = TREE_GET(n, "if_version");
	if (path == NULL || path->kind != TREE_STRING)
		return fail_at(err, E_MALFORMED, n->line, n->column, "`path` is missing");
	copy = arena_text(&w->arena, tree_text(path));
	if (copy == NULL)
		return fail(err, E_MEMORY, "out of memory");
	c->path = slice_make(copy, path->count);
	rc = read_op(c, n, err);
	if (rc == OK && if_version != NULL) {
		c->has_if_version = true;
		rc = read_number(if_version, "if_version", 0, &c->if_version, err);
	}
	return rc == OK ? read_body(w, c, n, err) : rc;
}

static enum result read_batch(struct write *w, const struct tree_node *root, struct error *err)
{
	static const char *const keys[] = {"message", "changes", "source"};
	const struct tree_node *message, *source, *changes;
	enum result rc = refuse_unknown(root, keys, ARRAY_SIZE(keys), err);

	if (rc != OK)
		return rc;
	message = TREE_GET(root, "message");
	source = TREE_GET(root, "source");
	changes = TREE_GET(root, "changes");
	if ((message != NULL && message->kind != TREE_STRING) ||
	    (source != NULL && source->kind != TREE_STRING))
		return fail(err, E_MALFORMED, "`message` and `source` must be strings");
	if (message != NULL)
		w->message = slice_make(arena_text(&w->arena, tree_text(message)), message->count);
	if (source != NULL)
		w->source = slice_make(arena_text(&w->arena, tree_text(source)), source->count);
	if ((message != NULL && w->message.data == NULL) ||
	    (source != NULL && w->source.data == NULL))
		return fail(err, E_MEMORY, "out of memory");
	for (uint32_t i = 0; rc == OK && i < changes->count; i++) {
		w->changes_count = i + 1;
		rc = read_change(w, &w->changes[i], &changes->of.items[i], err);
		if (rc != OK)
			return wrap(err, rc, "change %u", i + 1);
	}
	return rc;
}

/* How many changes there are to make room for. */
static enum result count_changes(const struct verb_context *ctx, const struct tree_node *root,
				 uint32_t *ret, struct error *err)
{
	const struct tree_node *changes = TREE_GET(root, "changes");
	uint32_t max = ctx->service->state.settings.batch_changes_max;

	if (changes == NULL || changes->kind != TREE_ARRAY || changes->count == 0)
		return fail(err, E_MALFORMED, "`changes` must be a list of at least one");
	if (changes->count > max)
		return fail(err, E_TOO_LARGE, "a batch has at most %u changes", max);
	*ret = changes->count;
	return OK;
}

enum step batch_on_worker(struct verb_context *ctx)
{
	struct call *call = ctx->call;
	CLEANUP(tree_clear) struct tree body = TREE_INIT(0, true);
	struct doc_limits limits = {ctx->service->state.settings.batch_bytes_max, DOC_DEPTH_MAX,
				    DOC_NODES_MAX * 8, ctx->budget};
	struct error err = ERROR_NULL;
	struct write *w;
	uint32_t count;
	enum result rc;

	rc = doc_read(&body, call->in.body_format, call->in.body, &limits, NULL, &err);
	if (rc == OK)
		rc = count_changes(ctx, &body.root, &count, &err);
	if (rc != OK)
		return response_error(call, rc, &err);
	w = write_new(ctx, count);
	if (w == NULL)
		return response_fail(call, E_MEMORY, "out of memory");
	w->is_batch = true;
	rc = read_batch(w, &body.root, &err);
	tree_clear(&body);
	return rc == OK ? write_prepare(ctx, w) : response_error(call, rc, &err);
}
