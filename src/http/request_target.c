/*
 * The parser of request targets. "/v1/profiles/orders/base:diff?from=1&to=2" becomes the segments
 * "v1", "profiles", "orders", "base", the verb "diff" and the undecoded query; query_item_next()
 * then takes the query apart.
 *
 * It is strict where proxies differ (RFC 3986 allows more): segments may not be empty, "." or "..";
 * percent-encoding must be complete, and in a path it may only stand for bytes that could stand
 * there plainly. So every path has exactly one decoded form, and the path that is authorised is the
 * path that is read. All checks of the form come before routing, so no route has its own.
 *
 * Everything is decoded in place: a decoded text is never longer. Nothing is allocated; bounds are
 * TARGET_BYTES_MAX and TARGET_SEGMENTS_MAX. Any thread may call.
 */
#include "http/request_target.h"

#include "base/memory.h"
#include "base/text.h"

/* The byte that the percent sign at `s[0]` encodes, or -1. */
static int decode_percent(const char *s, size_t len)
{
	int high, low;

	if (len < 3)
		return -1;
	high = hex_digit(s[1]);
	low = hex_digit(s[2]);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* The characters of a path's segment (doc/path.h). */
static bool is_segment_char(int c)
{
	return c > 0 && c < 128 &&
	       (is_alnum((char)c) || c == '_' || c == '.' || c == '-' || c == '@' || c == '=' ||
		c == '~');
}

/* pchar of RFC 3986 section 3.3, without the percent sign. */
static bool is_path_char(char c)
{
	return is_segment_char((unsigned char)c) || (c != '\0' && strchr("!$&'()*+,;:", c) != NULL);
}

/* `path` has no '/' at its beginning. An encoded '/' is refused by is_segment_char(), so the number
 * of segments does not change. `*len` becomes the decoded length. */
static enum result decode_path(char *path, size_t *len, struct error *err)
{
	size_t out = 0;

	for (size_t i = 0; i < *len; i++) {
		int c = (unsigned char)path[i];

		if (c == '%') {
			c = decode_percent(path + i, *len - i);
			if (c < 0)
				return fail(err, E_MALFORMED,
					    "the path has a broken percent-encoding");
			if (!is_segment_char(c))
				return fail(err, E_MALFORMED,
					    "the path encodes a byte that paths may not contain");
			i += 2;
		} else if (c != '/' && !is_path_char((char)c)) {
			return fail(err, E_MALFORMED,
				    "the path contains a byte that paths may not contain");
		}
		path[out++] = (char)c;
	}
	*len = out;
	return OK;
}

static enum result split_path(struct request_target *t, struct error *err)
{
	struct slice rest = t->path, part;

	while (slice_next_part(&rest, '/', &part)) {
		if (part.len == 0)
			return fail(err, E_MALFORMED, "the path has an empty segment");
		if (t->segments_count == TARGET_SEGMENTS_MAX)
			return fail(err, E_MALFORMED, "the path has too many segments");
		t->segments[t->segments_count++] = part;
	}
	return OK;
}

/* Cuts ":rollback" off the last segment and off the path. Colons were not decoded from %3A
 * (decode_path() refuses that), so a colon is always the client's own. */
static enum result cut_verb(struct request_target *t, struct error *err)
{
	struct slice *last = &t->segments[t->segments_count - 1];

	for (uint32_t i = 0; i + 1 < t->segments_count; i++) {
		if (memchr(t->segments[i].data, ':', t->segments[i].len) != NULL)
			return fail(err, E_MALFORMED,
				    "only the last segment of a path may have a colon");
	}
	const char *colon = memchr(last->data, ':', last->len);
	if (colon == NULL)
		return OK;
	t->verb = slice_from(*last, (size_t)(colon - last->data) + 1);
	last->len = (size_t)(colon - last->data);
	t->path.len -= t->verb.len + 1;
	if (last->len == 0 || t->verb.len == 0 || memchr(t->verb.data, ':', t->verb.len) != NULL)
		return fail(err, E_MALFORMED, "the path has a colon without a verb after it");
	return OK;
}

/* After the verb is cut off: "..:verb" has a segment of dots too. */
static enum result refuse_dots(const struct request_target *t, struct error *err)
{
	for (uint32_t i = 0; i < t->segments_count; i++) {
		if (slice_is_text(t->segments[i], ".") || slice_is_text(t->segments[i], ".."))
			return fail(err, E_MALFORMED, "the path has the segment . or ..");
	}
	return OK;
}

enum result request_target_parse(struct request_target *ret, char *text, size_t len,
				 struct error *err)
{
	char *mark = memchr(text, '?', len);
	size_t path_len = mark != NULL ? (size_t)(mark - text) : len;
	enum result rc;

	*ret = (struct request_target){0};
	if (len > TARGET_BYTES_MAX)
		return fail(err, E_MALFORMED, "the request target is too long");
	if (len == 0 || text[0] != '/')
		return fail(err, E_MALFORMED, "the request target must begin with '/'");
	if (mark != NULL)
		ret->query = slice_make(mark + 1, len - path_len - 1);
	path_len--;
	rc = decode_path(text + 1, &path_len, err);
	if (rc != OK)
		return rc;
	ret->path = slice_make(text + 1, path_len);
	if (path_len == 0)
		return OK;
	rc = split_path(ret, err);
	if (rc == OK)
		rc = cut_verb(ret, err);
	return rc == OK ? refuse_dots(ret, err) : rc;
}

/* Decodes in place, since the text never grows. */
static enum result decode_query_text(struct slice *s, bool is_plus_kept, struct error *err)
{
	char *text = (char *)(uintptr_t)s->data; /* request_target_parse() was given it writable */
	size_t out = 0;

	for (size_t i = 0; i < s->len; i++) {
		int c = (unsigned char)text[i];

		if (c == '%') {
			c = decode_percent(text + i, s->len - i);
			if (c < 0)
				return fail(err, E_MALFORMED,
					    "the query has a broken percent-encoding");
			i += 2;
		} else if (c == '+' && !is_plus_kept) {
			c = ' ';
		} else if (c <= ' ' || c >= 0x7f || c == '#') {
			return fail(err, E_MALFORMED,
				    "the query contains a byte that must be percent-encoded");
		}
		if (c < 0x20 || c == 0x7f)
			return fail(err, E_MALFORMED,
				    "the query contains an encoded control character");
		text[out++] = (char)c;
	}
	s->len = out;
	if (utf8_check(*s) != SIZE_MAX)
		return fail(err, E_MALFORMED, "the query is not UTF-8");
	return OK;
}

enum result query_item_next(struct slice *rest, struct query_item *ret, bool *ret_is_end,
			    bool (*is_plus_kept)(struct slice name), struct error *err)
{
	struct slice part;
	enum result rc;

	*ret_is_end = rest->data == NULL || rest->len == 0 || !slice_next_part(rest, '&', &part);
	if (*ret_is_end)
		return OK;
	const char *equals = memchr(part.data, '=', part.len);
	ret->has_value = equals != NULL;
	ret->name = slice_first(part, equals != NULL ? (size_t)(equals - part.data) : part.len);
	ret->value = equals != NULL ? slice_from(part, ret->name.len + 1) : SLICE_NULL;
	rc = decode_query_text(&ret->name, false, err);
	if (rc != OK)
		return rc;
	if (ret->name.len == 0)
		return fail(err, E_MALFORMED, "the query has a parameter without a name");
	return decode_query_text(&ret->value, is_plus_kept != NULL && is_plus_kept(ret->name), err);
}
