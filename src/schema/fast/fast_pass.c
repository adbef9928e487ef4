/*
 * Accounting of steps, stopping, looking up members and matching patterns, for all files of the
 * fast pass.
 *
 * The steps of a slice are taken from `left` and from the budget only when the slice ends, so
 * `left` includes the slice until then. A charge may overrun the slice: fast_charge_budget() counts
 * by the difference of `slice` and `steps`, which is then greater than the slice, and nothing is
 * lost.
 */
#include "schema/fast/fast_pass.h"

/* The type of a node by its kind and flags, which are its first two bytes. Opaque nodes have none,
 * so that no block accepts one. */
const uint8_t fast_type_bits[(TREE_IS_OPAQUE << 8) * 2] = {
#define ROW(flags, number)                                                                 \
	[(flags) << 8 | TREE_NULL] = TYPE_NULL, [(flags) << 8 | TREE_BOOL] = TYPE_BOOLEAN, \
			[(flags) << 8 | TREE_NUMBER] = (number),                           \
			[(flags) << 8 | TREE_STRING] = TYPE_STRING,                        \
			[(flags) << 8 | TREE_ARRAY] = TYPE_ARRAY,                          \
			[(flags) << 8 | TREE_OBJECT] = TYPE_OBJECT
	ROW(0, TYPE_NUMBER),
	ROW(TREE_IS_INTEGER, TYPE_INTEGER),
	ROW(TREE_FITS_INT64, TYPE_NUMBER),
	ROW(TREE_FITS_INT64 | TREE_IS_INTEGER, TYPE_INTEGER),
	ROW(TREE_IS_SECRET, TYPE_NUMBER),
	ROW(TREE_IS_SECRET | TREE_IS_INTEGER, TYPE_INTEGER),
	ROW(TREE_IS_SECRET | TREE_FITS_INT64, TYPE_NUMBER),
	ROW(TREE_IS_SECRET | TREE_FITS_INT64 | TREE_IS_INTEGER, TYPE_INTEGER),
#undef ROW
};

COLD bool fast_stop(struct fast_pass *pass, enum result rc)
{
	pass->is_stopped = true;
	pass->rc = rc;
	return false;
}

COLD bool fast_stop_undecided(struct fast_pass *pass)
{
	pass->is_stopped = pass->is_undecided = true;
	return false;
}

void fast_charge_budget(struct fast_pass *pass)
{
	uint64_t used = (uint64_t)(pass->slice - pass->steps);

	pass->is_over |= used > pass->left;
	pass->left -= used < pass->left ? used : pass->left;
	pass->slice = pass->steps = 0;
	pass->is_over |= !budget_spend(pass->budget, used);
}

COLD bool fast_refill(struct fast_pass *pass)
{
	fast_charge_budget(pass);
	if (pass->is_over)
		return fast_stop(pass, E_LIMIT);
	pass->slice = pass->steps = fast_next_slice(pass->left, pass->budget);
	return true;
}

COLD bool fast_stop_at_depth(struct fast_pass *pass)
{
	return fast_stop(pass, fail(pass->err, E_LIMIT, "validation goes deeper than %u subschemas",
				    (unsigned)pass->schema->limits.depth_max));
}

/* Small objects are searched one by one; large ones have an index. */
const struct tree_node *fast_find_member(const struct tree_node *object, const char *text,
					 uint32_t len, uint64_t hash)
{
	if (object->count > TREE_INDEX_MIN)
		return tree_get_hashed(object, slice_make(text, len), hash);
	for (uint32_t i = 0; i < object->count; i++) {
		const struct tree_member *member = &object->of.members[i];

		if (member->hash == hash && member->key_len == len &&
		    is_same(text, member->key, len))
			return &member->value;
	}
	return NULL;
}

/* PCRE2 counts its steps while it matches. Their bound is that of one match, or the steps left
 * where these are fewer. */
NOINLINE static bool match_counted(struct fast_pass *pass, const struct matcher *matcher,
				   struct slice text, bool *ret)
{
	uint64_t most = pass->schema->limits.regex_steps_max, left;
	uint64_t allowed =
		pass->left - (uint64_t)(pass->slice - (pass->steps < 0 ? 0 : pass->steps));
	enum result rc;

	if (allowed > most)
		allowed = most;
	if (pass->budget != NULL && allowed > pass->budget->steps)
		allowed = pass->budget->steps;
	left = allowed;
	rc = matcher_match(matcher, text, &left, ret, pass->err);
	if (!charge_for(pass, allowed - left + 1, "pattern"))
		return false;
	return rc == OK || fast_stop(pass, rc);
}

/* Literals and automata have a known price; PCRE2 counts. */
bool fast_match(struct fast_pass *pass, uint32_t pattern, struct slice text, bool *ret)
{
	const struct matcher *matcher = &pass->schema->matchers[pattern];

	if (matcher->kind != MATCH_PATTERN) {
		*ret = matcher_match_literal(matcher, text);
		return matcher->literal_len <= KEY_BYTES_FREE ||
		       charge_for(pass, matcher->literal_len / STEP_BYTES, "pattern");
	}
	if (!pattern_is_linear(matcher->pattern))
		return match_counted(pass, matcher, text, ret);
	if (!charge_for(pass, pattern_price(matcher->pattern, text.len), "pattern"))
		return false;
	*ret = pattern_match_linear(matcher->pattern, text);
	return true;
}
