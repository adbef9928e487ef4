#include "support.h"

#include "crypto/envelope.h"
#include "crypto/hash.h"
#include "crypto/keyring.h"
#include "crypto/sign.h"

#define STORE	 SLICE_LITERAL("store-1")
#define ROWS_MAX 8

/* Rows as a store would keep them. */
struct kept {
	struct buf bytes[ROWS_MAX];
	struct key_row rows[ROWS_MAX];
	size_t count;
};

static void kept_clear(struct kept *k)
{
	for (size_t i = 0; i < ROWS_MAX; i++)
		buf_clear(&k->bytes[i]);
}

static enum result keep(void *ctx, const struct key_row *row, struct error *err)
{
	struct kept *k = ctx;
	struct buf *b = &k->bytes[k->count];

	buf_append_slice(b, row->wrapped);
	k->rows[k->count] = (struct key_row){row->purpose, row->generation, buf_slice(b)};
	k->count++;
	return buf_check(b, err);
}

static struct keyring *new_ring(struct secret_memory *m)
{
	struct keyring *ring = NULL;
	struct error err = ERROR_NULL;

	cr_assert_eq(keyring_create(&ring, m, counting_key(m), STORE, &err), OK, "%s", err.text);
	return ring;
}

static enum result try_open(struct secret_memory *m, struct key *root_take, struct slice store_id,
			    const struct key_row *rows, size_t count)
{
	struct keyring *ring = NULL;
	struct error err = ERROR_NULL;
	uint32_t before = secret_memory_keys(m);
	enum result rc =
		keyring_open(&ring, m, root_take, store_id, (struct key_rows){rows, count}, &err);

	cr_expect((rc == OK) == (ring != NULL));
	if (rc != OK)
		cr_expect_neq(err.text[0], '\0');
	keyring_free(ring);
	cr_expect_eq(secret_memory_keys(m), before - 1, "a key leaked");
	return rc;
}

static bool is_same_key(const struct key *a, const struct key *b)
{
	uint8_t x[HASH_BYTES], y[HASH_BYTES];

	key_mac(x, a, SLICE_LITERAL("probe"));
	key_mac(y, b, SLICE_LITERAL("probe"));
	return memcmp(x, y, sizeof x) == 0;
}

static void add_generation(struct keyring *ring)
{
	CLEANUP(generation_clear) struct generation g = GENERATION_NULL;

	cr_assert_eq(keyring_make_generation(ring, &g, NULL), OK);
	cr_assert_eq(keyring_add_generation(ring, &g, NULL), OK);
}

Test(keyring, opened_from_its_rows_it_has_the_same_keys)
{
	CLEANUP(kept_clear) struct kept k = {0};
	struct secret_memory *m = new_memory();
	struct keyring *ring = new_ring(m), *again = NULL;

	add_generation(ring);
	add_generation(ring);
	cr_assert_eq(keyring_each_row(ring, keep, &k, NULL), OK);
	cr_expect_eq(k.count, 5);
	cr_assert_eq(keyring_open(&again, m, counting_key(m), STORE,
				  (struct key_rows){k.rows, k.count}, NULL),
		     OK);
	cr_expect_eq(keyring_generation(again), 3);
	for (uint32_t g = 1; g <= 3; g++)
		cr_expect(is_same_key(keyring_kek(ring, g), keyring_kek(again, g)));
	for (enum derived_key d = 0; d < DERIVED_COUNT; d++)
		cr_expect(is_same_key(keyring_derived(ring, d), keyring_derived(again, d)));
	cr_expect(is_same_key(keyring_signing_seed(ring), keyring_signing_seed(again)));
	cr_expect_null(keyring_kek(again, 0));
	cr_expect_null(keyring_kek(again, 4));
	cr_expect(slice_is_equal(keyring_store_id(again), STORE));
	keyring_free(again);
	keyring_free(ring);
	cr_expect_eq(secret_memory_keys(m), 0, "a key leaked");
	secret_memory_free(m);
}

Test(keyring, all_its_keys_differ)
{
	struct secret_memory *m = new_memory();
	struct keyring *ring = new_ring(m), *other = new_ring(m);
	const struct key *keys[] = {
		keyring_kek(ring, 1),
		keyring_signing_seed(ring),
		keyring_derived(ring, DERIVED_TOKEN_PEPPER),
		keyring_derived(ring, DERIVED_VALUE_MAC),
		keyring_derived(ring, DERIVED_DIGEST_MAC),
		keyring_kek(other, 1),
		keyring_signing_seed(other),
		keyring_derived(other, DERIVED_TOKEN_PEPPER),
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		for (size_t j = 0; j < i; j++)
			cr_expect_not(is_same_key(keys[i], keys[j]), "%zu and %zu", i, j);
	}
	keyring_free(other);
	keyring_free(ring);
	secret_memory_free(m);
}

Test(keyring, the_wrong_root_key_or_store_does_not_open_it)
{
	CLEANUP(kept_clear) struct kept k = {0};
	struct secret_memory *m = new_memory();
	struct keyring *ring = new_ring(m);
	struct key *other = NULL;

	cr_assert_eq(keyring_each_row(ring, keep, &k, NULL), OK);
	cr_assert_eq(key_new_random(&other, m, NULL), OK);
	cr_expect_eq(try_open(m, counting_key(m), STORE, k.rows, k.count), OK);
	cr_expect_eq(try_open(m, other, STORE, k.rows, k.count), E_CRYPTO);
	cr_expect_eq(try_open(m, counting_key(m), SLICE_LITERAL("store-2"), k.rows, k.count),
		     E_CRYPTO);
	cr_expect_eq(try_open(m, counting_key(m), SLICE_NULL, k.rows, k.count), E_INVALID);
	keyring_free(ring);
	secret_memory_free(m);
}

Test(keyring, a_row_in_anothers_place_is_found)
{
	CLEANUP(kept_clear) struct kept k = {0};
	struct secret_memory *m = new_memory();
	struct keyring *ring = new_ring(m);

	add_generation(ring);
	cr_assert_eq(keyring_each_row(ring, keep, &k, NULL), OK);
	for (size_t i = 0; i < k.count; i++) {
		for (size_t j = 0; j < i; j++) {
			struct kept swapped = k;

			swapped.rows[i].wrapped = k.rows[j].wrapped;
			swapped.rows[j].wrapped = k.rows[i].wrapped;
			cr_expect_eq(try_open(m, counting_key(m), STORE, swapped.rows, k.count),
				     E_CRYPTO, "%zu and %zu", i, j);
		}
	}
	keyring_free(ring);
	secret_memory_free(m);
}

Test(keyring, missing_double_and_unknown_rows_are_refused)
{
	CLEANUP(kept_clear) struct kept k = {0};
	struct secret_memory *m = new_memory();
	struct keyring *ring = new_ring(m);

	cr_assert_eq(keyring_each_row(ring, keep, &k, NULL), OK);
	cr_assert_eq(k.count, 3);
	for (size_t gone = 0; gone < 3; gone++) {
		struct kept other = k;

		other.rows[gone] = k.rows[2];
		cr_expect_eq(try_open(m, counting_key(m), STORE, other.rows, 2), E_CORRUPT);
		other = k;
		other.rows[3] = k.rows[gone];
		cr_expect_eq(try_open(m, counting_key(m), STORE, other.rows, 4), E_CORRUPT);
		other = k;
		other.rows[gone].purpose = (enum key_purpose)9;
		cr_expect_eq(try_open(m, counting_key(m), STORE, other.rows, 3), E_CORRUPT);
		other = k;
		other.rows[gone].generation = 0;
		cr_expect_eq(try_open(m, counting_key(m), STORE, other.rows, 3), E_CORRUPT);
		other = k;
		other.rows[gone].wrapped.len--;
		cr_expect_neq(try_open(m, counting_key(m), STORE, other.rows, 3), OK);
	}
	keyring_free(ring);
	secret_memory_free(m);
}

Test(keyring, generations_rise_and_are_bounded)
{
	struct secret_memory *m = new_memory();
	struct keyring *ring = new_ring(m);
	CLEANUP(generation_clear) struct generation g = GENERATION_NULL, late = GENERATION_NULL;

	cr_assert_eq(keyring_make_generation(ring, &late, NULL), OK);
	cr_expect_eq(late.number, 2);
	cr_expect_eq(keyring_generation(ring), 1, "in use before it is durable");
	add_generation(ring);
	cr_expect_eq(keyring_add_generation(ring, &late, NULL), E_CONFLICT);
	cr_expect_not_null(late.key, "taken although refused");
	while (keyring_generation(ring) < KEYRING_GENERATIONS_MAX)
		add_generation(ring);
	cr_expect_eq(keyring_make_generation(ring, &g, NULL), E_LIMIT);
	generation_clear(&late);
	keyring_free(ring);
	cr_expect_eq(secret_memory_keys(m), 0, "a key leaked");
	secret_memory_free(m);
}

static bool create_and_open(void *ctx)
{
	CLEANUP(kept_clear) struct kept k = {0};
	CLEANUP(generation_clear) struct generation g = GENERATION_NULL;
	CLEANUP(keyring_freep) struct keyring *ring = NULL, *again = NULL;
	struct secret_memory *m = ctx;

	return keyring_create(&ring, m, counting_key(m), STORE, NULL) == OK &&
	       keyring_make_generation(ring, &g, NULL) == OK &&
	       keyring_add_generation(ring, &g, NULL) == OK &&
	       keyring_each_row(ring, keep, &k, NULL) == OK &&
	       keyring_open(&again, m, counting_key(m), STORE, (struct key_rows){k.rows, k.count},
			    NULL) == OK;
}

Test(keyring, short_memory_is_an_ordinary_error_and_loses_no_key)
{
	struct secret_memory *m = new_memory();

	each_fault(create_and_open, m);
	cr_expect_eq(secret_memory_keys(m), 0, "a key leaked");
	secret_memory_free(m);
}

Test(keyring, a_full_secret_memory_is_an_ordinary_error)
{
	static struct key *fill[SECRET_MEMORY_KEYS];
	struct secret_memory *m = new_memory();

	for (size_t room = 1; room < 10; room++) {
		struct keyring *ring = NULL;
		size_t taken = SECRET_MEMORY_KEYS - room;

		for (size_t i = 0; i < taken; i++)
			cr_assert_eq(key_new_random(&fill[i], m, NULL), OK);
		cr_expect_eq(keyring_create(&ring, m, counting_key(m), STORE, NULL),
			     room < 9 ? E_LIMIT : OK, "%zu", room);
		keyring_free(ring);
		for (size_t i = 0; i < taken; i++)
			key_free(fill[i]);
		cr_expect_eq(secret_memory_keys(m), 0, "a key leaked");
	}
	secret_memory_free(m);
}
