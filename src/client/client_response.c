/*
 * The headers of a response, as members of a struct. All of them come from outside, so nothing is
 * trusted: a value that is malformed or too long counts as not sent, and the caller goes on without
 * it. Lengths are those of struct client_response; no header makes it allocate.
 *
 * A header is added by a row in client_response_take_header() and a function before it.
 */
#include "client/client_response.h"

#include <string.h>
#include <strings.h>

/* A day: a larger number would only overflow the milliseconds, or let a client wait for ever. */
#define RETRY_AFTER_S_MAX 86400

void client_response_clear(struct client_response *r)
{
	buf_clear(&r->body);
	*r = (struct client_response)CLIENT_RESPONSE_NULL;
}

/* A value that is too long is left out, not cut: half an ETag would never match. */
static void copy_text(char *ret, size_t size, struct slice value)
{
	if (value.len < size) {
		memcpy(ret, value.data, value.len);
		ret[value.len] = '\0';
	}
}

static void take_content_type(struct client_response *r, struct slice value)
{
	copy_text(r->content_type, sizeof r->content_type, value);
}

static void take_etag(struct client_response *r, struct slice value)
{
	copy_text(r->etag, sizeof r->etag, value);
}

static void take_request_id(struct client_response *r, struct slice value)
{
	copy_text(r->request_id, sizeof r->request_id, value);
}

static void take_revision(struct client_response *r, struct slice value)
{
	if (slice_to_u64(value, UINT64_MAX, &r->revision))
		r->has_revision = true;
}

static void take_epoch(struct client_response *r, struct slice value)
{
	(void)slice_to_u64(value, UINT64_MAX, &r->epoch);
}

static void take_audit_index(struct client_response *r, struct slice value)
{
	if (slice_to_u64(value, UINT64_MAX, &r->audit_index))
		r->has_audit_index = true;
}

/* RFC 9110 section 10.2.3 also allows a date, which Reeve's server never sends: it is passed over
 * like any other value that is not a number. */
static void take_retry_after(struct client_response *r, struct slice value)
{
	uint64_t seconds;

	if (slice_to_u64(value, UINT64_MAX, &seconds))
		r->retry_after_ms =
			(int64_t)(seconds < RETRY_AFTER_S_MAX ? seconds : RETRY_AFTER_S_MAX) * 1000;
}

/* RFC 8288, in the one form that the server writes: `Link: </v1/…>; rel="next"`. Links of other
 * relations are passed over. */
static void take_link(struct client_response *r, struct slice value)
{
	const char *end;

	/* The target is appended to the server's base URL. Without its slash it could continue
	 * the host's name: "@elsewhere", ".elsewhere". */
	if (value.len < 2 || value.data[0] != '<' || value.data[1] != '/' ||
	    memmem(value.data, value.len, "rel=\"next\"", 10) == NULL)
		return;
	end = memchr(value.data, '>', value.len);
	if (end != NULL)
		copy_text(r->next, sizeof r->next,
			  slice_make(value.data + 1, (size_t)(end - value.data - 1)));
}

void client_response_take_header(struct client_response *r, struct slice name, struct slice value)
{
	static const struct {
		const char *name;
		void (*take)(struct client_response *r, struct slice value);
	} rows[] = {
		{"Content-Type", take_content_type},
		{"ETag", take_etag},
		{"Link", take_link},
		{"Reeve-Audit-Index", take_audit_index},
		{"Reeve-Epoch", take_epoch},
		{"Reeve-Request-Id", take_request_id},
		{"Reeve-Revision", take_revision},
		{"Retry-After", take_retry_after},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (strlen(rows[i].name) == name.len &&
		    strncasecmp(rows[i].name, name.data, name.len) == 0) {
			rows[i].take(r, value);
			return;
		}
	}
}
