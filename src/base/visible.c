/*
 * Text from an input, made safe for a terminal and for people.
 *
 * One list of ranges decides for log lines, error texts and tables of the command, so that no
 * output shows a character that another one hides. The functions write to bounded places of the
 * caller and allocate nothing, because errors are also formatted when memory has run out.
 */
#include "base/visible.h"

#include "base/memory.h"
#include "base/utf8.h"

#include <stdio.h>

/* Control characters (C0, DEL, C1), Unicode's bidirectional controls (UAX 9), its other format
 * characters and separators without a glyph, and its default ignorables (UAX 44), which can hide
 * text. The ranges are in ascending order: the loop ends at the first one beyond the character. */
bool text_is_hidden(uint32_t cp)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{0x00, 0x1f},	  {0x7f, 0x9f},	      {0xad, 0xad},	  {0x34f, 0x34f},
		{0x61c, 0x61c},	  {0x115f, 0x1160},   {0x17b4, 0x17b5},	  {0x180b, 0x180f},
		{0x200b, 0x200f}, {0x2028, 0x202e},   {0x2060, 0x206f},	  {0x3164, 0x3164},
		{0xfe00, 0xfe0f}, {0xfeff, 0xfeff},   {0xffa0, 0xffa0},	  {0xfff0, 0xfffb},
		{0xfffe, 0xffff}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
	};

	for (size_t i = 0; i < ARRAY_SIZE(ranges) && cp >= ranges[i].first; i++) {
		if (cp <= ranges[i].last)
			return true;
	}
	return false;
}

/* Takes one character of `s` at `*at`; a byte that is not UTF-8 counts as one, with the code point
 * UINT32_MAX. */
static struct slice take_char(struct slice s, size_t *at, uint32_t *ret_code_point)
{
	size_t from = *at;

	/* Only the first character matters: four bytes are its longest form. */
	if (utf8_check(slice_first(slice_from(s, from), 4)) == 0) {
		*at += 1;
		*ret_code_point = UINT32_MAX;
	} else {
		*ret_code_point = utf8_next(s, at);
	}
	return slice_make(s.data + from, *at - from);
}

/* Backslashes stay as they are, so the escaped form is for people and cannot be read back. */
size_t text_visible(char ret[static TEXT_VISIBLE_BYTES], struct slice s, size_t *at)
{
	uint32_t cp;
	struct slice one = take_char(s, at, &cp);
	const char *form = cp < 0x80 || cp == UINT32_MAX ? "\\x%02x"
			   : cp < 0x10000		 ? "\\u%04x"
							 : "\\U%08x";

	if (cp != UINT32_MAX && !text_is_hidden(cp)) {
		memcpy(ret, one.data, one.len);
		return one.len;
	}
	if (cp == UINT32_MAX)
		cp = (unsigned char)one.data[0];
	return (size_t)snprintf(ret, TEXT_VISIBLE_BYTES, form, cp);
}

/* Writes one character of `s` at `*at` as it appears in quotes; returns its length, at most 10. */
static size_t quote_char(char out[static TEXT_VISIBLE_BYTES], struct slice s, size_t *at)
{
	char c = s.data[*at];

	if (c == '"' || c == '\\') {
		*at += 1;
		return (size_t)snprintf(out, TEXT_VISIBLE_BYTES, "\\%c", c);
	}
	/* As in JSON. */
	if ((unsigned char)c < 0x80 && text_is_hidden((unsigned char)c)) {
		*at += 1;
		return (size_t)snprintf(out, TEXT_VISIBLE_BYTES, "\\u%04x", (unsigned char)c);
	}
	return text_visible(out, s, at);
}

const char *text_quote(char *ret, size_t size, struct slice name)
{
	/* The room that must stay free: the mark of a cut, the closing quote and the NUL. */
	const size_t tail = sizeof "...\"";
	size_t used = 1, at = 0;

	if (size < 16) {
		if (size != 0)
			ret[0] = '\0';
		return ret;
	}
	ret[0] = '"';
	while (at < name.len) {
		char out[TEXT_VISIBLE_BYTES];
		size_t len = quote_char(out, name, &at);

		if (used + len + tail > size) {
			memcpy(ret + used, "...", 3);
			used += 3;
			break;
		}
		memcpy(ret + used, out, len);
		used += len;
	}
	ret[used++] = '"';
	ret[used] = '\0';
	return ret;
}
