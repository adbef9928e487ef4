#include "support.h"

#include "crypto/base64.h"
#include "crypto/note.h"

#define FOO_VKEY "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
#define FOO_TEXT "This is an example message.\n"
#define FOO_SIGNATURE                                                                             \
	"— example.com/foo "                                                                    \
	"Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72Ine" \
	"yaQM=\n"
#define PETER_VKEY "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define PETER_TEXT                                                   \
	"If you think cryptography is the answer to your problem,\n" \
	"then you don't know what your problem is.\n"
#define PETER_SIGNATURE                                                                           \
	"— PeterNeumann "                                                                       \
	"x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBw" \
	"JnAM=\n"

static struct vkey parse_key(const char *text)
{
	struct error err = ERROR_NULL;
	struct vkey key;

	cr_assert_eq(crypto_start(NULL), OK);
	cr_assert_eq(vkey_parse(&key, slice_text(text), &err), OK, "%s", err.text);
	return key;
}

/* The secret key's text is "PRIVATE+KEY+<name>+<id>+<base64 of 0x01 and seed>". */
static struct key *peters_seed(struct secret_memory *m)
{
	uint8_t typed[1 + KEY_BYTES];

	cr_assert(base64_parse(BASE64_STANDARD,
			       SLICE_LITERAL("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"), typed,
			       sizeof typed));
	return key_from(m, typed + 1);
}

static enum result verify(const char *note, const struct vkey *key, const char *text)
{
	struct error err = ERROR_NULL;
	struct slice got;
	enum result rc = note_verify(&got, slice_text(note), key, &err);

	if (rc == OK)
		cr_expect(slice_is_text(got, text));
	else
		cr_expect_neq(err.text[0], '\0');
	return rc;
}

Test(note, a_public_key_is_written_as_it_was_read)
{
	static const char *const texts[] = {FOO_VKEY, PETER_VKEY};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		CLEANUP(buf_clear) struct buf out = BUF_NULL;
		struct vkey key = parse_key(texts[i]);

		vkey_append(&out, &key);
		cr_expect(slice_is_text(buf_slice(&out), texts[i]));
	}
}

Test(note, the_published_notes_verify)
{
	struct vkey foo = parse_key(FOO_VKEY), peter = parse_key(PETER_VKEY);

	cr_expect_eq(verify(FOO_TEXT "\n" FOO_SIGNATURE, &foo, FOO_TEXT), OK);
	cr_expect_eq(verify(PETER_TEXT "\n" PETER_SIGNATURE, &peter, PETER_TEXT), OK);
}

Test(note, signing_gives_the_published_bytes)
{
	struct secret_memory *m = new_memory();
	struct key *seed = peters_seed(m);
	struct vkey key;
	CLEANUP(buf_clear) struct buf note = BUF_NULL, name = BUF_NULL;

	cr_assert_eq(vkey_init_from_seed(&key, SLICE_LITERAL("PeterNeumann"), seed, NULL), OK);
	vkey_append(&name, &key);
	cr_expect(slice_is_text(buf_slice(&name), PETER_VKEY));
	cr_assert_eq(note_sign(&note, SLICE_LITERAL(PETER_TEXT), &key, seed, NULL), OK);
	cr_expect(slice_is_text(buf_slice(&note), PETER_TEXT "\n" PETER_SIGNATURE));
	key_free(seed);
	secret_memory_free(m);
}

Test(note, other_signatures_are_passed_over)
{
	struct vkey foo = parse_key(FOO_VKEY), peter = parse_key(PETER_VKEY);

	cr_expect_eq(verify(FOO_TEXT "\n" PETER_SIGNATURE FOO_SIGNATURE, &foo, FOO_TEXT), OK);
	cr_expect_eq(verify(FOO_TEXT "\n" FOO_SIGNATURE, &peter, ""), E_CRYPTO);
	/* A known key's signature that is wrong spoils the note, whoever else signed it. */
	cr_expect_eq(verify(FOO_TEXT "\n" PETER_SIGNATURE FOO_SIGNATURE, &peter, ""), E_CRYPTO);
}

Test(note, sixteen_signatures_and_more_are_read)
{
	struct vkey foo = parse_key(FOO_VKEY);
	CLEANUP(buf_clear) struct buf note = BUF_NULL;

	buf_append_text(&note, FOO_TEXT "\n");
	for (int i = 0; i < NOTE_SIGNATURES_MAX - 1; i++)
		buf_append_text(&note, PETER_SIGNATURE);
	buf_append_text(&note, FOO_SIGNATURE);
	cr_expect_eq(verify(note.data, &foo, FOO_TEXT), OK);
	buf_append_text(&note, PETER_SIGNATURE);
	cr_expect_eq(verify(note.data, &foo, FOO_TEXT), E_MALFORMED);
}

Test(note, the_last_blank_line_parts_text_and_signatures)
{
	struct secret_memory *m = new_memory();
	struct key *seed = peters_seed(m);
	struct vkey key = parse_key(PETER_VKEY);
	CLEANUP(buf_clear) struct buf note = BUF_NULL;

	cr_assert_eq(note_sign(&note, SLICE_LITERAL("one\n\ntwo\n"), &key, seed, NULL), OK);
	cr_expect_eq(verify(note.data, &key, "one\n\ntwo\n"), OK);
	key_free(seed);
	secret_memory_free(m);
}

Test(note, a_text_that_differs_in_one_bit_does_not_verify)
{
	struct vkey foo = parse_key(FOO_VKEY);
	char note[] = FOO_TEXT "\n" FOO_SIGNATURE;

	for (size_t bit = 0; bit < strlen(FOO_TEXT) * 8; bit++) {
		note[bit / 8] ^= (char)(1 << bit % 8);
		cr_expect_neq(verify(note, &foo, ""), OK, "bit %zu", bit);
		note[bit / 8] ^= (char)(1 << bit % 8);
	}
	cr_expect_eq(verify(note, &foo, FOO_TEXT), OK);
}

Test(note, malformed_notes_are_refused)
{
	static const char *const bad[] = {
		"",
		"\n",
		"text\n",
		"text\n\n",
		"text\n\n\n",
		"text\n" FOO_SIGNATURE,
		FOO_TEXT "\n- example.com/foo Uw2QOkn8srV1\n",
		FOO_TEXT "\n— example.com/foo\n",
		FOO_TEXT "\n— example.com/foo \n",
		FOO_TEXT "\n—  Uw2QOkn8srV1\n",
		FOO_TEXT "\n— example.com/foo Uw2Q\n",
		FOO_TEXT "\n— example.com/foo Uw2QO!n8srV1\n",
		FOO_TEXT "\n— example.com+foo Uw2QOkn8srV1\n",
		FOO_TEXT "\n— example.com/foo Uw2QOkn8srV1",
		FOO_TEXT "\n" FOO_SIGNATURE "more\n",
		"a tab\there\n\n" FOO_SIGNATURE,
		"\xff\n\n" FOO_SIGNATURE,
	};
	struct vkey foo = parse_key(FOO_VKEY);

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		cr_expect_eq(verify(bad[i], &foo, ""), E_MALFORMED, "case %zu", i);
	/* A known key's signature of another length is a wrong one. */
	cr_expect_eq(verify(FOO_TEXT "\n— example.com/foo Uw2QOkn8srV1\n", &foo, ""), E_CRYPTO);
}

Test(note, malformed_public_keys_are_refused)
{
	static const struct {
		const char *text;
		enum result rc;
	} bad[] = {
		{"", E_MALFORMED},
		{"name", E_MALFORMED},
		{"name+530d903a", E_MALFORMED},
		{"+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", E_MALFORMED},
		{"a b+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", E_MALFORMED},
		{"a\xc2\xa0"
		 "b+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		 E_MALFORMED},
		{"example.com/foo+530d903+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		 E_MALFORMED},
		{"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2",
		 E_MALFORMED},
		{"example.com/foo+530d903a+BOkyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		 E_UNSUPPORTED},
		{"example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", E_CRYPTO},
		{"example.com/fop+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", E_CRYPTO},
	};

	cr_assert_eq(crypto_start(NULL), OK);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct vkey key;

		cr_expect_eq(vkey_parse(&key, slice_text(bad[i].text), NULL), bad[i].rc, "case %zu",
			     i);
	}
}

Test(note, what_could_not_be_verified_is_not_signed)
{
	struct secret_memory *m = new_memory();
	struct key *seed = peters_seed(m);
	struct vkey peter = parse_key(PETER_VKEY), foo = parse_key(FOO_VKEY);
	CLEANUP(buf_clear) struct buf note = BUF_NULL;

	cr_expect_eq(note_sign(&note, SLICE_LITERAL("no newline"), &peter, seed, NULL),
		     E_MALFORMED);
	cr_expect_eq(note_sign(&note, SLICE_LITERAL("a\tb\n"), &peter, seed, NULL), E_MALFORMED);
	cr_expect_eq(note_sign(&note, SLICE_LITERAL("x\n"), &foo, seed, NULL), E_CRYPTO);
	cr_expect_eq(note.len, 0);
	key_free(seed);
	secret_memory_free(m);
}

static bool sign_and_verify(void *ctx)
{
	CLEANUP(buf_clear) struct buf note = BUF_NULL;
	struct vkey peter;
	struct slice text;

	return vkey_parse(&peter, SLICE_LITERAL(PETER_VKEY), NULL) == OK &&
	       note_sign(&note, SLICE_LITERAL(PETER_TEXT), &peter, ctx, NULL) == OK &&
	       note_verify(&text, buf_slice(&note), &peter, NULL) == OK;
}

Test(note, short_memory_is_an_ordinary_error)
{
	struct secret_memory *m = new_memory();
	struct key *seed = peters_seed(m);

	each_fault(sign_and_verify, seed);
	key_free(seed);
	secret_memory_free(m);
}
