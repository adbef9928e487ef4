/*
 * Request bodies, from their first byte until the service has processed them.
 *
 * A body_pool owns the server's sums of bytes; a request_body belongs to one exchange and is used
 * by the thread that runs its connection. What always holds:
 *
 * - Memory is counted before it is used, and nothing is counted before bytes arrive, so a client
 *   that only announces a large body takes no part of the pool.
 * - Bodies of at most 16 KiB have a reserve of their own, an eighth of the pool, so that large
 *   bodies that stall never keep small requests out.
 * - The large bodies of one principal take at most a quarter of the pool, and its uploads are
 *   limited in number.
 * - A body must arrive at a minimum rate: body_deadline_ms() says until when more must come.
 *
 * The sums are atomic; no lock is taken.
 */
#pragma once

#include "base/buf.h"
#include "base/result.h"
#include "http/http_settings.h"
#include "service/state/share.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define BODY_BYTES_UNKNOWN UINT64_MAX /* a chunked body's length */

struct body_pool {
	const struct http_settings *settings;
	_Atomic size_t bytes, small_bytes;
};

struct request_body {
	struct body_pool *pool;
	struct share *share; /* of body_admit(); the connection holds the reference */
	struct buf content;
	uint64_t bytes_announced;
	uint64_t bytes_seen;
	size_t bytes_max;	    /* E_TOO_LARGE above it */
	size_t bytes_counted;	    /* in pool->bytes and in the principal's share */
	size_t bytes_counted_small; /* in pool->small_bytes */
	int64_t began_ms;	    /* monotonic: when the first byte was expected */
	bool is_upload;		    /* counted in the principal's uploads */
};

/* For a new request; the former body must have been released. */
void body_init(struct request_body *b, struct body_pool *pool);

/* Counts one more upload of the principal. E_BUSY when it has too many. */
MUST_USE enum result body_admit(struct request_body *b, struct share *share, struct error *err);

/* Milliseconds from `now_ms` until when more must have come, at least 1. */
int64_t body_deadline_ms(const struct request_body *b, int64_t now_ms);

/* Keeps `len` more bytes of an admitted body. E_TOO_LARGE, E_BUSY, E_MEMORY; all that was kept is
 * dropped then, but it stays an upload. */
MUST_USE enum result body_append(struct request_body *b, const char *bytes, size_t len,
				 struct error *err);

/* Counts `len` bytes of a body that is not kept, because the request is refused. */
void body_discard(struct request_body *b, size_t len);

/* Whether a refused body is still read, so that the client gets its response: not without end. */
bool body_may_discard(const struct request_body *b);

void body_end_upload(struct request_body *b); /* the last byte is here */
void body_release(struct request_body *b);    /* drops all; may be called again */
