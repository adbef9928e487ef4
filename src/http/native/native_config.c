/*
 * An explained configuration as JSON:
 * {"content":{…},"origins":{"/db/url":{"path":…}},"secrets":{"/db/password":{…}},"warnings":["…"]}.
 * The names of members in "origins" and "secrets" are JSON pointers into "content", so a client
 * finds the origin of a value by one lookup. The content has references instead of the values of
 * secrets.
 */
#include "http/native/native_json.h"

#include "base/text.h"
#include "doc/json_member.h"
#include "doc/write.h"

void native_explanation_begin(struct buf *b, const struct tree_node *content)
{
	buf_append_text(b, "{\"content\":");
	json_write(b, content);
	buf_append_text(b, ",\"origins\":{");
}

/* A member whose name is a JSON pointer; its value is an object, which is open then. */
static void begin_place(struct buf *b, struct slice pointer)
{
	json_comma(b);
	json_append_string(b, pointer);
	buf_append_text(b, ":{");
}

void native_explained_value(struct buf *b, struct slice pointer, const struct origin_item *o)
{
	begin_place(b, pointer);
	native_origin_members(b, o);
	buf_append_char(b, '}');
}

void native_explanation_secrets(struct buf *b)
{
	buf_append_text(b, "},\"secrets\":{");
}

void native_explained_secret(struct buf *b, const struct secret_item *s)
{
	begin_place(b, s->pointer);
	if (s->path.len != 0) {
		json_member_text(b, "path", s->path);
		json_member_text(b, "key", s->key);
		json_member_u64(b, "version", s->version);
	}
	buf_append_char(b, '}');
}

void native_explanation_end(struct buf *b, const struct doc_warnings *w)
{
	buf_append_text(b, "},\"warnings\":[");
	for (uint32_t i = 0; i < w->count; i++) {
		json_comma(b);
		json_append_string(b, slice_text(w->items[i].text));
	}
	buf_append_text(b, "]}");
}
