/* Responses that report a failure: problem details (RFC 9457). */
#pragma once

#include "base/result.h"
#include "client/client_response.h"

/* The failure that a response of status 400 and above stands for. The explanation is the problem's
 * `detail`, or else its `title`, or else the status. */
MUST_USE enum result problem_explain(const struct client_response *r, struct error *err);

/* Appends a line for each of the problem's `errors`, or nothing where it has none:
 * "orders/production /spark/cores: must be … (profiles/orders/base:3:12)". Control characters
 * in the server's texts are replaced as text_append_visible() does. */
void problem_list(struct buf *ret, const struct client_response *r);
