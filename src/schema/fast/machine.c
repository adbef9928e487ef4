#include "schema/fast/machine.h"

/* The types of a node by its first two bytes, kind and flags; none for what may not be looked at, so that no block lets it
 * in. */
const uint8_t machine_types[(TREE_IS_OPAQUE << 8) * 2] = {
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

COLD bool machine_stop(struct machine *m, enum result rc)
{
	m->is_stopped = true;
	m->rc = rc;
	return false;
}

COLD bool machine_stop_undecided(struct machine *m)
{
	m->is_stopped = m->is_undecided = true;
	return false;
}

void machine_charge(struct machine *m)
{
	uint64_t used = (uint64_t)(m->slice - m->steps);

	m->is_over |= used > m->left;
	m->left -= used < m->left ? used : m->left;
	m->slice = m->steps = 0;
	m->is_over |= !budget_spend(m->budget, used);
}

COLD bool machine_refill(struct machine *m)
{
	machine_charge(m);
	if (m->is_over)
		return machine_stop(m, E_LIMIT);
	m->slice = m->steps = machine_next_slice(m->left, m->budget);
	return true;
}

COLD bool machine_stop_at_depth(struct machine *m)
{
	return machine_stop(m, fail(m->err, E_LIMIT, "validation goes deeper than %u subschemas",
				    (unsigned)m->schema->limits.depth_max));
}

const struct tree_node *machine_find(const struct tree_node *object, const char *text, uint32_t len,
				     uint64_t hash)
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

/* PCRE2 counts as it goes. What is left of all is its bound where that is less than what one match may take. */
APART static bool match_counted(struct machine *m, const struct matcher *matcher, struct slice text,
				bool *ret)
{
	uint64_t most = m->schema->limits.regex_steps_max, left;
	uint64_t allowed = m->left - (uint64_t)(m->slice - (m->steps < 0 ? 0 : m->steps));
	enum result rc;

	if (allowed > most)
		allowed = most;
	if (m->budget != NULL && allowed > m->budget->steps)
		allowed = m->budget->steps;
	left = allowed;
	rc = matcher_match(matcher, text, &left, ret, m->err);
	if (!charge_for(m, allowed - left + 1, "pattern"))
		return false;
	return rc == OK || machine_stop(m, rc);
}

bool machine_match(struct machine *m, uint32_t pattern, struct slice text, bool *ret)
{
	const struct matcher *matcher = &m->schema->matchers[pattern];

	if (matcher->kind != MATCH_PATTERN) {
		*ret = matcher_match_literal(matcher, text);
		return matcher->literal_len <= KEY_BYTES_FREE ||
		       charge_for(m, matcher->literal_len / STEP_BYTES, "pattern");
	}
	if (!pattern_is_linear(matcher->pattern))
		return match_counted(m, matcher, text, ret);
	if (!charge_for(m, pattern_price(matcher->pattern, text.len), "pattern"))
		return false;
	*ret = pattern_match_linear(matcher->pattern, text);
	return true;
}
