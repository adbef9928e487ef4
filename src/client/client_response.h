/*
 * A server's response: its status, its body and the headers of Reeve's interface (docs/api.md).
 *
 * A struct client_response begins as CLIENT_RESPONSE_NULL, is filled by client_send() and cleared
 * by its owner; it may be used for several requests one after the other. Its body may hold secrets
 * and is wiped when it is cleared.
 */
#pragma once

#include "base/buf.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

/* Of a body that is kept in memory. A larger one must be taken piece by piece. */
#define CLIENT_BODY_BYTES_MAX (64 * 1024 * 1024)

/* A header that was not sent, or that is longer than its field, leaves the field empty or 0. */
struct client_response {
	unsigned status;
	struct buf body;
	/* Content-Type with its parameters; ETag with its quotes, ready for If-Match. */
	char content_type[128];
	char etag[128];
	char next[4096]; /* target of Link: …; rel="next" */
	/* Names the request in the server's log. */
	char request_id[64];
	bool has_revision;
	/* The state of the store that the response is from; a restore raises the epoch. The epoch
	 * is 0 where it was not sent. */
	uint64_t epoch, revision;
	/* The index of the audit entry that the request made, if it made one. */
	bool has_audit_index;
	uint64_t audit_index;
	int64_t retry_after_ms; /* at most a day */
};

#define CLIENT_RESPONSE_NULL \
	{                    \
		0            \
	}

void client_response_clear(struct client_response *r);

/* Takes the value over if it is one of the headers above. Names have no case; of a header that
 * comes twice the last one counts. Neither slice needs a NUL, and neither is kept. */
void client_response_take_header(struct client_response *r, struct slice name, struct slice value);
