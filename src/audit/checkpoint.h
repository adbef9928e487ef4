/* The signed head of the log (C2SP tlog-checkpoint): origin, size and root hash, one on each line,
 * in a signed note. The origin is the name of the key of the log. Pure functions; any thread may
 * call. */
#pragma once

#include "audit/merkle.h"
#include "crypto/note.h"

/* The content of a signed head. A value without pointers. */
struct checkpoint {
	char origin[NOTE_NAME_BYTES_MAX + 1]; /* the log's name; NUL-terminated */
	uint64_t size;			      /* entries */
	uint8_t root[HASH_BYTES];	      /* merkle_root() of these entries */
};

/* Reads the body of a note. Lines after the third are extensions and are ignored. E_MALFORMED. */
MUST_USE enum result checkpoint_parse(struct checkpoint *ret, struct slice body, struct error *err);

/* Appends the signed note of a tree; the origin is the name of `key`. */
MUST_USE enum result checkpoint_sign(struct buf *ret_note, const struct merkle *tree,
				     const struct vkey *key, const struct key *seed,
				     struct error *err);

/* Verifies that `key` signed the note and that the origin is its name. E_MALFORMED, E_CRYPTO. */
MUST_USE enum result checkpoint_verify(struct checkpoint *ret, struct slice note,
				       const struct vkey *key, struct error *err);
