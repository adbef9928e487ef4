/*
 * A connection to a server: what the command needs to speak to it, shaped so that it can become libreeve. One thread at a
 * time; connections are kept alive between requests. Answers are bounded, tokens wiped.
 */
#pragma once

#include "base/buf.h"
#include "base/result.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

#define CLIENT_ADDRESS_DEFAULT "http://127.0.0.1:7338"
#define CLIENT_BODY_BYTES_MAX  (64 * 1024 * 1024)

struct client;

struct client_options {
	const char *address; /* http://host:port or https://…; NULL: CLIENT_ADDRESS_DEFAULT */
	const char *
		token_file; /* read at client_open(), and again where a server answers 401; NULL: none */
	const char *token; /* used where there is no file; NULL: none */
	const char *user_agent;
};

/* E_MALFORMED for an address or a token file that is none; E_IO where it cannot be read. Does not connect. */
MUST_USE enum result client_open(struct client **ret, const struct client_options *options,
				 struct error *err);
void client_close(struct client *c); /* takes NULL */

/* False where what is sent, the token too, can be read on the way: http to another machine. */
bool client_is_private(const struct client *c);

/* Whether others than its owner have a right on the token file, by its mode when it was last read. */
bool client_has_open_token_file(const struct client *c, unsigned *ret_mode);
void client_closep(struct client **c);

struct client_request {
	const char *method;
	struct slice target; /* "/v1/…?…", encoded */
	struct slice body;
	const char *content_type;				/* NULL: no body */
	const char *accept;					/* NULL: application/json */
	const char *if_match, *if_none_match, *idempotency_key; /* NULL: not sent */
	int64_t timeout_ms;					/* 0: 30 s */
	/* Given: the body of a 2xx answer goes here piece by piece, bounded by nothing but the receiver, who stops it by a failure. */
	enum result (*receive)(void *ctx, struct slice piece, struct error *err);
	void *receive_ctx;
};

struct client_response {
	unsigned status;
	struct buf body;
	char content_type[128];
	char etag[128];
	char next[4096]; /* target of Link: …; rel="next"; empty for none */
	char request_id[64];
	bool has_revision;
	uint64_t epoch, revision;
	bool has_audit_index;
	uint64_t audit_index;
	int64_t retry_after_ms;
};

#define CLIENT_RESPONSE_NULL \
	{                    \
		0            \
	}

void client_response_clear(struct client_response *r);

/* Sends and receives. OK: there is an answer, whatever its status. E_UNAVAILABLE: no connection ("cannot reach …"), E_IO: broken off, E_TOO_LARGE,
 * E_MEMORY. `ret` is cleared first. */
MUST_USE enum result client_send(struct client *c, const struct client_request *request,
				 struct client_response *ret, struct error *err);

/* As client_send(), and an answer of 400 and above becomes a failure: its kind from the status, its explanation from the problem's `detail`. The answer stays in
 * `ret` for who wants the list of errors. */
MUST_USE enum result client_call(struct client *c, const struct client_request *request,
				 struct client_response *ret, struct error *err);
