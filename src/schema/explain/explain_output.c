/* The output formats of 2020-12 core, section 12.4. */
#include "schema/schema.h"

#include "doc/json_member.h"

/* One failure as an output unit (2020-12 core, section 12.4.2). */
static void append_error(struct buf *ret, const struct schema_problem *p)
{
	json_comma(ret);
	buf_append_char(ret, '{');
	json_member_bool(ret, "valid", false);
	json_member_text(ret, "keywordLocation", p->evaluation_path);
	json_member_text(ret, "absoluteKeywordLocation", p->schema_location);
	json_member_text(ret, "instanceLocation", p->pointer);
	json_member_text(ret, "error", slice_text(p->message));
	buf_append_char(ret, '}');
}

static void append_basic(struct buf *ret, const struct schema_report *report)
{
	for (uint32_t i = 0; i < report->problems_count; i++)
		append_error(ret, &report->problems[i]);
}

/* The length of the common beginning of two ways, up to a '/' or an end. */
static size_t shared_way(struct slice a, struct slice b)
{
	size_t len = 0, shared = 0;

	for (; len < a.len && len < b.len && a.data[len] == b.data[len]; len++) {
		if (a.data[len] == '/')
			shared = len;
	}
	if ((len == a.len || a.data[len] == '/') && (len == b.len || b.data[len] == '/'))
		shared = len;
	return shared;
}

static bool is_below(struct slice way, struct slice prefix, size_t len)
{
	return way.len >= len && memcmp(way.data, prefix.data, len) == 0 &&
	       (way.len == len || way.data[len] == '/');
}

/* Failures whose ways begin alike become children of one node; a node with one child is left out.
 * The problems are in the order of their ways, so that those of one node are neighbours. */
static void append_detailed(struct buf *ret, const struct schema_problem *list, uint32_t count,
			    size_t above)
{
	for (uint32_t i = 0; i < count;) {
		struct slice way = list[i].evaluation_path;
		size_t len = way.len;
		uint32_t end = i + 1;

		while (end < count && shared_way(way, list[end].evaluation_path) > above) {
			size_t shared = shared_way(way, list[end++].evaluation_path);

			len = shared < len ? shared : len;
		}
		if (end == i + 1 || !is_below(way, list[end - 1].evaluation_path, len) ||
		    len == way.len) {
			for (; i < end; i++)
				append_error(ret, &list[i]);
			continue;
		}
		json_comma(ret);
		buf_append_char(ret, '{');
		json_member_bool(ret, "valid", false);
		json_member_text(ret, "keywordLocation", slice_first(way, len));
		json_member(ret, "errors");
		buf_append_char(ret, '[');
		append_detailed(ret, &list[i], end - i, len);
		buf_append_text(ret, "]}");
		i = end;
	}
}

enum result schema_write_output(struct buf *ret, enum schema_output output, bool is_valid,
				const struct schema_report *report, struct error *err)
{
	buf_append_char(ret, '{');
	json_member_bool(ret, "valid", is_valid);
	if (output != SCHEMA_OUTPUT_FLAG && !is_valid && report != NULL) {
		json_member(ret, "errors");
		buf_append_char(ret, '[');
		if (output == SCHEMA_OUTPUT_BASIC)
			append_basic(ret, report);
		else
			append_detailed(ret, report->problems, report->problems_count, 0);
		buf_append_char(ret, ']');
	}
	buf_append_char(ret, '}');
	return buf_check(ret, err);
}
