/*
 * RFC 8259 and nothing beside it, in one pass and without recursion.
 *
 * The input is copied once into the tree's arena; strings, keys and numbers are pieces of that
 * copy. The parser only ever reads the input and only ever writes the copy: an escape is decoded
 * where it stands, which never needs more room, and the byte behind a piece becomes its NUL. So the
 * copy costs one allocation for the whole document.
 *
 * A function that reads begins with `at` on its first character and ends with `at` behind its last.
 * `at` only moves forward; each loop ends at `end`. Errors name line and column in code points and
 * never quote the input, which may be a secret.
 */
#include "doc/json_read.h"

#include "base/text.h"
#include "doc/builder.h"

struct reader {
	struct builder builder;
	const char *at, *end;
	const char *start; /* of the input */
	char *copy;	   /* as long as the input and a NUL */
	const char
		*line_start; /* moved on by continuation bytes, so that columns count code points */
	uint32_t line;
	struct error *err;
};

static uint32_t column_of(const struct reader *r, const char *at)
{
	return (uint32_t)(at - r->line_start) + 1;
}

static enum result fail_here(const struct reader *r, const char *text)
{
	return fail_at(r->err, E_MALFORMED, r->line, column_of(r, r->at), "%s", text);
}

static void skip_blanks(struct reader *r)
{
	for (; r->at < r->end; r->at++) {
		if (*r->at == '\n') {
			r->line++;
			r->line_start = r->at + 1;
		} else if (*r->at != ' ' && *r->at != '\t' && *r->at != '\r') {
			return;
		}
	}
}

/* Names the usual mistakes: comments, single quotes, a byte order mark (refused: RFC 8259, section
 * 8.1). */
static const char *text_of_unexpected(const struct reader *r, const char *otherwise)
{
	if (r->at == r->end)
		return "the JSON ends too early";
	if (*r->at == '/' || *r->at == '#')
		return "JSON has no comments";
	if (*r->at == '\'')
		return "JSON strings are in double quotes";
	if (r->at == r->start && r->end - r->at >= 3 && memcmp(r->at, "\xef\xbb\xbf", 3) == 0)
		return "JSON begins without a byte order mark";
	return otherwise;
}

/* Whether any of eight bytes ends a run of plain text: a quote, a backslash, a control character, a
 * byte beyond ASCII. (Bit Twiddling Hacks, "Determine if a word has a byte less than n".) */
static bool has_special(const char *p)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
	uint64_t word, quotes, slashes;

	memcpy(&word, p, sizeof word);
	quotes = word ^ ones * '"';
	slashes = word ^ ones * '\\';
	return ((word | ((word - ones * 0x20) & ~word) | ((quotes - ones) & ~quotes) |
		 ((slashes - ones) & ~slashes)) &
		tops) != 0;
}

/* Four hexadecimal digits at `p`, or -1. */
static int32_t parse_hex4(const char *p, const char *end)
{
	int32_t value = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = p[i];
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
			    : c >= 'A' && c <= 'F' ? c - 'A' + 10
						   : -1;

		if (digit < 0)
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

/* RFC 3629, section 3. Never longer than the escape that it replaces: six bytes become at most
 * three, and a pair of twelve becomes four. */
static char *put_utf8(char *out, uint32_t cp)
{
	if (cp < 0x80) {
		*out++ = (char)cp;
	} else if (cp < 0x800) {
		*out++ = (char)(0xc0 | cp >> 6);
	} else if (cp < 0x10000) {
		*out++ = (char)(0xe0 | cp >> 12);
		*out++ = (char)(0x80 | (cp >> 6 & 0x3f));
	} else {
		*out++ = (char)(0xf0 | cp >> 18);
		*out++ = (char)(0x80 | (cp >> 12 & 0x3f));
		*out++ = (char)(0x80 | (cp >> 6 & 0x3f));
	}
	if (cp >= 0x80)
		*out++ = (char)(0x80 | (cp & 0x3f));
	return out;
}

/* "\uXXXX" at `r->at`, or a pair of them that together are one character. */
static enum result read_unicode_escape(struct reader *r, char **out)
{
	int32_t high = parse_hex4(r->at + 2, r->end), low;

	if (high < 0)
		return fail_here(r, "\\u takes four hexadecimal digits");
	if (high < 0xd800 || high > 0xdfff) {
		*out = put_utf8(*out, (uint32_t)high);
		r->at += 6;
		return OK;
	}
	if (high > 0xdbff || r->end - r->at < 12 || r->at[6] != '\\' || r->at[7] != 'u')
		return fail_here(r, "half of a surrogate pair stands alone");
	low = parse_hex4(r->at + 8, r->end);
	if (low < 0xdc00 || low > 0xdfff)
		return fail_here(r, "half of a surrogate pair stands alone");
	*out = put_utf8(*out,
			0x10000 + ((uint32_t)(high - 0xd800) << 10) + (uint32_t)(low - 0xdc00));
	r->at += 12;
	return OK;
}

/* `from` and `to` are parallel: the letter after the backslash, and its character. */
static enum result read_escape(struct reader *r, char **out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *found;

	if (r->end - r->at < 2)
		return fail_here(r, "the string has no end");
	if (r->at[1] == 'u')
		return read_unicode_escape(r, out);
	found = r->at[1] != '\0' ? strchr(from, r->at[1]) : NULL;
	if (found == NULL)
		return fail_here(r, "JSON knows no such escape");
	*(*out)++ = to[found - from];
	r->at += 2;
	return OK;
}

/* Checks one character beyond ASCII (RFC 3629), and copies it if escapes before it have moved the
 * text. */
static enum result read_wide(struct reader *r, char **out)
{
	unsigned char c = (unsigned char)*r->at;
	size_t len = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
	struct slice one = {r->at, len};

	if (c < 0xc2 || (size_t)(r->end - r->at) < len || utf8_check(one) != SIZE_MAX)
		return fail_here(r, "the text is not valid UTF-8");
	memmove(*out, r->at, len);
	*out += len;
	r->at += len;
	r->line_start += len - 1;
	return OK;
}

/* Copies plain ASCII. `*out` is at or before the same place in the copy. */
static void read_plain(struct reader *r, char **out)
{
	const char *from = r->at;
	size_t len;

	while (r->end - r->at >= 8 && !has_special(r->at))
		r->at += 8;
	while (r->at < r->end && (unsigned char)*r->at >= 0x20 && (unsigned char)*r->at < 0x80 &&
	       *r->at != '"' && *r->at != '\\')
		r->at++;
	len = (size_t)(r->at - from);
	if (*out != r->copy + (from - r->start))
		memcpy(*out, from, len);
	*out += len;
}

/* The string whose opening quote is at `r->at`. */
static enum result read_string(struct reader *r, struct slice *ret)
{
	char *first = r->copy + (r->at + 1 - r->start), *out = first;
	enum result rc = OK;

	for (r->at++; rc == OK;) {
		read_plain(r, &out);
		if (r->at == r->end)
			return fail_here(r, "the string has no end");
		if (*r->at == '"')
			break;
		if (*r->at == '\\')
			rc = read_escape(r, &out);
		else if ((unsigned char)*r->at < 0x20)
			return fail_here(r,
					 "a control character in a string is written as an escape");
		else
			rc = read_wide(r, &out);
		if (rc == OK)
			rc = budget_take(r->builder.budget, 2, r->err);
	}
	if (rc != OK)
		return rc;
	r->at++;
	*out = '\0';
	*ret = slice_make(first, (size_t)(out - first));
	return OK;
}

static const char *skip_digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

/* The end of the number at `p` by RFC 8259 section 6, or NULL. */
static const char *scan_number(const char *p, const char *end)
{
	const char *digits;

	if (p < end && *p == '-')
		p++;
	digits = p;
	p = skip_digits(p, end);
	if (p == digits || (*digits == '0' && p - digits > 1))
		return NULL;
	if (p < end && *p == '.') {
		digits = ++p;
		p = skip_digits(p, end);
		if (p == digits)
			return NULL;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		digits = p;
		p = skip_digits(p, end);
		if (p == digits)
			return NULL;
	}
	return p;
}

/* The text is kept as it is written; the tree computes the value from it. */
static enum result read_number(struct reader *r, struct tree_node *ret)
{
	const char *end = scan_number(r->at, r->end);
	char *text = r->copy + (r->at - r->start);

	if (end == NULL)
		return fail_here(r, "this is not a number as JSON writes it");
	/* Overwrites the next character of the copy, which is read from the input. */
	text[end - r->at] = '\0';
	if (!tree_set_number(ret, slice_make(text, (size_t)(end - r->at))))
		return fail_at(r->err, E_LIMIT, r->line, column_of(r, r->at),
			       "the number has more than %d characters or too large an exponent",
			       NUMBER_BYTES_MAX);
	r->at = end;
	return OK;
}

static enum result read_word(struct reader *r, struct tree_node *ret)
{
	struct slice rest = {r->at, (size_t)(r->end - r->at)};

	if (slice_starts_with(rest, SLICE_LITERAL("true"))) {
		tree_set_bool(ret, true);
		r->at += 4;
	} else if (slice_starts_with(rest, SLICE_LITERAL("false"))) {
		tree_set_bool(ret, false);
		r->at += 5;
	} else if (slice_starts_with(rest, SLICE_LITERAL("null"))) {
		tree_set_null(ret);
		r->at += 4;
	} else {
		return fail_here(r, text_of_unexpected(r, "a value is expected here"));
	}
	return OK;
}

static enum result read_scalar(struct reader *r)
{
	uint32_t line = r->line, column = column_of(r, r->at);
	struct tree_member *top;
	struct slice text;
	enum result rc = builder_top(&r->builder, &top, r->err);

	if (rc != OK)
		return rc;
	if (*r->at == '"') {
		rc = read_string(r, &text);
		if (rc == OK)
			tree_set_string(&top->value, text);
	} else if (*r->at == '-' || (*r->at >= '0' && *r->at <= '9')) {
		rc = read_number(r, &top->value);
	} else {
		rc = read_word(r, &top->value);
	}
	if (rc != OK)
		return rc;
	top->value.line = line;
	top->value.column = column;
	return builder_push(&r->builder, 1, r->err);
}

/* A key and its colon. */
static enum result read_key(struct reader *r)
{
	uint32_t column = column_of(r, r->at);
	struct tree_member *top;
	struct slice key;
	enum result rc;

	if (r->at == r->end || *r->at != '"')
		return fail_here(r,
				 text_of_unexpected(r, "a key in double quotes is expected here"));
	rc = builder_top(&r->builder, &top, r->err);
	if (rc == OK)
		rc = read_string(r, &key);
	if (rc != OK)
		return rc;
	top->key = key.data;
	top->key_len = (uint32_t)key.len;
	top->hash = slice_hash(key);
	top->line = r->line;
	top->column = column;
	skip_blanks(r);
	if (r->at == r->end || *r->at != ':')
		return fail_here(r, text_of_unexpected(r, "a ':' is expected after a key"));
	r->at++;
	return OK;
}

/* Closes the containers that end here; `*is_next` when a ',' announces another child. */
static enum result read_after_value(struct reader *r, bool *is_next)
{
	struct builder *b = &r->builder;

	*is_next = false;
	while (b->depth != 0) {
		char close = builder_kind(b) == TREE_ARRAY ? ']' : '}';
		enum result rc;

		skip_blanks(r);
		if (r->at < r->end && *r->at == ',') {
			r->at++;
			*is_next = true;
			return OK;
		}
		if (r->at == r->end || *r->at != close)
			return fail_here(r, text_of_unexpected(
						    r, close == ']'
							       ? "a ',' or ']' is expected here"
							       : "a ',' or '}' is expected here"));
		r->at++;
		rc = builder_close(b, NULL, r->err);
		if (rc != OK)
			return rc;
	}
	return OK;
}

/* Opens the container at `r->at`; `*is_empty` when it closes immediately. */
static enum result read_open(struct reader *r, bool *is_empty)
{
	bool is_array = *r->at == '[';
	enum result rc = builder_open(&r->builder, is_array ? TREE_ARRAY : TREE_OBJECT, r->line,
				      column_of(r, r->at), r->err);

	if (rc != OK)
		return rc;
	r->at++;
	skip_blanks(r);
	*is_empty = r->at < r->end && *r->at == (is_array ? ']' : '}');
	return OK;
}

/* One round for each value. A container that opens is a round of its own, with its children in the
 * next ones, so the depth costs no stack. */
static enum result read_document(struct reader *r)
{
	bool is_next = true;

	while (is_next) {
		bool is_open = false, is_empty = false;
		enum result rc = OK;

		skip_blanks(r);
		if (r->builder.depth != 0 && builder_kind(&r->builder) == TREE_OBJECT) {
			rc = read_key(r);
			if (rc != OK)
				return rc;
			skip_blanks(r);
		}
		if (r->at == r->end)
			return fail_here(r, r->builder.depth == 0 ? "the JSON is empty"
								  : "the JSON ends too early");
		is_open = *r->at == '{' || *r->at == '[';
		rc = is_open ? read_open(r, &is_empty) : read_scalar(r);
		if (rc != OK)
			return rc;
		if (is_open && !is_empty)
			continue;
		rc = read_after_value(r, &is_next);
		if (rc != OK)
			return rc;
	}
	skip_blanks(r);
	if (r->at != r->end)
		return fail_here(r,
				 text_of_unexpected(r, "something stands behind the JSON's end"));
	return OK;
}

static void reader_clear(struct reader *r)
{
	builder_clear(&r->builder);
}

enum result json_read(struct tree *ret, struct slice input, const struct doc_limits *limits,
		      struct error *err)
{
	CLEANUP(reader_clear) struct reader r;
	/* The copy and the scan of plain text; values and escapes are charged one by one. */
	enum result rc = budget_take(limits->budget, input.len / 8 + 1, err);

	builder_init(&r.builder, ret, limits);
	r.start = r.at = r.line_start = input.data != NULL ? input.data : "";
	r.end = r.start + input.len;
	r.line = 1;
	r.err = err;
	if (rc != OK)
		return rc;
	r.copy = arena_alloc(&ret->arena, input.len + 1);
	if (r.copy == NULL)
		return builder_fail_memory(&r.builder, err);
	memcpy(r.copy, r.start, input.len);
	rc = read_document(&r);
	if (rc == OK)
		ret->root = r.builder.stack[0].value;
	return rc;
}
