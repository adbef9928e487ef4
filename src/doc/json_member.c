/* JSON text written piece by piece. The last byte of the buffer tells whether a comma is due, so no
 * state is kept beside the buffer, and any function may append a member. */
#include "doc/json_member.h"

#include "base/clock.h"
#include "base/text.h"

void json_comma(struct buf *b)
{
	char last = b->len != 0 ? b->data[b->len - 1] : '{';

	if (last != '{' && last != '[' && last != '\n')
		buf_append_char(b, ',');
}

void json_member(struct buf *b, const char *name)
{
	size_t len = strlen(name);

	/* For the comma, two quotes and the colon: either all of it is written or nothing. */
	if (!buf_reserve(b, len + 4))
		return;
	json_comma(b);
	buf_append_char(b, '"');
	buf_append(b, name, len);
	buf_append(b, "\":", 2);
}

void json_member_text(struct buf *b, const char *name, struct slice text)
{
	json_member(b, name);
	json_append_string(b, text);
}

void json_member_u64(struct buf *b, const char *name, uint64_t value)
{
	json_member(b, name);
	buf_append_u64(b, value);
}

void json_member_i64(struct buf *b, const char *name, int64_t value)
{
	json_member(b, name);
	buf_printf(b, "%lld", (long long)value);
}

void json_member_bool(struct buf *b, const char *name, bool value)
{
	json_member(b, name);
	buf_append_text(b, value ? "true" : "false");
}

void json_member_time(struct buf *b, const char *name, int64_t wall_ms)
{
	char text[TIMESTAMP_BYTES];

	timestamp_format(text, wall_ms);
	json_member_text(b, name, slice_text(text));
}
