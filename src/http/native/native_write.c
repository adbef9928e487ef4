/*
 * The results of writes as JSON: one document, or several in a batch, and the problems of each. A
 * written document is an open object between its begin and its end, so that lists of problems
 * become its members.
 */
#include "http/native/native_json.h"

#include "doc/json_member.h"

void native_written_begin(struct buf *b, const struct written_item *w)
{
	json_comma(b);
	buf_append_char(b, '{');
	native_version_members(b, &w->version);
	if (w->has_versions) {
		json_member(b, "versions");
		buf_append_char(b, '[');
		for (uint32_t i = 0; i < w->versions_count; i++) {
			json_comma(b);
			buf_append_u64(b, w->versions[i]);
		}
		buf_append_char(b, ']');
	}
	json_member_bool(b, "changed", w->is_changed);
}

void native_written_end(struct buf *b)
{
	buf_append_char(b, '}');
}

void native_batch_begin(struct buf *b, const struct batch_item *r)
{
	buf_append_char(b, '{');
	json_member_u64(b, "revision", r->revision);
	json_member_bool(b, "changed", r->is_changed);
	json_member(b, "items");
	buf_append_char(b, '[');
}

/* Closes "items" only: lists of problems may follow as members of the same object. */
void native_batch_written_end(struct buf *b)
{
	buf_append_char(b, ']');
}

void native_batch_end(struct buf *b)
{
	buf_append_char(b, '}');
}

/* A list that stands alone becomes the "errors" of problem+json. */
void native_problems_begin(struct buf *b, enum problem_list list)
{
	static const char *const names[] = {
		[PROBLEMS_ERRORS] = "errors",
		[PROBLEMS_WARNINGS] = "warnings",
		[PROBLEMS_UNCHECKED] = "unchecked",
	};

	if (b->len != 0)
		json_member(b, names[list]);
	buf_append_char(b, '[');
}

void native_problem(struct buf *b, const struct check_problem *p)
{
	json_comma(b);
	check_problem_write(b, p);
}

void native_problems_end(struct buf *b)
{
	buf_append_char(b, ']');
}
