/*
 * A client of a Reeve server: it adds the token and the headers of Reeve's interface to requests,
 * and reads those of responses. It is the part of the command that becomes libreeve.
 *
 * A client owns one transport (net/transport.h), its token and the name of the token's file. One
 * thread at a time uses it. Tokens are wiped when they are replaced or the client is closed, and
 * they are never part of an error text.
 */
#pragma once

#include "base/buf.h"
#include "base/result.h"
#include "base/slice.h"
#include "client/client_response.h"
#include "net/base_url.h"

#include <stdbool.h>
#include <stdint.h>

#define CLIENT_ADDRESS_DEFAULT BASE_URL_EXAMPLE

struct client;

struct client_options {
	const char *address; /* the server's base URL; NULL: CLIENT_ADDRESS_DEFAULT */
	/* Read at client_open(), and again when a server responds with 401; NULL: no file. */
	const char *token_file;
	/* Used where there is no file; NULL: no token. Copied. */
	const char *token;
	const char *user_agent; /* NULL: "reeve/VERSION" */
};

/* Does not connect. E_MALFORMED for a malformed address or token file; E_IO for a token file that
 * cannot be read. */
MUST_USE enum result client_open(struct client **ret, const struct client_options *options,
				 struct error *err);
void client_close(struct client *c); /* takes NULL */
void client_closep(struct client **c);

/* False where others on the way can read what is sent, the token too: http to another machine. */
bool client_is_private(const struct client *c);

/* Whether the token file gives a right to others than its owner. `*ret_mode`: its permission bits
 * when it was last read, 0 without a file. */
bool client_has_open_token_file(const struct client *c, unsigned *ret_mode);

/* All that it refers to is borrowed until the call returns. */
struct client_request {
	const char *method;
	struct slice target; /* "/v1/…?…", encoded */
	struct slice body;
	const char *content_type;				/* NULL: no body */
	const char *accept;					/* NULL: application/json */
	const char *if_match, *if_none_match, *idempotency_key; /* NULL: not sent */
	/* Of the whole request, connecting and the server's wait included; 0: 30 s. */
	int64_t timeout_ms;
	/* Not NULL: takes the body of a 2xx response piece by piece, whatever its length. A result
	 * other than OK ends the request, which then fails with it. */
	enum result (*receive)(void *ctx, struct slice piece, struct error *err);
	void *receive_ctx;
};

/* Sends the request and receives the response. OK means that there is a response, whatever its
 * status. E_UNAVAILABLE: no connection ("cannot reach …") or no response in time; E_IO: the
 * transfer broke off; E_TOO_LARGE; E_MEMORY. `ret` is cleared first. */
MUST_USE enum result client_send(struct client *c, const struct client_request *request,
				 struct client_response *ret, struct error *err);

/* As client_send(), but a response of status 400 and above is a failure: the result follows from
 * the status, the explanation is the problem's `detail`. The response stays in `ret`, for
 * problem_list(). */
MUST_USE enum result client_call(struct client *c, const struct client_request *request,
				 struct client_response *ret, struct error *err);
