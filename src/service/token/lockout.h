/*
 * No change may leave the store without a token that can administer it, unless the caller forces
 * it.
 *
 * A token can administer when it and all tokens above it are valid, and it may `write` and
 * `admin` policies in general and also each policy that its own rights come from: with these
 * rights it can give itself any other right.
 */
#pragma once

#include "service/state/change.h"

/* The part of a prepared write or change of tokens that decides who can administer. Borrowed. */
struct rights_change {
	const struct snapshot *before;
	struct slice caller; /* accessor; where its uses are limited, the call itself takes one */
	const struct change *documents; /* those of policies count */
	uint32_t documents_count;
	struct token *const *tokens; /* as they will be */
	uint32_t tokens_count;
};

#define LOCKOUT_TEXT "afterwards no valid token could administer: none may write policies"

/*
 * Looks for a token that can administer after the change. OK: `*ret` is its accessor, copied to
 * `a`; empty where the change takes no rights away, and where no token could administer before
 * either. E_CONFLICT (LOCKOUT_TEXT and a hint): there is none, but there was one. Takes time in
 * proportion to the number of tokens: for workers.
 */
MUST_USE enum result lockout_check(struct slice *ret, const struct rights_change *change,
				   int64_t now_ms, struct arena *a, struct error *err);

/* Whether the token that lockout_check() found still can administer in `working`, which has the
 * change. True for an empty `administrator`. Quick: for the committer. */
bool lockout_is_averted(struct slice administrator, const struct snapshot *working,
			struct slice caller, int64_t now_ms);
