/* Pages of the audit log for its verification, from a server. */
#pragma once

#include "audit/pages.h"
#include "cli/session.h"

/* An audit_fetch_fn; `client` is a struct client. */
enum result audit_fetch_server(void *client, uint64_t after, struct audit_page *ret,
			       struct error *err);
