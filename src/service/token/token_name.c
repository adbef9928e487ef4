/*
 * The rule: a name in the log or the history is not taken by somebody else. A token is called as its maker, as what that has made, or
 * as no living token is. The first token's name and the server's own are taken from the start.
 *
 * A worker asks so that the answer is a good one, the committer again so that it is true: of two makers who take one name at once, the
 * second finds the first.
 */
#include "service/token/tokens.h"
#include "service/state/token_chain.h"

#include "service/setup/bootstrap.h"

#define LOOKED_AT_MAX 1000 /* living tokens of one name: bounds what the committer spends on it */

/* Of what merely looks like another name nothing is left: no other alphabet, nothing invisible, no blank that is seen nowhere. */
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

/* As who reads a list would take them for the same. */
static bool is_reserved(struct slice name)
{
	char folded[TOKEN_NAME_BYTES_MAX];
	struct slice n = slice_make(folded, token_name_fold(folded, name));

	return slice_is_equal(n, SLICE_LITERAL(BOOTSTRAP_AUTHOR)) ||
	       slice_is_equal(n, SLICE_LITERAL(FIRST_POLICY));
}

/* Of its own tree are the maker and what was made with it: what stands above the maker is somebody else. */
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
	return token_name_check_at(ctx->snapshot, ctx->call->token->record.accessor, name,
				   ctx->now_ms, err);
}
