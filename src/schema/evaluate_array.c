/* Rules on an array's items. */
#include "schema/evaluate.h"

#include <stdlib.h>

enum result evaluate_prefix_items(struct run *r, const struct rule *rule, const struct tree_node *n,
				  struct marks *marks, enum verdict *ret)
{
	for (uint32_t i = 0; i < rule->b && i < n->count; i++) {
		enum verdict v;
		enum result rc = evaluate_at(r, rule, i, r->program->links[rule->a + i], i,
					     &n->of.items[i], &v);

		if (rc != OK)
			return rc;
		if (marks != NULL)
			marks_set(marks, i, true);
		if (evaluate_is_over(r, v, ret))
			return OK;
	}
	return OK;
}

enum result evaluate_items(struct run *r, const struct rule *rule, const struct tree_node *n,
			   struct marks *marks, enum verdict *ret)
{
	for (uint32_t i = rule->b; i < n->count; i++) {
		enum verdict v;
		enum result rc = evaluate_at(r, rule, NONE, rule->a, i, &n->of.items[i], &v);

		if (rc != OK)
			return rc;
		if (marks != NULL)
			marks_set(marks, i, true);
		if (evaluate_is_over(r, v, ret))
			return OK;
	}
	return OK;
}

enum result evaluate_contains(struct run *r, const struct rule *rule, const struct tree_node *n,
			      struct marks *marks, enum verdict *ret)
{
	uint32_t sure = 0, maybe = 0;

	for (uint32_t i = 0; i < n->count; i++) {
		enum verdict v;
		enum result rc = evaluate_charge(r, 1);

		if (rc == OK)
			rc = evaluate_silently(r, rule, NONE, rule->a, &n->of.items[i], NULL, &v);
		if (rc != OK)
			return rc;
		sure += v == VERDICT_YES;
		maybe += v == VERDICT_MAYBE;
		if (marks != NULL && v != VERDICT_NO)
			marks_set(marks, i, v == VERDICT_YES);
	}
	if (sure > rule->c || sure + maybe < rule->b)
		return evaluate_fail(r, rule, n, sure, sure > rule->c, ret);
	if (sure < rule->b || sure + maybe > rule->c)
		*ret = VERDICT_MAYBE;
	return OK;
}

struct hashed {
	uint64_t hash;
	uint32_t position;
};

static int compare_hashed(const void *a, const void *b)
{
	const struct hashed *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return x->position < y->position ? -1 : x->position > y->position;
}

/* Equal items have equal hashes, so only runs of equal hashes are compared, each pair for a step. */
static enum result find_twins(struct run *r, const struct tree_node *n, struct hashed *list,
			      uint32_t *ret_a, uint32_t *ret_b)
{
	for (uint32_t i = 0; i < n->count; i++) {
		for (uint32_t k = i + 1; k < n->count && list[k].hash == list[i].hash; k++) {
			enum result rc = evaluate_charge(r, 1);

			if (rc != OK)
				return rc;
			if (!tree_is_equal(&n->of.items[list[i].position],
					   &n->of.items[list[k].position]))
				continue;
			*ret_a = list[i].position;
			*ret_b = list[k].position;
			return OK;
		}
	}
	return OK;
}

static enum result is_doubtful(struct run *r, const struct tree_node *n, bool *ret)
{
	bool has_opaque = false;

	*ret = false;
	for (uint32_t i = 0; i < n->count; i++)
		has_opaque |= instance_compare(&n->of.items[i], &n->of.items[i]) == VERDICT_MAYBE;
	for (uint32_t i = 0; has_opaque && !*ret && i < n->count; i++) {
		enum result rc = evaluate_charge(r, n->count);

		for (uint32_t k = i + 1; rc == OK && !*ret && k < n->count; k++)
			*ret = instance_compare(&n->of.items[i], &n->of.items[k]) == VERDICT_MAYBE;
		if (rc != OK)
			return rc;
	}
	return OK;
}

enum result evaluate_unique_items(struct run *r, const struct rule *rule, const struct tree_node *n,
				  struct marks *marks, enum verdict *ret)
{
	CLEANUP(alloc_freep) struct hashed *list = NULL;
	uint32_t a = NONE, b = NONE;
	bool doubt;
	enum result rc;

	(void)marks;
	rc = is_doubtful(r, n, &doubt);
	if (rc != OK)
		return rc;
	if (doubt)
		return evaluate_doubt(r, rule, n, ret);
	list = alloc_zero_array(n->count, sizeof *list);
	if (list == NULL)
		return fail(r->err, E_MEMORY, "out of memory");
	for (uint32_t i = 0; i < n->count; i++)
		list[i] = (struct hashed){tree_hash(&n->of.items[i]), i};
	qsort(list, n->count, sizeof *list, compare_hashed);
	rc = evaluate_charge(r, n->count);
	if (rc == OK)
		rc = find_twins(r, n, list, &a, &b);
	if (rc != OK || a == NONE)
		return rc;
	return evaluate_fail(r, rule, n, a, b, ret);
}
