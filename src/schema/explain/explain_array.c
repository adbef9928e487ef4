/*
 * Rules for the items of an array.
 *
 * uniqueItems would need a comparison of each pair. Items are sorted by hash instead, and only
 * those with equal hashes are compared. A client can choose items whose hashes collide, so each
 * comparison is charged for before it is made.
 */
#include "schema/explain/explain.h"
#include "schema/price.h"

#include <stdlib.h>

/* Checks item `i` against a subschema, which thereby evaluates it. `marks` may be NULL. */
static enum result check_item(struct explain_pass *pass, struct applied a,
			      const struct tree_node *n, uint32_t i, struct marks *marks,
			      enum verdict *ret)
{
	enum result rc = explain_at(pass, a, i, &n->of.items[i], ret);

	if (rc == OK && marks != NULL)
		marks_set(marks, i, true);
	return rc;
}

/* 2020-12 core, section 10.3.1.1: item i must match subschema i; further items are not checked
 * here. */
enum result explain_prefix_items(struct explain_pass *pass, const struct rule *rule,
				 const struct tree_node *n, struct marks *marks, enum verdict *ret)
{
	for (uint32_t i = 0; i < rule->b && i < n->count; i++) {
		const struct applied a = {rule, i, pass->program->links[rule->a + i]};
		enum verdict v;
		enum result rc = check_item(pass, a, n, i, marks, &v);

		if (rc != OK || explain_may_stop(pass, v, ret))
			return rc;
	}
	return OK;
}

/* 2020-12 core, section 10.3.1.2: all items after those of prefixItems. */
enum result explain_items(struct explain_pass *pass, const struct rule *rule,
			  const struct tree_node *n, struct marks *marks, enum verdict *ret)
{
	const struct applied a = {rule, NONE, rule->a};

	for (uint32_t i = rule->b; i < n->count; i++) {
		enum verdict v;
		enum result rc = check_item(pass, a, n, i, marks, &v);

		if (rc != OK || explain_may_stop(pass, v, ret))
			return rc;
	}
	return OK;
}

/* Counts matching items; those that an opaque value decides may or may not match. */
enum result explain_contains(struct explain_pass *pass, const struct rule *rule,
			     const struct tree_node *n, struct marks *marks, enum verdict *ret)
{
	uint32_t sure = 0, maybe = 0;

	for (uint32_t i = 0; i < n->count; i++) {
		enum verdict v;
		enum result rc = explain_charge(pass, 1);

		if (rc == OK)
			rc = explain_silently(pass, (struct applied){rule, NONE, rule->a},
					      &n->of.items[i], NULL, &v);
		if (rc != OK)
			return rc;
		sure += v == VERDICT_YES;
		maybe += v == VERDICT_MAYBE;
		if (marks != NULL && v != VERDICT_NO)
			marks_set(marks, i, v == VERDICT_YES);
	}
	if (sure > rule->c || sure + maybe < rule->b)
		return explain_fail(pass, rule, n, sure, sure > rule->c, ret);
	if (sure < rule->b || sure + maybe > rule->c)
		*ret = VERDICT_MAYBE;
	return OK;
}

struct hashed {
	uint64_t hash;
	uint64_t price; /* of hashing or comparing the item, in steps */
	uint32_t position;
};

/* By position among equal hashes, so that the reported pair does not depend on how qsort()
 * works. */
static int compare_hashed(const void *a, const void *b)
{
	const struct hashed *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return x->position < y->position ? -1 : x->position > y->position;
}

/* Equal items have equal hashes, so only items with equal hashes are compared. */
static enum result find_duplicates(struct explain_pass *pass, const struct tree_node *n,
				   struct hashed *list, uint32_t *ret_a, uint32_t *ret_b)
{
	for (uint32_t i = 0; i < n->count; i++) {
		for (uint32_t k = i + 1; k < n->count && list[k].hash == list[i].hash; k++) {
			enum result rc =
				explain_charge(pass, list[i].price < list[k].price ? list[i].price
										   : list[k].price);

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

/* The price of hashing or comparing a value, and whether it contains an opaque value. */
static uint64_t price_item(const struct tree_node *n, bool *has_opaque)
{
	uint64_t price = 1;

	*has_opaque |= (n->flags & TREE_IS_OPAQUE) != 0;
	if (n->kind == TREE_STRING)
		price += price_bytes(n->count);
	if (n->kind == TREE_NUMBER)
		price += price_number_hash(n);
	for (uint32_t i = 0; n->kind == TREE_ARRAY && i < n->count; i++)
		price += price_item(&n->of.items[i], has_opaque);
	for (uint32_t i = 0; n->kind == TREE_OBJECT && i < n->count; i++)
		price += price_look_up(n, n->of.members[i].key_len) +
			 price_item(&n->of.members[i].value, has_opaque);
	return price;
}

/* Fills `list`. Undecided where two items have the same kind and one of them contains an opaque
 * value: they may be equal. */
static enum result price_items(struct explain_pass *pass, const struct tree_node *n,
			       struct hashed *list, bool *ret_is_undecided)
{
	uint32_t counts[TREE_OBJECT + 1] = {0};
	bool opaque[TREE_OBJECT + 1] = {false};

	for (uint32_t i = 0; i < n->count; i++) {
		const struct tree_node *item = &n->of.items[i];
		enum result rc;

		list[i].position = i;
		list[i].price = price_item(item, &opaque[item->kind]);
		counts[item->kind]++;
		rc = explain_charge(pass, list[i].price);
		if (rc != OK)
			return rc;
	}
	*ret_is_undecided = false;
	for (size_t kind = 0; kind < ARRAY_SIZE(counts); kind++)
		*ret_is_undecided |= opaque[kind] && counts[kind] > 1;
	return OK;
}

/* n log2(n) comparisons. */
static uint64_t price_sort(uint32_t count)
{
	return (uint64_t)count * (32 - (uint32_t)__builtin_clz(count | 1));
}

/* Sorts the items by hash, so that equal ones are neighbours. The fast pass calls it too. */
enum result explain_unique_items(struct explain_pass *pass, const struct rule *rule,
				 const struct tree_node *n, struct marks *marks, enum verdict *ret)
{
	CLEANUP(alloc_freep) struct hashed *list = NULL;
	uint32_t a = NONE, b = NONE;
	bool is_undecided;
	enum result rc;

	(void)marks;
	list = alloc_zero_array(n->count, sizeof *list);
	if (list == NULL)
		return fail(pass->err, E_MEMORY, "out of memory");
	rc = price_items(pass, n, list, &is_undecided);
	if (rc == OK)
		rc = explain_charge(pass, price_sort(n->count));
	if (rc != OK)
		return rc;
	if (is_undecided)
		return explain_undecided(pass, rule, n, ret);
	for (uint32_t i = 0; i < n->count; i++)
		list[i].hash = tree_hash(&n->of.items[i]);
	qsort(list, n->count, sizeof *list, compare_hashed);
	rc = find_duplicates(pass, n, list, &a, &b);
	if (rc != OK || a == NONE)
		return rc;
	return explain_fail(pass, rule, n, a, b, ret);
}
