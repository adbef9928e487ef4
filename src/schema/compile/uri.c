/* URI references, as RFC 3986 splits (section 3) and resolves (section 5.2) them. */
#include "schema/compile/uri.h"

#include "base/text.h"

struct slice uri_without_fragment(struct slice text)
{
	const char *mark = text.len != 0 ? memchr(text.data, '#', text.len) : NULL;

	return mark == NULL ? text : slice_first(text, (size_t)(mark - text.data));
}

struct slice uri_fragment(struct slice text)
{
	struct slice before = uri_without_fragment(text);

	return before.len == text.len ? SLICE_NULL : slice_from(text, before.len + 1);
}

static bool is_scheme_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '+' || c == '-' || c == '.';
}

/* The length of a scheme at the start of `text`; 0 where there is none. */
static size_t scheme_length(struct slice text)
{
	size_t len = 0;

	if (text.len == 0 || (text.data[0] >= '0' && text.data[0] <= '9'))
		return 0;
	while (len < text.len && is_scheme_char(text.data[len]))
		len++;
	return len < text.len && text.data[len] == ':' ? len : 0;
}

/* The number of characters before the first one of `stops`. */
static size_t length_before(struct slice text, const char *stops)
{
	size_t len = 0;

	while (len < text.len && strchr(stops, text.data[len]) == NULL)
		len++;
	return len;
}

/* Cuts the fragment first, because a '#' ends all other parts. */
void uri_split(struct uri *ret, struct slice text)
{
	size_t len;

	*ret = (struct uri){0};
	ret->fragment = uri_fragment(text);
	ret->has_fragment = ret->fragment.data != NULL;
	text = uri_without_fragment(text);
	len = scheme_length(text);
	if (len != 0) {
		ret->has_scheme = true;
		ret->scheme = slice_first(text, len);
		text = slice_from(text, len + 1);
	}
	if (text.len >= 2 && text.data[0] == '/' && text.data[1] == '/') {
		text = slice_from(text, 2);
		len = length_before(text, "/?");
		ret->has_authority = true;
		ret->authority = slice_first(text, len);
		text = slice_from(text, len);
	}
	len = length_before(text, "?");
	ret->path = slice_first(text, len);
	ret->has_query = len < text.len;
	if (ret->has_query)
		ret->query = slice_from(text, len + 1);
}

/* Removes the last segment and its slash from the text after `start`: "/a/b" becomes "/a". At the
 * root ".." has no effect, so a reference cannot leave it. */
static void drop_segment(struct buf *ret, size_t start)
{
	size_t len = ret->len;

	while (len > start && ret->data[len - 1] != '/')
		len--;
	buf_cut(ret, len > start ? len - 1 : start);
}

/* RFC 3986, section 5.2.4, over a path that begins with '/'. */
static void append_without_dots(struct buf *ret, struct slice path)
{
	size_t start = ret->len;

	while (path.len != 0) {
		struct slice rest = slice_from(path, 1);
		size_t len = length_before(rest, "/");
		struct slice segment = slice_first(rest, len);
		bool is_last = len == rest.len;

		if (slice_is_text(segment, "..")) {
			drop_segment(ret, start);
			if (is_last)
				buf_append_char(ret, '/');
		} else if (slice_is_text(segment, ".")) {
			if (is_last)
				buf_append_char(ret, '/');
		} else {
			buf_append_char(ret, '/');
			buf_append_slice(ret, segment);
		}
		path = slice_from(rest, len);
	}
}

static void append_path(struct buf *ret, struct slice path)
{
	if (path.len != 0 && path.data[0] == '/')
		append_without_dots(ret, path);
	else
		buf_append_slice(ret, path);
}

/* RFC 3986, section 5.2.3: the reference replaces what follows the last slash of the base's path.
 * "c" with the base "/a/b" gives "/a/c". */
static void append_merged(struct buf *ret, const struct uri *base, struct slice path)
{
	CLEANUP(buf_clear) struct buf merged = BUF_NULL;
	size_t keep = base->path.len;

	if (base->has_authority && keep == 0) {
		buf_append_char(&merged, '/');
	} else {
		while (keep > 0 && base->path.data[keep - 1] != '/')
			keep--;
		buf_append_slice(&merged, slice_first(base->path, keep));
	}
	buf_append_slice(&merged, path);
	if (merged.is_failed)
		ret->is_failed = true;
	append_path(ret, buf_slice(&merged));
}

static void append_authority(struct buf *ret, const struct uri *from)
{
	if (!from->has_authority)
		return;
	buf_append_text(ret, "//");
	buf_append_slice(ret, from->authority);
}

static void append_query(struct buf *ret, const struct uri *from)
{
	if (!from->has_query)
		return;
	buf_append_char(ret, '?');
	buf_append_slice(ret, from->query);
}

/* The cases of RFC 3986, section 5.2.2, in its order. */
void uri_resolve(struct buf *ret, struct slice base_text, struct slice reference)
{
	struct uri base, ref;
	const struct uri *scheme;

	uri_split(&base, base_text);
	uri_split(&ref, reference);
	scheme = ref.has_scheme ? &ref : &base;
	if (scheme->has_scheme) {
		buf_append_slice(ret, scheme->scheme);
		buf_append_char(ret, ':');
	}
	if (ref.has_scheme || ref.has_authority) {
		append_authority(ret, &ref);
		append_path(ret, ref.path);
		append_query(ret, &ref);
		return;
	}
	append_authority(ret, &base);
	if (ref.path.len == 0) {
		buf_append_slice(ret, base.path);
		append_query(ret, ref.has_query ? &ref : &base);
		return;
	}
	if (ref.path.data[0] == '/')
		append_path(ret, ref.path);
	else
		append_merged(ret, &base, ref.path);
	append_query(ret, &ref);
}

bool uri_decode(struct buf *ret, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (c == '%') {
			if (text.len - i < 3 || !hex_parse(slice_make(text.data + i + 1, 2), &c, 1))
				return false;
			i += 2;
		}
		buf_append_char(ret, c);
	}
	return true;
}
