/*
 * The Merkle tree of RFC 6962 as a compact range: an append hashes one node on average and 63 at
 * most, a root one node less than the size has bits set. The root of n entries depends on the
 * entries alone, so a verifier that starts from nothing gets the same one.
 *
 * Must hold: `peaks[i]` is set exactly where bit i of the size is; the other peaks are never read.
 * No state beyond the value; any thread may call.
 */
#include "audit/merkle.h"

#include "base/bytes.h"

/* The first byte differs for leaves and nodes, so that no entry can be built that hashes like a
 * node (RFC 6962 section 2.1). */
void merkle_leaf(uint8_t ret[static HASH_BYTES], struct slice entry)
{
	static const uint8_t domain = 0x00;
	struct sha256 s;

	sha256_init(&s);
	sha256_update(&s, &domain, 1);
	sha256_update(&s, entry.data, entry.len);
	sha256_final(&s, ret);
}

void merkle_node(uint8_t ret[static HASH_BYTES], const uint8_t left[static HASH_BYTES],
		 const uint8_t right[static HASH_BYTES])
{
	static const uint8_t domain = 0x01;
	struct sha256 s;

	sha256_init(&s);
	sha256_update(&s, &domain, 1);
	sha256_update(&s, left, HASH_BYTES);
	sha256_update(&s, right, HASH_BYTES);
	sha256_final(&s, ret);
}

/* Like adding 1 in binary: each peak that exists is the left half of the carry. */
void merkle_append(struct merkle *tree, const uint8_t leaf[static HASH_BYTES])
{
	uint8_t carry[HASH_BYTES];
	unsigned level = 0;

	memcpy(carry, leaf, HASH_BYTES);
	while ((tree->size >> level & 1) != 0)
		merkle_node(carry, tree->peaks[level++], carry);
	memcpy(tree->peaks[level], carry, HASH_BYTES);
	tree->size++;
}

/* From the smallest subtree to the largest: each peak is the left neighbour of all that is joined
 * so far. */
void merkle_root(uint8_t ret[static HASH_BYTES], const struct merkle *tree)
{
	bool is_first = true;

	if (tree->size == 0) {
		sha256_slice(ret, SLICE_NULL);
		return;
	}
	for (unsigned level = 0; level < MERKLE_LEVELS; level++) {
		if ((tree->size >> level & 1) == 0)
			continue;
		if (is_first)
			memcpy(ret, tree->peaks[level], HASH_BYTES);
		else
			merkle_node(ret, tree->peaks[level], ret);
		is_first = false;
	}
}

void merkle_append_state(struct buf *ret, const struct merkle *tree)
{
	uint8_t size[8];

	u64_store(size, tree->size);
	buf_append(ret, size, sizeof size);
	for (unsigned level = MERKLE_LEVELS; level-- > 0;) {
		if ((tree->size >> level & 1) != 0)
			buf_append(ret, tree->peaks[level], HASH_BYTES);
	}
}

/* The length must fit the size, so the loop below reads exactly the bytes that are there. At most
 * 64 peaks: no overflow. */
enum result merkle_read_state(struct merkle *ret, struct slice state, struct error *err)
{
	struct merkle tree = MERKLE_EMPTY;
	const char *at;

	if (state.len < 8)
		return fail(err, E_CORRUPT, "the tree's state has %zu bytes", state.len);
	tree.size = u64_load((const uint8_t *)state.data);
	if (state.len != 8 + (size_t)__builtin_popcountll(tree.size) * HASH_BYTES)
		return fail(err, E_CORRUPT, "the tree's state has %zu bytes for %llu entries",
			    state.len, (unsigned long long)tree.size);
	at = state.data + 8;
	for (unsigned level = MERKLE_LEVELS; level-- > 0;) {
		if ((tree.size >> level & 1) == 0)
			continue;
		memcpy(tree.peaks[level], at, HASH_BYTES);
		at += HASH_BYTES;
	}
	*ret = tree;
	return OK;
}
