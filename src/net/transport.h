/*
 * Outbound HTTP: one request over libcurl, and its response.
 *
 * A transport owns one libcurl handle, which keeps connections alive between requests. One thread
 * at a time uses it. What holds for every request:
 *
 * - Only http and https are spoken, and no redirect is followed, so a token goes to the named
 *   server only. Proxies that the environment names are not used, for the same reason.
 * - https verifies the server's certificate and its host name against the system's roots.
 * - Each request ends within its timeout, and its response has a bounded size, unless the caller
 *   takes the body piece by piece.
 *
 * The transport knows nothing of what it carries: client/ knows Reeve's interface.
 */
#pragma once

#include "base/buf.h"
#include "base/result.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct transport;

/* `user_agent` is copied. E_MEMORY. Does not connect. */
MUST_USE enum result transport_open(struct transport **ret, const char *user_agent,
				    struct error *err);
void transport_close(struct transport *t); /* takes NULL */

/* Both texts are borrowed; neither may have a line break, which nothing here checks. */
struct transport_header {
	const char *name;
	const char *value; /* NULL: this header is not sent; "": libcurl's own is not sent */
};

/* All that it refers to is borrowed until transport_perform() returns. */
struct transport_request {
	const char *method;
	const char *base_url; /* of base_url_parse(); error texts name it */
	struct slice target;  /* what follows the base URL, encoded: "/v1/…?…" */
	const struct transport_header *headers;
	size_t headers_count;
	const char *bearer_token; /* NULL or "": no Authorization header */
	/* Without a body the request has no Content-Length; an empty body is a body. */
	bool has_body;
	struct slice body;
	int64_t timeout_ms;    /* of the whole request */
	size_t body_bytes_max; /* of the response; E_TOO_LARGE above it */
	/* Called for each header of the response, without the blanks around its value. */
	void (*on_header)(void *header_ctx, struct slice name, struct slice value);
	void *header_ctx;
	/* Not NULL: it takes the body of a 2xx response piece by piece. `body_bytes_max` does not
	 * apply then. A result other than OK stops the transfer and becomes its result. */
	enum result (*on_piece)(void *piece_ctx, struct slice piece, struct error *err);
	void *piece_ctx;
};

/* `status` is that of the final response, 100 to 599; the body is the caller's to clear. */
struct transport_response {
	unsigned status;
	struct buf body;
};

/* Sends the request and receives the response. OK means that there is a response, whatever its
 * status; its body is the caller's. E_UNAVAILABLE: no connection, or no response in time; E_IO:
 * the transfer broke off; E_TOO_LARGE; E_MEMORY; a result of `on_piece`. */
MUST_USE enum result transport_perform(struct transport *t, const struct transport_request *request,
				       struct transport_response *ret, struct error *err);
