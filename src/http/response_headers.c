/*
 * The headers of every response, in one place, so that no endpoint forgets one. Caching is the
 * delicate part: nothing that has a secret may be stored by a cache, and a body may only be reused
 * after the server has confirmed it by its entity tag.
 *
 * The rules: a problem and a response without an entity tag are `no-store`; one with a tag and
 * without secrets is `private, no-cache`; the state of the store (Reeve-Revision, Reeve-Epoch) and
 * the request's id are in every response. Runs in the connection's event loop, before the response
 * is queued.
 */
#include "http/response_headers.h"

#include "base/memory.h"
#include "http/problem.h"

#include <stdio.h>

static void add(struct MHD_Response *m, const char *name, const char *value)
{
	/* It fails without memory, or for bytes that no header may carry. The response is sent
	 * without the header then. */
	(void)MHD_add_response_header(m, name, value);
}

/* 21 bytes: 20 digits of UINT64_MAX and the NUL. */
static void add_number(struct MHD_Response *m, const char *name, uint64_t value)
{
	char text[21], *at = text + sizeof text - 1;

	*at = '\0';
	do {
		*--at = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	add(m, name, at);
}

/* The value needs a NUL; none of our media types is longer than this. */
static void add_slice(struct MHD_Response *m, const char *name, struct slice value)
{
	char text[128];

	snprintf(text, sizeof text, "%.*s", SLICE_ARGS(slice_first(value, sizeof text - 1)));
	add(m, name, text);
}

static void add_content_type(struct MHD_Response *m, const struct connection *conn)
{
	const struct response *r = &conn->exchange.call.out;

	switch (r->kind) {
	case BODY_NONE:
		return;
	case BODY_SOURCE:
		if (conn->exchange.has_format)
			add(m, "Content-Type", media_type(conn->exchange.media));
		else
			add_slice(m, "Content-Type", r->content_type);
		return;
	case BODY_JSON:
		add(m, "Content-Type",
		    media_type(conn->exchange.media == MEDIA_YAML ? MEDIA_YAML : MEDIA_JSON));
		return;
	case BODY_YAML:
		add(m, "Content-Type", media_type(MEDIA_YAML));
		return;
	case BODY_PROPERTIES:
		add(m, "Content-Type", media_type(MEDIA_PROPERTIES));
		return;
	case BODY_ENV:
		add(m, "Content-Type", media_type(MEDIA_ENV));
		return;
	case BODY_TEXT:
		add(m, "Content-Type",
		    conn->exchange.route != NULL &&
				    conn->exchange.route->responder == RESPONDER_METRICS
			    ? "text/plain; version=0.0.4; charset=utf-8"
			    : media_type(MEDIA_RAW));
		return;
	case BODY_NDJSON:
		add(m, "Content-Type", media_type(MEDIA_NDJSON));
		return;
	case BODY_FILE:
		add(m, "Content-Type", "application/octet-stream");
		add(m, "Content-Disposition", "attachment; filename=\"reeve-backup.db\"");
		return;
	}
}

static void add_next(struct MHD_Response *m, const struct connection *conn)
{
	CLEANUP(buf_clear) struct buf link = BUF_NULL;

	link_write_next(&link, buf_slice(&conn->exchange.raw_target), conn->exchange.call.out.next);
	if (!buf_is_failed(&link))
		add(m, "Link", link.data);
}

/* RFC 9110 section 15.5.6: a 405 must name the methods that the target has. HEAD comes with GET. */
static void add_allow(struct MHD_Response *m, uint32_t methods)
{
	char text[64] = "";
	size_t used = 0;

	for (uint32_t i = 0; i < METHOD_COUNT; i++) {
		if ((methods & 1u << i) != 0)
			used += (size_t)snprintf(text + used, sizeof text - used, "%s%s",
						 used != 0 ? ", " : "",
						 i == METHOD_GET ? "GET, HEAD"
								 : method_name((enum method)i));
	}
	add(m, "Allow", text);
}

static void add_problem_headers(struct MHD_Response *m, const struct connection *conn,
				unsigned status)
{
	const struct response *r = &conn->exchange.call.out;

	add(m, "Content-Type", PROBLEM_TYPE);
	add(m, "Cache-Control", "no-store");
	/* RFC 9110 section 11.6.1: a 401 must name a scheme. */
	if (status == 401)
		add(m, "WWW-Authenticate", "Bearer realm=\"reeve\"");
	if (status == 405)
		add_allow(m, conn->exchange.methods);
	if (r->retry_after_s != 0 || status == 429)
		add_number(m, "Retry-After", r->retry_after_s != 0 ? r->retry_after_s : 1);
}

/* An unauthenticated connection is cut when its time is over, perhaps in the middle of a probe of
 * /healthz. So its client is told to close it before that. */
static bool is_ending(const struct connection *conn)
{
	const struct http_server *s = conn->server;

	return !conn->entry.is_authenticated &&
	       conn->entry.authenticate_by_ms - clock_monotonic_ms(s->clock) <
		       s->settings.authentication_ms / 2;
}

void response_add_headers(struct MHD_Response *m, const struct connection *conn, unsigned status)
{
	const struct response *r = &conn->exchange.call.out;
	/* A client may keep a response with an entity tag and without secrets, but must revalidate
	 * it each time. */
	bool may_keep = r->etag[0] != '\0' && (r->body == NULL || !r->body->is_secret);

	if (r->result != OK) {
		add_problem_headers(m, conn, status);
	} else {
		if (status != 204 && status != 304)
			add_content_type(m, conn);
		add(m, "Cache-Control", may_keep ? "private, no-cache" : "no-store");
		if (r->etag[0] != '\0')
			add(m, "ETag", r->etag);
		/* A version has one tag, in JSON and in its source's form. */
		if (conn->exchange.route != NULL && conn->exchange.route->verb == VERB_DOCUMENT_GET)
			add(m, "Vary", "Accept");
		if (r->next[0] != '\0')
			add_next(m, conn);
	}
	add(m, "X-Content-Type-Options", "nosniff");
	add_number(m, "Reeve-Revision", r->revision);
	add_number(m, "Reeve-Epoch", r->epoch);
	add(m, "Reeve-Request-Id", conn->exchange.call.request_id);
	if (r->has_audit_index)
		add_number(m, "Reeve-Audit-Index", r->audit_index);
	if (conn->exchange.must_close || is_ending(conn) ||
	    atomic_load_explicit(&conn->server->is_draining, memory_order_relaxed))
		add(m, "Connection", "close");
}
