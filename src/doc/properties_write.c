/*
 * Java properties. Escapes like java.util.Properties.store(), so that load() reads the same text.
 * The output is ASCII, because load() reads a stream of bytes as ISO 8859-1. Names come from
 * flatten(): a.b[0].
 */
#include "doc/write.h"

#include "base/text.h"
#include "doc/flatten.h"

static void append_unit(struct buf *ret, uint32_t unit)
{
	static const char digits[] = "0123456789ABCDEF";
	const char text[] = {'\\',
			     'u',
			     digits[unit >> 12 & 15],
			     digits[unit >> 8 & 15],
			     digits[unit >> 4 & 15],
			     digits[unit & 15]};

	buf_append(ret, text, sizeof text);
}

/* Java has UTF-16: a character beyond U+FFFF is a pair of surrogates. */
static void append_utf16(struct buf *ret, uint32_t cp)
{
	if (cp < 0x10000) {
		append_unit(ret, cp);
		return;
	}
	cp -= 0x10000;
	append_unit(ret, 0xd800 + (cp >> 10));
	append_unit(ret, 0xdc00 + (cp & 0x3ff));
}

static void append_char(struct buf *ret, uint32_t cp, bool is_blank_escaped)
{
	switch (cp) {
	case ' ':
		buf_append_text(ret, is_blank_escaped ? "\\ " : " ");
		return;
	case '\t':
		buf_append_text(ret, "\\t");
		return;
	case '\n':
		buf_append_text(ret, "\\n");
		return;
	case '\r':
		buf_append_text(ret, "\\r");
		return;
	case '\f':
		buf_append_text(ret, "\\f");
		return;
	case '\\':
	case '=':
	case ':':
	case '#':
	case '!':
		buf_append_char(ret, '\\');
		break;
	default:
		break;
	}
	if (cp >= 0x20 && cp < 0x7f)
		buf_append_char(ret, (char)cp);
	else
		append_utf16(ret, cp);
}

/* Escapes every blank of a key, and of a value only the first character: load() drops blanks before
 * a value. */
static void append_escaped(struct buf *ret, struct slice s, bool is_key)
{
	for (size_t at = 0; at < s.len && !buf_is_failed(ret);) {
		bool is_first = at == 0;

		append_char(ret, utf8_next(s, &at), is_key || is_first);
	}
}

enum result properties_write(struct buf *ret, const struct tree_node *n, struct error *err)
{
	CLEANUP(flattened_clear) struct flattened flattened = FLATTENED_INIT;
	enum result rc = flatten(&flattened, n, FLATTEN_PROPERTIES, slice_text(""), err);

	if (rc != OK)
		return rc;
	for (uint32_t i = 0; i < flattened.count && !buf_is_failed(ret); i++) {
		append_escaped(ret, flattened.leaves[i].name, true);
		buf_append_char(ret, '=');
		append_escaped(ret, flattened_value(flattened.leaves[i].node), false);
		buf_append_char(ret, '\n');
	}
	return OK;
}
