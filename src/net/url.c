/*
 * Percent-encoding of what is appended to a base URL. Every byte but the plainly allowed ones is
 * encoded, so that a value cannot end its part of the URL: "a&b=c" as a value stays one value, and
 * "x?y" as a path stays a path. The server decodes exactly once (http/request_target.c). A failure
 * to allocate stays in the buffer, for the caller's buf_check().
 */
#include "net/url.h"

static bool is_unreserved(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("-._~", c) != NULL);
}

/* RFC 3986 section 2.4. `also_plain` has the reserved characters that are data in this part. */
static void append_encoded(struct buf *url, struct slice text, const char *also_plain)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (is_unreserved(c) || (c != '\0' && strchr(also_plain, c) != NULL))
			buf_append_char(url, c);
		else
			buf_printf(url, "%%%02X", (unsigned)(unsigned char)c);
	}
}

/* The server takes ':' as the beginning of a custom verb, so "profiles/orders/base:versions" must
 * keep it; '@' and '=' may stand in its paths plainly. */
void url_append_path(struct buf *url, struct slice path)
{
	append_encoded(url, path, "/:@=");
}

void url_append_query(struct buf *url, const char *name, struct slice value)
{
	/* The only '?' is the query's own: in paths and values it is encoded. */
	bool is_first = url->len == 0 || memchr(url->data, '?', url->len) == NULL;

	buf_printf(url, "%c%s=", is_first ? '?' : '&', name);
	append_encoded(url, value, "/:");
}

void url_append_query_text(struct buf *url, const char *name, const char *value_or_null)
{
	if (value_or_null != NULL)
		url_append_query(url, name, slice_text(value_or_null));
}

void url_append_query_u64(struct buf *url, const char *name, uint64_t value)
{
	CLEANUP(buf_clear) struct buf digits = BUF_NULL;

	buf_append_u64(&digits, value);
	if (buf_is_failed(&digits))
		url->is_failed = true;
	else
		url_append_query(url, name, buf_slice(&digits));
}
