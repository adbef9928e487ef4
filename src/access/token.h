/* Who a token stands for. The token itself is crypto/'s; here is the record that its hash leads to. */
#pragma once

#include "base/buf.h"
#include "doc/tree.h"

#define TOKEN_POLICIES_MAX   32
#define TOKEN_ADDRESSES_MAX  32
#define TOKEN_DEPTH_MAX	     16 /* parents above it */
#define TOKEN_NAME_BYTES_MAX 128
#define TOKEN_TTL_MS_MAX     (INT64_C(3650) * 86400000) /* ten years of days */

#define ADDRESS_TEXT_BYTES 64

struct address_range {
	uint8_t bytes[16]; /* IPv4 as ::ffff:a.b.c.d */
	uint8_t bits;
};

/* Immutable but for `uses_left`; lives in an arena of its own. */
struct token_record {
	struct slice accessor;
	struct slice name;	/* of the principal */
	struct slice *policies; /* names: "orders-runtime" */
	uint32_t policies_count;
	struct address_range *addresses; /* none: from anywhere */
	uint32_t addresses_count;
	struct slice parent; /* accessor, empty for none */
	int64_t created_ms;
	int64_t expires_ms;	/* 0: never */
	int64_t ttl_ms;		/* for renewal */
	int64_t max_expires_ms; /* renewal does not go beyond; 0: no bound */
	struct slice created_by;
};

/* To and from the JSON that the store keeps. */
void token_record_write(struct buf *ret, const struct token_record *r);
MUST_USE enum result token_record_read(struct token_record *ret, struct arena *a, struct slice json,
				       struct error *err);

/* "10.0.0.0/8", "::1", "192.0.2.7". */
bool address_range_parse(struct slice text, struct address_range *ret);
bool address_parse(struct slice text, uint8_t ret[static 16]);
/* The bytes by which callers are counted: one subscriber commands all addresses of an IPv6 /64,
 * so that they are as one. */
void address_fold(uint8_t ret[static 16], const uint8_t address[static 16]);
/* "192.0.2.7", "2001:db8::/64", as text of what address_fold() gave. */
void address_write_folded(char ret[static ADDRESS_TEXT_BYTES], const uint8_t folded[static 16]);
bool address_ranges_contain(const struct address_range *ranges, uint32_t count,
			    const uint8_t address[static 16]);
