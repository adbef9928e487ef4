/* The record of a token: its principal, policies, limits and end. crypto/token_text.h has the token
 * itself, whose hash leads to the record. Also the addresses that a token may be used from. */
#pragma once

#include "base/buf.h"
#include "doc/tree.h"

#define TOKEN_POLICIES_MAX   32
#define TOKEN_ADDRESSES_MAX  32
#define TOKEN_DEPTH_MAX	     16 /* parents above it */
#define TOKEN_NAME_BYTES_MAX 128
#define TOKEN_TTL_MS_MAX     (INT64_C(3650) * 86400000) /* ten years of days */

/* An IPv6 address, "/64" and a NUL need 50. */
#define ADDRESS_TEXT_BYTES 64

/* The addresses whose first `bits` bits are those of `bytes`: 0 to 128, for IPv4 96 more than in
 * its text. */
struct address_range {
	uint8_t bytes[16]; /* IPv4 as ::ffff:a.b.c.d */
	uint8_t bits;
};

/* The principal, policies and limits that a token stands for. The store keeps beside the record
 * whether it is revoked and how many uses are left (struct token_row). Times are wall time in
 * milliseconds. Immutable; its texts live in the arena that it was read into. */
struct token_record {
	struct slice accessor;	/* names the token where the token itself must not stand */
	struct slice name;	/* of the principal */
	struct slice *policies; /* names: "orders-runtime" */
	uint32_t policies_count;
	struct address_range *addresses; /* callers must be in one of them; empty: any address */
	uint32_t addresses_count;
	struct slice parent; /* accessor of the token that made it; may be empty */
	int64_t created_ms;
	int64_t expires_ms;	/* 0: never */
	int64_t ttl_ms;		/* how long a renewal lasts */
	int64_t max_expires_ms; /* the latest end after renewals; 0: no bound */
	struct slice created_by;
};

/* The stored form, in JSON. Writing appends; the buffer fails without memory. Reading puts the
 * texts into `a`: E_CORRUPT for any other text, E_MEMORY; on failure `ret` is untouched. */
void token_record_write(struct buf *ret, const struct token_record *r);
MUST_USE enum result token_record_read(struct token_record *ret, struct arena *a, struct slice json,
				       struct error *err);

/* A range such as "10.0.0.0/8" or "::1", and a single address. False when malformed. */
bool address_range_parse(struct slice text, struct address_range *ret);
/* IPv4 in dotted form or IPv6, without a zone or a port. `ret` is untouched on failure. */
bool address_parse(struct slice text, uint8_t ret[static 16]);
/* The bytes by which callers are counted: an IPv6 address without its last 64 bits, because one
 * customer of a provider has all addresses of a /64. */
void address_fold(uint8_t ret[static 16], const uint8_t address[static 16]);
/* The result of address_fold() as text: "192.0.2.7", "2001:db8::/64". */
void address_write_folded(char ret[static ADDRESS_TEXT_BYTES], const uint8_t folded[static 16]);
/* True for no ranges at all: a token without a list may be used from everywhere. */
bool address_ranges_contain(const struct address_range *ranges, uint32_t count,
			    const uint8_t address[static 16]);
