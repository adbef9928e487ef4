#include "support.h"

#include "crypto/content.h"

#include <pthread.h>

#define PLAIN "{\"password\":\"hunter2\"}"

struct stored {
	struct secret_memory *m;
	struct keyring *ring;
	struct buf blob, wrapped;
};

/* In a constant, where a compound literal may not stand. */
#define TEXT(literal)                        \
	{                                    \
		literal, sizeof(literal) - 1 \
	}

static const struct content_place place = {TEXT("secrets"), TEXT("secrets/orders/warehouse"), 3,
					   TEXT("application/json")};

static struct stored store_one(void)
{
	struct stored s = {.m = new_memory(), .blob = BUF_NULL, .wrapped = BUF_NULL};
	struct error err = ERROR_NULL;

	cr_assert_eq(keyring_create(&s.ring, s.m, counting_key(s.m), SLICE_LITERAL("store-1"),
				    &err),
		     OK);
	cr_assert_eq(content_seal(&s.blob, &s.wrapped, s.ring, &place, SLICE_LITERAL(PLAIN), &err),
		     OK, "%s", err.text);
	return s;
}

static void stored_clear(struct stored *s)
{
	buf_clear(&s->blob);
	buf_clear(&s->wrapped);
	keyring_free(s->ring);
	cr_expect_eq(secret_memory_keys(s->m), 0, "a key leaked");
	secret_memory_free(s->m);
}

static enum result try_open(const struct keyring *ring, const struct content_place *at,
			    const struct buf *blob, const struct buf *wrapped)
{
	CLEANUP(buf_clear) struct buf plain = BUF_NULL;
	struct error err = ERROR_NULL;
	enum result rc = content_open(&plain, ring, at, buf_slice(blob), buf_slice(wrapped), &err);

	if (rc == OK) {
		cr_expect(slice_is_text(buf_slice(&plain), PLAIN));
	} else {
		cr_expect_eq(plain.len, 0);
		cr_expect_neq(err.text[0], '\0');
		cr_expect_null(strstr(err.text, "hunter2"));
	}
	return rc;
}

static void add_generation(struct keyring *ring)
{
	CLEANUP(generation_clear) struct generation g = GENERATION_NULL;

	cr_assert_eq(keyring_make_generation(ring, &g, NULL), OK);
	cr_assert_eq(keyring_add_generation(ring, &g, NULL), OK);
}

Test(content, what_was_sealed_opens)
{
	CLEANUP(stored_clear) struct stored s = store_one();

	cr_expect_eq(s.wrapped.len, WRAPPED_KEY_BYTES);
	cr_expect_eq(try_open(s.ring, &place, &s.blob, &s.wrapped), OK);
}

Test(content, a_row_moved_to_another_place_does_not_open)
{
	static const struct {
		const char *what;
		struct content_place place;
	} cases[] = {
		{"path",
		 {TEXT("secrets"), TEXT("secrets/orders/other"), 3, TEXT("application/json")}},
		{"version",
		 {TEXT("secrets"), TEXT("secrets/orders/warehouse"), 2, TEXT("application/json")}},
		{"kind",
		 {TEXT("profiles"), TEXT("secrets/orders/warehouse"), 3, TEXT("application/json")}},
		{"content type",
		 {TEXT("secrets"), TEXT("secrets/orders/warehouse"), 3, TEXT("application/yaml")}},
		{"a split elsewhere",
		 {TEXT("secret"), TEXT("ssecrets/orders/warehouse"), 3, TEXT("application/json")}},
	};
	CLEANUP(stored_clear) struct stored s = store_one();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_eq(try_open(s.ring, &cases[i].place, &s.blob, &s.wrapped), E_CRYPTO, "%s",
			     cases[i].what);
}

Test(content, two_versions_do_not_swap_their_rows)
{
	CLEANUP(stored_clear) struct stored s = store_one();
	CLEANUP(buf_clear) struct buf blob = BUF_NULL, wrapped = BUF_NULL;
	struct content_place next = place;

	next.version = 4;
	cr_assert_eq(content_seal(&blob, &wrapped, s.ring, &next, SLICE_LITERAL(PLAIN), NULL), OK);
	cr_expect_eq(try_open(s.ring, &next, &blob, &wrapped), OK);
	cr_expect_eq(try_open(s.ring, &next, &s.blob, &s.wrapped), E_CRYPTO);
	cr_expect_eq(try_open(s.ring, &next, &s.blob, &wrapped), E_CRYPTO);
	cr_expect_eq(try_open(s.ring, &next, &blob, &s.wrapped), E_CRYPTO);
}

Test(content, another_store_does_not_open_it)
{
	CLEANUP(stored_clear) struct stored s = store_one(), t = store_one();

	cr_expect_eq(try_open(t.ring, &place, &s.blob, &s.wrapped), E_CRYPTO);
}

Test(content, every_flipped_bit_is_found_in_both_blobs)
{
	CLEANUP(stored_clear) struct stored s = store_one();
	struct buf *blobs[] = {&s.blob, &s.wrapped};

	for (size_t b = 0; b < ARRAY_SIZE(blobs); b++) {
		for (size_t bit = 0; bit < blobs[b]->len * 8; bit++) {
			blobs[b]->data[bit / 8] ^= (char)(1 << bit % 8);
			cr_expect_neq(try_open(s.ring, &place, &s.blob, &s.wrapped), OK,
				      "blob %zu bit %zu", b, bit);
			blobs[b]->data[bit / 8] ^= (char)(1 << bit % 8);
		}
	}
	cr_expect_eq(try_open(s.ring, &place, &s.blob, &s.wrapped), OK);
}

Test(content, a_wrapped_key_of_an_unknown_generation_does_not_open)
{
	CLEANUP(stored_clear) struct stored s = store_one();
	CLEANUP(buf_clear) struct buf plain = BUF_NULL;
	struct error err = ERROR_NULL;

	s.wrapped.data[4] = 9; /* the last byte of the generation that it names */
	cr_expect_eq(content_open(&plain, s.ring, &place, buf_slice(&s.blob), buf_slice(&s.wrapped),
				  &err),
		     E_CRYPTO);
	cr_expect_not_null(strstr(err.text, "generation 9"), "%s", err.text);
	/* Of one that is there, but is not the one that wrapped it. */
	add_generation(s.ring);
	s.wrapped.data[4] = 2;
	cr_expect_eq(try_open(s.ring, &place, &s.blob, &s.wrapped), E_CRYPTO);
}

Test(content, rotation_rewraps_the_key_and_not_the_content)
{
	CLEANUP(stored_clear) struct stored s = store_one();
	CLEANUP(buf_clear) struct buf rewrapped = BUF_NULL;
	struct content_place other = place;
	uint32_t generation = 0;

	add_generation(s.ring);
	cr_expect_eq(try_open(s.ring, &place, &s.blob, &s.wrapped), OK, "old data must stay");
	cr_assert_eq(content_rewrap(&rewrapped, s.ring, &place, buf_slice(&s.wrapped), NULL), OK);
	cr_expect_eq(content_generation(buf_slice(&rewrapped), &generation, NULL), OK);
	cr_expect_eq(generation, 2);
	cr_expect_eq(try_open(s.ring, &place, &s.blob, &rewrapped), OK);
	other.version = 4;
	cr_expect_eq(content_rewrap(&rewrapped, s.ring, &other, buf_slice(&s.wrapped), NULL),
		     E_CRYPTO);
	cr_expect_eq(rewrapped.len, WRAPPED_KEY_BYTES, "something is left of the failure");
}

static void *open_often(void *ctx)
{
	struct stored *s = ctx;

	for (int i = 0; i < 300; i++) {
		CLEANUP(buf_clear) struct buf blob = BUF_NULL, wrapped = BUF_NULL;

		if (try_open(s->ring, &place, &s->blob, &s->wrapped) != OK ||
		    content_seal(&blob, &wrapped, s->ring, &place, SLICE_LITERAL(PLAIN), NULL) !=
			    OK ||
		    try_open(s->ring, &place, &blob, &wrapped) != OK)
			return s;
	}
	return NULL;
}

Test(content, threads_read_while_generations_are_added)
{
	CLEANUP(stored_clear) struct stored s = store_one();
	pthread_t threads[4];

	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, open_often, &s), 0);
	for (int i = 0; i < 40; i++)
		add_generation(s.ring);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
		void *failed = NULL;

		pthread_join(threads[i], &failed);
		cr_expect_null(failed);
	}
}

static bool seal_open_rewrap(void *ctx)
{
	CLEANUP(buf_clear)
	struct buf blob = BUF_NULL, wrapped = BUF_NULL, plain = BUF_NULL, again = BUF_NULL;
	struct stored *s = ctx;
	enum result rc = content_seal(&blob, &wrapped, s->ring, &place, SLICE_LITERAL(PLAIN), NULL);

	if (rc != OK)
		cr_expect(blob.len == 0 && wrapped.len == 0, "half of it is left");
	return rc == OK &&
	       content_open(&plain, s->ring, &place, buf_slice(&blob), buf_slice(&wrapped), NULL) ==
		       OK &&
	       content_rewrap(&again, s->ring, &place, buf_slice(&wrapped), NULL) == OK;
}

Test(content, short_memory_is_an_ordinary_error_and_loses_no_key)
{
	CLEANUP(stored_clear) struct stored s = store_one();

	each_fault(seal_open_rewrap, &s);
}
