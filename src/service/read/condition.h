/*
 * The conditions of a read: If-Match and If-None-Match against the ETag of what was found. Needs
 * only the call, so it runs in any thread that runs a verb.
 */
#pragma once

#include "service/call.h"

/* The outcome of a read's If-Match and If-None-Match, evaluated in this order (RFC 9110 13.2.2). */
enum condition {
	CONDITION_HOLDS,
	CONDITION_IS_SAME, /* If-None-Match names it: 304 */
	CONDITION_FAILS,   /* If-Match does not name it: the response is a 412 */
};

/* Compares the call's conditions with c->out.etag (empty: it has none) of a thing that exists.
 * Where it fails, call->out is the response, without an ETag; otherwise nothing is changed. */
enum condition condition_check(struct call *c);
