/* The rule: a secret leaves only with an entry in the log; and what an event loop opens and parses is small. */
#include "service/read/config.h"
#include "service/read/read.h"
#include "service/engine/audit_draft.h"
#include "service/engine/response.h"
#include "doc/json_member.h"
#include "service/write/write.h"

#include "base/text.h"
#include "doc/write.h"

#include <stdio.h>
#include <string.h>

/* What the caller's thread may open, without parsing it. */
#define LOOP_SEALED_BYTES_MAX ((size_t)64 << 10)

/* If-Match compares strongly, and a weak tag matches nothing then (RFC 9110 8.8.3.2, 13.1.1). */
static bool names_etag(struct slice list, const char *etag, bool is_strong)
{
	struct slice part;

	while (slice_next_part(&list, ',', &part)) {
		while (part.len != 0 && (part.data[0] == ' ' || part.data[0] == '\t'))
			part = slice_from(part, 1);
		while (part.len != 0 &&
		       (part.data[part.len - 1] == ' ' || part.data[part.len - 1] == '\t'))
			part.len--;
		if (!is_strong && slice_starts_with(part, SLICE_LITERAL("W/")))
			part = slice_from(part, 2);
		if ((etag[0] != '\0' && slice_is_text(part, etag)) || slice_is_text(part, "*"))
			return true;
	}
	return false;
}

enum condition condition_check(struct call *c)
{
	const char *etag = c->out.etag;

	if (c->in.if_match.data != NULL && !names_etag(c->in.if_match, etag, true)) {
		response_fail(c, E_PRECONDITION, "If-Match does not hold: %.*s %s%s",
			      SLICE_ARGS(c->path),
			      etag[0] != '\0' ? "has the ETag " : "has no ETag", etag);
		c->out.etag[0] = '\0';
		return CONDITION_FAILS;
	}
	return etag[0] != '\0' && names_etag(c->in.if_none_match, etag, false) ? CONDITION_IS_SAME
									       : CONDITION_HOLDS;
}

static void append_metadata(struct buf *b, const struct version_row *row,
			    const struct tree_node *metadata)
{
	json_member(b, "metadata");
	buf_append_char(b, '{');
	json_member_time(b, "created_at", row->created_ms);
	json_member_text(b, "created_by", row->created_by);
	for (uint32_t i = 0;
	     metadata != NULL && metadata->kind == TREE_OBJECT && i < metadata->count; i++) {
		const struct tree_member *m = &metadata->of.members[i];

		if (slice_is_text(tree_key(m), "created_at") ||
		    slice_is_text(tree_key(m), "created_by"))
			continue;
		json_comma(b);
		json_append_string(b, tree_key(m));
		buf_append_char(b, ':');
		json_write(b, &m->value);
	}
	buf_append_char(b, '}');
}

static void append_content(struct buf *b, const struct version_row *row, enum doc_kind kind,
			   const struct tree_node *root)
{
	static const struct tree_node empty = {.kind = TREE_OBJECT};
	const struct tree_node *data = TREE_GET(root, "data");
	const struct tree_node *encoding = TREE_GET(root, "encoding");

	if (kind != KIND_SECRETS) {
		json_member(b, "content");
		json_write(b, root);
		return;
	}
	json_member(b, "data");
	json_write(b, data != NULL ? data : &empty);
	if (encoding != NULL) {
		json_member(b, "encoding");
		json_write(b, encoding);
	}
	append_metadata(b, row, TREE_GET(root, "metadata"));
}

static enum result write_json(struct buf *ret, struct verb_context *ctx,
			      const struct version_row *row, enum doc_kind kind,
			      struct slice content, struct error *err)
{
	CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, kind == KIND_SECRETS);
	enum result rc = tree_of_content(content, row->content_type, ctx->budget, &tree, NULL, err);

	if (rc != OK)
		return wrap(err, rc, "%.*s", SLICE_ARGS(row->path));
	json_version_head(ret, row);
	append_content(ret, row, kind, &tree.root);
	buf_append_char(ret, '}');
	return response_check(ret, err);
}

static enum step response_row(struct verb_context *ctx, const struct version_row *row,
			      enum doc_kind kind)
{
	struct call *c = ctx->call;
	CLEANUP(buf_clear) struct buf content = BUF_NULL, json = BUF_RESPONSE;
	struct error err = ERROR_NULL;
	enum condition condition;
	const char *type;
	enum result rc;

	response_etag_version(c, row->version);
	condition = condition_check(c);
	if (condition == CONDITION_FAILS)
		return STEP_RESPOND;
	if (condition == CONDITION_IS_SAME) {
		c->out.is_not_modified = true;
		return response_empty(c);
	}
	rc = content_for_call(c, row, &content, &err);
	if (rc != OK)
		return response_error(c, rc, &err);
	if (!c->in.document.wants_source) {
		rc = write_json(&json, ctx, row, kind, buf_slice(&content), &err);
		return rc == OK ? response_body(c, BODY_JSON, &json, kind == KIND_SECRETS)
				: response_error(c, rc, &err);
	}
	type = arena_text(&c->arena, row->content_type);
	if (type == NULL)
		return response_fail(c, E_MEMORY, "out of memory");
	c->out.content_type = slice_make(type, row->content_type.len);
	return response_body(c, BODY_SOURCE, &content, kind == KIND_SECRETS);
}

static bool is_quick(const struct call *c, const struct version_row *row)
{
	if (c->in.document.wants_source)
		return row->sealed.len <= LOOP_SEALED_BYTES_MAX;
	return row->sealed.len <= LOOP_BYTES_MAX && slice_is_text(row->content_type, CONTENT_JSON);
}

static enum step response_gone(struct call *c)
{
	return response_fail(c, E_NOT_FOUND, "%.*s does not exist", SLICE_ARGS(c->path));
}

enum step document_get_on_loop(struct verb_context *ctx)
{
	struct call *c = ctx->call;
	struct error err = ERROR_NULL;
	const struct snap_doc *d;
	enum doc_kind kind;
	enum result rc = path_check(c->path, &kind, &err);

	if (rc != OK)
		return response_error(c, rc, &err);
	if (c->in.document.version != 0 || c->in.document.at.revision != 0 ||
	    c->in.document.at.at_ms != 0)
		return STEP_WORKER;
	d = snapshot_live(ctx->snapshot, c->path);
	if (d == NULL)
		return response_gone(c);
	if (ctx->worker == NULL && !is_quick(c, snap_doc_row(d)))
		return STEP_WORKER;
	return response_row(ctx, snap_doc_row(d), kind);
}

static enum result keep_record(void *ctx, const struct version_row *row, struct error *err)
{
	struct doc_record **ret = ctx;
	enum doc_kind kind;
	enum result rc = path_check(row->path, &kind, err);

	if (rc != OK)
		return rc;
	*ret = doc_record_new(kind, row);
	return *ret != NULL ? OK : fail(err, E_MEMORY, "out of memory");
}

static enum result find_old(struct verb_context *ctx, struct doc_record **ret, struct error *err)
{
	const struct call *c = ctx->call;
	uint64_t revision;
	enum result rc;

	if (c->in.document.version != 0) {
		rc = store_get_version(ctx->session, c->path, c->in.document.version, keep_record,
				       ret, err);
		return rc == E_NOT_FOUND
			       ? fail(err, rc, "%.*s has no version %llu", SLICE_ARGS(c->path),
				      (unsigned long long)c->in.document.version)
			       : rc;
	}
	rc = revision_asked(ctx, &c->in.document.at, &revision, err);
	if (rc != OK)
		return rc;
	rc = store_get_version_at(ctx->session, &(struct version_at){c->path, 0, revision},
				  keep_record, ret, err);
	return rc == E_NOT_FOUND ? fail(err, rc, "%.*s did not exist then", SLICE_ARGS(c->path))
				 : rc;
}

enum step document_get_on_worker(struct verb_context *ctx)
{
	struct call *c = ctx->call;
	struct error err = ERROR_NULL;
	struct doc_record *record = NULL;
	enum step step;
	enum result rc;

	if (c->in.document.version == 0 && c->in.document.at.revision == 0 &&
	    c->in.document.at.at_ms == 0)
		return document_get_on_loop(ctx);
	rc = find_old(ctx, &record, &err);
	if (rc != OK)
		return response_error(c, rc, &err);
	if (record->row.is_shredded || record->row.state != VERSION_LIVE)
		step = response_fail(c, E_NOT_FOUND, "%.*s version %llu is %s", SLICE_ARGS(c->path),
				     (unsigned long long)record->row.version,
				     record->row.is_shredded ? "destroyed" : "deleted");
	else
		step = response_row(ctx, &record->row, record->kind);
	doc_record_unref(record);
	return step;
}
