/* Entries of an audit log, page by page, from a data directory or from a server. */
#pragma once

#include "audit/verify.h"
#include "cli/session.h"
#include "store/store.h"

#define AUDIT_PAGE 1000

/* Up to AUDIT_PAGE entries: whole lines with their newline; stored leaf hashes and filings, one a line or none at all. */
struct audit_page {
	struct buf lines, leaves;
	struct arena texts; /* of the filings */
	struct audit_index_row *index_rows;
	uint32_t index_rows_count;
};

/* Fetches entries from index `after` into an empty page. */
typedef enum result audit_fetch_fn(void *ctx, uint64_t after, struct audit_page *ret,
				   struct error *err);

struct audit_pages {
	audit_fetch_fn *fetch;
	void *ctx;
	struct audit_page page;
	size_t line_at;
	uint32_t row_at;
	uint64_t index;
	bool is_last_page;
};

#define AUDIT_PAGES_INIT(fetch_, ctx_)                                                       \
	{                                                                                    \
		(fetch_), (ctx_), {BUF_NULL, BUF_NULL, ARENA_NULL, NULL, 0}, 0, 0, 0, false, \
	}

void audit_pages_clear(struct audit_pages *p);

/* For struct audit_verify_rows, with the pages as ctx. */
enum result audit_pages_next(void *pages, struct audit_verify_row *ret, bool *ret_is_end,
			     struct error *err);

/* From a store's session as ctx. */
enum result audit_fetch_store(void *session, uint64_t after, struct audit_page *ret,
			      struct error *err);

/* From a server; ctx is a struct client. */
enum result audit_fetch_server(void *client, uint64_t after, struct audit_page *ret,
			       struct error *err);
