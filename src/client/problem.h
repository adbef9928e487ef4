/* Answers that say no (RFC 9457 problem details). */
#pragma once

#include "client/client.h"

/* The failure that an answer of 400 and above stands for; the explanation is its `detail`, else its `title`, else the status. */
MUST_USE enum result problem_explain(const struct client_response *r, struct error *err);

/* Appends a line for each of the problem's `errors`: "orders/production /spark/cores: must be … (profiles/orders/base:3:12)". Nothing where there are none. Texts are as text_visible() has them. */
void problem_list(struct buf *ret, const struct client_response *r);
