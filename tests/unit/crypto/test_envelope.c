#include "support.h"

#include "crypto/envelope.h"

#define PLAIN "{\"password\":\"hunter2\"}"

struct sealed {
	struct secret_memory *m;
	struct key *key;
	struct buf ad, blob;
};

static struct sealed seal_one(void)
{
	struct sealed s = {.m = new_memory(), .ad = BUF_NULL, .blob = BUF_NULL};

	s.key = counting_key(s.m);
	associated_append_text(&s.ad, "reeve");
	associated_append_text(&s.ad, "secrets/a");
	associated_append_u64(&s.ad, 3);
	cr_assert_eq(envelope_seal(&s.blob,
				   &(struct envelope_params){s.key, 7, "content", buf_slice(&s.ad)},
				   SLICE_LITERAL(PLAIN), NULL),
		     OK);
	return s;
}

static void sealed_clear(struct sealed *s)
{
	buf_clear(&s->ad);
	buf_clear(&s->blob);
	key_free(s->key);
	secret_memory_free(s->m);
}

static enum result try_open(const struct sealed *s, const struct key *k, uint32_t key_id,
			    const char *label, struct slice ad, struct slice blob)
{
	CLEANUP(buf_clear) struct buf plain = BUF_NULL;
	struct error err = ERROR_NULL;
	enum result rc;

	(void)s;
	buf_append_text(&plain, "before");
	rc = envelope_open(&plain, &(struct envelope_params){k, key_id, label, ad}, blob, &err);
	if (rc == OK) {
		cr_expect(slice_is_text(buf_slice(&plain), "before" PLAIN));
	} else {
		cr_expect(slice_is_text(buf_slice(&plain), "before"), "plaintext of a failure");
		cr_expect_neq(err.text[0], '\0');
		cr_expect_null(strstr(err.text, "hunter2"));
	}
	return rc;
}

Test(envelope, what_was_sealed_opens)
{
	CLEANUP(sealed_clear) struct sealed s = seal_one();
	uint32_t id = 0;

	cr_expect_eq(s.blob.len, ENVELOPE_OVERHEAD + strlen(PLAIN));
	cr_expect_null(memmem(s.blob.data, s.blob.len, "hunter2", 7));
	cr_expect_eq(envelope_key_id(buf_slice(&s.blob), &id, NULL), OK);
	cr_expect_eq(id, 7);
	cr_expect_eq(try_open(&s, s.key, 7, "content", buf_slice(&s.ad), buf_slice(&s.blob)), OK);
}

/* Made from the specification by a program of its own, whose XChaCha20-Poly1305 gives the vector of
 * draft-irtf-cfrg-xchacha A.3.1. */
Test(envelope, a_blob_of_another_implementation_opens)
{
	CLEANUP(sealed_clear) struct sealed s = seal_one();
	CLEANUP(buf_clear)
	struct buf blob = bytes_of_hex(
		"01000000076465666768696a6b6c6d6e6f707172737475767778797a7b42e5bd6c049f05642252cc6b"
		"4076bc3490b49a35e2abef0ecb8e8ac9e337b092776f1f06eb6be09748d10c10e87464a359865e8296"
		"b0e3709fac0af8c71dd092a2dc1bf457f7");

	cr_expect(is_hex(s.ad.data, s.ad.len,
			 "00000005726565766500000009736563726574732f61000000080000000000000003"));
	cr_expect_eq(try_open(&s, s.key, 7, "content", buf_slice(&s.ad), buf_slice(&blob)), OK);
}

Test(envelope, every_flipped_bit_is_found)
{
	CLEANUP(sealed_clear) struct sealed s = seal_one();

	for (size_t bit = 0; bit < s.blob.len * 8; bit++) {
		enum result rc;

		s.blob.data[bit / 8] ^= (char)(1 << bit % 8);
		rc = try_open(&s, s.key, 7, "content", buf_slice(&s.ad), buf_slice(&s.blob));
		cr_expect(rc == (bit < 8 ? E_CORRUPT : E_CRYPTO), "bit %zu gives %s", bit,
			  result_name(rc));
		s.blob.data[bit / 8] ^= (char)(1 << bit % 8);
	}
	cr_expect_eq(try_open(&s, s.key, 7, "content", buf_slice(&s.ad), buf_slice(&s.blob)), OK);
}

Test(envelope, a_blob_that_is_cut_or_longer_is_refused)
{
	CLEANUP(sealed_clear) struct sealed s = seal_one();

	for (size_t len = 0; len < s.blob.len; len++) {
		enum result rc = try_open(&s, s.key, 7, "content", buf_slice(&s.ad),
					  slice_first(buf_slice(&s.blob), len));

		cr_expect_eq(rc, len < ENVELOPE_OVERHEAD ? E_CORRUPT : E_CRYPTO, "%zu bytes", len);
	}
	buf_append_char(&s.blob, 'x');
	cr_expect_eq(try_open(&s, s.key, 7, "content", buf_slice(&s.ad), buf_slice(&s.blob)),
		     E_CRYPTO);
}

Test(envelope, another_key_label_id_or_place_does_not_open)
{
	CLEANUP(sealed_clear) struct sealed s = seal_one();
	CLEANUP(buf_clear) struct buf other_ad = BUF_NULL;
	struct slice ad = buf_slice(&s.ad), blob = buf_slice(&s.blob);
	struct key *other = NULL;

	cr_assert_eq(key_new_random(&other, s.m, NULL), OK);
	associated_append_text(&other_ad, "reeve");
	associated_append_text(&other_ad, "secrets/a");
	associated_append_u64(&other_ad, 4);
	cr_expect_eq(try_open(&s, other, 7, "content", ad, blob), E_CRYPTO);
	cr_expect_eq(try_open(&s, s.key, 8, "content", ad, blob), E_CRYPTO);
	cr_expect_eq(try_open(&s, s.key, 7, "contents", ad, blob), E_CRYPTO);
	cr_expect_eq(try_open(&s, s.key, 7, "content", buf_slice(&other_ad), blob), E_CRYPTO);
	cr_expect_eq(try_open(&s, s.key, 7, "content", SLICE_NULL, blob), E_CRYPTO);
	key_free(other);
}

/* Poly1305 alone does not bind the key: a tag can be made to fit two of them. */
Test(envelope, another_blobs_commitment_does_not_open)
{
	CLEANUP(sealed_clear) struct sealed s = seal_one(), t = seal_one();
	struct error err = ERROR_NULL;
	CLEANUP(buf_clear) struct buf plain = BUF_NULL;

	memcpy(s.blob.data + 29, t.blob.data + 29, 32);
	cr_expect_eq(envelope_open(&plain,
				   &(struct envelope_params){s.key, 7, "content", buf_slice(&s.ad)},
				   buf_slice(&s.blob), &err),
		     E_CRYPTO);
	cr_expect(strstr(err.text, "another key") != NULL, "%s", err.text);
}

Test(envelope, fields_are_not_joined_alike)
{
	CLEANUP(buf_clear) struct buf a = BUF_NULL, b = BUF_NULL;

	associated_append_text(&a, "ab");
	associated_append_text(&a, "c");
	associated_append_text(&b, "a");
	associated_append_text(&b, "bc");
	cr_expect_not(slice_is_equal(buf_slice(&a), buf_slice(&b)));
}

Test(envelope, no_two_blobs_are_alike)
{
	CLEANUP(sealed_clear) struct sealed s = seal_one(), t = seal_one();

	cr_expect_not(slice_is_equal(buf_slice(&s.blob), buf_slice(&t.blob)));
	cr_expect_arr_neq(s.blob.data + 5, t.blob.data + 5, 24, "the nonce came twice");
}

Test(envelope, nothing_at_all_can_be_sealed)
{
	CLEANUP(sealed_clear) struct sealed s = seal_one();
	CLEANUP(buf_clear) struct buf blob = BUF_NULL, plain = BUF_NULL;

	cr_assert_eq(envelope_seal(&blob, &(struct envelope_params){s.key, 1, "x", SLICE_NULL},
				   SLICE_NULL, NULL),
		     OK);
	cr_expect_eq(blob.len, ENVELOPE_OVERHEAD);
	cr_expect_eq(envelope_open(&plain, &(struct envelope_params){s.key, 1, "x", SLICE_NULL},
				   buf_slice(&blob), NULL),
		     OK);
	cr_expect_eq(plain.len, 0);
}

Test(envelope, a_wrapped_key_comes_back_as_it_was)
{
	CLEANUP(sealed_clear) struct sealed s = seal_one();
	CLEANUP(buf_clear) struct buf wrapped = BUF_NULL, plain = BUF_NULL;
	struct key *inner = NULL, *back = NULL;

	cr_assert_eq(key_new_random(&inner, s.m, NULL), OK);
	cr_assert_eq(envelope_wrap(&wrapped, &(struct envelope_params){s.key, 1, "k", SLICE_NULL},
				   inner, NULL),
		     OK);
	cr_assert_eq(envelope_unwrap(&back, s.m,
				     &(struct envelope_params){s.key, 1, "k", SLICE_NULL},
				     buf_slice(&wrapped), NULL),
		     OK);
	cr_assert_eq(envelope_seal(&plain, &(struct envelope_params){inner, 0, "t", SLICE_NULL},
				   SLICE_LITERAL(PLAIN), NULL),
		     OK);
	cr_expect_eq(try_open(&s, back, 0, "t", SLICE_NULL, buf_slice(&plain)), OK);
	key_free(steal(&back));
	cr_expect_eq(envelope_unwrap(&back, s.m,
				     &(struct envelope_params){s.key, 7, "content",
							       buf_slice(&s.ad)},
				     buf_slice(&s.blob), NULL),
		     E_CORRUPT, "22 bytes are no key");
	wrapped.data[wrapped.len - 1] ^= 1;
	cr_expect_eq(envelope_unwrap(&back, s.m,
				     &(struct envelope_params){s.key, 1, "k", SLICE_NULL},
				     buf_slice(&wrapped), NULL),
		     E_CRYPTO);
	cr_expect_null(back);
	key_free(inner);
	cr_expect_eq(secret_memory_keys(s.m), 1, "a key leaked");
}

static bool seal_and_open(void *ctx)
{
	struct sealed *s = ctx;
	CLEANUP(buf_clear) struct buf blob = BUF_NULL, plain = BUF_NULL;
	struct slice ad = buf_slice(&s->ad);

	return envelope_seal(&blob, &(struct envelope_params){s->key, 7, "content", ad},
			     SLICE_LITERAL(PLAIN), NULL) == OK &&
	       envelope_open(&plain, &(struct envelope_params){s->key, 7, "content", ad},
			     buf_slice(&blob), NULL) == OK;
}

Test(envelope, short_memory_is_an_ordinary_error)
{
	CLEANUP(sealed_clear) struct sealed s = seal_one();

	each_fault(seal_and_open, &s);
}
