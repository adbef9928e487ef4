/*
 * The request guard. Its danger is request smuggling: a proxy and this server find the end of a
 * request at different places, and the rest of one client's request becomes the beginning of
 * another's. So what has two readings is refused, not repaired: Content-Length beside
 * Transfer-Encoding, two of either, any coding but chunked, bytes that no name or value may
 * contain, a missing or empty Host.
 *
 * A header that http/ needs is one member of struct headers and one row of known_headers; all other
 * headers are checked for their bytes and ignored. Nothing is copied or allocated. Runs in the
 * connection's event loop, once for each request.
 */
#include "http/guard.h"

#include "base/memory.h"

#include <stddef.h>
#include <strings.h>

/* `offset` is that of the member in struct headers. A header that comes twice is refused, but for
 * lists (RFC 9110 section 5.3 joins them; some clients split Accept). */
static const struct known_header {
	const char *name;
	uint8_t len;
	bool may_repeat; /* a list, of which we use the first */
	size_t offset;
} known_headers[] = {
#define KNOWN(text, field)                                                     \
	{                                                                      \
		text, sizeof(text) - 1, false, offsetof(struct headers, field) \
	}
#define KNOWN_LIST(text, field)                                               \
	{                                                                     \
		text, sizeof(text) - 1, true, offsetof(struct headers, field) \
	}
	KNOWN("Host", host),
	KNOWN("Content-Length", content_length),
	KNOWN("Transfer-Encoding", transfer_encoding),
	KNOWN("Authorization", authorization),
	KNOWN_LIST("Accept", accept),
	KNOWN("Content-Type", content_type),
	KNOWN("Content-Encoding", content_encoding),
	KNOWN("If-Match", if_match),
	KNOWN("If-None-Match", if_none_match),
	KNOWN("Idempotency-Key", idempotency_key),
	KNOWN("Expect", expect),
#undef KNOWN
#undef KNOWN_LIST
};

/* tchar of RFC 9110 section 5.6.2, as a bit for each byte. */
static bool is_token_char(unsigned char c)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
		return true;
	return c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

/* RFC 9112 section 5.1: no blank may stand before the colon, where proxies disagree about it. */
static bool is_name(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!is_token_char((unsigned char)s.data[i]))
			return false;
	}
	return s.len != 0;
}

/* A bare CR, LF or NUL in a value could begin a header for a proxy that reads it otherwise. */
static bool is_value(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.data[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

static const struct known_header *find_known(struct slice name)
{
	for (size_t i = 0; i < ARRAY_SIZE(known_headers); i++) {
		if (known_headers[i].len == name.len &&
		    strncasecmp(known_headers[i].name, name.data, name.len) == 0)
			return &known_headers[i];
	}
	return NULL;
}

/* The first problem is kept, and guard_check() reports it: libmicrohttpd calls this for each header
 * and cannot be stopped. */
void guard_header(struct headers *h, struct slice name, struct slice value)
{
	const struct known_header *known;
	struct slice *field;

	if (h->problem != NULL)
		return;
	if (!is_name(name)) {
		h->problem = "the name of a header contains a byte that names may not contain";
		return;
	}
	if (!is_value(value)) {
		h->problem = "the value of a header contains a control character";
		return;
	}
	known = find_known(name);
	if (known == NULL)
		return;
	field = (struct slice *)((char *)h + known->offset);
	if (field->data != NULL && known->may_repeat)
		return;
	if (field->data != NULL) {
		h->problem = "a header that may be sent once was sent twice";
		return;
	}
	/* An empty value is not a missing header: "Host:" is refused for being empty, "If-Match:"
	 * of a write for its form. */
	*field = value.data != NULL ? value : SLICE_LITERAL("");
}

/* Without regard to case, as RFC 9112 section 7 wants for codings. */
static bool is_word(struct slice s, const char *word)
{
	return s.len == strlen(word) && strncasecmp(s.data, word, s.len) == 0;
}

enum result guard_check(const struct headers *h, struct slice version, uint64_t *ret_body_bytes,
			struct error *err)
{
	/* HTTP/1.0 has no chunked bodies and needs no Host. */
	bool is_old = slice_is_text(version, "HTTP/1.0");
	uint64_t length = 0;

	if (h->problem != NULL)
		return fail(err, E_MALFORMED, "%s", h->problem);
	if (!is_old && !slice_is_text(version, "HTTP/1.1"))
		return fail(err, E_MALFORMED, "the HTTP version is neither 1.1 nor 1.0");
	/* RFC 9112 section 3.2: a request of version 1.1 without a Host header must be refused. */
	if ((h->host.data == NULL && !is_old) || (h->host.data != NULL && h->host.len == 0))
		return fail(err, E_MALFORMED, "the Host header is missing");
	if (h->transfer_encoding.data != NULL) {
		/* RFC 9112 section 6.1: with both, a request may be an attempt at smuggling. */
		if (h->content_length.data != NULL)
			return fail(
				err, E_MALFORMED,
				"Content-Length and Transfer-Encoding must not be sent together");
		if (is_old || !is_word(h->transfer_encoding, "chunked"))
			return fail(err, E_MALFORMED,
				    "the only supported Transfer-Encoding is chunked");
		*ret_body_bytes = UINT64_MAX;
		return OK;
	}
	/* Digits only: "+5", "5, 5" and "0x5" are refused (RFC 9110 section 8.6). UINT64_MAX is the
	 * mark of an unknown length. */
	if (h->content_length.data != NULL &&
	    !slice_to_u64(h->content_length, UINT64_MAX - 1, &length))
		return fail(err, E_MALFORMED, "Content-Length is not a number");
	*ret_body_bytes = length;
	return OK;
}
