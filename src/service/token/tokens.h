/* The verbs of tokens, and what they share. */
#pragma once

#include "service/engine/verb.h"

#define TOKENS_PATH	 "sys/tokens"
#define TOKEN_TTL_MS_MAX (INT64_C(3650) * 86400000) /* ten years of days */

/* "accessor" … "expires_at" into an object that is open. */
void token_write_members(struct buf *b, const struct token *t);

verb_fn token_create_on_worker, token_list_on_worker, token_revoke_on_worker, token_self_on_loop,
	token_renew_on_worker;
