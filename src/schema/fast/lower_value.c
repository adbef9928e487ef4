/*
 * Rules for one value: const and enum, the bounds of numbers, the bounds of lengths. The
 * instruction is chosen by what the schema's constants are, so that the common cases need one
 * comparison: a single text by its hash, several by a table, a range of integers by two bounds.
 */
#include "schema/fast/lower.h"

#include <math.h>

/* Up to this number OPERATION_TEXTS compares texts one by one; for more, OPERATION_TEXT_TABLE
 * searches. */
#define LINEAR_TEXTS_MAX 6
#define EXACT_REAL_MAX	 9007199254740992.0 /* 2^53: integers below are exact doubles */

static bool are_texts(const struct lowering *work, const struct rule *rule)
{
	for (uint32_t i = 0; i < rule->b; i++) {
		if (work->rules.constants[rule->a + i].kind != TREE_STRING)
			return false;
	}
	return rule->b != 0;
}

static bool are_simple(const struct lowering *work, const struct rule *rule)
{
	for (uint32_t i = 0; i < rule->b; i++) {
		if (work->rules.constants[rule->a + i].kind != TREE_NULL)
			return false;
	}
	return rule->b != 0;
}

/* Equal constants may appear twice in a table, which is harmless. */
static enum result add_text_table(struct lowering *work, const struct rule *rule)
{
	uint32_t first, mask;
	struct instruction *i;
	enum result rc = lower_add_slots(work, rule->b, &first, &mask);

	if (rc != OK)
		return rc;
	for (uint32_t k = 0; k < rule->b; k++)
		lower_fill_slot(work, first, mask, work->rules.constants[rule->a + k].as.hash,
				rule->a + k);
	i = lower_emit(work, OPERATION_TEXT_TABLE);
	if (i == NULL)
		return E_MEMORY;
	i->a = first;
	i->b = mask;
	return OK;
}

/* Strings are compared by hash first; many of them are searched in a hash table. */
enum result lower_enum(struct lowering *work, const struct rule *rule)
{
	bool is_text = are_texts(work, rule);
	const struct constant *first = &work->rules.constants[rule->a];
	struct instruction *i;

	if (are_simple(work, rule))
		return OK; /* null: the type check suffices */
	if (is_text && rule->b > LINEAR_TEXTS_MAX)
		return add_text_table(work, rule);
	i = lower_emit(work, !is_text	    ? OPERATION_ENUM
			     : rule->b == 1 ? OPERATION_TEXT
					    : OPERATION_TEXTS);
	if (i == NULL)
		return E_MEMORY;
	i->a = rule->a;
	i->b = rule->b;
	if (is_text && rule->b == 1) {
		i->a = first->text.at;
		i->b = first->text.len;
		i->x.hash = first->as.hash;
	}
	return OK;
}

/* The least or greatest int64 that the rule allows; false where no int64 is exactly that bound. */
static bool integer_bound(const struct lowering *work, const struct rule *rule, int64_t *ret)
{
	const struct constant *k = &work->rules.constants[rule->a];
	bool is_lower = rule->op == RULE_MINIMUM || rule->op == RULE_EXCLUSIVE_MINIMUM;

	if ((k->flags & TREE_FITS_INT64) != 0) {
		int64_t step = rule->op == RULE_EXCLUSIVE_MINIMUM   ? 1
			       : rule->op == RULE_EXCLUSIVE_MAXIMUM ? -1
								    : 0;

		return !__builtin_add_overflow(k->as.integer, step, ret);
	}
	/* A fraction. Below 2^53 its double lies between the same two integers, unless it is an
	 * integer itself. */
	if ((k->flags & TREE_IS_INTEGER) != 0 || fabs(k->as.real) >= EXACT_REAL_MAX ||
	    floor(k->as.real) == k->as.real)
		return false;
	*ret = (int64_t)(is_lower ? ceil(k->as.real) : floor(k->as.real));
	return true;
}

static enum result add_bound(struct lowering *work, uint32_t rule)
{
	struct instruction *i = lower_emit(work, OPERATION_BOUND);

	if (i == NULL)
		return E_MEMORY;
	i->a = rule;
	return OK;
}

/* One range for the lower and the upper bound. Further bounds, and those that no int64 expresses,
 * become instructions of their own. */
enum result lower_numbers(struct lowering *work, const struct subschema *s)
{
	int64_t least = INT64_MIN, most = INT64_MAX, bound;
	uint32_t lower = NONE, upper = NONE;
	struct instruction *i;

	for (uint32_t k = s->first_rule; k < s->first_rule + s->rules; k++) {
		const struct rule *rule = &work->rules.rules[k];
		bool is_lower = rule->op == RULE_MINIMUM || rule->op == RULE_EXCLUSIVE_MINIMUM;
		bool is_upper = rule->op == RULE_MAXIMUM || rule->op == RULE_EXCLUSIVE_MAXIMUM;

		if (!is_lower && !is_upper)
			continue;
		if (*(is_lower ? &lower : &upper) != NONE || !integer_bound(work, rule, &bound)) {
			if (add_bound(work, k) != OK)
				return E_MEMORY;
			continue;
		}
		*(is_lower ? &lower : &upper) = k;
		*(is_lower ? &least : &most) = bound;
	}
	if (lower == NONE && upper == NONE)
		return OK;
	i = lower_emit(work, OPERATION_RANGE);
	if (i == NULL)
		return E_MEMORY;
	i->a = lower;
	i->b = upper;
	i->x.integer = least;
	i->y.integer = most;
	return OK;
}

/* minLength and maxLength together. */
enum result lower_length(struct lowering *work, const struct subschema *s)
{
	uint32_t least = 0, most = UINT32_MAX;
	struct instruction *i;

	for (uint32_t k = s->first_rule; k < s->first_rule + s->rules; k++) {
		const struct rule *rule = &work->rules.rules[k];

		if (rule->op == RULE_MIN_LENGTH)
			least = rule->a;
		if (rule->op == RULE_MAX_LENGTH)
			most = rule->a;
	}
	if (least == 0 && most == UINT32_MAX)
		return OK;
	i = lower_emit(work, OPERATION_LENGTH);
	if (i == NULL)
		return E_MEMORY;
	i->a = least;
	i->b = most;
	return OK;
}
