/*
 * Revisions of the store as JSON, alone with their changes or in a list, the history of a
 * configuration, and the words that several files of the codec share. A revision names its author
 * as it was then: the token's name, its accessor, and the accessor of the token that made it; these
 * are null where there is none, so that a client can tell "none" from "not sent".
 */
#include "http/native/native_json.h"

#include "base/text.h"
#include "doc/json_member.h"

void native_text_or_null(struct buf *b, const char *name, struct slice text)
{
	json_member(b, name);
	if (text.len != 0)
		json_append_string(b, text);
	else
		buf_append_text(b, "null");
}

const char *native_served_name(bool is_served)
{
	return is_served ? "live" : "gone";
}

static void write_author(struct buf *b, const struct author_item *a)
{
	json_member_text(b, "author", a->name);
	native_text_or_null(b, "author_accessor", a->accessor);
	native_text_or_null(b, "author_parent", a->parent);
}

static void write_revision(struct buf *b, const struct revision_item *r)
{
	json_member_u64(b, "revision", r->revision);
	json_member_time(b, "time", r->time_ms);
	write_author(b, &r->author);
	json_member_text(b, "message", r->message);
	json_member_text(b, "source", r->source);
	json_member_text(b, "request_id", r->request_id);
}

void native_revision(struct buf *b, const struct revision_item *r)
{
	json_comma(b);
	buf_append_char(b, '{');
	write_revision(b, r);
	buf_append_char(b, '}');
}

void native_revision_begin(struct buf *b, const struct revision_item *r)
{
	buf_append_char(b, '{');
	write_revision(b, r);
	json_member(b, "changes");
	buf_append_char(b, '[');
}

void native_revision_end(struct buf *b)
{
	buf_append_text(b, "]}");
}

void native_change_begin(struct buf *b, const struct change_item *c)
{
	json_comma(b);
	buf_append_char(b, '{');
	json_member_text(b, "path", c->path);
	json_member_text(b, "action", c->action);
	json_member_u64(b, "version", c->version);
	if (c->has_state_before)
		json_member_text(b, "state_before", slice_text(native_state_name(c->state_before)));
	/* The content was destroyed, so there is no diff to show. */
	if (c->detail == CHANGE_LOST)
		json_member_bool(b, "destroyed", true);
	if (c->detail == CHANGE_SHOWN) {
		json_member(b, "diff");
		buf_append_char(b, '[');
	}
}

void native_change_end(struct buf *b, const struct change_item *c)
{
	buf_append_text(b, c->detail == CHANGE_SHOWN ? "]}" : "}");
}

void native_config_version(struct buf *b, const struct config_version_item *v)
{
	json_comma(b);
	buf_append_char(b, '{');
	json_member_u64(b, "revision", v->revision);
	json_member_time(b, "time", v->time_ms);
	write_author(b, &v->author);
	json_member_text(b, "message", v->message);
	json_member_text(b, "state", slice_text(native_served_name(v->is_served)));
	buf_append_char(b, '}');
}
