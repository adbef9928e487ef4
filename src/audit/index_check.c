/*
 * Compares strings as they are written in the line, without building a tree: a verification reads
 * millions of entries. audit/line.h says why that is possible.
 *
 * A line of another form is E_CORRUPT, not skipped: an entry that cannot be compared could hide a
 * wrong index. No state; any thread may call.
 */
#include "audit/index_check.h"

#include "audit/line.h"
#include "base/text.h"

#include <stdlib.h>

/* Equal texts are written alike, so a text without escapes can be compared directly. */
static enum result is_written_as(bool *ret, struct slice text, struct slice written,
				 struct error *err)
{
	CLEANUP(buf_clear) struct buf quoted = BUF_NULL;
	enum result rc;

	if (memchr(written.data, '\\', written.len) == NULL) {
		*ret = slice_is_equal(text, written);
		return OK;
	}
	json_append_string(&quoted, text);
	rc = buf_check(&quoted, err);
	if (rc == OK)
		*ret = slice_is_equal(slice_make(quoted.data + 1, quoted.len - 2), written);
	return rc;
}

static int compare_paths(const void *a, const void *b)
{
	return slice_compare(*(const struct slice *)a, *(const struct slice *)b);
}

/* First by bisection, since paths without escapes are equal to their written form; then, for a path
 * with escapes, one by one. */
static enum result is_indexed(bool *ret, const struct audit_index_row *index_row,
			      struct slice written, struct error *err)
{
	enum result rc = OK;

	*ret = index_row->paths_count != 0 &&
	       bsearch(&written, index_row->paths, index_row->paths_count, sizeof written,
		       compare_paths) != NULL;
	for (uint32_t i = 0; rc == OK && !*ret && i < index_row->paths_count; i++)
		rc = is_written_as(ret, index_row->paths[i], written, err);
	return rc;
}

static enum result fail_index(struct error *err, const char *field)
{
	return fail(err, E_CORRUPT, "it is not indexed by its own %s, so a query may miss it",
		    field);
}

static enum result check_touched(const struct audit_index_row *index_row, struct slice rest,
				 struct error *err)
{
	for (;;) {
		struct audit_line_touch touch;
		bool is_end = false, is_found = false;
		enum result rc = audit_line_next_touch(&rest, &touch, &is_end, err);

		if (rc != OK || is_end)
			return rc;
		rc = is_indexed(&is_found, index_row, touch.path, err);
		if (rc != OK)
			return rc;
		if (!is_found)
			return fail_index(err, "path");
	}
}

enum result audit_index_check_line(const struct audit_index_row *index_row,
				   const struct audit_line *line, struct error *err)
{
	const struct {
		const char *name;
		struct slice indexed, written;
	} fields[] = {
		{"actor", index_row->actor, line->actor},
		{"action", index_row->action, line->action},
		{"outcome", index_row->outcome, line->outcome},
	};

	if (line->head.time_ms != index_row->time_ms)
		return fail_index(err, "time");
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		bool is_same = true;
		enum result rc = is_written_as(&is_same, fields[i].indexed, fields[i].written, err);

		if (rc != OK)
			return rc;
		if (!is_same)
			return fail_index(err, fields[i].name);
	}
	return check_touched(index_row, line->touched, err);
}

enum result audit_index_check(const struct audit_index_row *index_row, struct slice line,
			      struct error *err)
{
	struct audit_line l;
	enum result rc = audit_line_read(&l, line, err);

	return rc == OK ? audit_index_check_line(index_row, &l, err) : rc;
}
