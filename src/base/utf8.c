/*
 * UTF-8 (RFC 3629).
 *
 * utf8_check() is the only function that may get any bytes and judges them. utf8_next() and
 * utf8_length() rely on it: they take valid text and check nothing but the end of the text.
 * utf8_whole() and text_position() take any bytes. No function keeps state.
 */
#include "base/utf8.h"

/* How many bytes follow a lead byte, and the bounds of the first of them (RFC 3629 section 4); -1
 * for a byte that cannot lead. The narrower bounds refuse overlong forms (after E0 and F0),
 * surrogates (after ED) and code points above U+10FFFF (after F4). C0, C1 and F5 to FF lead
 * nothing. */
static int lead(unsigned char c, unsigned char *low, unsigned char *high)
{
	*low = 0x80;
	*high = 0xbf;
	if (c >= 0xc2 && c <= 0xdf)
		return 1;
	if (c >= 0xe0 && c <= 0xef) {
		if (c == 0xe0)
			*low = 0xa0;
		if (c == 0xed)
			*high = 0x9f;
		return 2;
	}
	if (c >= 0xf0 && c <= 0xf4) {
		if (c == 0xf0)
			*low = 0x90;
		if (c == 0xf4)
			*high = 0x8f;
		return 3;
	}
	return -1;
}

size_t utf8_check(struct slice s)
{
	size_t at = 0;

	while (at < s.len) {
		unsigned char c = (unsigned char)s.data[at], low, high;
		int follow;

		if (c < 0x80) {
			at++;
			continue;
		}
		follow = lead(c, &low, &high);
		if (follow < 0 || s.len - at <= (size_t)follow)
			return at;
		for (int i = 1; i <= follow; i++) {
			unsigned char f = (unsigned char)s.data[at + (size_t)i];

			if (f < low || f > high)
				return at;
			low = 0x80;
			high = 0xbf;
		}
		at += (size_t)follow + 1;
	}
	return SIZE_MAX;
}

/* 10xxxxxx: a byte that is not the first of its character. */
static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* Goes back to the lead byte of the last character, over three continuation bytes at most, and
 * keeps the character if it has all of its bytes. Malformed bytes are kept: they are not
 * incomplete. */
size_t utf8_whole(struct slice s)
{
	size_t at = s.len;
	unsigned char low, high;

	while (at > 0 && s.len - at < 3 && is_continuation(s.data[at - 1]))
		at--;
	if (at == 0 || lead((unsigned char)s.data[at - 1], &low, &high) <= (int)(s.len - at))
		return s.len;
	return at - 1;
}

uint32_t utf8_next(struct slice s, size_t *at)
{
	unsigned char c = (unsigned char)s.data[(*at)++];
	int follow = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
	uint32_t code_point = follow == 0 ? c : c & (0x3fu >> follow);

	for (; follow > 0 && *at < s.len; follow--)
		code_point = code_point << 6 | ((unsigned char)s.data[(*at)++] & 0x3fu);
	return code_point;
}

size_t utf8_length(struct slice s)
{
	size_t count = 0;

	for (size_t i = 0; i < s.len; i++)
		count += !is_continuation(s.data[i]);
	return count;
}

void text_position(struct slice s, size_t offset, uint32_t *ret_line, uint32_t *ret_column)
{
	uint32_t line = 1, column = 1;

	for (size_t i = 0; i < offset && i < s.len; i++) {
		if (s.data[i] == '\n') {
			line++;
			column = 1;
		} else if (!is_continuation(s.data[i])) {
			column++;
		}
	}
	*ret_line = line;
	*ret_column = column;
}
