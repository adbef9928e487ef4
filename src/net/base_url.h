/* A server's address, read by the parser that connects by it, so that what is judged is what is spoken to. */
#pragma once

#include "base/buf.h"
#include "base/result.h"

#include <stdbool.h>

#define BASE_URL_EXAMPLE "http://127.0.0.1:7338"

/* Appends the address without a slash at its end and says whether nobody on the way can read what is sent: https, or http to this machine itself. E_MALFORMED, with the
 * form that is needed and without quoting it, for what is no http:// or https:// address, or has a user name, a query or a fragment. */
MUST_USE enum result address_read(struct buf *ret, bool *ret_is_private, const char *address,
				  struct error *err);

/* 127.0.0.0/8, ::1 (also in brackets), either written as an IPv4-mapped one, or exactly "localhost" in any case. A name that only begins so is none. */
bool address_is_loopback(const char *host);
