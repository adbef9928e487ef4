/*
 * What a client adds to the transport: the token, Reeve's headers, and the renewal of the token.
 *
 * A client owns its transport, its URL and its token, all freed by client_close(). The token's
 * buffer is wiped when it is cleared (base/buf.h), also the former one after a renewal. One thread
 * at a time uses a client; no lock is taken.
 */
#include "client/client.h"

#include "base/memory.h"
#include "client/problem.h"
#include "client/token_file.h"
#include "net/base_url.h"
#include "net/transport.h"

#include <string.h>
#include <sys/stat.h>

/* For a request whose caller gives no time of its own. Waits of long polls, applying a folder and
 * backups do. */
#define TIMEOUT_MS 30000

struct client {
	struct transport *transport;
	struct buf base_url; /* without a slash at its end */
	struct buf token;
	struct buf token_file; /* empty: the token does not come from a file */
	unsigned token_mode;   /* the file's permission bits when it was read; 0: no file */
	bool is_private;
};

/* The file has precedence over the token itself, because the file can be read again when the token
 * expires. */
static enum result set_token(struct client *c, const struct client_options *o, struct error *err)
{
	if (o->token_file == NULL) {
		buf_append_text(&c->token, o->token != NULL ? o->token : "");
		return token_check(&c->token, err);
	}
	buf_append_text(&c->token_file, o->token_file);
	return token_file_read(&c->token, &c->token_mode, o->token_file, err);
}

enum result client_open(struct client **ret, const struct client_options *options,
			struct error *err)
{
	CLEANUP(client_closep) struct client *c = alloc_zero(sizeof *c);
	enum result rc;

	if (c == NULL)
		return fail(err, E_MEMORY, "out of memory");
	rc = base_url_parse(&c->base_url, &c->is_private,
			    options->address != NULL ? options->address : CLIENT_ADDRESS_DEFAULT,
			    err);
	if (rc == OK)
		rc = set_token(c, options, err);
	if (rc == OK)
		rc = buf_check(&c->token_file, err);
	if (rc == OK)
		rc = transport_open(&c->transport,
				    options->user_agent != NULL ? options->user_agent
								: "reeve/" REEVE_VERSION,
				    err);
	if (rc != OK)
		return rc;
	*ret = steal(&c);
	return OK;
}

void client_close(struct client *c)
{
	if (c == NULL)
		return;
	transport_close(c->transport);
	buf_clear(&c->base_url);
	buf_clear(&c->token);
	buf_clear(&c->token_file);
	alloc_free(c);
}

void client_closep(struct client **c)
{
	client_close(*c);
}

bool client_is_private(const struct client *c)
{
	return c->is_private;
}

bool client_has_open_token_file(const struct client *c, unsigned *ret_mode)
{
	*ret_mode = c->token_mode;
	return (c->token_mode & (S_IRWXG | S_IRWXO)) != 0;
}

static void on_header(void *response, struct slice name, struct slice value)
{
	client_response_take_header(response, name, value);
}

/* NULL values leave their headers out (transport.h), so one list fits all requests. The body of
 * `response` moves into `ret`, and on failure `ret` is empty or has some headers only. */
static enum result send_once(struct client *c, const struct client_request *q,
			     struct client_response *ret, struct error *err)
{
	const struct transport_header headers[] = {
		{"Accept", q->accept != NULL ? q->accept : "application/json"},
		{"Content-Type", q->content_type},
		{"If-Match", q->if_match},
		{"If-None-Match", q->if_none_match},
		{"Idempotency-Key", q->idempotency_key},
	};
	const struct transport_request request = {
		.method = q->method,
		.base_url = c->base_url.data,
		.target = q->target,
		.headers = headers,
		.headers_count = ARRAY_SIZE(headers),
		.bearer_token = c->token.len != 0 ? c->token.data : NULL,
		.has_body = q->content_type != NULL,
		.body = q->body,
		.timeout_ms = q->timeout_ms != 0 ? q->timeout_ms : TIMEOUT_MS,
		.body_bytes_max = CLIENT_BODY_BYTES_MAX,
		.on_header = on_header,
		.header_ctx = ret,
		.on_piece = q->receive,
		.piece_ctx = q->receive_ctx,
	};
	struct transport_response response;
	enum result rc;

	client_response_clear(ret);
	rc = transport_perform(c->transport, &request, &response, err);
	if (rc != OK)
		return rc;
	ret->status = response.status;
	ret->body = response.body;
	return OK;
}

/* Whether the token file now holds another token than the one that was sent. A file that cannot be
 * read, or is in the middle of being replaced, counts as unchanged: the caller then reports the
 * 401, and the next request tries the file again. */
static bool renew_token(struct client *c)
{
	CLEANUP(buf_clear) struct buf token = BUF_NULL;
	struct error ignored;

	if (c->token_file.len == 0 ||
	    token_file_read(&token, &c->token_mode, c->token_file.data, &ignored) != OK ||
	    slice_is_equal(buf_slice(&token), buf_slice(&c->token)))
		return false;
	buf_clear(&c->token);
	c->token = buf_steal(&token);
	return true;
}

enum result client_send(struct client *c, const struct client_request *request,
			struct client_response *ret, struct error *err)
{
	enum result rc = send_once(c, request, ret, err);

	/* A program that runs for months outlives its token. The file's owner replaces the token in
	 * it before the old one expires. Sent again once only: a second 401 is reported. A request
	 * that was refused with 401 has changed nothing, so to repeat a write is safe. */
	if (rc == OK && ret->status == 401 && renew_token(c))
		rc = send_once(c, request, ret, err);
	return rc;
}

enum result client_call(struct client *c, const struct client_request *request,
			struct client_response *ret, struct error *err)
{
	enum result rc = client_send(c, request, ret, err);

	if (rc != OK || ret->status < 400)
		return rc;
	return problem_explain(ret, err);
}
