#include "support.h"

#include "crypto/token_text.h"

#define TOKEN "rv_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8GYS3"

Test(token, a_new_token_is_well_formed_and_like_no_other)
{
	CLEANUP(buf_clear) struct buf a = BUF_NULL, b = BUF_NULL;

	cr_assert_eq(crypto_start(NULL), OK);
	cr_assert_eq(token_generate(&a, NULL), OK);
	cr_assert_eq(token_generate(&b, NULL), OK);
	cr_expect_eq(a.len, TOKEN_TEXT_BYTES);
	cr_expect(token_is_well_formed(buf_slice(&a)));
	cr_expect(token_is_well_formed(buf_slice(&b)));
	cr_expect_not(slice_is_equal(buf_slice(&a), buf_slice(&b)));
}

Test(token, a_token_is_hashed_with_the_pepper)
{
	struct secret_memory *m = new_memory();
	struct key *pepper = counting_key(m), *other = NULL;
	uint8_t hash[HASH_BYTES], under_other[HASH_BYTES];

	cr_assert_eq(key_new_random(&other, m, NULL), OK);
	cr_assert(token_hash(hash, pepper, SLICE_LITERAL(TOKEN)));
	cr_assert(token_hash(under_other, other, SLICE_LITERAL(TOKEN)));
	cr_expect(is_hex(hash, sizeof hash,
			 "e0022cdc76181c190165e8e2b644589d4d303eb7780d159c4650e21c572c7879"));
	cr_expect_arr_neq(hash, under_other, sizeof hash);
	key_free(other);
	key_free(pepper);
	secret_memory_free(m);
}

Test(token, one_wrong_character_makes_it_no_token)
{
	struct secret_memory *m = new_memory();
	struct key *pepper = counting_key(m);
	char text[] = TOKEN;
	uint8_t hash[HASH_BYTES];

	for (size_t i = 0; i < TOKEN_TEXT_BYTES; i++) {
		char right = text[i];

		text[i] = right == 'A' ? 'B' : 'A';
		cr_expect_not(token_hash(hash, pepper, slice_text(text)), "character %zu", i);
		text[i] = right;
	}
	cr_expect(token_hash(hash, pepper, slice_text(text)));
	cr_expect_not(token_is_well_formed(slice_make(text, TOKEN_TEXT_BYTES - 1)));
	cr_expect_not(token_is_well_formed(SLICE_LITERAL(TOKEN "A")));
	cr_expect_not(token_is_well_formed(SLICE_LITERAL(TOKEN "=")));
	cr_expect_not(token_is_well_formed(SLICE_NULL));
	key_free(pepper);
	secret_memory_free(m);
}

Test(token, an_accessor_names_and_is_no_token)
{
	char a[ACCESSOR_BYTES], b[ACCESSOR_BYTES];

	cr_assert_eq(crypto_start(NULL), OK);
	accessor_generate(a);
	accessor_generate(b);
	cr_expect_eq(strlen(a), ACCESSOR_BYTES - 1);
	cr_expect_str_neq(a, b);
	cr_expect(accessor_is_well_formed(slice_text(a)));
	cr_expect_not(token_is_well_formed(slice_text(a)));
	a[3] = 'U';
	cr_expect_not(accessor_is_well_formed(slice_text(a)));
	a[3] = '\0';
	cr_expect_not(accessor_is_well_formed(slice_make(a, ACCESSOR_BYTES - 1)));
	cr_expect_not(accessor_is_well_formed(SLICE_LITERAL("abc")));
}

static bool make_token(void *ctx)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;

	(void)ctx;
	return token_generate(&text, NULL) == OK;
}

Test(token, short_memory_is_an_ordinary_error)
{
	cr_assert_eq(crypto_start(NULL), OK);
	each_fault(make_token, NULL);
}
