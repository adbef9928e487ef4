/*
 * The differences between two versions of a document.
 *
 * Comparing two versions of a secret is a read of both, so the audit entry names them; it is
 * durable before the response leaves, like that of any read. The response has the pointers of what
 * differs in a secret and no values. The parsed versions live in the view and are cleared with it,
 * after the response is written.
 */
#include "service/engine/audit_draft.h"
#include "service/engine/response.h"
#include "service/read/read.h"
#include "service/state/diff.h"

#define FOUND E_CONFLICT /* ends a walk through versions; no store function returns it here */

/* One of the two versions. */
struct side {
	uint64_t version; /* 0: none, all of the other is an addition */
	struct view_doc *doc;
};

static enum result open_side(struct verb_context *ctx, struct view *view, struct side *side,
			     struct error *err)
{
	enum result rc;

	if (side->version == 0)
		return OK;
	/* A version that was deleted or destroyed is E_NOT_FOUND: it cannot be compared. */
	rc = view_find_version(view, ctx->call->path, side->version, &side->doc, err);
	if (rc == OK)
		rc = view_parse(view, side->doc, err);
	if (rc == OK && side->doc->kind == KIND_SECRETS)
		rc = view_record_read(view, side->doc, err);
	return rc;
}

/* Stops at the newest version that is live. */
static enum result note_live(void *ctx, const struct version_row *row, struct error *err)
{
	struct side *side = ctx;

	(void)err;
	if (row->state != VERSION_LIVE)
		return OK;
	side->version = row->version;
	return FOUND;
}

static enum result last_live_before(struct verb_context *ctx, uint64_t version, struct side *ret,
				    struct error *err)
{
	enum result rc =
		store_each_version(ctx->session, ctx->call->path,
				   (struct row_page){.before = version}, note_live, ret, err);

	return rc == FOUND ? OK : rc;
}

/* The defaults: the current version, and the last live one before it. */
static enum result choose(struct verb_context *ctx, struct side *from, struct side *to,
			  struct error *err)
{
	const struct call *c = ctx->call;
	const struct snap_doc *d = snapshot_doc(ctx->snapshot, c->path);

	if (d == NULL || (c->in.diff.to == 0 && !snap_doc_is_live(d)))
		return fail(err, E_NOT_FOUND, "%.*s does not exist", SLICE_ARGS(c->path));
	to->version = c->in.diff.to != 0 ? c->in.diff.to : snap_doc_row(d)->version;
	from->version = c->in.diff.from;
	return from->version != 0 ? OK : last_live_before(ctx, to->version, from, err);
}

static enum result write_diff(struct buf *b, const struct verb_context *ctx,
			      const struct side *from, const struct side *to, struct error *err)
{
	const struct codec *codec = ctx->call->codec;
	const struct tree_node *old = from->doc != NULL ? &from->doc->tree.root : NULL;
	struct difference_writer writer = {b, codec};
	const struct diff_sink sink = {response_difference, &writer, ctx->budget, ctx->rights};
	enum result rc;

	codec->document_diff_begin(b, &(struct document_diff_item){ctx->call->path, from->version,
								   to->version});
	rc = diff_documents(old, &to->doc->tree.root, to->doc->kind == KIND_SECRETS, &sink, err);
	codec->diff_end(b);
	return rc;
}

enum step document_diff_on_worker(struct verb_context *ctx)
{
	struct side from = {0}, to = {0};
	CLEANUP(buf_clear) struct buf b = BUF_RESPONSE;
	struct error err = ERROR_NULL;
	struct view view;
	enum step step;
	enum result rc = choose(ctx, &from, &to, &err);

	if (rc != OK)
		return response_error(ctx->call, rc, &err);
	verb_view_init(&view, ctx, 0, NULL);
	view.for_whom = audit_draft_recorder(ctx->call);
	/* `to` first: it is the version that the client asked about, so its error is the one to
	 * report. */
	rc = open_side(ctx, &view, &to, &err);
	if (rc == OK)
		rc = open_side(ctx, &view, &from, &err);
	if (rc == OK)
		rc = write_diff(&b, ctx, &from, &to, &err);
	step = rc == OK ? response_json(ctx->call, &b) : response_error(ctx->call, rc, &err);
	view_clear(&view);
	return step;
}
