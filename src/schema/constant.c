#include "schema/constant.h"

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

static bool is_number_equal(const struct program *p, const struct constant *k,
			    const struct tree_node *n)
{
	struct tree_node number;

	if ((k->flags & n->flags & TREE_FITS_INT64) != 0)
		return k->as.integer == n->as.integer;
	number = constant_number(p, k);
	return number_compare(&number, n) == 0;
}

static enum verdict both(enum verdict a, enum verdict b)
{
	if (a == VERDICT_NO || b == VERDICT_NO)
		return VERDICT_NO;
	return a == VERDICT_YES ? b : a;
}

static enum verdict compare_items(const struct program *p, const struct constant *k,
				  const struct tree_node *n)
{
	enum verdict v = VERDICT_YES;

	if (k->count != n->count)
		return VERDICT_NO;
	for (uint32_t i = 0; v != VERDICT_NO && i < k->count; i++)
		v = both(v, constant_compare(p, &p->constants[k->as.first + i], &n->of.items[i]));
	return v;
}

static enum verdict compare_members(const struct program *p, const struct constant *k,
				    const struct tree_node *n)
{
	enum verdict v = VERDICT_YES;

	if (k->count != n->count)
		return VERDICT_NO;
	for (uint32_t i = 0; v != VERDICT_NO && i < k->count; i++) {
		const struct constant *m = &p->constants[k->as.first + i];
		const struct tree_node *value =
			tree_get_hashed(n, program_text(p, m->key.text), m->key.hash);

		v = value == NULL ? VERDICT_NO : both(v, constant_compare(p, m, value));
	}
	return v;
}

enum verdict constant_compare(const struct program *p, const struct constant *k,
			      const struct tree_node *n)
{
	bool is_equal = true;

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
		is_equal = is_number_equal(p, k, n);
		break;
	case TREE_STRING:
		is_equal = k->as.hash == n->as.hash &&
			   slice_is_equal(program_text(p, k->text), tree_text(n));
		break;
	case TREE_ARRAY:
		return compare_items(p, k, n);
	case TREE_OBJECT:
		return compare_members(p, k, n);
	}
	return is_equal ? VERDICT_YES : VERDICT_NO;
}

static bool holds_opaque(const struct tree_node *n)
{
	if ((n->flags & TREE_IS_OPAQUE) != 0)
		return true;
	for (uint32_t i = 0; n->kind == TREE_ARRAY && i < n->count; i++) {
		if (holds_opaque(&n->of.items[i]))
			return true;
	}
	for (uint32_t i = 0; n->kind == TREE_OBJECT && i < n->count; i++) {
		if (holds_opaque(&n->of.members[i].value))
			return true;
	}
	return false;
}

enum verdict instance_compare(const struct tree_node *a, const struct tree_node *b)
{
	if (a->kind != b->kind)
		return VERDICT_NO;
	if (holds_opaque(a) || holds_opaque(b))
		return VERDICT_MAYBE;
	return tree_is_equal(a, b) ? VERDICT_YES : VERDICT_NO;
}
