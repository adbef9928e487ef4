/*
 * What a principal may do: its policies and, for each one above it, theirs. All must allow; any may
 * deny.
 *
 * Rights are loaded from one snapshot and borrow from it. A later snapshot may give others, so a
 * write compares them again when it is committed (rights_are_same), and a poll when something
 * changed (rights_fingerprint).
 */
#pragma once

#include "service/state/snapshot.h"

#define RIGHTS_LEVELS_MAX PRINCIPAL_CHAIN_MAX

/* Borrows from the snapshot that it was loaded from. */
struct rights {
	struct rights_level {
		const struct policy *policies[TOKEN_POLICIES_MAX];
		uint32_t count;
	} * levels; /* the principal's own first; `first` where there is none above it */
	uint32_t levels_count;
	struct rights_level first;
};

/* `ret` must not move afterwards; what does not fit into it comes from `a`. E_UNAUTHENTICATED when
 * the principal or one above it is expired, revoked, used up or gone. A policy that does not exist
 * gives nothing. */
MUST_USE enum result rights_load(struct rights *ret, struct arena *a,
				 const struct snapshot *snapshot, const struct principal *p,
				 int64_t now_ms, struct error *err);

/* The same for the principal of a stored token. */
MUST_USE enum result rights_load_token(struct rights *ret, struct arena *a,
				       const struct snapshot *snapshot, struct slice accessor,
				       int64_t now_ms, struct error *err);

/* Whether the principal has the same rights in both: neither it nor one above it was revoked or
 * used up, none of their policies changed. */
bool rights_are_same(const struct snapshot *a, const struct snapshot *b, const struct principal *p);

/* A number for what the rights are made of: the current policies of the principal and of those
 * above it. 0 where one of these has ended. It looks at no rule, so that its time does not depend
 * on the policies' size. */
uint64_t rights_fingerprint(const struct snapshot *snapshot, const struct principal *p,
			    int64_t now_ms);

/* Whether all levels allow it. A path that does not exist is decided like any other, by the rules
 * alone, so that the decision tells nothing of what exists. */
bool rights_may(const struct rights *r, enum permission wanted, struct slice path);

/* May something at or under `prefix` ("profiles/")? To tell an empty list from a refusal. */
bool rights_may_under(const struct rights *r, enum permission wanted, struct slice prefix);

/* The rule that decided: of a chain the first that refused, else the principal's own. */
struct decision rights_decide(const struct rights *r, enum permission wanted, struct slice path);
