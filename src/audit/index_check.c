/*
 * Compares strings as they are written in the line, without building a tree: a verification reads
 * millions of entries. audit/line.h says why that is possible.
 *
 * A line of another form is E_CORRUPT, not skipped: an entry that cannot be compared could hide a
 * wrong index. No state; any thread may call.
 */
#include "audit/index_check.h"

#include "audit/line.h"
#include "base/memory.h"
#include "base/text.h"

#include <stdlib.h>

/* An entry with more paths needs an allocation. */
#define FEW_PATHS 64

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

/* The place of a path in the index, or paths_count. First by bisection, since paths without escapes
 * are equal to their written form; then, for a path with escapes, one by one. */
static enum result find_indexed(uint32_t *ret, const struct audit_index_row *index_row,
				struct slice written, struct error *err)
{
	const struct slice *found = NULL;
	enum result rc = OK;

	if (index_row->paths_count != 0)
		found = bsearch(&written, index_row->paths, index_row->paths_count, sizeof written,
				compare_paths);
	*ret = found != NULL ? (uint32_t)(found - index_row->paths) : index_row->paths_count;
	for (uint32_t i = 0; rc == OK && found == NULL && i < index_row->paths_count; i++) {
		bool is_same = false;

		rc = is_written_as(&is_same, index_row->paths[i], written, err);
		if (is_same) {
			*ret = i;
			break;
		}
	}
	return rc;
}

static enum result fail_index(struct error *err, const char *field)
{
	return fail(err, E_CORRUPT, "it is not indexed by its own %s, so a query may miss it",
		    field);
}

/* A path that the entry does not name shows the entry to those who may audit that path. Only where
 * the list of things touched was cut may there be more. */
static enum result check_others(const bool *is_named, uint32_t count, struct slice behind_list,
				struct error *err)
{
	if (!slice_is_text(behind_list, ",\"touched_more\":0}"))
		return OK;
	for (uint32_t i = 0; i < count; i++)
		if (!is_named[i])
			return fail(err, E_CORRUPT,
				    "it is indexed by a path that it does not name, so a query "
				    "for that path shows it");
	return OK;
}

static enum result check_touched(const struct audit_index_row *index_row, struct slice rest,
				 struct error *err)
{
	CLEANUP(alloc_freep) bool *many = NULL;
	bool few[FEW_PATHS] = {false}, *is_named = few;

	if (index_row->paths_count > FEW_PATHS) {
		is_named = many = alloc_zero_array(index_row->paths_count, sizeof *many);
		if (many == NULL)
			return fail(err, E_MEMORY, "out of memory");
	}
	for (;;) {
		struct audit_line_touch touch;
		bool is_end = false;
		uint32_t at = 0;
		enum result rc = audit_line_next_touch(&rest, &touch, &is_end, err);

		if (rc == OK && is_end)
			return check_others(is_named, index_row->paths_count, rest, err);
		if (rc == OK)
			rc = find_indexed(&at, index_row, touch.path, err);
		if (rc != OK)
			return rc;
		if (at == index_row->paths_count)
			return fail_index(err, "path");
		is_named[at] = true;
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
