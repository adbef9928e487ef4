/*
 * A change of tokens as a commit job: one new, one renewed, or some revoked.
 *
 * A worker makes the job against one snapshot, adds the tokens as they will be, and fills
 * call->out: no part of the response depends on the commit. The committer checks again what may
 * have changed since then (the caller's rights, the name of a new token, the token that can
 * administer afterwards), writes the rows, and puts the tokens into the next snapshot. It makes
 * no revision.
 *
 * The call owns the job, the job its arena and tokens.
 */
#pragma once

#include "service/engine/commit_job.h"
#include "service/engine/verb.h"
#include "service/token/lockout.h"

struct token_job {
	struct commit_job job;	   /* first: the committer has a pointer to it */
	struct arena arena;	   /* wiped */
	struct snapshot *snapshot; /* that it was prepared against; referenced */
	struct slice caller;	   /* accessor */
	struct token **tokens;	   /* as they will be; referenced */
	struct slice *records;	   /* the JSON of each */
	uint32_t count, max;
	struct slice
		administrator; /* accessor of one that can administer afterwards; may be empty */
	bool is_forced;	       /* no token can */
};

/* The call's commit job, for `max` tokens; freed with the call. NULL: no memory. */
struct token_job *token_job_new(const struct verb_context *ctx, uint32_t max);

/* Adds a token with `record`; its hash, uses and whether it is revoked are those of `like`. Notes
 * in the audit draft that it was touched ("sys/tokens/<accessor>"). Lives as long as the job. */
MUST_USE enum result token_job_add(struct token_job *j, const struct token_record *record,
				   const struct token *like, struct error *err);

/* lockout_check() of the job's tokens. Where no token could administer: OK where the call is
 * forced, else E_CONFLICT. */
MUST_USE enum result token_job_check_lockout(struct token_job *j, int64_t now_ms,
					     struct error *err);
