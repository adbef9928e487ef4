/*
 * The response of a dry run: what the write would do, as far as the caller may read what it would
 * change.
 *
 * It comes after all checks and in place of the commit, also where the write would be refused: then
 * the errors are in the response. Each document's differences are shown only to a caller who may
 * read it, and each configuration's to one who may read that; others learn the operation that they
 * asked for themselves.
 *
 * To compare content with a secret is to read it, so such comparisons are recorded, as reads. In a
 * worker; the differences cost budget.
 */
#include "service/write/dry_run.h"

#include "service/codec.h"
#include "service/engine/audit_draft.h"
#include "service/engine/engine.h"
#include "service/engine/response.h"
#include "service/state/diff.h"
#include "service/write/problems.h"
#include "service/write/write.h"

#include <stdio.h>
#include <string.h>

/* What it would do. For callers who may not read, this would tell whether the document exists: they
 * get their own op (append_change). */
static const char *action_of(const struct change *c)
{
	if (!c->is_changed)
		return "unchanged";
	switch (c->action) {
	case CHANGE_PUT:
		return snap_doc_is_live(c->before) ? "update" : "create";
	case CHANGE_DELETE:
		return "delete";
	case CHANGE_UNDELETE:
		return "undelete";
	case CHANGE_DESTROY:
		return "destroy";
	}
	return "unchanged";
}

/* A caller who may compare values with that of a secret can find it out, so that the comparison
 * is recorded as a read. */
static enum result open_before(struct write *w, const struct change *c, struct tree *ret,
			       struct error *err)
{
	CLEANUP(buf_clear) struct buf content = BUF_NULL;
	const struct version_row *row = snap_doc_row(c->before);
	enum result rc =
		content_for_caller(&w->service->state, &w->view.for_whom, row, &content, err);

	return rc == OK ? tree_of_content(buf_slice(&content), row->content_type, w->view.budget,
					  ret, NULL, err)
			: rc;
}

/* A rollback also shows the version that it goes back to. */
static enum result record_after(struct write *w, const struct change *c, struct error *err)
{
	struct version_row row = {.path = c->path, .version = c->from_version};

	if (c->kind != KIND_SECRETS || c->op != CHANGE_OP_ROLLBACK)
		return OK;
	return audit_draft_read(w->service, w->call, &row, buf_slice(&c->plain), err);
}

/* Of a secret only the names of the keys that change. */
static enum result append_diff(struct buf *b, struct write *w, const struct change *c,
			       struct error *err)
{
	CLEANUP(tree_clear) struct tree before = TREE_INIT(0, true);
	const struct tree_node *from = NULL, *to = NULL;
	struct difference_writer writer = {b, w->call->codec};
	const struct diff_sink sink = {response_difference, &writer, w->view.budget,
				       w->view.reader};
	enum result rc = record_after(w, c, err);

	if (rc == OK && snap_doc_is_live(c->before)) {
		rc = open_before(w, c, &before, err);
		from = &before.root;
	}
	if (rc == OK && c->exists && c->doc != NULL && c->doc->is_parsed)
		to = &c->doc->tree.root;
	else if (rc == OK && c->exists)
		return OK; /* it could not be read: the errors say so */
	return rc == OK ? diff_documents(from, to, c->kind == KIND_SECRETS, &sink, err) : rc;
}

static enum result append_change(struct buf *b, struct write *w, const struct change *c,
				 struct error *err)
{
	const struct codec *codec = w->call->codec;
	bool may_read = rights_may(w->view.reader, MAY_READ, c->path);
	struct planned_change_item item = {
		.path = c->path,
		.action = slice_text(may_read ? action_of(c) : change_op_name(c->op)),
		.has_from_version = may_read,
		.from_version = c->before != NULL ? snap_doc_row(c->before)->version : 0,
	};
	enum result rc = OK;

	codec->planned_change_begin(b, &item);
	if (c->is_changed && may_read)
		rc = append_diff(b, w, c, err);
	codec->planned_change_end(b);
	return rc;
}

/* The configuration before the write; NULL where there was none. */
static enum result entry_before(struct verb_context *ctx, const struct affected *f,
				struct slice config, struct effective_entry **ret,
				struct error *err)
{
	struct config_source source = verb_config_source(ctx);
	struct error ignored = ERROR_NULL;
	enum result rc;

	*ret = NULL;
	if (!snap_doc_is_live(f->before))
		return OK;
	rc = config_at(&source, config, 0, ret, &ignored);
	if (rc == E_MEMORY || rc == E_IO || rc == E_FULL || rc == E_LIMIT) {
		*err = ignored;
		return rc;
	}
	return OK;
}

static bool is_refused(const struct write *w)
{
	return w->report.errors_count != 0 && !w->was_forced;
}

/* The schema says how a consumer may take a change on; it is not needed where it cannot be read. */
static const struct schema *schema_of(struct write *w, const struct affected *f)
{
	const struct schema *schema = NULL;
	struct error ignored = ERROR_NULL;

	if (f->entry == NULL || f->entry->effective.schema.len == 0)
		return NULL;
	if (view_schema(&w->view, f->entry->effective.schema, &schema, NULL, &ignored) != OK)
		return NULL;
	return schema;
}

/* A configuration that the write leaves invalid has nothing to compare; its errors say why. */
static enum result append_config(struct verb_context *ctx, struct write *w,
				 const struct affected *f, struct buf *b, struct error *err)
{
	const struct codec *codec = ctx->call->codec;
	struct difference_writer writer = {b, codec};
	const struct diff_sink sink = {response_difference, &writer, ctx->budget, ctx->rights};
	struct planned_config_item item = {.config = slice_from(f->path, strlen("profiles/")),
					   .is_served = f->has_entry};
	char config[PATH_BYTES_MAX + 8];
	struct effective_entry *before;
	enum result rc;

	snprintf(config, sizeof config, "config/%.*s", SLICE_ARGS(item.config));
	if (!rights_may(ctx->rights, MAY_READ, slice_text(config)) ||
	    (f->is_invalid && is_refused(w)))
		return OK;
	rc = entry_before(ctx, f, slice_text(config), &before, err);
	if (rc != OK)
		return rc;
	codec->planned_config_begin(b, &item);
	rc = diff_configs(before, f->entry, schema_of(w, f), &sink, err);
	codec->planned_config_end(b, &item);
	effective_entry_unref(before);
	return rc;
}

/* A response that is full ends the loop at once: the rest would be work for nothing. */
static enum result append_all(struct verb_context *ctx, struct write *w, struct buf *b,
			      struct error *err)
{
	const struct codec *codec = ctx->call->codec;
	enum result rc = OK;

	codec->dry_run_begin(b);
	for (uint32_t i = 0; rc == OK && i < w->changes_count; i++)
		rc = append_change(b, w, &w->changes[i], err);
	codec->planned_configs_begin(b);
	for (uint32_t i = 0; rc == OK && i < w->affected_count; i++) {
		if (w->affected[i].kind == KIND_PROFILES && w->affected[i].is_changed)
			rc = append_config(ctx, w, &w->affected[i], b, err);
		if (rc == OK)
			rc = response_check(b, err);
	}
	codec->planned_configs_end(b);
	problems_write(b, w, PROBLEMS_ERRORS);
	problems_write(b, w, PROBLEMS_WARNINGS);
	problems_write(b, w, PROBLEMS_UNCHECKED);
	codec->dry_run_end(b);
	return rc == OK ? response_check(b, err) : rc;
}

enum step dry_run_response(struct verb_context *ctx, struct write *w)
{
	CLEANUP(buf_clear) struct buf b = BUF_RESPONSE;
	struct error err = ERROR_NULL;
	enum result rc = append_all(ctx, w, &b, &err);

	audit_draft_dry_run(ctx->call);
	return rc == OK ? response_json(ctx->call, &b) : response_error(ctx->call, rc, &err);
}
