/*
 * A request's target, taken apart and decoded exactly once, strictly: what proxies and servers
 * could read differently is refused. Origin-form only (RFC 9112 section 3.2.1).
 *
 * A percent-encoded byte of the path may only stand for a byte that a path segment may hold anyway,
 * so that `%2e%2e`, `%2f`, `%5c`, `%00` and `%3a` have no meaning beside their plain forms.
 */
#pragma once

#include "base/result.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

#define TARGET_BYTES_MAX    8192
#define TARGET_SEGMENTS_MAX 24

/* Slices point into the text that was given. */
struct request_target {
	/* Without the leading '/' and without the custom verb: "v1/profiles/orders/base". */
	struct slice path;
	struct slice segments[TARGET_SEGMENTS_MAX];
	uint32_t segments_count;
	struct slice verb;  /* behind the last segment's colon, "rollback"; data NULL for none */
	struct slice query; /* as it came, without '?' */
};

/* Decodes in place: `text` holds `len` bytes and a NUL. E_MALFORMED. */
MUST_USE enum result request_target_parse(struct request_target *ret, char *text, size_t len,
					  struct error *err);

/* Takes the next `name=value` off `*rest` (a part of target.query), decodes both in place ('+'
 * is a blank unless `is_plus_kept(name)`) and checks that they are UTF-8 without control
 * characters. False at the end. */
struct query_item {
	struct slice name, value;
	bool has_value;
};

MUST_USE enum result query_item_next(struct slice *rest, struct query_item *ret, bool *ret_is_end,
				     bool (*is_plus_kept)(struct slice name), struct error *err);
