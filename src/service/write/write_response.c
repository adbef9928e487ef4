/* The rule: what was done is said as it was done: path, version, revision, when, by whom, digest; never the content. Of a version that another made only what its
 * path and number are, but to who may list or read it. */
#include "service/write/write.h"
#include "service/engine/response.h"
#include "doc/json_member.h"

#include "base/text.h"

static void append_lists(struct buf *b, struct write *w)
{
	json_member(b, "warnings");
	problems_write(b, w, w->report.warnings, w->report.warnings_count);
	json_member(b, "unchecked");
	problems_write(b, w, w->report.unchecked, w->report.unchecked_count);
}

/* The version's place, author and message, digest: each for who may see it. A kept answer (`is_bare`) may be asked for when there are fewer rights. */
static void append_version(struct buf *b, const struct write *w, const struct version_row *row,
			   enum doc_kind kind, bool is_own, bool is_bare)
{
	bool may_read = !is_bare && rights_may(w->view.reader, MAY_READ, row->path);
	bool may_see =
		is_own || may_read || (!is_bare && rights_may(w->view.reader, MAY_LIST, row->path));

	if (!may_see)
		json_version_place(b, row);
	else if (!is_bare && (kind == KIND_SECRETS || may_read))
		json_version_head(b, row);
	else
		json_version_name(b, row);
}

/* The newest version as it is after the change; its digest is for readers, but of a secret, where it is keyed. */
static void append_item(struct buf *b, const struct write *w, const struct change *c, bool is_bare)
{
	bool is_own = c->action == CHANGE_PUT && c->is_changed;
	struct version_row row;

	if (is_own) {
		row = (struct version_row){.path = c->path,
					   .version = c->version,
					   .revision = w->revision,
					   .created_ms = w->time_ms,
					   .created_by = w->author,
					   .message = w->message,
					   .digest =
						   slice_make((const char *)c->digest, HASH_BYTES)};
	} else {
		row = *snap_doc_row(c->before);
	}
	append_version(b, w, &row, c->kind, is_own, is_bare);
	if (c->action != CHANGE_PUT) {
		json_member_text(b, "state",
				 slice_text(c->state == VERSION_LIVE	  ? "live"
					    : c->state == VERSION_DELETED ? "deleted"
									  : "destroyed"));
		json_member(b, "versions");
		buf_append_char(b, '[');
		for (uint32_t i = 0; i < c->versions_count; i++) {
			json_comma(b);
			buf_append_u64(b, c->versions[i]);
		}
		buf_append_char(b, ']');
	}
	json_member_bool(b, "changed", c->is_changed);
}

static void append_batch(struct buf *b, const struct write *w, bool is_bare)
{
	buf_append_char(b, '{');
	json_member_u64(b, "revision", w->revision);
	json_member_bool(b, "changed", w->has_revision);
	json_member(b, "items");
	buf_append_char(b, '[');
	for (uint32_t i = 0; i < w->changes_count; i++) {
		json_comma(b);
		append_item(b, w, &w->changes[i], is_bare);
		buf_append_char(b, '}');
	}
	buf_append_char(b, ']');
}

static void append_response(struct buf *b, struct write *w, bool is_bare)
{
	if (w->is_batch)
		append_batch(b, w, is_bare);
	else
		append_item(b, w, &w->changes[0], is_bare);
	if (!is_bare)
		append_lists(b, w);
	buf_append_char(b, '}');
}

void write_response_bare(struct buf *ret, struct write *w)
{
	append_response(ret, w, true);
}

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
