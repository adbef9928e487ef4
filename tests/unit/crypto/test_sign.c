#include "support.h"

#include "crypto/sign.h"

/* RFC 8032 section 7.1. */
static const struct {
	const char *seed, *public_key, *message, *signature;
} vectors[] = {
	{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
	 "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
	 "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e3970"
	 "1cf9b46bd25bf5f0595bbe24655141438e7a100b"},
	{"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
	 "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
	 "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613"
	 "d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
	{"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
	 "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
	 "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760"
	 "984dc6594a7c15e9716ed28dc027beceea1ec40a"},
};

Test(sign, the_vectors_of_rfc_8032_hold)
{
	struct secret_memory *m = new_memory();

	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		CLEANUP(buf_clear) struct buf message = bytes_of_hex(vectors[i].message);
		struct key *seed = key_from_hex(m, vectors[i].seed);
		uint8_t public_key[SIGN_PUBLIC_BYTES], signature[SIGNATURE_BYTES];

		sign_public_key(public_key, seed);
		cr_expect(is_hex(public_key, sizeof public_key, vectors[i].public_key));
		cr_assert(sign_message(signature, seed, public_key, buf_slice(&message)));
		cr_expect(is_hex(signature, sizeof signature, vectors[i].signature));
		cr_expect(signature_is_valid(signature, public_key, buf_slice(&message)));
		signature[i] ^= 1;
		cr_expect_not(signature_is_valid(signature, public_key, buf_slice(&message)));
		key_free(seed);
	}
	secret_memory_free(m);
}

Test(sign, nothing_is_signed_under_a_foreign_public_key)
{
	struct secret_memory *m = new_memory();
	struct key *seed = key_from_hex(m, vectors[0].seed);
	uint8_t public_key[SIGN_PUBLIC_BYTES], signature[SIGNATURE_BYTES] = {0};
	static const uint8_t untouched[SIGNATURE_BYTES];

	cr_assert(hex_parse(slice_text(vectors[1].public_key), public_key, sizeof public_key));
	cr_expect_not(sign_message(signature, seed, public_key, SLICE_LITERAL("x")));
	cr_expect_arr_eq(signature, untouched, sizeof signature);
	key_free(seed);
	secret_memory_free(m);
}
