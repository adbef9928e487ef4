/* How a result of the service reads in HTTP: its status, its problem details (RFC 9457), the link
 * to the next page. Independent of libmicrohttpd, so that unit tests can call it. */
#pragma once

#include "base/buf.h"
#include "service/call.h"

#include <stdbool.h>

/* RFC 9457 section 3. */
#define PROBLEM_TYPE	  "application/problem+json"
#define PROBLEM_BYTES_MAX ((size_t)1 << 20)

/* 200, 201, 204, 304, or the status of its result. It does not know 405, which is a matter of
 * routes. */
unsigned response_status(const struct response *r);

/* What problem details are made of; all is borrowed. */
struct problem {
	const struct response *response; /* its result is not OK */
	const char *request_id;
	bool is_wrong_method;	/* 405 instead of the result's own status */
	bool is_errors_omitted; /* "errors_omitted": true instead of the list of errors */
};

/* Appends the problem details as JSON, at most PROBLEM_BYTES_MAX: a longer list of errors is cut
 * after a whole error, and "errors_omitted": true follows. Explanations that only the log may have
 * (paths of files, errors of the system) are left out. */
void problem_write(struct buf *ret, const struct problem *p);

/* Appends `<target?query>; rel="next"`: the request's own target, as it was sent, with `after` in
 * the place of its former one. */
void link_write_next(struct buf *ret, struct slice raw_target, const char *after);
