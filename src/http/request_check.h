/* All that is checked of a request before its body: headers, route, token, parameters, the body's
 * type and announced length. */
#pragma once

#include "http/connection.h"
#include "http/guard.h"

/* Fills `headers`, x->call's input and x->body's limits; identifies the connection's principal. Any
 * failure is the response's result. A request that could be read in two ways also sets
 * x->must_close. */
MUST_USE enum result request_check(struct connection *conn, const char *method, const char *version,
				   struct headers *headers, struct error *err);
