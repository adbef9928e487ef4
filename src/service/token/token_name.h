/*
 * Which names a new token may bear. The name stands in the audit log and the history, so nobody
 * else may take it.
 *
 * A token bears the name of its maker, of a token that the maker has made, or a name that no
 * valid token bears. The names below are taken from the start. Stored tokens that were made
 * before there were these rules keep their names.
 */
#pragma once

#include "service/engine/verb.h"

/* The author of what no caller asked for over the network. */
#define SERVER_AUTHOR "reeved"
/* The policy that gives the right to administer, and the name of the first token, which has it. */
#define FIRST_POLICY "administrator"

/* Whether the characters of a name are allowed: E_MALFORMED. */
MUST_USE enum result token_name_check_form(struct slice name, struct error *err);
/* Whether a token that `maker` (its accessor) makes may bear the name: E_CONFLICT where a valid
 * token outside the maker's tree bears it. Any thread that holds the snapshot, the committer too:
 * the cost is bounded, whatever the number of tokens. */
MUST_USE enum result token_name_check_at(const struct snapshot *s, struct slice maker,
					 struct slice name, int64_t now_ms, struct error *err);
/* The same for a token that the caller makes. */
MUST_USE enum result token_name_check(const struct verb_context *ctx, struct slice name,
				      struct error *err);
