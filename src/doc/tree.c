/* Members are found by (hash, length, bytes), which is a total order: even keys whose hashes were
 * chosen to collide cost at most log2(members) comparisons of bytes. */
#include "doc/tree.h"

#include "base/text.h"

#include <stdlib.h>

/* Room for the key in an error's text; longer keys are cut. */
#define KEY_QUOTED_BYTES 80

void tree_clear(struct tree *t)
{
	arena_clear(&t->arena);
	t->root = (struct tree_node){0};
}

const char *tree_kind_name(enum tree_kind kind)
{
	static const char *const names[] = {
		[TREE_NULL] = "null",	  [TREE_BOOL] = "boolean", [TREE_NUMBER] = "number",
		[TREE_STRING] = "string", [TREE_ARRAY] = "array",  [TREE_OBJECT] = "object",
	};

	return (size_t)kind < ARRAY_SIZE(names) ? names[kind] : "unknown";
}

/* The order of the index: hash first, so that bytes are compared only where hashes are equal. */
static int compare_key(const struct tree_member *m, struct slice key, uint64_t hash)
{
	if (m->hash != hash)
		return m->hash < hash ? -1 : 1;
	if (m->key_len != key.len)
		return m->key_len < key.len ? -1 : 1;
	return key.len != 0 ? memcmp(m->key, key.data, key.len) : 0;
}

const struct tree_member *tree_find_indexed(const struct tree_node *object, struct slice key,
					    uint64_t hash)
{
	uint32_t low = 0, high = object->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct tree_member *m = &object->of.members[object->as.index[middle]];
		int order = compare_key(m, key, hash);

		if (order == 0)
			return m;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

void tree_set_null(struct tree_node *ret)
{
	*ret = (struct tree_node){.kind = TREE_NULL};
}

void tree_set_bool(struct tree_node *ret, bool truth)
{
	*ret = (struct tree_node){.kind = TREE_BOOL, .of.truth = truth};
}

void tree_set_string(struct tree_node *ret, struct slice text)
{
	*ret = (struct tree_node){
		.kind = TREE_STRING,
		.count = (uint32_t)text.len,
		.of.text = text.data != NULL ? text.data : "",
		.as.hash = slice_hash(text),
	};
}

bool tree_copy_string(struct tree_node *ret, struct arena *a, struct slice text)
{
	char *copy;

	if (text.len >= UINT32_MAX)
		return false;
	copy = arena_text(a, text);
	if (copy == NULL)
		return false;
	tree_set_string(ret, slice_make(copy, text.len));
	return true;
}

/* A number always has its text, so it is written here. */
bool tree_copy_integer(struct tree_node *ret, struct arena *a, int64_t value)
{
	char digits[24];
	size_t at = sizeof digits;
	uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;
	char *copy;

	do {
		digits[--at] = (char)('0' + left % 10);
		left /= 10;
	} while (left != 0);
	if (value < 0)
		digits[--at] = '-';
	copy = arena_text(a, slice_make(digits + at, sizeof digits - at));
	if (copy == NULL)
		return false;
	*ret = (struct tree_node){
		.kind = TREE_NUMBER,
		.flags = TREE_IS_INTEGER | TREE_FITS_INT64,
		.count = (uint32_t)(sizeof digits - at),
		.of.text = copy,
		.as.integer = value,
	};
	return true;
}

void tree_set_array(struct tree_node *ret, const struct tree_node *items, uint32_t count)
{
	*ret = (struct tree_node){.kind = TREE_ARRAY, .count = count, .of.items = items};
}

static enum result fail_memory(const struct arena *a, struct error *err)
{
	if (a->is_exhausted)
		return fail(err, E_LIMIT, "the document needs more memory than it may use");
	return fail(err, E_MEMORY, "out of memory");
}

/* The error is at the later of the two. After sorting by hash their order is not that of the
 * source, so the places decide. */
static enum result fail_duplicate(const struct tree_member *one, const struct tree_member *other,
				  struct error *err)
{
	bool is_later =
		one->line != other->line ? one->line > other->line : one->column > other->column;
	const struct tree_member *first = is_later ? other : one;
	const struct tree_member *second = is_later ? one : other;
	char name[KEY_QUOTED_BYTES];

	text_quote(name, sizeof name, tree_key(second));
	if (first->line == 0)
		return fail_at(err, E_INVALID, second->line, second->column,
			       "the key %s stands twice in one object", name);
	return fail_at(err, E_INVALID, second->line, second->column,
		       "the key %s stands twice in one object, first on line %u", name,
		       (unsigned)first->line);
}

/* The hash of a member beside its position, so that sorting seldom reads the members. */
struct index_slot {
	uint64_t hash;
	uint32_t at;
};

static int compare_slots(const void *x, const void *y, void *ctx)
{
	const struct index_slot *a = x, *b = y;
	const struct tree_member *members = ctx;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return compare_key(&members[a->at], tree_key(&members[b->at]), b->hash);
}

/* Sorts the positions of a large object; duplicates are then neighbours. */
static enum result build_index(const uint32_t **ret, struct arena *a, struct tree_member *members,
			       uint32_t count, struct error *err)
{
	CLEANUP(alloc_freep) struct index_slot *slots = alloc_zero_array(count, sizeof *slots);
	uint32_t *index = arena_alloc_array(a, count, sizeof *index);

	if (slots == NULL || index == NULL)
		return fail_memory(a, err);
	for (uint32_t i = 0; i < count; i++)
		slots[i] = (struct index_slot){members[i].hash, i};
	qsort_r(slots, count, sizeof *slots, compare_slots, members);
	for (uint32_t i = 0; i < count; i++) {
		index[i] = slots[i].at;
		if (i > 0 && compare_slots(&slots[i - 1], &slots[i], members) == 0)
			return fail_duplicate(&members[index[i - 1]], &members[index[i]], err);
	}
	*ret = index;
	return OK;
}

/* At most 16 members: 120 comparisons of hashes cost less than an index. */
static enum result check_small(const struct tree_member *members, uint32_t count, struct error *err)
{
	for (uint32_t i = 1; i < count; i++) {
		for (uint32_t j = 0; j < i; j++) {
			if (members[i].hash == members[j].hash &&
			    slice_is_equal(tree_key(&members[i]), tree_key(&members[j])))
				return fail_duplicate(&members[j], &members[i], err);
		}
	}
	return OK;
}

enum result tree_set_object(struct tree_node *ret, struct arena *a, struct tree_member *members,
			    uint32_t count, struct error *err)
{
	const uint32_t *index = NULL;
	enum result rc;

	for (uint32_t i = 0; i < count; i++) {
		/* 0 stands for a hash that is not computed yet; if it is the true hash, computing
		 * it again does no harm. */
		if (members[i].hash == 0)
			members[i].hash = slice_hash(tree_key(&members[i]));
	}
	rc = count > TREE_INDEX_MIN ? build_index(&index, a, members, count, err)
				    : check_small(members, count, err);
	if (rc != OK)
		return rc;
	*ret = (struct tree_node){
		.kind = TREE_OBJECT,
		.count = count,
		.of.members = members,
		.as.index = index,
	};
	return OK;
}

static enum result copy_items(struct tree_node *ret, struct arena *a, const struct tree_node *from,
			      struct error *err)
{
	struct tree_node *items = arena_alloc_array(a, from->count, sizeof *items);

	if (items == NULL)
		return fail_memory(a, err);
	for (uint32_t i = 0; i < from->count; i++) {
		enum result rc = tree_copy(&items[i], a, &from->of.items[i], err);

		if (rc != OK)
			return rc;
	}
	ret->of.items = items;
	return OK;
}

static enum result copy_members(struct tree_node *ret, struct arena *a,
				const struct tree_node *from, struct error *err)
{
	struct tree_member *members = arena_alloc_array(a, from->count, sizeof *members);

	if (members == NULL)
		return fail_memory(a, err);
	for (uint32_t i = 0; i < from->count; i++) {
		const struct tree_member *m = &from->of.members[i];
		enum result rc;

		members[i] = *m;
		members[i].key = arena_text(a, tree_key(m));
		if (members[i].key == NULL)
			return fail_memory(a, err);
		rc = tree_copy(&members[i].value, a, &m->value, err);
		if (rc != OK)
			return rc;
	}
	/* The index holds positions, which are the same in the copy. */
	if (from->as.index != NULL) {
		ret->as.index = arena_copy(a, from->as.index, from->count * sizeof(uint32_t));
		if (ret->as.index == NULL)
			return fail_memory(a, err);
	}
	ret->of.members = members;
	return OK;
}

enum result tree_copy(struct tree_node *ret, struct arena *a, const struct tree_node *from,
		      struct error *err)
{
	struct tree_node copy = *from;
	enum result rc = OK;

	switch ((enum tree_kind)from->kind) {
	case TREE_NULL:
	case TREE_BOOL:
		break;
	case TREE_NUMBER:
	case TREE_STRING:
		copy.of.text = arena_text(a, tree_text(from));
		if (copy.of.text == NULL)
			rc = fail_memory(a, err);
		break;
	case TREE_ARRAY:
		rc = copy_items(&copy, a, from, err);
		break;
	case TREE_OBJECT:
		rc = copy_members(&copy, a, from, err);
		break;
	}
	if (rc == OK)
		*ret = copy;
	return rc;
}
