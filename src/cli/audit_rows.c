/* Pages of the audit log from a server. Nothing in them is trusted: leaf hashes that a server
 * claims would prove nothing, so they are computed from the lines. */
#include "cli/audit_rows.h"

#include "net/url.h"

enum result audit_fetch_server(void *client, uint64_t after, struct audit_page *ret,
			       struct error *err)
{
	CLEANUP(client_response_clear) struct client_response response = CLIENT_RESPONSE_NULL;
	CLEANUP(buf_clear) struct buf target = BUF_NULL;
	struct client_request request = {.method = "GET", .accept = "application/x-ndjson"};
	enum result rc;

	buf_append_text(&target, "/v1/audit");
	url_append_query_u64(&target, "after", after);
	url_append_query_u64(&target, "limit", AUDIT_PAGE);
	request.target = buf_slice(&target);
	rc = client_call(client, &request, &response, err);
	if (rc != OK)
		return rc;
	/* Leaf hashes are computed here: those that a server claims would prove nothing. */
	buf_append_slice(&ret->lines, buf_slice(&response.body));
	if (ret->lines.len != 0 && ret->lines.data[ret->lines.len - 1] != '\n')
		return fail(err, E_CORRUPT,
			    "the server's page of entries ends in the middle of a line");
	return OK;
}
