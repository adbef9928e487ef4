/*
 * The entries of a stored log for audit_verify(), page by page, from anywhere: only one page is in
 * memory at a time, so a log of any length can be verified. One thread.
 */
#pragma once

#include "audit/verify.h"
#include "base/arena.h"
#include "base/buf.h"

/* Entries in one page: the default of the server's limit_max. */
#define AUDIT_PAGE 1000

/* Up to AUDIT_PAGE entries: whole lines with their newline. From a store also the stored leaf hash
 * and the index row of each line; a server gives neither. */
struct audit_page {
	struct buf lines, leaves;
	struct arena texts; /* of the index rows */
	/* Room for AUDIT_PAGE rows, in the arena; NULL from a server. */
	struct audit_index_row *index_rows;
	uint32_t index_rows_count;
};

/* Fetches the entries from index `after` on into an empty page; leaves it empty at the end. */
typedef enum result audit_fetch_fn(void *ctx, uint64_t after, struct audit_page *ret,
				   struct error *err);

/* A position in the log. AUDIT_PAGES_INIT begins at the first entry. */
struct audit_pages {
	audit_fetch_fn *fetch;
	void *ctx;
	struct audit_page page;
	/* The next row of the page: the offset of its line, and its number for leaf and index
	 * row. */
	size_t line_at;
	uint32_t row_at;
	/* The index that the next entry should have; the next page begins there. */
	uint64_t index;
	bool is_last_page;
};

#define AUDIT_PAGES_INIT(fetch_, ctx_)                                                       \
	{                                                                                    \
		(fetch_), (ctx_), {BUF_NULL, BUF_NULL, ARENA_NULL, NULL, 0}, 0, 0, 0, false, \
	}

void audit_pages_clear(struct audit_pages *p);

/* The next entry, for struct audit_verify_rows; `pages` is a struct audit_pages. Texts live until
 * the next call. E_CORRUPT for a page that is not made of lines; else as `fetch` fails. */
enum result audit_pages_next(void *pages, struct audit_verify_row *ret, bool *ret_is_end,
			     struct error *err);
