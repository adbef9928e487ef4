/*
 * One document, current or old.
 *
 * The content of a secret leaves only with an entry in the audit log (content_for_call()). An event
 * loop opens and parses no more than is_quick() allows; everything else goes to a worker.
 */
#include "service/engine/audit_draft.h"
#include "service/engine/response.h"
#include "service/read/condition.h"
#include "service/read/read.h"

/* The largest ciphertext that an event loop opens, if it need not parse the content. */
#define LOOP_SEALED_BYTES_MAX ((size_t)64 << 10)

/* The parsed form of a version. */
static enum result write_document(struct buf *ret, struct verb_context *ctx,
				  const struct version_row *row, struct slice content,
				  struct error *err)
{
	bool is_secret = slice_starts_with(row->path, SLICE_LITERAL("secrets/"));
	CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, is_secret);
	struct document_item item = {.version = version_item_make(row, VERSION_DIGEST)};
	enum result rc = tree_of_content(content, row->content_type, ctx->budget, &tree, NULL, err);

	if (rc != OK)
		return wrap(err, rc, "%.*s", SLICE_ARGS(row->path));
	if (is_secret) {
		item.data = TREE_GET(&tree.root, "data");
		item.encoding = TREE_GET(&tree.root, "encoding");
		item.metadata = TREE_GET(&tree.root, "metadata");
	} else {
		item.content = &tree.root;
	}
	ctx->call->codec->document(ret, &item);
	return response_check(ret, err);
}

static enum step response_row(struct verb_context *ctx, const struct version_row *row,
			      enum doc_kind kind)
{
	struct call *c = ctx->call;
	CLEANUP(buf_clear) struct buf content = BUF_NULL, parsed = BUF_RESPONSE;
	struct error err = ERROR_NULL;
	enum condition condition;
	const char *type;
	enum result rc;

	/* Before the content is opened: a conditional read of a secret that has not changed opens
	 * nothing. */
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
		rc = write_document(&parsed, ctx, row, buf_slice(&content), &err);
		return rc == OK ? response_body(c, BODY_JSON, &parsed, kind == KIND_SECRETS)
				: response_error(c, rc, &err);
	}
	type = arena_text(&c->arena, row->content_type);
	if (type == NULL)
		return response_fail(c, E_MEMORY, "out of memory");
	c->out.content_type = slice_make(type, row->content_type.len);
	return response_body(c, BODY_SOURCE, &content, kind == KIND_SECRETS);
}

/* Whether an event loop may respond: it decrypts a short source, and parses a short JSON document
 * but no YAML. */
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
	/* A worker comes here too, for a current version, and does everything itself. */
	if (ctx->worker == NULL && !is_quick(c, snap_doc_row(d)))
		return STEP_WORKER;
	return response_row(ctx, snap_doc_row(d), kind);
}

/* The version that ?version=, ?revision= or ?at= names, referenced. */
static enum result find_old(struct verb_context *ctx, struct doc_record **ret, struct error *err)
{
	const struct call *c = ctx->call;
	uint64_t revision;
	enum result rc;

	if (c->in.document.version != 0) {
		rc = store_get_version(ctx->session, c->path, c->in.document.version,
				       doc_record_keep, ret, err);
		return rc == E_NOT_FOUND
			       ? fail(err, rc, "%.*s has no version %llu", SLICE_ARGS(c->path),
				      (unsigned long long)c->in.document.version)
			       : rc;
	}
	rc = revision_asked(ctx, &c->in.document.at, &revision, err);
	if (rc != OK)
		return rc;
	rc = store_get_version_at(ctx->session, &(struct version_at){c->path, 0, revision},
				  doc_record_keep, ret, err);
	return rc == E_NOT_FOUND ? fail(err, rc, "%.*s did not exist at revision %llu",
					SLICE_ARGS(c->path), (unsigned long long)revision)
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
	/* `state` is that of the time asked about; a version that was destroyed since has no
	 * content. */
	if (record->row.is_shredded || record->row.state != VERSION_LIVE)
		step = response_fail(c, E_NOT_FOUND, "%.*s version %llu is %s", SLICE_ARGS(c->path),
				     (unsigned long long)record->row.version,
				     record->row.is_shredded ? "destroyed" : "deleted");
	else
		step = response_row(ctx, &record->row, record->kind);
	doc_record_unref(record);
	return step;
}
