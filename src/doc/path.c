/*
 * The rule for paths of documents. No other file knows it. A path becomes a URL, a file name, a key
 * of the store and part of a pattern in a policy, so its characters are few and "." and ".." cannot
 * be segments. One spelling for each path: nothing is decoded, folded or normalized.
 */
#include "doc/path.h"

#include "base/memory.h"

static const char *const kind_names[KIND_COUNT] = {
	[KIND_SCHEMAS] = "schemas",
	[KIND_PROFILES] = "profiles",
	[KIND_POLICIES] = "policies",
	[KIND_SECRETS] = "secrets",
};

const char *kind_name(enum doc_kind kind)
{
	return (size_t)kind < ARRAY_SIZE(kind_names) ? kind_names[kind] : "unknown";
}

bool kind_parse(struct slice name, enum doc_kind *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(kind_names); i++) {
		if (slice_is_text(name, kind_names[i])) {
			*ret = (enum doc_kind)i;
			return true;
		}
	}
	return false;
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

bool path_segment_is_valid(struct slice segment)
{
	if (segment.len == 0 || segment.len > PATH_SEGMENT_BYTES_MAX || !is_word(segment.data[0]))
		return false;
	for (size_t i = 1; i < segment.len; i++) {
		char c = segment.data[i];

		if (!is_word(c) && c != '.' && c != '@' && c != '=' && c != '~' && c != '-')
			return false;
	}
	return true;
}

/* Counts the segments, the kind included. "a//b" and a '/' at the end give an empty segment, which
 * is refused. */
static enum result check_segments(struct slice rest, uint32_t *ret_count, struct error *err)
{
	struct slice segment;
	uint32_t count = 0;

	while (slice_next_part(&rest, '/', &segment)) {
		if (++count > PATH_SEGMENTS_MAX)
			return fail(err, E_MALFORMED, "a path has at most %d segments",
				    PATH_SEGMENTS_MAX);
		if (!path_segment_is_valid(segment))
			return fail(
				err, E_MALFORMED,
				"segment %u of the path is not 1 to %d of A-Z a-z 0-9 _ . @ = ~ "
				"- beginning with a letter, a digit or _",
				count, PATH_SEGMENT_BYTES_MAX);
	}
	*ret_count = count;
	return OK;
}

enum result path_check(struct slice path, enum doc_kind *ret_kind, struct error *err)
{
	struct slice rest = path, first;
	enum doc_kind kind;
	uint32_t count = 0;
	enum result rc;

	if (path.len == 0)
		return fail(err, E_MALFORMED, "the path is empty");
	if (path.len > PATH_BYTES_MAX)
		return fail(err, E_MALFORMED, "the path is longer than %d bytes", PATH_BYTES_MAX);
	rc = check_segments(path, &count, err);
	if (rc != OK)
		return rc;
	if (!slice_next_part(&rest, '/', &first) || !kind_parse(first, &kind))
		return fail(err, E_MALFORMED,
			    "a path begins with schemas/, profiles/, policies/ or secrets/");
	if (count < 2)
		return fail(err, E_MALFORMED, "the path names a kind but no document");
	if (kind == KIND_PROFILES && count != 3)
		return fail(err, E_MALFORMED,
			    "a profile's path has an app and a name: profiles/<app>/<name>");
	*ret_kind = kind;
	return OK;
}

/* Of a path in running text, with its slashes. */
static bool is_path_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       strchr("_./@=~-", c) != NULL;
}

/* Finds too much rather than too little: the caller hides texts that name a document which the
 * reader may not see. */
bool path_next_in_text(struct slice *rest, struct slice *ret)
{
	static const struct slice folders[] = {SLICE_INIT("profiles/"), SLICE_INIT("schemas/"),
					       SLICE_INIT("secrets/"), SLICE_INIT("policies/"),
					       SLICE_INIT("config/")};

	for (; rest->len != 0; *rest = slice_from(*rest, 1)) {
		size_t len = 0;

		for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
			len = slice_starts_with(*rest, folders[i]) ? folders[i].len : len;
		if (len == 0)
			continue;
		while (len < rest->len && rest->data[len] != '\0' && is_path_char(rest->data[len]))
			len++;
		*ret = slice_first(*rest, len);
		*rest = slice_from(*rest, len);
		return true;
	}
	return false;
}
