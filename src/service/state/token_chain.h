/*
 * A token and those above it: when it has ended, of itself or with one above it, and which
 * principal it stands for.
 *
 * A token that was made with another one has this as its parent; it ends with it. Times are server
 * time (state/server_time.h). All functions read one snapshot and may be called in any thread.
 */
#pragma once

#include "service/state/snapshot.h"

/* When the last of those above ends, or the token itself where `is_own`; 0: never. */
int64_t token_chain_end(const struct snapshot *snapshot, const struct token *t, bool is_own);
/* The earlier of two ends; 0 is never. Two that never end: 0. */
int64_t token_earlier(int64_t a, int64_t b);
/* Neither it nor one above it has ended. False for NULL, and where one above it does not exist. */
bool token_is_in_force(const struct snapshot *snapshot, const struct token *t, int64_t now_ms);
/* Whether it is the token `above`, or was made with it, directly or through others. */
bool token_is_below(const struct snapshot *snapshot, const struct token *t, struct slice above);
/* Whether it was revoked, is used up or has expired by itself; those above it are not looked at. */
bool token_has_ended(const struct token *t, int64_t now_ms);

/* The principal of a token of the snapshot, borrowed from the token; made when it is first needed.
 * NULL: no memory. Any thread. The parts of it (name, policies, addresses, the tokens above) never
 * change while the token exists. */
struct principal *token_principal(const struct snapshot *snapshot, struct token *t);
/* When it ends, itself or one above it, as the snapshot has it; 0: never. */
int64_t principal_ends_ms(const struct snapshot *snapshot, const struct principal *p);
