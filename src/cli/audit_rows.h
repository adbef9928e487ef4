/* Entries of an audit log, page by page, from a data directory or from a server. */
#pragma once

#include "audit/verify.h"
#include "cli/session.h"
#include "store/store.h"

#define AUDIT_PAGE 1000

/* Fetches up to AUDIT_PAGE entries from index `after`: whole lines with their newline into `lines`, stored leaf hashes (or none at all) into `leaves`. */
struct audit_pages {
	enum result (*fetch)(void *ctx, uint64_t after, struct buf *lines, struct buf *leaves,
			     struct error *err);
	void *ctx;
	struct buf lines, leaves;
	size_t line_at, leaf_at;
	uint64_t index;
	bool is_last_page;
};

#define AUDIT_PAGES_INIT(fetch_, ctx_)                               \
	{                                                            \
		(fetch_), (ctx_), BUF_NULL, BUF_NULL, 0, 0, 0, false \
	}

void audit_pages_clear(struct audit_pages *p);

/* For struct audit_verify_rows, with the pages as ctx. */
enum result audit_pages_next(void *pages, struct audit_verify_row *ret, bool *ret_is_end,
			     struct error *err);

/* From a store's session as ctx. */
enum result audit_fetch_store(void *session, uint64_t after, struct buf *lines, struct buf *leaves,
			      struct error *err);

/* From a server; ctx is a struct client. */
enum result audit_fetch_server(void *client, uint64_t after, struct buf *lines, struct buf *leaves,
			       struct error *err);
