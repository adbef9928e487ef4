/* A server's response: its status, its body and the headers of Reeve's interface. */
#pragma once

#include "base/buf.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

#define CLIENT_BODY_BYTES_MAX (64 * 1024 * 1024)

/* A header that was not sent, or that is longer than its field, leaves the field empty or 0. */
struct client_response {
	unsigned status;
	struct buf body;
	char content_type[128];
	char etag[128];
	char next[4096]; /* target of Link: …; rel="next" */
	char request_id[64];
	bool has_revision;
	uint64_t epoch, revision;
	bool has_audit_index;
	uint64_t audit_index;
	int64_t retry_after_ms; /* at most a day */
};

#define CLIENT_RESPONSE_NULL \
	{                    \
		0            \
	}

void client_response_clear(struct client_response *r);

/* Takes the value over if it is one of the headers above. */
void client_response_take_header(struct client_response *r, struct slice name, struct slice value);
