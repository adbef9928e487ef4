/* How an answer of the service reads in HTTP: status, problem details (RFC 9457). Apart from
 * libmicrohttpd, for tests. */
#pragma once

#include "base/buf.h"
#include "service/call.h"

#define PROBLEM_TYPE "application/problem+json"

/* 200, 201, 204, 304, or the status of its result. */
unsigned response_status(const struct response *a);

#define PROBLEM_BYTES_MAX ((size_t)1 << 20)

/* Appends the problem details of an answer whose result is not OK, at most PROBLEM_BYTES_MAX: a
 * longer list of errors is cut behind a whole error and followed by "errors_omitted": true. What
 * only the log should know (paths of files, errors of the system) is left out.
 * `is_wrong_method`: 405 rather than the result's own status. */
void response_write_problem(struct buf *ret, const struct response *a, bool is_wrong_method,
			    const char *request_id);

/* Leaves the list of errors out, with "errors_omitted": true in its place. */
void response_omit_errors(struct response *a);

/* Appends `<target?query>; rel="next"`: the request's own target (as it came) with `after`
 * replaced. */
void response_write_next(struct buf *ret, struct slice raw_target, const char *after);
