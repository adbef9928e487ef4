/* What the verbs of tokens share. */
#pragma once

#include "service/engine/request_body.h"
#include "service/write/write.h"

#define TOKENS_PATH	 "sys/tokens"
#define TOKEN_TTL_MS_MAX (INT64_C(3650) * 86400000) /* ten years of days */

/* When the last of those above ends, or the token itself where `is_own`; 0: never. */
int64_t token_chain_end(const struct snapshot *snapshot, const struct token *t, bool is_own);
/* The earlier of two ends; 0 is never. */
int64_t token_earlier(int64_t a, int64_t b);
/* Neither it nor one above it has ended. */
bool token_is_in_force(const struct snapshot *snapshot, const struct token *t, int64_t now_ms);
/* Whether it is the token `above`, or was made with it, or with what was. */
bool token_is_below(const struct snapshot *snapshot, const struct token *t, struct slice above);
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
bool token_has_ended(const struct token *t, int64_t now_ms);

/* "accessor" … "expires_at" into an object that is open. */
void token_write_members(struct buf *b, const struct token *t);

/* The token as it is to be stored, with `record` as its JSON; referenced by `ret`, the JSON in the write's arena. */
MUST_USE enum result token_change_make(struct write *w, struct token_change *ret,
				       const struct token_record *record, const struct token *like,
				       struct error *err);

/* Notes for the audit log that the token was touched: "sys/tokens/<accessor>". */
MUST_USE enum result token_touch(struct call *c, struct slice accessor, struct error *err);
