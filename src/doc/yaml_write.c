/*
 * Block style that YAML 1.2 and 1.1 readers (PyYAML, SnakeYAML) take for the same data: texts that
 * either would read as another type are quoted, exponents are written as 1.1 wants them.
 *
 * A text is written in the first of three forms that is safe: plain, a literal block (|) for
 * several lines, or in double quotes. Each test errs on the side of quotes. The depth of the tree
 * bounds the recursion; indentation could make the output much longer than the data, so deep or
 * dense literals are quoted instead.
 */
#include "doc/write.h"

#include "base/text.h"
#include "doc/yaml_scalar.h"

/* Readers look for a key's ':' no further than 1,024 characters (1.1, 7.3.3). */
#define KEY_BYTES_MAX 1000
/* At a greater depth, indentation would make a text of many short lines much longer. */
#define LITERAL_DEPTH_MAX 8
#define SWELL_BYTES_MIN	  4096

static void write_children(struct buf *ret, const struct tree_node *n, uint32_t depth,
			   bool is_inline);

static void indent(struct buf *ret, uint32_t depth)
{
	for (uint32_t i = 0; i < depth; i++)
		buf_append(ret, "  ", 2);
}

/* Characters that a reader would fold, refuse or drop unless they are escaped. */
static bool is_special(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == 0x2028 || cp == 0x2029 ||
	       cp == 0xfeff || cp == 0xfffe || cp == 0xffff;
}

/* Whether no character is special; a newline is allowed with `may_break`. */
static bool is_printable(struct slice s, bool may_break)
{
	for (size_t at = 0; at < s.len;) {
		uint32_t cp = (unsigned char)s.data[at];

		if (cp >= 0x80)
			cp = utf8_next(s, &at);
		else
			at++;
		if (is_special(cp) && !(may_break && cp == '\n'))
			return false;
	}
	return true;
}

/* Fewer characters than YAML allows: none that begins a tag, an anchor, a list, a flow container, a
 * comment or a directive. */
static bool may_begin_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '/' || c == '$' || (unsigned char)c >= 0x80;
}

/* ": " would begin a value and " #" a comment; a blank at the end would be dropped. */
static bool may_be_plain(struct slice s)
{
	if (s.len == 0 || !may_begin_plain(s.data[0]) || s.data[s.len - 1] == ' ' ||
	    s.data[s.len - 1] == ':')
		return false;
	for (size_t i = 1; i < s.len; i++) {
		if ((s.data[i] == ' ' && s.data[i - 1] == ':') ||
		    (s.data[i] == '#' && s.data[i - 1] == ' '))
			return false;
	}
	return is_printable(s, false) && !yaml_is_ambiguous(s);
}

/* The escapes of JSON are valid in YAML; a few more characters need one. */
static void write_quoted(struct buf *ret, struct slice s)
{
	size_t start = 0;

	if (is_printable(s, false)) {
		json_append_string(ret, s);
		return;
	}
	buf_append_char(ret, '"');
	for (size_t at = 0; at < s.len && !buf_is_failed(ret);) {
		size_t from = at;
		uint32_t cp = utf8_next(s, &at);

		if (!is_special(cp) && cp != '"' && cp != '\\')
			continue;
		buf_append(ret, s.data + start, from - start);
		if (cp == '"' || cp == '\\')
			buf_append(ret, cp == '"' ? "\\\"" : "\\\\", 2);
		else if (cp == '\n')
			buf_append_text(ret, "\\n");
		else if (cp == '\r')
			buf_append_text(ret, "\\r");
		else if (cp == '\t')
			buf_append_text(ret, "\\t");
		else
			json_append_escape(ret, (uint16_t)cp);
		start = at;
	}
	buf_append_slice(ret, slice_from(s, start));
	buf_append_char(ret, '"');
}

/* Indentation would make a long text of short lines many times as long. */
static bool would_swell(struct slice s, uint32_t depth)
{
	size_t lines = 1;

	if (s.len < SWELL_BYTES_MIN)
		return false;
	for (size_t i = 0; i < s.len; i++)
		lines += s.data[i] == '\n';
	return lines * 2 * depth > s.len;
}

/* Several lines, none with blanks at its end and the first with none before it, so that every
 * reader gets the text as it is. */
static bool may_be_literal(struct slice s, uint32_t depth)
{
	if (depth > LITERAL_DEPTH_MAX || s.len < 2 || memchr(s.data, '\n', s.len) == NULL)
		return false;
	if (s.data[0] == ' ' || s.data[0] == '\n' || s.data[s.len - 1] == ' ')
		return false;
	for (size_t i = 1; i < s.len; i++) {
		if (s.data[i] == '\n' && s.data[i - 1] == ' ')
			return false;
	}
	return is_printable(s, true) && !would_swell(s, depth);
}

/* "|" keeps one newline at the end, "|-" none, "|+" all. Empty lines are not indented. */
static void write_literal(struct buf *ret, struct slice s, uint32_t depth)
{
	bool has_end = s.data[s.len - 1] == '\n';
	struct slice rest = has_end ? slice_first(s, s.len - 1) : s, line;

	if (!has_end)
		buf_append_text(ret, "|-");
	else
		buf_append_text(ret, s.data[s.len - 2] == '\n' ? "|+" : "|");
	while (!buf_is_failed(ret) && slice_next_part(&rest, '\n', &line)) {
		buf_append_char(ret, '\n');
		if (line.len == 0)
			continue;
		indent(ret, depth);
		buf_append_slice(ret, line);
	}
}

/* YAML 1.1 reads an exponent only after a point and with a sign: 1e3 is written 1.0e+3. */
static void write_number(struct buf *ret, struct slice s)
{
	size_t e = 0;

	while (e < s.len && s.data[e] != 'e' && s.data[e] != 'E')
		e++;
	if (e + 1 >= s.len || s.len + 3 > NUMBER_BYTES_MAX) {
		buf_append_slice(ret, s);
		return;
	}
	buf_append_slice(ret, slice_first(s, e));
	if (memchr(s.data, '.', e) == NULL)
		buf_append_text(ret, ".0");
	buf_append_char(ret, s.data[e]);
	if (s.data[e + 1] != '-' && s.data[e + 1] != '+')
		buf_append_char(ret, '+');
	buf_append_slice(ret, slice_from(s, e + 1));
}

/* Values that need no line of their own; `depth` is the indentation of further lines of text. */
static void write_leaf(struct buf *ret, const struct tree_node *n, uint32_t depth)
{
	struct slice text = tree_text(n);

	/* Written alike in JSON and YAML. */
	if ((n->flags & TREE_IS_OPAQUE) != 0) {
		json_write(ret, n);
		return;
	}
	switch ((enum tree_kind)n->kind) {
	case TREE_NULL:
	case TREE_BOOL:
		json_write(ret, n);
		break;
	case TREE_NUMBER:
		write_number(ret, text);
		break;
	case TREE_STRING:
		if (may_be_plain(text))
			buf_append_slice(ret, text);
		else if (may_be_literal(text, depth))
			write_literal(ret, text, depth);
		else
			write_quoted(ret, text);
		break;
	case TREE_ARRAY:
		buf_append_text(ret, "[]");
		break;
	case TREE_OBJECT:
		buf_append_text(ret, "{}");
		break;
	}
}

static bool has_children(const struct tree_node *n)
{
	return (n->kind == TREE_ARRAY || n->kind == TREE_OBJECT) && n->count != 0 &&
	       (n->flags & TREE_IS_OPAQUE) == 0;
}

/* A key may be at most 1,024 characters long unless "? " announces it. */
static void write_key(struct buf *ret, struct slice key, uint32_t depth)
{
	bool is_explicit = key.len > KEY_BYTES_MAX / 6; /* an escape has six characters */

	if (is_explicit)
		buf_append_text(ret, "? ");
	if (may_be_plain(key))
		buf_append_slice(ret, key);
	else
		write_quoted(ret, key);
	if (is_explicit) {
		buf_append_char(ret, '\n');
		indent(ret, depth);
	}
	buf_append_char(ret, ':');
}

static void write_members(struct buf *ret, const struct tree_node *n, uint32_t depth,
			  bool is_inline)
{
	for (uint32_t i = 0; i < n->count && !buf_is_failed(ret); i++) {
		const struct tree_member *m = &n->of.members[i];

		if (i != 0 || !is_inline)
			indent(ret, depth);
		write_key(ret, tree_key(m), depth);
		if (has_children(&m->value)) {
			buf_append_char(ret, '\n');
			write_children(ret, &m->value, depth + 1, false);
		} else {
			buf_append_char(ret, ' ');
			write_leaf(ret, &m->value, depth + 1);
			buf_append_char(ret, '\n');
		}
	}
}

/* A container in a list begins on the line of its "- ". */
static void write_items(struct buf *ret, const struct tree_node *n, uint32_t depth, bool is_inline)
{
	for (uint32_t i = 0; i < n->count && !buf_is_failed(ret); i++) {
		const struct tree_node *item = &n->of.items[i];

		if (i != 0 || !is_inline)
			indent(ret, depth);
		buf_append_text(ret, "- ");
		if (has_children(item)) {
			write_children(ret, item, depth + 1, true);
		} else {
			write_leaf(ret, item, depth + 1);
			buf_append_char(ret, '\n');
		}
	}
}

/* `is_inline`: the first child follows on the line that is already begun. */
static void write_children(struct buf *ret, const struct tree_node *n, uint32_t depth,
			   bool is_inline)
{
	if (n->kind == TREE_OBJECT)
		write_members(ret, n, depth, is_inline);
	else
		write_items(ret, n, depth, is_inline);
}

void yaml_write(struct buf *ret, const struct tree_node *n)
{
	if (has_children(n)) {
		write_children(ret, n, 0, false);
		return;
	}
	write_leaf(ret, n, 1);
	buf_append_char(ret, '\n');
}
