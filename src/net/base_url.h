/* The URL of a server. libcurl's own parser reads it, so that the host that is checked here is the
 * host that a transport connects to. */
#pragma once

#include "base/buf.h"
#include "base/result.h"

#include <stdbool.h>

#define BASE_URL_EXAMPLE "http://127.0.0.1:7338" /* in error messages */

/* Appends the URL, normalised and without a slash at its end. `*ret_is_private` says that nobody
 * between here and the server can read what is sent: https, or http to this machine itself.
 * E_MALFORMED for anything but http:// or https:// with a host, and for a user name, a query or a
 * fragment; the message shows the form that is needed and does not quote `text`. */
MUST_USE enum result base_url_parse(struct buf *ret, bool *ret_is_private, const char *text,
				    struct error *err);
