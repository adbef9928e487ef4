/*
 * The request guard: it refuses requests that libmicrohttpd 0.9.75 accepts although RFC 9112
 * forbids them, and requests whose borders a proxy could find elsewhere than we do. They get 400,
 * and the connection is closed before anything is executed.
 *
 * It sees every header once and keeps those that http/ needs, so that no other file searches for
 * headers.
 */
#pragma once

#include "base/result.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

/* Borrowed from the connection until the request is completed. A header that was not sent has data
 * NULL. */
struct headers {
	struct slice host, content_length, transfer_encoding, authorization, accept, content_type,
		content_encoding, if_match, if_none_match, idempotency_key, expect;
	const char *problem; /* the first error, a constant; NULL: no error */
};

/* To be called for each header, in order. */
void guard_header(struct headers *h, struct slice name, struct slice value);

/* To be called after the last header. `ret_body_bytes`: 0 without a body, UINT64_MAX for a chunked
 * body, whose length is not known. E_MALFORMED. */
MUST_USE enum result guard_check(const struct headers *h, struct slice version,
				 uint64_t *ret_body_bytes, struct error *err);
