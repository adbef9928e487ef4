#include "support.h"

#include <stdio.h>
#include <string.h>

#define ROOT "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" /* of nothing */

Test(checkpoint, a_body_has_three_lines)
{
	struct checkpoint c;

	cr_assert_eq(checkpoint_parse(&c, SLICE_LITERAL("example.com/log\n0\n" ROOT "\n"), NULL),
		     OK);
	cr_expect_str_eq(c.origin, "example.com/log");
	cr_expect_eq(c.size, 0);
	cr_assert_eq(checkpoint_parse(&c,
				      SLICE_LITERAL("x\n18446744073709551615\n" ROOT "\nmore\n"),
				      NULL),
		     OK);
	cr_expect_eq(c.size, UINT64_MAX);
}

Test(checkpoint, malformed_bodies_are_refused)
{
	static const char *const bad[] = {
		"",
		"x\n0\n",
		"x\n0\n" ROOT,
		"\n0\n" ROOT "\n",
		"x\n\n" ROOT "\n",
		"x\n00\n" ROOT "\n",
		"x\n01\n" ROOT "\n",
		"x\n-1\n" ROOT "\n",
		"x\n+1\n" ROOT "\n",
		"x\n1 \n" ROOT "\n",
		"x\n0x1\n" ROOT "\n",
		"x\n18446744073709551616\n" ROOT "\n",
		"x\n0\n\n",
		"x\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuA==\n",
		"x\n0\n47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct checkpoint c;

		cr_expect_eq(checkpoint_parse(&c, slice_text(bad[i]), NULL), E_MALFORMED,
			     "case %zu", i);
	}
}

Test(checkpoint, an_origin_fits_its_place)
{
	struct checkpoint c;
	struct error err = ERROR_NULL;
	char body[2 * sizeof c.origin + 64];
	int last = (int)sizeof c.origin - 1;

	for (int len = last - 1; len <= last + 2; len++) {
		snprintf(body, sizeof body, "%0*d\n0\n" ROOT "\n", len, 1);
		cr_expect_eq(checkpoint_parse(&c, slice_text(body), &err),
			     len <= last ? OK : E_MALFORMED, "%d", len);
	}
	snprintf(body, sizeof body, "1 to %d bytes", last);
	cr_expect_not_null(strstr(err.text, body), "%s", err.text);
}

Test(checkpoint, an_origin_holds_no_nul)
{
	struct checkpoint c;

	cr_expect_eq(checkpoint_parse(&c, SLICE_LITERAL("x\0y\n0\n" ROOT "\n"), NULL), E_MALFORMED);
}

Test(checkpoint, what_was_signed_verifies_under_its_key_alone)
{
	CLEANUP(signer_clear) struct signer s = new_signer(ORIGIN), other = new_signer(ORIGIN);
	CLEANUP(buf_clear) struct buf note = BUF_NULL;
	struct merkle tree = MERKLE_EMPTY;
	struct checkpoint c;
	struct vkey renamed;
	uint8_t leaf[HASH_BYTES], root[HASH_BYTES];

	merkle_leaf(leaf, SLICE_LITERAL("x"));
	merkle_append(&tree, leaf);
	merkle_root(root, &tree);
	cr_assert_eq(checkpoint_sign(&note, &tree, NULL, &s.key, s.seed, NULL), OK);
	cr_expect(slice_starts_with(buf_slice(&note), SLICE_LITERAL(ORIGIN "\n1\n")));
	cr_assert_eq(checkpoint_verify(&c, buf_slice(&note), &s.key, NULL), OK);
	cr_expect_eq(c.size, 1);
	cr_expect_arr_eq(c.root, root, sizeof root);
	cr_expect_eq(checkpoint_verify(&c, buf_slice(&note), &other.key, NULL), E_CRYPTO);
	cr_assert_eq(vkey_init(&renamed, SLICE_LITERAL("other/log"), s.key.public_key, NULL), OK);
	cr_expect_eq(checkpoint_verify(&c, buf_slice(&note), &renamed, NULL), E_CRYPTO);
}

Test(checkpoint, another_logs_origin_is_refused)
{
	CLEANUP(signer_clear) struct signer s = new_signer(ORIGIN);
	CLEANUP(buf_clear) struct buf note = BUF_NULL;
	struct checkpoint c;

	cr_assert_eq(note_sign(&note, SLICE_LITERAL("other/log\n0\n" ROOT "\n"), &s.key, s.seed,
			       NULL),
		     OK);
	cr_expect_eq(checkpoint_verify(&c, buf_slice(&note), &s.key, NULL), E_CRYPTO);
}
