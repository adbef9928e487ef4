#include "service/pmap.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEYS 300

struct item {
	int refs;
	int number;
	char key[16];
};

static int items_alive;

static struct slice item_key(const void *value)
{
	return slice_text(((const struct item *)value)->key);
}

static void item_ref(void *value)
{
	((struct item *)value)->refs++;
}

static void item_unref(void *value)
{
	struct item *i = value;

	if (--i->refs == 0) {
		items_alive--;
		free(i);
	}
}

static const struct pmap_ops ops = {item_key, item_ref, item_unref};

static struct item *item_new(int key, int number)
{
	struct item *i = calloc(1, sizeof *i);

	i->refs = 1;
	i->number = number;
	snprintf(i->key, sizeof i->key, "k%05d", key);
	items_alive++;
	return i;
}

/* The naive map: number by key, 0 for none. */
struct naive {
	int numbers[KEYS];
};

static void expect_same(const struct pmap *m, const struct naive *n)
{
	struct pmap_walk w;
	uint32_t count = 0;
	char key[16];

	pmap_walk_from(&w, m, SLICE_NULL);
	for (int k = 0; k < KEYS; k++) {
		const struct item *i;

		snprintf(key, sizeof key, "k%05d", k);
		i = pmap_get(m, slice_text(key));
		cr_assert_eq(i != NULL ? i->number : 0, n->numbers[k], "key %d", k);
		if (n->numbers[k] == 0)
			continue;
		count++;
		cr_assert_eq(pmap_walk_next(&w), i, "the walk misses key %d", k);
	}
	cr_assert_null(pmap_walk_next(&w));
	cr_assert_eq(pmap_count(m), count);
}

Test(pmap, behaves_as_a_naive_map_and_its_copies_never_change)
{
	struct pmap m = PMAP_INIT(&ops), old[16];
	struct naive n = {{0}}, then[16];
	unsigned seed = 7;

	for (int i = 0; i < 16; i++) {
		old[i] = PMAP_INIT(&ops);
		then[i] = n;
	}
	for (int step = 1; step < 6000; step++) {
		int key = rand_r(&seed) % KEYS, at = step % 16;
		char text[16];

		snprintf(text, sizeof text, "k%05d", key);
		if (rand_r(&seed) % 3 == 0) {
			cr_assert(pmap_remove(&m, slice_text(text)));
			n.numbers[key] = 0;
		} else {
			cr_assert(pmap_put(&m, item_new(key, step)));
			n.numbers[key] = step;
		}
		if (step % 97 == 0) {
			expect_same(&old[at], &then[at]);
			pmap_clear(&old[at]);
			old[at] = pmap_copy(&m);
			then[at] = n;
		}
		if (step % 501 == 0)
			expect_same(&m, &n);
	}
	for (int i = 0; i < 16; i++) {
		expect_same(&old[i], &then[i]);
		pmap_clear(&old[i]);
	}
	expect_same(&m, &n);
	pmap_clear(&m);
	cr_assert_eq(items_alive, 0);
}

Test(pmap, stays_shallow_when_keys_come_in_order)
{
	struct pmap m = PMAP_INIT(&ops);
	struct pmap_walk w;
	uint32_t deepest = 0;

	for (int k = 0; k < 4096; k++)
		cr_assert(pmap_put(&m, item_new(k, 1)));
	pmap_walk_from(&w, &m, SLICE_NULL);
	do {
		deepest = w.depth > deepest ? w.depth : deepest;
	} while (pmap_walk_next(&w) != NULL);
	cr_assert(deepest <= 18, "%u levels", deepest); /* 1.44 * log2(4096) */
	pmap_clear(&m);
	cr_assert_eq(items_alive, 0);
}

Test(pmap, a_walk_begins_at_the_first_key_not_below)
{
	struct pmap m = PMAP_INIT(&ops);
	struct pmap_walk w;

	for (int k = 0; k < 100; k += 10)
		cr_assert(pmap_put(&m, item_new(k, k + 1)));
	pmap_walk_from(&w, &m, SLICE_LITERAL("k00041"));
	cr_assert_eq(((struct item *)pmap_walk_next(&w))->number, 51);
	pmap_walk_from(&w, &m, SLICE_LITERAL("k00050"));
	cr_assert_eq(((struct item *)pmap_walk_next(&w))->number, 51);
	pmap_walk_from(&w, &m, SLICE_LITERAL("z"));
	cr_assert_null(pmap_walk_next(&w));
	pmap_clear(&m);
}

static int allocations_left;

static bool may_allocate(void *ctx)
{
	(void)ctx;
	return allocations_left-- > 0;
}

Test(pmap, is_as_it_was_when_memory_is_short)
{
	for (int n = 0; n < 40; n++) {
		struct pmap m = PMAP_INIT(&ops), copy;
		struct naive naive = {{0}};
		bool is_put, is_removed;

		for (int k = 0; k < 100; k++) {
			naive.numbers[k] = k + 1;
			cr_assert(pmap_put(&m, item_new(k, k + 1)));
		}
		copy = pmap_copy(&m);
		allocations_left = n;
		alloc_hook_set(may_allocate, NULL);
		is_put = pmap_put(&m, item_new(150, 9));
		is_removed = pmap_remove(&m, SLICE_LITERAL("k00040"));
		alloc_hook_set(NULL, NULL);
		expect_same(&copy, &naive);
		naive.numbers[150] = is_put ? 9 : 0;
		naive.numbers[40] = is_removed ? 0 : 41;
		expect_same(&m, &naive);
		pmap_clear(&m);
		pmap_clear(&copy);
		cr_assert_eq(items_alive, 0);
		cr_assert(n != 39 || (is_put && is_removed));
	}
}
