/* What the verbs of tokens share. */
#pragma once

#include "service/engine/request_body.h"
#include "service/state/token_chain.h"
#include "service/write/write.h"

#define TOKENS_PATH	 "sys/tokens"
#define TOKEN_TTL_MS_MAX (INT64_C(3650) * 86400000) /* ten years of days */

/* token_name.c: whether a new token may be called so at all. Those stored before there was this rule keep their names. E_MALFORMED. */
MUST_USE enum result token_name_check_form(struct slice name, struct error *err);
/* Whether a token that `maker` (its accessor) makes may be called that: E_CONFLICT
 * where a living token outside the maker's tree is. Any thread that holds the snapshot, the committer
 * too: the cost is bounded, whatever the number of tokens. */
MUST_USE enum result token_name_check_at(const struct snapshot *s, struct slice maker,
					 struct slice name, int64_t now_ms, struct error *err);
/* The same for a token that the caller makes. */
MUST_USE enum result token_name_check(const struct verb_context *ctx, struct slice name,
				      struct error *err);

/* "accessor" … "expires_at" into an object that is open. */
void token_write_members(struct buf *b, const struct token *t);

/* The token as it is to be stored, with `record` as its JSON; referenced by `ret`, the JSON in the write's arena. */
MUST_USE enum result token_change_make(struct write *w, struct token_change *ret,
				       const struct token_record *record, const struct token *like,
				       struct error *err);

/* Notes for the audit log that the token was touched: "sys/tokens/<accessor>". */
MUST_USE enum result token_touch(struct call *c, struct slice accessor, struct error *err);

/* The verbs. */
verb_fn token_create_on_worker, token_list_on_worker, token_revoke_on_worker, token_self_on_loop,
	token_renew_on_worker;
