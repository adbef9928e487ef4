/*
 * The response of a write tells of each document its newest version after the write, and never
 * the content. Of a version that this caller did not make it tells the author and message only to
 * callers who may list or read the document.
 */
#include "service/write/write_response.h"

#include "service/codec.h"
#include "service/engine/response.h"
#include "service/write/problems.h"
#include "service/write/write.h"

/* A short response may be read when the caller has fewer rights: it tells nothing that takes
 * some. */
static enum version_detail detail_of(const struct write *w, const struct version_row *row,
				     enum doc_kind kind, bool is_own, bool is_short)
{
	bool may_read = !is_short && rights_may(w->view.reader, MAY_READ, row->path);
	bool may_list = !is_short && rights_may(w->view.reader, MAY_LIST, row->path);

	if (!is_own && !may_read && !may_list)
		return VERSION_PLACE;
	/* The digest of a secret is keyed, so that it tells nothing of the value. */
	return !is_short && (kind == KIND_SECRETS || may_read) ? VERSION_DIGEST : VERSION_AUTHOR;
}

/* The newest version after the change. */
static struct version_row row_after(const struct write *w, const struct change *c, bool is_own)
{
	if (!is_own)
		return *snap_doc_row(c->before);
	return (struct version_row){.path = c->path,
				    .version = c->version,
				    .revision = w->revision,
				    .created_ms = w->time_ms,
				    .created_by = w->author,
				    .message = w->message,
				    .digest = slice_make((const char *)c->digest, HASH_BYTES)};
}

/* A change of states, and content that was the same again, made no version: the item then describes
 * the newest one that was there. */
static void begin_document(struct buf *b, const struct write *w, const struct change *c,
			   bool is_short)
{
	bool is_own = c->action == CHANGE_PUT && c->is_changed;
	struct version_row row = row_after(w, c, is_own);
	enum version_detail detail = detail_of(w, &row, c->kind, is_own, is_short);
	struct written_item item = {.version = version_item_make(&row, detail),
				    .is_changed = c->is_changed};

	if (c->action != CHANGE_PUT) {
		item.version.has_state = true;
		item.version.state = c->state;
		item.has_versions = true;
		item.versions = c->versions;
		item.versions_count = c->versions_count;
	}
	w->call->codec->written_begin(b, &item);
}

static void append_problems(struct buf *b, const struct write *w)
{
	problems_write(b, w, PROBLEMS_WARNINGS);
	problems_write(b, w, PROBLEMS_UNCHECKED);
}

static void append_batch(struct buf *b, const struct write *w, bool is_short)
{
	const struct codec *codec = w->call->codec;
	struct batch_item batch = {.revision = w->revision, .is_changed = w->has_revision};

	codec->batch_begin(b, &batch);
	for (uint32_t i = 0; i < w->changes_count; i++) {
		begin_document(b, w, &w->changes[i], is_short);
		codec->written_end(b);
	}
	codec->batch_written_end(b);
	if (!is_short)
		append_problems(b, w);
	codec->batch_end(b);
}

/* The short form has no warnings and no unchecked problems: these tell of other documents. */
static void append_response(struct buf *b, const struct write *w, bool is_short)
{
	if (w->is_batch) {
		append_batch(b, w, is_short);
		return;
	}
	begin_document(b, w, &w->changes[0], is_short);
	if (!is_short)
		append_problems(b, w);
	w->call->codec->written_end(b);
}

void write_response_short(struct buf *ret, const struct write *w)
{
	append_response(ret, w, true);
}

/* A delete of one document has no body. Without memory the write fails with its response, before
 * the commit. */
enum result write_response(struct write *w, struct error *err)
{
	CLEANUP(buf_clear) struct buf b = BUF_RESPONSE;
	const struct change *c = &w->changes[0];
	struct call *call = w->call;

	if (!w->is_batch && c->op == CHANGE_OP_DELETE) {
		response_empty(call);
		return OK;
	}
	append_response(&b, w, false);
	if (!w->is_batch && c->exists)
		response_etag_version(call, c->version);
	call->out.is_created = !w->is_batch && c->exists && !snap_doc_is_live(c->before);
	response_json(call, &b);
	return call->out.result == OK ? OK : fail(err, E_MEMORY, "out of memory");
}
