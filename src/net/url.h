/*
 * Parts of a URL, percent-encoded (RFC 3986 section 2). All append; a failure to allocate stays in
 * `url`, so one buf_check() at the end is enough.
 */
#pragma once

#include "base/buf.h"
#include "base/slice.h"

/* Appends the path; every byte but the unreserved ones and '/', ':', '@', '=' becomes %XX. */
void url_append_path(struct buf *url, struct slice path);

/* Appends "?name=value", or "&name=value" where the URL already has a query. In the value every
 * byte but the unreserved ones and '/', ':' becomes %XX. */
void url_append_query(struct buf *url, const char *name, struct slice value);
void url_append_query_text(struct buf *url, const char *name,
			   const char *value_or_null); /* NULL: appends nothing */
void url_append_query_u64(struct buf *url, const char *name, uint64_t value);
