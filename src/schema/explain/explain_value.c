/* Rules on one value by itself. */
#include "schema/explain/explain.h"

#include "base/text.h"
#include "schema/price.h"

#define UNUSED_MARKS ((void)marks)

enum result evaluate_false(struct run *r, const struct rule *rule, const struct tree_node *n,
			   struct marks *marks, enum verdict *ret)
{
	UNUSED_MARKS;
	return evaluate_fail(r, rule, n, 0, 0, ret);
}

enum result evaluate_secret(struct run *r, const struct rule *rule, const struct tree_node *n,
			    struct marks *marks, enum verdict *ret)
{
	UNUSED_MARKS;
	return (n->flags & TREE_IS_SECRET) != 0 ? OK : evaluate_fail(r, rule, n, 0, 0, ret);
}

enum result evaluate_types(struct run *r, const struct rule *rule, const struct tree_node *n,
			   struct marks *marks, enum verdict *ret)
{
	UNUSED_MARKS;
	if ((evaluate_type(n) & rule->a) != 0)
		return OK;
	/* Whether a number that may not be looked at is whole. */
	if ((n->flags & TREE_IS_OPAQUE) != 0 && n->kind == TREE_NUMBER &&
	    (rule->a & (TYPE_INTEGER | TYPE_NUMBER)) != 0)
		return evaluate_doubt(r, rule, n, ret);
	return evaluate_fail(r, rule, n, 0, 0, ret);
}

enum result evaluate_enum(struct run *r, const struct rule *rule, const struct tree_node *n,
			  struct marks *marks, enum verdict *ret)
{
	bool is_doubtful = false;
	enum result rc = evaluate_charge(r, rule->b);

	UNUSED_MARKS;
	if (rc != OK)
		return rc;
	for (uint32_t i = 0; i < rule->b; i++) {
		uint64_t price = 0;
		enum verdict v = constant_compare(r->program, &r->program->constants[rule->a + i],
						  n, &price);

		rc = evaluate_charge(r, price);
		if (rc != OK)
			return rc;
		if (v == VERDICT_YES)
			return OK;
		is_doubtful |= v == VERDICT_MAYBE;
	}
	return is_doubtful ? evaluate_doubt(r, rule, n, ret) : evaluate_fail(r, rule, n, 0, 0, ret);
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

enum result evaluate_bound(struct run *r, const struct rule *rule, const struct tree_node *n,
			   struct marks *marks, enum verdict *ret)
{
	struct tree_node bound;
	enum result rc;

	UNUSED_MARKS;
	bound = constant_number(r->program, &r->program->constants[rule->a]);
	rc = evaluate_charge(r, rule->op == RULE_MULTIPLE_OF ? price_multiple(n, &bound)
							     : price_number(n, &bound));
	if (rc != OK)
		return rc;
	return is_within(rule, n, &bound) ? OK : evaluate_fail(r, rule, n, 0, 0, ret);
}

enum result evaluate_length(struct run *r, const struct rule *rule, const struct tree_node *n,
			    struct marks *marks, enum verdict *ret)
{
	size_t length;
	enum result rc = evaluate_charge(r, price_bytes(n->count));

	UNUSED_MARKS;
	if (rc != OK)
		return rc;
	length = utf8_length(tree_text(n));
	if (rule->op == RULE_MAX_LENGTH ? length <= rule->a : length >= rule->a)
		return OK;
	return evaluate_fail(r, rule, n, 0, 0, ret);
}

enum result evaluate_count(struct run *r, const struct rule *rule, const struct tree_node *n,
			   struct marks *marks, enum verdict *ret)
{
	bool is_most = rule->op == RULE_MAX_ITEMS || rule->op == RULE_MAX_PROPERTIES;

	UNUSED_MARKS;
	if (is_most ? n->count <= rule->a : n->count >= rule->a)
		return OK;
	return evaluate_fail(r, rule, n, 0, 0, ret);
}

enum result evaluate_pattern(struct run *r, const struct rule *rule, const struct tree_node *n,
			     struct marks *marks, enum verdict *ret)
{
	bool is_match;
	enum result rc;

	UNUSED_MARKS;
	rc = evaluate_match(r, rule->a, tree_text(n), &is_match);
	return rc != OK || is_match ? rc : evaluate_fail(r, rule, n, 0, 0, ret);
}

enum result evaluate_format(struct run *r, const struct rule *rule, const struct tree_node *n,
			    struct marks *marks, enum verdict *ret)
{
	const struct format *format = r->schema->formats[rule->a];
	enum result rc = evaluate_charge(r, format_price(format, tree_text(n)));

	UNUSED_MARKS;
	if (rc != OK)
		return rc;
	if (format_is_valid(format, tree_text(n)))
		return OK;
	return evaluate_fail(r, rule, n, 0, 0, ret);
}
