/*
 * Both structures double when they are full. A lookup is a hash table with linear probing that is
 * at most half full and from which nothing is removed. So a search ends at the first free slot, and
 * needs no marks for removed items.
 *
 * Hashes come from texts that a client chose and may collide. Nothing here prevents that;
 * lookup_next() counts the slots that it looks at, and its callers charge for them.
 */
#include "schema/compile/vec.h"

#include <string.h>

/* The capacity doubles, so that pushes cost a constant time on average. */
void *vec_push_many(struct vec *v, size_t item_bytes, size_t count)
{
	void *item;

	if (count > VEC_ITEMS_MAX - v->count)
		return NULL;
	if (v->count + count > v->capacity) {
		uint32_t capacity = v->capacity == 0 ? 16 : v->capacity;
		void *items;

		while (capacity < v->count + count)
			capacity *= 2;
		items = alloc_resize(v->items, capacity * item_bytes);
		if (items == NULL)
			return NULL;
		v->items = items;
		v->capacity = capacity;
	}
	item = (char *)v->items + v->count * item_bytes;
	v->count += (uint32_t)count;
	memset(item, 0, count * item_bytes);
	return item;
}

void *vec_push(struct vec *v, size_t item_bytes)
{
	return vec_push_many(v, item_bytes, 1);
}

void vec_clear(struct vec *v)
{
	alloc_free(v->items);
	*v = (struct vec)VEC_NULL;
}

static void place_slot(struct lookup *l, uint64_t hash, uint32_t value)
{
	uint32_t at = (uint32_t)hash & (l->capacity - 1);

	while (l->slots[at].is_used)
		at = (at + 1) & (l->capacity - 1);
	l->slots[at] = (struct lookup_slot){hash, value, 1};
	l->count++;
}

/* Places every item anew, because its slot depends on the capacity. */
static bool grow_lookup(struct lookup *l)
{
	struct lookup old = *l;
	uint32_t capacity = old.capacity == 0 ? 32 : old.capacity * 2;

	l->slots = alloc_zero_array(capacity, sizeof *l->slots);
	if (l->slots == NULL) {
		*l = old;
		return false;
	}
	l->capacity = capacity;
	l->count = 0;
	for (uint32_t i = 0; i < old.capacity; i++) {
		if (old.slots[i].is_used)
			place_slot(l, old.slots[i].hash, old.slots[i].value);
	}
	alloc_free(old.slots);
	return true;
}

bool lookup_add(struct lookup *l, uint64_t hash, uint32_t value)
{
	if (l->count >= VEC_ITEMS_MAX)
		return false;
	if (l->count * 2 >= l->capacity && !grow_lookup(l))
		return false;
	place_slot(l, hash, value);
	return true;
}

void lookup_clear(struct lookup *l)
{
	alloc_free(l->slots);
	*l = (struct lookup)LOOKUP_NULL;
}

uint32_t lookup_next(const struct lookup *l, uint64_t hash, uint32_t *at)
{
	while (*at < l->capacity) {
		uint32_t slot = ((uint32_t)hash + (*at)++) & (l->capacity - 1);

		if (!l->slots[slot].is_used)
			return NONE;
		if (l->slots[slot].hash == hash)
			return l->slots[slot].value;
	}
	return NONE;
}
