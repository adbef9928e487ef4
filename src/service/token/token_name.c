/*
 * The check of a new token's name.
 *
 * A worker checks the name so that its response is a good one, the committer checks it again so
 * that the rule holds: of two makers who take one name at the same time, the second finds the token
 * of the first.
 *
 * Names are compared without regard to case and outer blanks (token_name_fold()). The snapshot
 * lists the tokens of a name by the time they end, the last first, so the walk sees no expired
 * token. After LOOKED_AT_MAX valid ones it gives up, and the name counts as taken.
 */
#include "service/token/token_name.h"

#include "service/state/token_chain.h"

#define LOOKED_AT_MAX 1000 /* valid tokens of one name: bounds what the committer spends on it */

/* No two different names look alike: no other alphabet, no invisible character, no blank that
 * cannot be seen. */
enum result token_name_check_form(struct slice name, struct error *err)
{
	bool is_good = name.len != 0 && name.len <= TOKEN_NAME_BYTES_MAX;
	char before = ' ';

	for (size_t i = 0; is_good && i < name.len; i++) {
		is_good = name.data[i] >= 0x20 && name.data[i] <= 0x7e &&
			  (name.data[i] != ' ' || before != ' ');
		before = name.data[i];
	}
	if (is_good && before != ' ')
		return OK;
	return fail(err, E_MALFORMED,
		    "`name` must be 1 to %d printable ASCII characters, with single blanks only "
		    "between others",
		    TOKEN_NAME_BYTES_MAX);
}

/* Compared without regard to case and the like: a reader of a list would take them for the same. */
static bool is_reserved(struct slice name)
{
	char folded[TOKEN_NAME_BYTES_MAX];
	struct slice n = slice_make(folded, token_name_fold(folded, name));

	return slice_is_equal(n, SLICE_LITERAL(SERVER_AUTHOR)) ||
	       slice_is_equal(n, SLICE_LITERAL(FIRST_POLICY));
}

/* The maker's tree is the maker itself and the tokens below it; the tokens above the maker belong
 * to others. */
enum result token_name_check_at(const struct snapshot *s, struct slice maker, struct slice name,
				int64_t now_ms, struct error *err)
{
	bool is_taken = false;
	struct token_walk walk;
	const struct token *t;

	if (name.len > TOKEN_NAME_BYTES_MAX)
		return token_name_check_form(name, err);
	snapshot_tokens_named(&walk, s, name);
	for (uint32_t i = 0; i < LOOKED_AT_MAX; i++) {
		t = snapshot_token_named_next(&walk, now_ms);
		if (t == NULL)
			break;
		if (!token_is_in_force(s, t, now_ms))
			continue;
		if (token_is_below(s, t, maker))
			return OK;
		is_taken = true;
	}
	if (!is_taken && t == NULL && !is_reserved(name))
		return OK;
	return fail(
		err, E_CONFLICT,
		"`name` is that of a token which you neither are nor have made; choose another");
}

enum result token_name_check(const struct verb_context *ctx, struct slice name, struct error *err)
{
	return token_name_check_at(ctx->snapshot, ctx->call->principal->accessor, name, ctx->now_ms,
				   err);
}
