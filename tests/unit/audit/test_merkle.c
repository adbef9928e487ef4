#include "audit/merkle.h"
#include "base/memory.h"
#include "base/text.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* transparency-dev/merkle, testonly/constants.go. */
static const struct {
	struct slice leaf;
	const char *root; /* with all leaves so far */
} vectors[] = {
	{{"", 0}, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
	{{"\x00", 1}, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
	{{"\x10", 1}, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
	{{"\x20\x21", 2}, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
	{{"\x30\x31", 2}, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
	{{"\x40\x41\x42\x43", 4},
	 "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
	{{"\x50\x51\x52\x53\x54\x55\x56\x57", 8},
	 "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
	{{"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16},
	 "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
};

static void expect_root(const struct merkle *tree, const char *hex)
{
	uint8_t root[HASH_BYTES], wanted[HASH_BYTES];

	cr_assert(hex_parse(slice_text(hex), wanted, sizeof wanted));
	merkle_root(root, tree);
	cr_expect_arr_eq(root, wanted, sizeof root, "size %zu", (size_t)tree->size);
}

Test(merkle, the_published_roots_come_out)
{
	struct merkle tree = MERKLE_EMPTY;

	expect_root(&tree, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		uint8_t leaf[HASH_BYTES];

		merkle_leaf(leaf, vectors[i].leaf);
		merkle_append(&tree, leaf);
		expect_root(&tree, vectors[i].root);
	}
}

/* RFC 6962 section 2.1 word by word: k is the largest power of two below n. */
static void tree_hash_by_definition(uint8_t ret[static HASH_BYTES], uint8_t (*leaves)[HASH_BYTES],
				    size_t n)
{
	uint8_t left[HASH_BYTES], right[HASH_BYTES];
	size_t k = 1;

	if (n == 1) {
		memcpy(ret, leaves[0], HASH_BYTES);
		return;
	}
	while (k * 2 < n)
		k *= 2;
	tree_hash_by_definition(left, leaves, k);
	tree_hash_by_definition(right, leaves + k, n - k);
	merkle_node(ret, left, right);
}

Test(merkle, growing_gives_what_the_definition_gives)
{
	static uint8_t leaves[300][HASH_BYTES];
	struct merkle tree = MERKLE_EMPTY;

	for (size_t i = 0; i < ARRAY_SIZE(leaves); i++) {
		uint8_t root[HASH_BYTES], wanted[HASH_BYTES];

		merkle_leaf(leaves[i], slice_make((const char *)&i, sizeof i));
		merkle_append(&tree, leaves[i]);
		merkle_root(root, &tree);
		tree_hash_by_definition(wanted, leaves, i + 1);
		cr_assert_arr_eq(root, wanted, sizeof root, "size %zu", i + 1);
	}
}

Test(merkle, a_tree_goes_on_from_its_stored_state)
{
	struct merkle tree = MERKLE_EMPTY;

	for (size_t i = 0; i < 70; i++) {
		CLEANUP(buf_clear) struct buf state = BUF_NULL;
		struct merkle again;
		uint8_t leaf[HASH_BYTES], a[HASH_BYTES], b[HASH_BYTES];

		merkle_append_state(&state, &tree);
		cr_expect_leq(state.len, MERKLE_BYTES_MAX);
		cr_assert_eq(merkle_read_state(&again, buf_slice(&state), NULL), OK);
		merkle_leaf(leaf, slice_make((const char *)&i, sizeof i));
		merkle_append(&tree, leaf);
		merkle_append(&again, leaf);
		merkle_root(a, &tree);
		merkle_root(b, &again);
		cr_assert_eq(tree.size, again.size);
		cr_assert_arr_eq(a, b, sizeof a);
	}
}

Test(merkle, a_state_of_another_length_is_corrupt)
{
	CLEANUP(buf_clear) struct buf state = BUF_NULL;
	struct merkle tree = MERKLE_EMPTY, again;
	uint8_t leaf[HASH_BYTES] = {1};

	merkle_append(&tree, leaf);
	merkle_append_state(&state, &tree);
	for (size_t len = 0; len < state.len; len++) {
		CLEANUP(alloc_freep) char *cut = malloc(len != 0 ? len : 1);

		memcpy(cut, state.data, len); /* nothing behind it, so that a sanitizer sees */
		cr_expect_eq(merkle_read_state(&again, slice_make(cut, len), NULL), E_CORRUPT);
	}
	buf_append_char(&state, 0);
	cr_expect_eq(merkle_read_state(&again, buf_slice(&state), NULL), E_CORRUPT);
}
