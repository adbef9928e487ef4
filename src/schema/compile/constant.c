/*
 * Equality as JSON Schema defines it (2020-12 core, section 4.2.2): numbers by value, objects
 * without regard to the order of their members. An opaque value inside an array or object makes the
 * result undecided, unless another part already differs.
 */
#include "schema/compile/constant.h"

#include "schema/price.h"

struct tree_node constant_number(const struct program *p, const struct constant *k)
{
	struct tree_node n = {.kind = TREE_NUMBER, .flags = k->flags, .count = k->text.len};

	n.of.text = p->texts + k->text.at;
	if ((k->flags & TREE_FITS_INT64) != 0)
		n.as.integer = k->as.integer;
	else
		n.as.real = k->as.real;
	return n;
}

/* Integers are compared directly, other numbers by their decimals. */
static bool is_number_equal(const struct program *p, const struct constant *k,
			    const struct tree_node *n, uint64_t *price)
{
	struct tree_node number;

	if ((k->flags & n->flags & TREE_FITS_INT64) != 0)
		return k->as.integer == n->as.integer;
	number = constant_number(p, k);
	*price += price_number(&number, n);
	return number_compare(&number, n) == 0;
}

/* The verdict of two parts that must both be equal. */
static enum verdict both(enum verdict a, enum verdict b)
{
	if (a == VERDICT_NO || b == VERDICT_NO)
		return VERDICT_NO;
	return a == VERDICT_YES ? b : a;
}

static enum verdict compare_items(const struct program *p, const struct constant *k,
				  const struct tree_node *n, uint64_t *price)
{
	enum verdict v = VERDICT_YES;

	if (k->count != n->count)
		return VERDICT_NO;
	for (uint32_t i = 0; v != VERDICT_NO && i < k->count; i++)
		v = both(v, constant_compare(p, &p->constants[k->as.first + i], &n->of.items[i],
					     price));
	return v;
}

/* Both have the same number of members and keys are unique, so looking up one side's keys is
 * enough. */
static enum verdict compare_members(const struct program *p, const struct constant *k,
				    const struct tree_node *n, uint64_t *price)
{
	enum verdict v = VERDICT_YES;

	if (k->count != n->count)
		return VERDICT_NO;
	for (uint32_t i = 0; v != VERDICT_NO && i < k->count; i++) {
		const struct constant *m = &p->constants[k->as.first + i];
		const struct tree_node *value =
			tree_get_hashed(n, program_text(p, m->key.text), m->key.hash);

		*price += price_look_up(n, m->key.text.len);
		v = value == NULL ? VERDICT_NO : both(v, constant_compare(p, m, value, price));
	}
	return v;
}

enum verdict constant_compare(const struct program *p, const struct constant *k,
			      const struct tree_node *n, uint64_t *price)
{
	bool is_equal = true;

	++*price;
	if (k->kind != n->kind)
		return VERDICT_NO;
	if (n->kind == TREE_NULL)
		return VERDICT_YES;
	if ((n->flags & TREE_IS_OPAQUE) != 0)
		return VERDICT_MAYBE;
	switch ((enum tree_kind)n->kind) {
	case TREE_NULL:
		break;
	case TREE_BOOL:
		is_equal = k->as.truth == n->of.truth;
		break;
	case TREE_NUMBER:
		is_equal = is_number_equal(p, k, n, price);
		break;
	case TREE_STRING:
		is_equal = k->as.hash == n->as.hash;
		*price += is_equal ? price_bytes(n->count) : 0;
		is_equal = is_equal && slice_is_equal(program_text(p, k->text), tree_text(n));
		break;
	case TREE_ARRAY:
		return compare_items(p, k, n, price);
	case TREE_OBJECT:
		return compare_members(p, k, n, price);
	}
	return is_equal ? VERDICT_YES : VERDICT_NO;
}
