/* What the one who asks may do: the policies of the token and, for each of its parents, theirs: all must allow, any may deny. */
#pragma once

#include "service/state/snapshot.h"

#define RIGHTS_LEVELS_MAX (TOKEN_DEPTH_MAX + 1)

/* Borrows from the snapshot that it was loaded from. */
struct rights {
	struct rights_level {
		const struct policy *policies[TOKEN_POLICIES_MAX];
		uint32_t count;
	} * levels; /* the token's own first; `first` where it has no parent */
	uint32_t levels_count;
	struct rights_level first;
};

/* `ret` must not move afterwards; what does not fit into it comes from `a`. E_UNAUTHENTICATED when the token or one above it is expired, revoked or gone. A policy
 * that does not exist gives nothing. */
MUST_USE enum result rights_load(struct rights *ret, struct arena *a,
				 const struct snapshot *snapshot, const struct token *token,
				 int64_t now_ms, struct error *err);

/* Whether a token and those above it give the same rights in both: none was revoked or used up, none of their policies changed. */
bool rights_are_same(const struct snapshot *a, const struct snapshot *b, struct slice accessor);

/* A number for what the rights are made of: the policies, as they are, of a token and of those above it. 0 where one of these has ended.
 * It looks at no rule, and so is quick whatever the policies say. */
uint64_t rights_fingerprint(const struct snapshot *snapshot, struct slice accessor, int64_t now_ms);

bool rights_may(const struct rights *r, enum permission wanted, struct slice path);

/* May something at or under `prefix` ("profiles/")? To tell an empty list from a refusal. */
bool rights_may_under(const struct rights *r, enum permission wanted, struct slice prefix);

/* The rule that decided; of a chain the first that refused, else the token's own. */
struct decision rights_decide(const struct rights *r, enum permission wanted, struct slice path);
