/*
 * One request and its response, on a connection that carries one after the other. Private to http/.
 *
 * Part of struct connection, and used again for the next request. It owns the call, the body and
 * both buffers. Only the connection's event loop uses it, except for `call` while the service has
 * it.
 */
#pragma once

#include "http/body.h"
#include "http/pending_response.h"
#include "http/routes.h"

#include <stdbool.h>
#include <stdint.h>

/* The step that comes next (request.h has the steps). */
enum phase {
	PHASE_NEW,	 /* libmicrohttpd read the request's first line */
	PHASE_BODY,	 /* the headers were checked; the body, also an empty one, is received */
	PHASE_RUN,	 /* the service has the call */
	PHASE_RESPONDED, /* the response was handed to libmicrohttpd */
};

/* The members from `phase` to `must_close` steer the request, those from `route` to `has_format`
 * are what its target and headers said, the rest is what it holds until it is completed. */
struct exchange {
	enum phase phase;
	bool is_open;		   /* begun and not completed */
	bool has_call;		   /* `call` was initialised and must be cleared */
	bool is_in_flight;	   /* counted in the server's in_flight */
	bool is_admission_refused; /* service_admit() refused it: its body is not kept */
	bool holds_connection;	   /* counted in the principal's connections with requests */
	bool must_close;	   /* the connection, after the response */

	const struct route *route; /* NULL: no route matched */
	uint32_t methods;	   /* bits of those that the target has, for Allow */
	bool is_wrong_method;	   /* 405: the target exists, but not with this method */
	/* The type of the response's body, if it is of a kind that has several. */
	enum media media;
	bool has_format;	/* ?format= chose `media`, not Accept */
	bool is_errors_omitted; /* the list of a problem's errors is not sent */

	struct request_body body;
	uint64_t response_bytes;	  /* that the client has to receive */
	struct pending_response *pending; /* while a large body is being sent; else NULL */
	/* Of counts_time_us(): when the headers were here. */
	int64_t started_us;
	struct buf raw_target; /* as it was sent */
	struct buf target;     /* decoded in place; the call's slices point into it */
	struct call call;
};

/* Releases the body and the call: all that sending the response does not need, since its client may
 * receive it slowly. May be called again. */
void exchange_end_call(struct exchange *x);

/* For the next request: keeps the buffers if they are small. */
void exchange_reset(struct exchange *x);

void exchange_clear(struct exchange *x);
