#include "base/text.h"

#include <stdio.h>

#define NEAR_BYTES_MAX 64

/* How many bytes follow a lead byte, and the bounds of the first of them (RFC 3629 section 4). */
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

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

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

void utf8_append(struct buf *b, uint32_t cp)
{
	char out[4];
	size_t len = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
	static const unsigned char marks[] = {0, 0, 0xc0, 0xe0, 0xf0};

	for (size_t i = len - 1; i > 0; i--) {
		out[i] = (char)(0x80 | (cp & 0x3f));
		cp >>= 6;
	}
	out[0] = (char)(marks[len] | cp);
	buf_append(b, out, len);
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

static const char *short_escape(char c)
{
	switch (c) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '\b':
		return "\\b";
	case '\f':
		return "\\f";
	case '\n':
		return "\\n";
	case '\r':
		return "\\r";
	case '\t':
		return "\\t";
	default:
		return NULL;
	}
}

/* Whether any of eight bytes is a quote, a backslash or a control character. (Bit Twiddling Hacks,
 * "Determine if a word has a byte less than n"; a byte beyond ASCII may be told of in vain.) */
static bool may_need_escape(const char *p)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
	uint64_t word, quotes, slashes;

	memcpy(&word, p, sizeof word);
	quotes = word ^ ones * '"';
	slashes = word ^ ones * '\\';
	return ((((word - ones * 0x20) & ~word) | ((quotes - ones) & ~quotes) |
		 ((slashes - ones) & ~slashes)) &
		tops) != 0;
}

/* Where the next character to escape stands, or the end. */
static size_t find_escape(struct slice s, size_t at)
{
	for (;; at++) {
		unsigned char c;

		while (s.len - at >= 8 && !may_need_escape(s.data + at))
			at += 8;
		if (at == s.len)
			return at;
		c = (unsigned char)s.data[at];
		if (c < 0x20 || c == '"' || c == '\\')
			return at;
	}
}

void json_append_escape(struct buf *b, uint16_t unit)
{
	static const char digits[] = "0123456789abcdef";
	const char text[] = {'\\',
			     'u',
			     digits[unit >> 12],
			     digits[unit >> 8 & 15],
			     digits[unit >> 4 & 15],
			     digits[unit & 15]};

	buf_append(b, text, sizeof text);
}

void json_append_string(struct buf *b, struct slice s)
{
	size_t at = 0;

	if (!buf_reserve(b, s.len + 2))
		return;
	buf_append_char(b, '"');
	while (!buf_is_failed(b)) {
		size_t start = at;
		const char *escape;

		at = find_escape(s, at);
		buf_append(b, s.data + start, at - start);
		if (at == s.len)
			break;
		escape = short_escape(s.data[at]);
		if (escape != NULL)
			buf_append_text(b, escape);
		else
			json_append_escape(b, (unsigned char)s.data[at]);
		at++;
	}
	buf_append_char(b, '"');
}

/* Control characters (C0, DEL, C1), Unicode's bidirectional controls (UAX 9), its other format characters and
 * separators without a glyph of their own, and its default ignorables (UAX 44), which hide what they hold. */
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

/* Takes one character of `s` at `*at`; a byte that is not UTF-8 is one whose code point is UINT32_MAX. */
static struct slice take_char(struct slice s, size_t *at, uint32_t *ret_code_point)
{
	unsigned char low, high, c = (unsigned char)s.data[*at];
	int follow = c < 0x80 ? 0 : lead(c, &low, &high);
	struct slice one = slice_first(slice_from(s, *at), follow >= 0 ? (size_t)follow + 1 : 1);
	size_t from = 0;

	if (utf8_check(one) != SIZE_MAX) {
		one.len = 1;
		*ret_code_point = UINT32_MAX;
	} else {
		*ret_code_point = utf8_next(one, &from);
	}
	*at += one.len;
	return one;
}

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

void text_append_visible(struct buf *b, struct slice s, const char *kept)
{
	size_t at = 0;

	while (at < s.len) {
		char out[TEXT_VISIBLE_BYTES];

		if (s.data[at] != '\0' && strchr(kept, s.data[at]) != NULL)
			buf_append_char(b, s.data[at++]);
		else
			buf_append(b, out, text_visible(out, s, &at));
	}
}

/* Writes one character of `s` at `*at` as it shall stand in quotes; gives its length, at most 10. */
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

void hex_append(struct buf *b, const void *data, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *p = data;

	if (len > SIZE_MAX / 2 || !buf_reserve(b, 2 * len)) {
		b->is_failed = true;
		return;
	}
	for (size_t i = 0; i < len; i++) {
		b->data[b->len++] = digits[p[i] >> 4];
		b->data[b->len++] = digits[p[i] & 15];
	}
	b->data[b->len] = '\0';
}

int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool hex_parse(struct slice text, void *ret, size_t len)
{
	unsigned char *out = ret;

	if (text.len / 2 != len || text.len % 2 != 0)
		return false;
	for (size_t i = 0; i < len; i++) {
		int high = hex_digit(text.data[2 * i]), low = hex_digit(text.data[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Levenshtein with adjacent swaps (optimal string alignment) in three rows. */
static size_t edit_distance(struct slice a, struct slice b)
{
	size_t rows[3][NEAR_BYTES_MAX + 1];
	size_t *two = rows[0], *one = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b.len; j++)
		one[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t *spare = two;

		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			bool is_same = a.data[i - 1] == b.data[j - 1];

			row[j] = min3(one[j] + 1, row[j - 1] + 1, one[j - 1] + !is_same);
			if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] &&
			    a.data[i - 2] == b.data[j - 1] && two[j - 2] + 1 < row[j])
				row[j] = two[j - 2] + 1;
		}
		two = one;
		one = row;
		row = spare;
	}
	return one[b.len];
}

struct slice text_nearest(struct slice word, const struct slice *candidates, size_t count)
{
	struct slice best = SLICE_NULL;
	size_t best_distance = word.len / 3 < 3 ? word.len / 3 + 1 : 4; /* one more than allowed */

	if (word.len == 0 || word.len > NEAR_BYTES_MAX)
		return SLICE_NULL;
	for (size_t i = 0; i < count; i++) {
		size_t gap = candidates[i].len > word.len ? candidates[i].len - word.len
							  : word.len - candidates[i].len;
		size_t distance;

		if (candidates[i].len > NEAR_BYTES_MAX || gap >= best_distance)
			continue;
		distance = edit_distance(word, candidates[i]);
		if (distance < best_distance) {
			best = candidates[i];
			best_distance = distance;
		}
	}
	return best;
}
