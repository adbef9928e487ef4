/*
 * Text that is appended to buffers, and similar words.
 *
 * json_append_string() runs for every string of every JSON response: it copies runs of bytes that
 * need no escape and looks for the end of a run eight bytes at a time. No function keeps state; any
 * thread may call. What fails is kept in the buffer.
 */
#include "base/text.h"

/* Longer words have no similar word: the work is the product of two lengths, and the input of a
 * client chooses one of them. */
#define NEAR_BYTES_MAX 64

void utf8_append(struct buf *b, uint32_t code_point)
{
	char out[4];
	size_t len = code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
	/* The mark of the first byte, by the length of the sequence (RFC 3629 section 3). */
	static const unsigned char marks[] = {0, 0, 0xc0, 0xe0, 0xf0};

	for (size_t i = len - 1; i > 0; i--) {
		out[i] = (char)(0x80 | (code_point & 0x3f));
		code_point >>= 6;
	}
	out[0] = (char)(marks[len] | code_point);
	buf_append(b, out, len);
}

/* The escapes of two characters (RFC 8259 section 7). '/' has one too, but needs none. */
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

/* Whether any of eight bytes is a quote, a backslash or a control character (Bit Twiddling Hacks,
 * "Determine if a word has a byte less than n"). May also be true for a byte beyond ASCII. */
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

/* The offset of the next character to escape, or of the end. */
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

/* Most strings need no escape, so their length and two quotes are reserved at once. The loop ends
 * as soon as the buffer fails. */
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

/* The NUL is tested first, because strchr() would find the one at the end of `kept`. */
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

/* Levenshtein with adjacent swaps (optimal string alignment) in three rows: a swap is the most
 * frequent mistake in typing and counts as one. `two` and `one` are the rows before `row`. Both
 * words have at most NEAR_BYTES_MAX bytes. */
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
		/* The distance is at least the difference of the lengths, which excludes most
		 * candidates at no cost. Of several that are equally near, the first is taken. */
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
