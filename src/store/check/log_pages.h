/* Pages of the audit log for its verification, from a session of a store. */
#pragma once

#include "audit/pages.h"
#include "store/store.h"

/* An audit_fetch_fn; `session` is a struct store_session. E_CORRUPT for rows that no store of ours
 * has, and as store_each_audit() fails. */
enum result audit_fetch_store(void *session, uint64_t after, struct audit_page *ret,
			      struct error *err);
