/* When a token has ended, of itself or with one above it. */
#pragma once

#include "service/state/rights.h"
#include "service/state/snapshot.h"

/* When the last of those above ends, or the token itself where `is_own`; 0: never. */
int64_t token_chain_end(const struct snapshot *snapshot, const struct token *t, bool is_own);
/* The earlier of two ends; 0 is never. */
int64_t token_earlier(int64_t a, int64_t b);
/* Neither it nor one above it has ended. */
bool token_is_in_force(const struct snapshot *snapshot, const struct token *t, int64_t now_ms);
/* Whether it is the token `above`, or was made with it, or with what was. */
bool token_is_below(const struct snapshot *snapshot, const struct token *t, struct slice above);
bool token_has_ended(const struct token *t, int64_t now_ms);
