/*
 * Rules for one value that do not apply other subschemas. None of them marks anything as evaluated.
 * A rule about a kind is never called for an opaque value (explain.c); those for every kind handle
 * it themselves.
 */
#include "schema/explain/explain.h"

#include "base/text.h"
#include "schema/price.h"

#define UNUSED_MARKS ((void)marks)

enum result explain_false(struct explain_pass *pass, const struct rule *rule,
			  const struct tree_node *n, struct marks *marks, enum verdict *ret)
{
	UNUSED_MARKS;
	return explain_fail(pass, rule, n, 0, 0, ret);
}

enum result explain_secret(struct explain_pass *pass, const struct rule *rule,
			   const struct tree_node *n, struct marks *marks, enum verdict *ret)
{
	UNUSED_MARKS;
	return (n->flags & TREE_IS_SECRET) != 0 ? OK : explain_fail(pass, rule, n, 0, 0, ret);
}

/* `integer` includes 1.0: what counts is the value (2020-12 validation, section 6.1.1). */
enum result explain_types(struct explain_pass *pass, const struct rule *rule,
			  const struct tree_node *n, struct marks *marks, enum verdict *ret)
{
	UNUSED_MARKS;
	if ((explain_type_of(n) & rule->a) != 0)
		return OK;
	/* Whether an opaque number is an integer is unknown. */
	if ((n->flags & TREE_IS_OPAQUE) != 0 && n->kind == TREE_NUMBER &&
	    (rule->a & (TYPE_INTEGER | TYPE_NUMBER)) != 0)
		return explain_undecided(pass, rule, n, ret);
	return explain_fail(pass, rule, n, 0, 0, ret);
}

/* `const` is a list of one. An empty list refuses every value. */
enum result explain_enum(struct explain_pass *pass, const struct rule *rule,
			 const struct tree_node *n, struct marks *marks, enum verdict *ret)
{
	bool is_undecided = false;
	enum result rc = explain_charge(pass, rule->b);

	UNUSED_MARKS;
	if (rc != OK)
		return rc;
	for (uint32_t i = 0; i < rule->b; i++) {
		uint64_t price = 0;
		enum verdict v =
			constant_compare(pass->program, &pass->program->constants[rule->a + i], n,
					 &price);

		rc = explain_charge(pass, price);
		if (rc != OK)
			return rc;
		if (v == VERDICT_YES)
			return OK;
		is_undecided |= v == VERDICT_MAYBE;
	}
	return is_undecided ? explain_undecided(pass, rule, n, ret)
			    : explain_fail(pass, rule, n, 0, 0, ret);
}

static bool is_within(const struct rule *rule, const struct tree_node *n,
		      const struct tree_node *bound)
{
	switch ((enum rule_op)rule->op) {
	case RULE_MAXIMUM:
		return number_compare(n, bound) <= 0;
	case RULE_EXCLUSIVE_MAXIMUM:
		return number_compare(n, bound) < 0;
	case RULE_MINIMUM:
		return number_compare(n, bound) >= 0;
	case RULE_EXCLUSIVE_MINIMUM:
		return number_compare(n, bound) > 0;
	default:
		return number_is_multiple(n, bound);
	}
}

/* The five keywords for numbers, all exact. */
enum result explain_bound(struct explain_pass *pass, const struct rule *rule,
			  const struct tree_node *n, struct marks *marks, enum verdict *ret)
{
	struct tree_node bound;
	enum result rc;

	UNUSED_MARKS;
	bound = constant_number(pass->program, &pass->program->constants[rule->a]);
	rc = explain_charge(pass, rule->op == RULE_MULTIPLE_OF ? price_multiple(n, &bound)
							       : price_number(n, &bound));
	if (rc != OK)
		return rc;
	return is_within(rule, n, &bound) ? OK : explain_fail(pass, rule, n, 0, 0, ret);
}

/* Lengths are in characters, not bytes (2020-12 validation, section 6.3.1). */
enum result explain_length(struct explain_pass *pass, const struct rule *rule,
			   const struct tree_node *n, struct marks *marks, enum verdict *ret)
{
	size_t length;
	enum result rc = explain_charge(pass, price_bytes(n->count));

	UNUSED_MARKS;
	if (rc != OK)
		return rc;
	length = utf8_length(tree_text(n));
	if (rule->op == RULE_MAX_LENGTH ? length <= rule->a : length >= rule->a)
		return OK;
	return explain_fail(pass, rule, n, 0, 0, ret);
}

enum result explain_count(struct explain_pass *pass, const struct rule *rule,
			  const struct tree_node *n, struct marks *marks, enum verdict *ret)
{
	bool is_most = rule->op == RULE_MAX_ITEMS || rule->op == RULE_MAX_PROPERTIES;

	UNUSED_MARKS;
	if (is_most ? n->count <= rule->a : n->count >= rule->a)
		return OK;
	return explain_fail(pass, rule, n, 0, 0, ret);
}

enum result explain_pattern(struct explain_pass *pass, const struct rule *rule,
			    const struct tree_node *n, struct marks *marks, enum verdict *ret)
{
	bool is_match;
	enum result rc;

	UNUSED_MARKS;
	rc = explain_match(pass, rule->a, tree_text(n), &is_match);
	return rc != OK || is_match ? rc : explain_fail(pass, rule, n, 0, 0, ret);
}

enum result explain_format(struct explain_pass *pass, const struct rule *rule,
			   const struct tree_node *n, struct marks *marks, enum verdict *ret)
{
	const struct format *format = pass->schema->formats[rule->a];
	enum result rc = explain_charge(pass, format_price(format, tree_text(n)));

	UNUSED_MARKS;
	if (rc != OK)
		return rc;
	if (format_is_valid(format, tree_text(n)))
		return OK;
	return explain_fail(pass, rule, n, 0, 0, ret);
}
