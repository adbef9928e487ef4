#include "service/state/pmap.h"

#include "../faults.h"

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

static void remove_key(struct pmap *m, int key)
{
	char text[16];

	snprintf(text, sizeof text, "k%05d", key);
	cr_assert(pmap_remove(m, slice_text(text)));
}

/* The most nodes that a walk keeps: hardly less than the height. */
static uint32_t height(const struct pmap *m)
{
	struct pmap_walk w;
	uint32_t deepest = 0;

	pmap_walk_from(&w, m, SLICE_NULL);
	do {
		deepest = w.depth > deepest ? w.depth : deepest;
	} while (pmap_walk_next(&w) != NULL);
	return deepest;
}

Test(pmap, stays_shallow_whichever_end_is_taken_away)
{
	enum { ALL = 4096, LEFT = 64 };

	for (int way = 0; way < 4; way++) {
		struct pmap m = PMAP_INIT(&ops);

		for (int k = 0; k < ALL; k++)
			cr_assert(pmap_put(&m, item_new(way == 1 ? ALL - k : k, 1)));
		/* 1.44 * log2(4096) */
		cr_expect_leq(height(&m), 18, "%d: %u levels", way, height(&m));
		for (int k = 0; k < ALL - LEFT; k++) {
			if (way == 3) /* every other, then every other of those … */
				remove_key(&m, (k * 5) % ALL);
			else
				remove_key(&m, way == 0 ? k : way == 1 ? ALL - k : ALL - 1 - k);
		}
		cr_expect_eq(pmap_count(&m), LEFT, "%d", way);
		cr_expect_leq(height(&m), 8, "%d: %u levels", way, height(&m)); /* of 64 */
		pmap_clear(&m);
		cr_expect_null(m.root);
		cr_assert_eq(items_alive, 0);
	}
}

Test(pmap, what_is_not_there_is_removed_without_memory_or_a_change)
{
	struct pmap m = PMAP_INIT(&ops), copy;
	struct naive naive = {{0}};
	struct fault fault = {1, 0};

	cr_expect(pmap_remove(&m, SLICE_LITERAL("k00001")));
	for (int k = 0; k < 50; k++) {
		naive.numbers[2 * k] = 7;
		cr_assert(pmap_put(&m, item_new(2 * k, 7)));
	}
	copy = pmap_copy(&m);
	alloc_hook_set(fault_may_allocate, &fault);
	for (int k = 0; k < 50; k++)
		remove_key(&m, 2 * k + 1);
	alloc_hook_set(NULL, NULL);
	cr_expect_eq(fault.seen, 0);
	cr_expect_eq(m.root, copy.root);
	expect_same(&m, &naive);
	pmap_clear(&copy);
	pmap_clear(&m);
	cr_assert_eq(items_alive, 0);
}

struct removal {
	struct pmap m;
	int key;
};

static void remove_from_copy(const struct removal *r)
{
	struct pmap copy = pmap_copy(&r->m);
	char text[16];
	bool is_done;

	snprintf(text, sizeof text, "k%05d", r->key);
	is_done = pmap_remove(&copy, slice_text(text));
	alloc_hook_set(NULL, NULL);
	cr_expect_eq(pmap_get(&copy, slice_text(text)) == NULL, is_done);
	cr_expect_eq(pmap_count(&copy), is_done ? 39 : 40);
	pmap_clear(&copy);
}

/* Of a balance without memory the tree is only less even: a removal may be done although an
 * allocation failed. */
Test(pmap, a_removal_that_finds_no_memory_takes_nothing_away)
{
	struct removal r = {.m = PMAP_INIT(&ops)};
	struct naive naive = {{0}};

	for (int k = 0; k < 40; k++) {
		naive.numbers[k] = k + 1;
		cr_assert(pmap_put(&r.m, item_new(k, k + 1)));
	}
	for (r.key = 0; r.key < 40; r.key++) {
		for (uint32_t n = 1; n < 20; n++) {
			struct fault fault = {n, 0};

			alloc_hook_set(fault_may_allocate, &fault);
			remove_from_copy(&r);
		}
	}
	expect_same(&r.m, &naive);
	pmap_clear(&r.m);
	cr_assert_eq(items_alive, 0);
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
