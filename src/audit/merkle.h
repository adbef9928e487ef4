/*
 * The Merkle tree hash of RFC 6962 section 2.1, extended one leaf at a time. Only the roots of the
 * perfect subtrees are kept (a compact range): one for each bit that is set in the size.
 *
 *   leaf = SHA-256(0x00 | entry)   node = SHA-256(0x01 | left | right)   empty root = SHA-256("")
 */
#pragma once

#include "base/buf.h"
#include "crypto/hash.h"

#define MERKLE_LEVELS	 64
#define MERKLE_BYTES_MAX (8 + MERKLE_LEVELS * HASH_BYTES)

/* A value: copy it to try an append, and keep the old one to go back. All zeros is the empty
 * tree. */
struct merkle {
	uint64_t size;
	/* [i] is the root of 2^i leaves, where bit i of the size is set. */
	uint8_t peaks[MERKLE_LEVELS][HASH_BYTES];
};

#define MERKLE_EMPTY              \
	{                         \
		0,                \
		{                 \
			{         \
				0 \
			}         \
		}                 \
	}

/* The hash of one entry, and of two subtrees that lie side by side. `ret` may be `left` or
 * `right`. */
void merkle_leaf(uint8_t ret[static HASH_BYTES], struct slice entry);
void merkle_node(uint8_t ret[static HASH_BYTES], const uint8_t left[static HASH_BYTES],
		 const uint8_t right[static HASH_BYTES]);

/* Adds one leaf, a hash of merkle_leaf(); cannot fail below 2^64 leaves. */
void merkle_append(struct merkle *tree, const uint8_t leaf[static HASH_BYTES]);
/* The hash of all leaves in their order, as a checkpoint signs it. */
void merkle_root(uint8_t ret[static HASH_BYTES], const struct merkle *tree);

/* The stored form: the size (8 bytes, big-endian), then the peaks, the largest subtree first.
 * E_CORRUPT for another length. */
void merkle_append_state(struct buf *ret, const struct merkle *tree);
MUST_USE enum result merkle_read_state(struct merkle *ret, struct slice state, struct error *err);
