/*
 * A principal: the one that a request acts for.
 *
 * The front end's credential (today a token; later a certificate or a signed statement) is
 * exchanged for a principal once, when the request is authenticated. Rights, the audit log, shares
 * and polls know principals and never a credential.
 *
 * A principal is immutable and shared by reference count, so that any thread may read it. It does
 * not hold the facts that may change while it is in use (a token is revoked, renewed or used up, a
 * policy is edited): these are looked up in the snapshot by accessor.
 */
#pragma once

#include "access/token.h"

#include <stdatomic.h>

/* Itself and all above it. */
#define PRINCIPAL_CHAIN_MAX (TOKEN_DEPTH_MAX + 1)

/* How it proved who it is. */
enum principal_proof {
	PROOF_TOKEN, /* each link of its chain is a stored token */
};

/* The principal itself, or one above it that made it and that bounds what it may do. */
struct principal_link {
	struct slice accessor;
	struct slice name;
	const struct slice *policies; /* names: "orders-runtime" */
	uint32_t policies_count;
	const struct address_range *addresses; /* that it may come from; none: any */
	uint32_t addresses_count;
	int64_t ends_ms; /* wall time when it was authenticated; a renewal moves it. 0: never */
};

/* Read its members directly; none of them changes but `refs`, which principal_ref() and
 * principal_unref() count. */
struct principal {
	atomic_uint refs;
	enum principal_proof proof;
	struct slice name;     /* NUL-terminated, as all its texts */
	struct slice accessor; /* names the credential where the credential itself must not stand */
	struct slice share;    /* the name that it shares queues, polls and connections under */
	bool has_limited_uses; /* each response takes a use of it or of one above it */
	uint32_t chain_count;  /* one more than PRINCIPAL_CHAIN_MAX: too long to be in force */
	const struct principal_link *chain; /* itself first; at least one */
};

/* Copies the chain with all that it refers to; `chain_count` is at least 1. The caller owns the one
 * reference. NULL: no memory. */
struct principal *principal_new(enum principal_proof proof, const struct principal_link *chain,
				uint32_t chain_count, bool has_limited_uses);
struct principal *principal_ref(struct principal *p); /* takes NULL */
void principal_unref(struct principal *p);	      /* takes NULL */

/* The audit log's word: "token". */
const char *principal_proof_name(enum principal_proof proof);

/* Whether the policy is one of its own, not of those above it. */
bool principal_has_policy(const struct principal *p, struct slice name);

/* Whether it may come from the address (IPv4 as ::ffff:a.b.c.d). A bound of one above it binds it
 * too. */
bool principal_may_come_from(const struct principal *p, const uint8_t address[static 16]);
