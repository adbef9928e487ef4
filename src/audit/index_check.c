/*
 * Compares strings as they are written in the line, without building a tree: a verification reads
 * millions of entries. This relies on the form of a line, which only audit_entry_write() writes:
 * equal texts are always written alike, and nothing before "actor" comes from a request.
 *
 * A line of another form is E_CORRUPT, not skipped: an entry that cannot be compared could hide a
 * wrong index. No state; any thread may call.
 */
#include "audit/index_check.h"

#include "base/text.h"

#include <stdlib.h>

/* Moves `rest` past the text; false where it does not begin with it. */
static bool skip_text(struct slice *rest, const char *text)
{
	if (!slice_starts_with(*rest, slice_text(text)))
		return false;
	*rest = slice_from(*rest, strlen(text));
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

static enum result fail_form(struct error *err)
{
	return fail(err, E_CORRUPT, "it does not have the form that this log writes");
}

static enum result fail_index(struct error *err, const char *field)
{
	return fail(err, E_CORRUPT, "it is not indexed by its own %s, so a query may miss it",
		    field);
}

/* Reads {"path":"…","version":2},… to the end of the list. */
static enum result check_touched(const struct audit_index_row *index_row, struct slice rest,
				 struct error *err)
{
	while (skip_text(&rest, "{\"path\":") || skip_text(&rest, ",{\"path\":")) {
		struct slice path;
		const char *end;
		bool is_found = false;
		enum result rc;

		if (!take_string(&rest, &path))
			return fail_form(err);
		rc = is_indexed(&is_found, index_row, path, err);
		if (rc != OK)
			return rc;
		if (!is_found)
			return fail_index(err, "path");
		end = memchr(rest.data, '}', rest.len);
		if (end == NULL)
			return fail_form(err);
		rest = slice_from(rest, (size_t)(end - rest.data) + 1);
	}
	return skip_text(&rest, "]") ? OK : fail_form(err);
}

enum result audit_index_check(const struct audit_index_row *index_row, struct slice line,
			      struct error *err)
{
	const struct {
		const char *key, *name;
		struct slice indexed;
	} fields[] = {
		{",\"actor\":", "actor", index_row->actor},
		{",\"accessor\":", NULL, SLICE_NULL},
		{",\"auth\":", NULL, SLICE_NULL},
		{",\"source\":", NULL, SLICE_NULL},
		{",\"action\":", "action", index_row->action},
		{",\"outcome\":", "outcome", index_row->outcome},
		{",\"reason\":", NULL, SLICE_NULL},
		{",\"request_id\":", NULL, SLICE_NULL},
	};
	const char *actor = memmem(line.data, line.len, fields[0].key, strlen(fields[0].key));
	struct audit_head head;
	struct slice rest;

	/* The first match is the real member: no text of a request stands before it. */
	if (actor == NULL || audit_head_read(&head, line, err) != OK)
		return fail_form(err);
	if (head.time_ms != index_row->time_ms)
		return fail_index(err, "time");
	rest = slice_from(line, (size_t)(actor - line.data));
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		struct slice written;
		bool is_same = true;
		enum result rc = OK;

		if (!skip_text(&rest, fields[i].key) || !take_string(&rest, &written))
			return fail_form(err);
		if (fields[i].name != NULL)
			rc = is_written_as(&is_same, fields[i].indexed, written, err);
		if (rc != OK)
			return rc;
		if (!is_same)
			return fail_index(err, fields[i].name);
	}
	if (!skip_text(&rest, ",\"touched\":["))
		return fail_form(err);
	return check_touched(index_row, rest, err);
}
