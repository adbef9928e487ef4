/*
 * The signed head of the log (C2SP tlog-checkpoint): origin, size and root hash, one on each line,
 * in a signed note. The origin is the name of the key of the log. A fourth line, an extension that
 * other tools skip, vouches for the rows of the store:
 *
 *   state <base64 of store_state()>
 *
 * Pure functions; any thread may call.
 */
#pragma once

#include "audit/merkle.h"
#include "crypto/note.h"

/* The content of a signed head. A value without pointers. */
struct checkpoint {
	char origin[NOTE_NAME_BYTES_MAX + 1]; /* the log's name; NUL-terminated */
	uint64_t size;			      /* entries */
	uint8_t root[HASH_BYTES];	      /* merkle_root() of these entries */
	bool has_state;			      /* false: signed before rows had MACs */
	uint8_t state[HASH_BYTES];	      /* store_state() of the rows; zeros without */
};

/* Reads the body of a note. Lines after the third are extensions: that of the state is read, others
 * are ignored. E_MALFORMED, also for a second line of the state. */
MUST_USE enum result checkpoint_parse(struct checkpoint *ret, struct slice body, struct error *err);

/* Appends the signed note of a tree; the origin is the name of `key`. `state` has HASH_BYTES bytes;
 * NULL leaves its line out. */
MUST_USE enum result checkpoint_sign(struct buf *ret_note, const struct merkle *tree,
				     const uint8_t *state, const struct vkey *key,
				     const struct key *seed, struct error *err);

/* Verifies that `key` signed the note and that the origin is its name. E_MALFORMED, E_CRYPTO. */
MUST_USE enum result checkpoint_verify(struct checkpoint *ret, struct slice note,
				       const struct vkey *key, struct error *err);
