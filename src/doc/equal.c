/*
 * Equality and hashes by value: 1, 1.0 and 10e-1 are one number, members have no order. Both are
 * recursive, bounded by the depth of the trees. Equal trees have equal hashes; the hash is unkeyed
 * and the same in every process (base/slice.h).
 */
#include "doc/tree.h"

static bool are_items_equal(const struct tree_node *a, const struct tree_node *b)
{
	for (uint32_t i = 0; i < a->count; i++) {
		if (!tree_is_equal(&a->of.items[i], &b->of.items[i]))
			return false;
	}
	return true;
}

/* Keys are unique, so equal counts and every member found is enough. */
static bool are_members_equal(const struct tree_node *a, const struct tree_node *b)
{
	for (uint32_t i = 0; i < a->count; i++) {
		const struct tree_member *m = &a->of.members[i];
		const struct tree_node *other = tree_get_hashed(b, tree_key(m), m->hash);

		if (other == NULL || !tree_is_equal(&m->value, other))
			return false;
	}
	return true;
}

bool tree_is_equal(const struct tree_node *a, const struct tree_node *b)
{
	if (a == b)
		return true;
	if (a->kind != b->kind || ((a->flags | b->flags) & TREE_IS_OPAQUE) != 0)
		return false;
	switch ((enum tree_kind)a->kind) {
	case TREE_NULL:
		return true;
	case TREE_BOOL:
		return a->of.truth == b->of.truth;
	case TREE_NUMBER:
		return number_compare(a, b) == 0;
	case TREE_STRING:
		return a->as.hash == b->as.hash && slice_is_equal(tree_text(a), tree_text(b));
	case TREE_ARRAY:
		return a->count == b->count && are_items_equal(a, b);
	case TREE_OBJECT:
		return a->count == b->count && are_members_equal(a, b);
	}
	return false;
}

/* Spreads two words over one. The constants are 2^64 divided by the golden ratio, and one of wyhash
 * (Wang Yi). */
static uint64_t mix(uint64_t a, uint64_t b)
{
	return hash_fold(a ^ UINT64_C(0x9e3779b97f4a7c15), b ^ UINT64_C(0xe7037ed1a0b428db));
}

uint64_t tree_hash(const struct tree_node *n)
{
	uint64_t h = mix(n->kind, n->count);

	/* The hash must not depend on a value that may not be read. It equals only itself, so any
	 * constant will do. */
	if ((n->flags & TREE_IS_OPAQUE) != 0)
		return mix(n->kind, 255);
	switch ((enum tree_kind)n->kind) {
	case TREE_NULL:
		return h;
	case TREE_BOOL:
		return mix(TREE_BOOL, n->of.truth);
	case TREE_NUMBER:
		return mix(TREE_NUMBER, number_hash(n));
	case TREE_STRING:
		return mix(h, n->as.hash);
	case TREE_ARRAY:
		for (uint32_t i = 0; i < n->count; i++)
			h = mix(h, tree_hash(&n->of.items[i]));
		return h;
	case TREE_OBJECT:
		/* A sum, for it has no order. */
		for (uint32_t i = 0; i < n->count; i++)
			h += mix(n->of.members[i].hash, tree_hash(&n->of.members[i].value));
		return h;
	}
	return h;
}
