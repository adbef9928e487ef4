/*
 * The Merkle tree hash of RFC 6962 section 2.1, grown leaf by leaf: only the roots of the perfect
 * subtrees are kept (a compact range), one for each bit that is set in the size.
 *
 *   leaf = SHA-256(0x00 | entry)   node = SHA-256(0x01 | left | right)   empty root = SHA-256("")
 */
#pragma once

#include "base/buf.h"
#include "crypto/hash.h"

#define MERKLE_LEVELS	 64
#define MERKLE_BYTES_MAX (8 + MERKLE_LEVELS * HASH_BYTES)

/* A value: copy it to try an append and to go back. Zero is the empty tree. */
struct merkle {
	uint64_t size;
	uint8_t peaks[MERKLE_LEVELS]
		     [HASH_BYTES]; /* [i] covers 2^i leaves where bit i of size is set */
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

void merkle_leaf(uint8_t ret[static HASH_BYTES], struct slice entry);
void merkle_node(uint8_t ret[static HASH_BYTES], const uint8_t left[static HASH_BYTES],
		 const uint8_t right[static HASH_BYTES]);

void merkle_append(struct merkle *tree, const uint8_t leaf[static HASH_BYTES]);
void merkle_root(uint8_t ret[static HASH_BYTES], const struct merkle *tree);

/* Size (8 bytes, big-endian) and the peaks from the largest subtree down. */
void merkle_append_state(struct buf *ret, const struct merkle *tree);
MUST_USE enum result merkle_read_state(struct merkle *ret, struct slice state, struct error *err);
