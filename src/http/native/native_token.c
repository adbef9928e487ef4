/*
 * A token's record as JSON. The token itself is in the response only where it was just made
 * (`text`); a list or the record of an existing token has its accessor, by which it can be revoked
 * but not used. A member that does not apply is null if every token has it, and is left out if only
 * some have it.
 */
#include "http/native/native_json.h"

#include "base/text.h"
#include "doc/json_member.h"

static void append_time_or_null(struct buf *b, const char *name, int64_t ms)
{
	if (ms != 0) {
		json_member_time(b, name, ms);
		return;
	}
	json_member(b, name);
	buf_append_text(b, "null");
}

static void append_policies(struct buf *b, const struct token_item *t)
{
	json_member(b, "policies");
	buf_append_char(b, '[');
	for (uint32_t i = 0; i < t->policies_count; i++) {
		json_comma(b);
		json_append_string(b, t->policies[i]);
	}
	buf_append_char(b, ']');
}

static void append_details(struct buf *b, const struct token_item *t)
{
	if (t->created_ms != 0)
		json_member_time(b, "created_at", t->created_ms);
	json_member_text(b, "created_by", t->created_by);
	json_member_bool(b, "limited_to_addresses", t->is_limited_to_addresses);
	if (t->ttl_ms != 0)
		json_member_u64(b, "ttl_seconds", (uint64_t)t->ttl_ms / 1000);
	if (t->max_expires_ms != 0)
		json_member_time(b, "renewable_until", t->max_expires_ms);
	if (t->uses_left >= 0)
		json_member_u64(b, "uses_left", (uint64_t)t->uses_left);
}

void native_token(struct buf *b, const struct token_item *t)
{
	json_comma(b);
	buf_append_char(b, '{');
	if (t->text.len != 0)
		json_member_text(b, "token", t->text);
	json_member_text(b, "accessor", t->accessor);
	json_member_text(b, "name", t->name);
	native_text_or_null(b, "parent", t->parent);
	append_policies(b, t);
	append_time_or_null(b, "expires_at", t->expires_ms);
	if (t->has_details)
		append_details(b, t);
	buf_append_char(b, '}');
}
