#include "support.h"

#include "crypto/hash.h"

Test(hash, sha256_gives_the_published_values)
{
	static const struct {
		const char *text, *hash;
	} cases[] = {
		{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t hash[HASH_BYTES];

		sha256_slice(hash, slice_text(cases[i].text));
		cr_expect(is_hex(hash, sizeof hash, cases[i].hash), "%s", cases[i].text);
	}
}

Test(hash, sha256_in_pieces_is_sha256_of_the_whole)
{
	struct sha256 s;
	uint8_t hash[HASH_BYTES];
	char piece[997];

	memset(piece, 'a', sizeof piece);
	sha256_init(&s);
	for (size_t left = 1000000; left != 0;) {
		size_t len = left < sizeof piece ? left : sizeof piece;

		sha256_update(&s, piece, len);
		left -= len;
	}
	sha256_update(&s, NULL, 0);
	sha256_final(&s, hash);
	cr_expect(is_hex(hash, sizeof hash,
			 "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"));
}

Test(hash, a_keyed_hash_is_blake2b_of_32_bytes)
{
	struct secret_memory *m = new_memory();
	struct key *k = counting_key(m);
	uint8_t mac[HASH_BYTES];

	key_mac(mac, k, SLICE_LITERAL("abc"));
	cr_expect(is_hex(mac, sizeof mac,
			 "d63a32d3e44738d7907f964316c241adaba0abfeabc32349677578a15a203f7f"));
	key_free(k);
	secret_memory_free(m);
}

Test(hash, fields_are_hashed_behind_their_lengths)
{
	struct slice fields[] = {SLICE_LITERAL("ab"), SLICE_NULL, SLICE_LITERAL("c")};
	struct slice moved[] = {SLICE_LITERAL("a"), SLICE_NULL, SLICE_LITERAL("bc")};
	struct secret_memory *m = new_memory();
	struct key *k = counting_key(m);
	uint8_t mac[HASH_BYTES], other[HASH_BYTES];

	key_mac_fields(mac, k, fields, ARRAY_SIZE(fields));
	key_mac_fields(other, k, moved, ARRAY_SIZE(moved));
	cr_expect(is_hex(mac, sizeof mac,
			 "44bec088b4a0d30bb2e13d0c434f09231b1e28269fa1de186ab9651df695b670"));
	cr_expect_not(secret_is_equal(mac, other, sizeof mac));
	cr_expect(secret_is_equal(mac, mac, sizeof mac));
	key_free(k);
	secret_memory_free(m);
}
