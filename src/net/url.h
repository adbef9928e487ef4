/* Parts of a URL, percent-encoded (RFC 3986 section 2). */
#pragma once

#include "base/buf.h"
#include "base/slice.h"

/* Every byte but the unreserved ones and '/', ':' , '@', '=' becomes %XX. */
void url_append_path(struct buf *url, struct slice path);

/* Appends "?name=value" or "&name=value", whichever fits what is there; the value encoded whole. */
void url_append_query(struct buf *url, const char *name, struct slice value);
void url_append_query_text(struct buf *url, const char *name, const char *value_or_null);
void url_append_query_u64(struct buf *url, const char *name, uint64_t value);
