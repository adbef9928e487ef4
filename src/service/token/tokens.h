/* The verbs of tokens, and what they share. */
#pragma once

#include "service/engine/verb.h"
#include "service/item.h"

#define TOKENS_PATH "sys/tokens"

/* Borrows from the token; without its text. */
struct token_item token_item_make(const struct token *t, bool has_details);

verb_fn token_create_on_worker, token_list_on_worker, token_revoke_on_worker, token_self_on_loop,
	token_renew_on_worker;
