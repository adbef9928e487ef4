/*
 * The request guard: what libmicrohttpd 0.9.75 lets through although RFC 9112 forbids it, and what
 * two parties could frame differently, is refused with 400 and the connection closed before
 * anything is executed.
 *
 * It sees every header once and keeps those that the rest of http/ needs, so that nobody searches
 * for headers again.
 */
#pragma once

#include "base/result.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

/* Borrowed from the connection for the time of the request; data is NULL where a header was not
 * sent. */
struct headers {
	struct slice host, content_length, transfer_encoding, authorization, accept, content_type,
		content_encoding, if_match, if_none_match, idempotency_key, expect;
	const char *problem; /* the first thing that was wrong, a constant; NULL for none */
};

/* For each header, in order. */
void guard_header(struct headers *h, struct slice name, struct slice value);

/* After the last. E_MALFORMED; `ret_body_bytes`: 0 for none, UINT64_MAX for a chunked body of
 * unknown length. */
MUST_USE enum result guard_check(const struct headers *h, struct slice version,
				 uint64_t *ret_body_bytes, struct error *err);
