/*
 * A request's target: split and decoded exactly once. A target that a proxy could read in another
 * way than we do is refused. Only the origin-form is supported (RFC 9112 section 3.2.1).
 *
 * In the path, percent-encoding may encode only bytes that a segment may contain anyway. So
 * `%2e%2e`, `%2f`, `%5c`, `%00` and `%3a` are refused, and no encoded form means something else
 * than the plain one.
 */
#pragma once

#include "base/result.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

#define TARGET_BYTES_MAX    8192
#define TARGET_SEGMENTS_MAX 24

/* Slices point into the text that was parsed. */
struct request_target {
	/* Without the leading '/' and without the custom verb: "v1/profiles/orders/base". */
	struct slice path;
	struct slice segments[TARGET_SEGMENTS_MAX];
	uint32_t segments_count;
	struct slice verb;  /* after the last segment's colon, "rollback"; data NULL: no verb */
	struct slice query; /* not decoded, without '?' */
};

/* Decodes in place: `text` holds `len` bytes and a NUL. E_MALFORMED. */
MUST_USE enum result request_target_parse(struct request_target *ret, char *text, size_t len,
					  struct error *err);

/* Takes the next `name=value` from `*rest` (a part of the query), decodes both in place and checks
 * that they are UTF-8 without control characters. '+' is a blank unless `is_plus_kept(name)`.
 * `*ret_is_end`: there was none. E_MALFORMED. */
struct query_item {
	struct slice name, value;
	bool has_value;
};

MUST_USE enum result query_item_next(struct slice *rest, struct query_item *ret, bool *ret_is_end,
				     bool (*is_plus_kept)(struct slice name), struct error *err);
