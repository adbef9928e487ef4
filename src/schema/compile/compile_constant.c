/* The values in a schema: for const, enum and the bounds of numbers. */
#include "schema/compile/compile.h"

static enum result compile_members(struct compiler *c, const struct tree_node *object,
				   uint32_t *ret);

/* Numbers keep their text, so that decimals are compared exactly. */
static enum result fill_constant(struct compiler *c, const struct tree_node *n, struct constant *k)
{
	k->kind = n->kind;
	k->flags = n->flags & (TREE_IS_INTEGER | TREE_FITS_INT64);
	k->count = n->count;
	switch ((enum tree_kind)n->kind) {
	case TREE_NULL:
		return OK;
	case TREE_BOOL:
		k->as.truth = n->of.truth;
		return OK;
	case TREE_NUMBER:
		if ((n->flags & TREE_FITS_INT64) != 0)
			k->as.integer = n->as.integer;
		else
			k->as.real = n->as.real;
		return compile_text(c, tree_text(n), &k->text);
	case TREE_STRING:
		k->as.hash = n->as.hash;
		return compile_text(c, tree_text(n), &k->text);
	case TREE_ARRAY:
		return compile_constants(c, n->of.items, n->count, &k->as.first);
	case TREE_OBJECT:
		return compile_members(c, n, &k->as.first);
	}
	return OK;
}

static enum result push_constants(struct compiler *c, uint32_t count, uint32_t *ret)
{
	*ret = c->constants.count;
	for (uint32_t i = 0; i < count; i++) {
		if (vec_push(&c->constants, sizeof(struct constant)) == NULL)
			return E_MEMORY;
	}
	return OK;
}

/* Recursion is bounded by the depth of the document. */
enum result compile_constants(struct compiler *c, const struct tree_node *values, uint32_t count,
			      uint32_t *ret)
{
	uint32_t first;
	enum result rc = compile_charge(c, (uint64_t)count * 6);

	if (rc == OK)
		rc = push_constants(c, count, &first);

	for (uint32_t i = 0; rc == OK && i < count; i++) {
		struct constant k = {0};

		rc = fill_constant(c, &values[i], &k);
		VEC_AT(&c->constants, struct constant, first + i) = k;
	}
	if (rc == OK)
		*ret = first;
	return rc;
}

static enum result compile_members(struct compiler *c, const struct tree_node *object,
				   uint32_t *ret)
{
	uint32_t first;
	enum result rc = compile_charge(c, (uint64_t)object->count * 6);

	if (rc == OK)
		rc = push_constants(c, object->count, &first);

	for (uint32_t i = 0; rc == OK && i < object->count; i++) {
		const struct tree_member *m = &object->of.members[i];
		struct constant k = {0};

		rc = compile_name(c, tree_key(m), &k.key);
		if (rc == OK)
			rc = fill_constant(c, &m->value, &k);
		VEC_AT(&c->constants, struct constant, first + i) = k;
	}
	if (rc == OK)
		*ret = first;
	return rc;
}
