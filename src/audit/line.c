/*
 * Walks over the bytes of a line from member to member, in the order in which audit_entry_write()
 * writes them. No state; any thread may call.
 */
#include "audit/line.h"

#include "base/clock.h"

/* Moves `rest` past the text; false where it does not begin with it. */
static bool skip_text(struct slice *rest, struct slice text)
{
	if (!slice_starts_with(*rest, text))
		return false;
	*rest = slice_from(*rest, text.len);
	return true;
}

/* A decimal number as audit_entry_write() writes it: without leading zeros. */
static bool take_number(struct slice *rest, uint64_t *ret)
{
	size_t len = 0;

	while (len < rest->len && rest->data[len] >= '0' && rest->data[len] <= '9')
		len++;
	if (!slice_to_u64(slice_first(*rest, len), UINT64_MAX, ret) ||
	    (len > 1 && rest->data[0] == '0'))
		return false;
	*rest = slice_from(*rest, len);
	return true;
}

/* Takes the content of a JSON string; escapes stay as written. */
static bool take_string(struct slice *rest, struct slice *ret)
{
	size_t at = 1;

	if (rest->len == 0 || rest->data[0] != '"')
		return false;
	while (at < rest->len && rest->data[at] != '"')
		at += rest->data[at] == '\\' ? 2 : 1;
	if (at >= rest->len)
		return false;
	*ret = slice_make(rest->data + 1, at - 1);
	*rest = slice_from(*rest, at + 1);
	return true;
}

/* Takes the member of this key, comma included. */
static bool take_member(struct slice *rest, struct slice key, struct slice *ret)
{
	return skip_text(rest, key) && take_string(rest, ret);
}

/* Nothing before "actor" is a text of a request, so the first members have fixed places and no
 * escapes. */
static bool take_head(struct audit_head *ret, struct slice *rest)
{
	struct audit_head head;
	struct slice time;

	if (!skip_text(rest, SLICE_LITERAL("{\"v\":1,\"index\":")) ||
	    !take_number(rest, &head.index) || !skip_text(rest, SLICE_LITERAL(",\"time\":\"")))
		return false;
	time = slice_first(*rest, TIMESTAMP_BYTES - 1);
	*rest = slice_from(*rest, TIMESTAMP_BYTES - 1);
	if (!timestamp_parse(time, &head.time_ms) ||
	    !skip_text(rest, SLICE_LITERAL("\",\"epoch\":")) || !take_number(rest, &head.epoch) ||
	    !skip_text(rest, SLICE_LITERAL(",\"revision\":")) ||
	    !take_number(rest, &head.revision) || !skip_text(rest, SLICE_LITERAL(",\"actor\":")))
		return false;
	*ret = head;
	return true;
}

static enum result fail_form(struct error *err)
{
	return fail(err, E_CORRUPT, "it does not have the form that this log writes");
}

enum result audit_head_read(struct audit_head *ret, struct slice line, struct error *err)
{
	return take_head(ret, &line) ? OK : fail_form(err);
}

enum result audit_line_read(struct audit_line *ret, struct slice line, struct error *err)
{
	struct audit_line l = {.actor = SLICE_NULL};
	struct slice rest = line, ignored;

	if (!take_head(&l.head, &rest) || !take_string(&rest, &l.actor) ||
	    !take_member(&rest, SLICE_LITERAL(",\"accessor\":"), &ignored) ||
	    !take_member(&rest, SLICE_LITERAL(",\"auth\":"), &ignored) ||
	    !take_member(&rest, SLICE_LITERAL(",\"source\":"), &ignored) ||
	    !take_member(&rest, SLICE_LITERAL(",\"action\":"), &l.action) ||
	    !take_member(&rest, SLICE_LITERAL(",\"outcome\":"), &l.outcome) ||
	    !take_member(&rest, SLICE_LITERAL(",\"reason\":"), &ignored) ||
	    !take_member(&rest, SLICE_LITERAL(",\"request_id\":"), &l.request_id) ||
	    !skip_text(&rest, SLICE_LITERAL(",\"touched\":[")))
		return fail_form(err);
	l.touched = rest;
	*ret = l;
	return OK;
}

/* The members that a touch may lack. */
static bool take_rest(struct slice *rest, struct audit_line_touch *t)
{
	struct slice state = SLICE_NULL;

	if (skip_text(rest, SLICE_LITERAL(",\"value_mac\":")) && !take_string(rest, &t->mac))
		return false;
	if (skip_text(rest, SLICE_LITERAL(",\"state\":"))) {
		if (!take_string(rest, &state))
			return false;
		t->state = audit_state_parse(state);
		if (t->state == AUDIT_STATE_NONE)
			return false;
	}
	if (skip_text(rest, SLICE_LITERAL(",\"digest\":")) && !take_string(rest, &t->digest))
		return false;
	return skip_text(rest, SLICE_LITERAL("}"));
}

enum result audit_line_next_touch(struct slice *rest, struct audit_line_touch *ret,
				  bool *ret_is_end, struct error *err)
{
	struct audit_line_touch t = {.state = AUDIT_STATE_NONE};

	*ret_is_end = skip_text(rest, SLICE_LITERAL("]"));
	if (*ret_is_end)
		return OK;
	(void)skip_text(rest, SLICE_LITERAL(","));
	if (!take_member(rest, SLICE_LITERAL("{\"path\":"), &t.path) ||
	    !skip_text(rest, SLICE_LITERAL(",\"version\":")) || !take_number(rest, &t.version) ||
	    !take_rest(rest, &t))
		return fail_form(err);
	*ret = t;
	return OK;
}
