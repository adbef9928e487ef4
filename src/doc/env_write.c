/*
 * Lines of the form NAME=value for a shell, and the same names and values for the environment of a
 * process. The names come from flatten(): {"a": {"b": ["x y"]}} is A_B_0='x y'.
 *
 * A shell reads the lines, so a value must never be code: everything but a short list of characters
 * is quoted, and what cannot be quoted (NUL) is refused.
 */
#include "doc/write.h"

#include "doc/flatten.h"

/* Whether a shell leaves the text of an assignment unchanged (POSIX.1-2017, Shell Command Language,
 * 2.2, 2.6.1). */
static bool is_bare(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.data[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) &&
		    (c == '\0' || strchr("_-./:@%+,=", c) == NULL))
			return false;
	}
	return true;
}

/* In single quotes every character but the quote stands for itself; a quote ends them, is escaped,
 * and opens them again. */
static void append_quoted(struct buf *ret, struct slice s)
{
	struct slice part;
	bool is_first = true;

	buf_append_char(ret, '\'');
	while (!buf_is_failed(ret) && slice_next_part(&s, '\'', &part)) {
		if (!is_first)
			buf_append_text(ret, "'\\''");
		buf_append_slice(ret, part);
		is_first = false;
	}
	buf_append_char(ret, '\'');
}

static enum result write_line(void *ctx, struct slice name, struct slice value, struct error *err)
{
	struct buf *ret = ctx;

	buf_append_slice(ret, name);
	buf_append_char(ret, '=');
	if (is_bare(value))
		buf_append_slice(ret, value);
	else
		append_quoted(ret, value);
	buf_append_char(ret, '\n');
	return buf_check(ret, err);
}

enum result env_write(struct buf *ret, const struct tree_node *n, struct slice prefix,
		      struct error *err)
{
	return env_each(n, prefix, write_line, ret, err);
}

/* The prefix begins every name unchanged, so it must itself be the beginning of a name. */
static bool is_prefix_valid(struct slice prefix)
{
	for (size_t i = 0; i < prefix.len; i++) {
		char c = prefix.data[i];
		bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';

		if (!is_letter && (i == 0 || c < '0' || c > '9'))
			return false;
	}
	return true;
}

enum result env_each(const struct tree_node *n, struct slice prefix,
		     enum result (*each)(void *ctx, struct slice name, struct slice value,
					 struct error *err),
		     void *ctx, struct error *err)
{
	CLEANUP(flattened_clear) struct flattened flattened = FLATTENED_INIT;
	enum result rc;

	if (!is_prefix_valid(prefix))
		return fail(err, E_INVALID,
			    "a prefix of variables is letters, digits and _, not a digit first");
	rc = flatten(&flattened, n, FLATTEN_ENV, prefix, err);
	for (uint32_t i = 0; i < flattened.count && rc == OK; i++) {
		const struct flat_leaf *leaf = &flattened.leaves[i];
		struct slice value = flattened_value(leaf->node);

		/* The text of an environment variable ends at its first NUL, so the rest would be
		 * lost. */
		if (value.len != 0 && memchr(value.data, '\0', value.len) != NULL)
			rc = fail_at(err, E_INVALID, leaf->node->line, leaf->node->column,
				     "%s: a variable cannot hold a NUL character", leaf->name.data);
		else
			rc = each(ctx, leaf->name, value, err);
	}
	return rc;
}
