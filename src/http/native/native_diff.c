/*
 * Comparisons as JSON: of two versions of a document, of two revisions of an effective
 * configuration, and the differences in both.
 * {"pointer":"/db/url","op":"replace","from":"a","to":"b","secret":false, …}
 *
 * A value of NULL is left out: the pointer is not there on that side, or the value is a secret that
 * is not shown. A JSON null is a node, not NULL.
 */
#include "http/native/native_json.h"

#include "doc/json_member.h"
#include "doc/write.h"

void native_document_diff_begin(struct buf *b, const struct document_diff_item *d)
{
	buf_append_char(b, '{');
	json_member_text(b, "path", d->path);
	json_member_u64(b, "from", d->from);
	json_member_u64(b, "to", d->to);
	json_member(b, "diff");
	buf_append_char(b, '[');
}

void native_config_diff_begin(struct buf *b, const struct config_diff_item *d)
{
	buf_append_char(b, '{');
	json_member_text(b, "config", d->config);
	json_member_u64(b, "from", d->from);
	json_member_u64(b, "to", d->to);
	json_member_text(b, "from_state", slice_text(native_served_name(d->was_served)));
	json_member_text(b, "to_state", slice_text(native_served_name(d->is_served)));
	json_member(b, "diff");
	buf_append_char(b, '[');
}

void native_diff_end(struct buf *b)
{
	buf_append_text(b, "]}");
}

static void write_value(struct buf *b, const char *name, const struct tree_node *value)
{
	if (value == NULL)
		return;
	json_member(b, name);
	json_write(b, value);
}

void native_origin_members(struct buf *b, const struct origin_item *o)
{
	if (o->path.len == 0)
		return;
	json_member_text(b, "path", o->path);
	json_member_u64(b, "version", o->version);
	if (o->line == 0)
		return;
	json_member_u64(b, "line", o->line);
	json_member_u64(b, "column", o->column);
}

void native_difference(struct buf *b, const struct difference_item *d)
{
	json_comma(b);
	buf_append_char(b, '{');
	json_member_text(b, "pointer", d->pointer);
	json_member_text(b, "op", slice_text(diff_op_name(d->op)));
	write_value(b, "from", d->from);
	write_value(b, "to", d->to);
	json_member_bool(b, "secret", d->is_secret);
	if (d->has_reload)
		json_member_text(b, "reload", slice_text(schema_reload_name(d->reload)));
	if (d->origin.path.len != 0) {
		json_member(b, "origin");
		buf_append_char(b, '{');
		native_origin_members(b, &d->origin);
		buf_append_char(b, '}');
	}
	buf_append_char(b, '}');
}
