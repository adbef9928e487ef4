/*
 * The signed head of the log (C2SP tlog-checkpoint): origin, size and root on a line each, as a
 * signed note. The origin is the name of the log's key.
 */
#pragma once

#include "audit/merkle.h"
#include "crypto/note.h"

struct checkpoint {
	char origin[NOTE_NAME_BYTES_MAX + 1];
	uint64_t size;
	uint8_t root[HASH_BYTES];
};

/* Reads a body; lines behind the third are extensions and passed over. E_MALFORMED. */
MUST_USE enum result checkpoint_parse(struct checkpoint *ret, struct slice body, struct error *err);

/* Appends the signed note for a tree under `key`'s name. */
MUST_USE enum result checkpoint_sign(struct buf *ret_note, const struct merkle *tree,
				     const struct vkey *key, const struct key *seed,
				     struct error *err);

/* A note that `key` signed and whose origin is the key's name. E_MALFORMED, E_CRYPTO. */
MUST_USE enum result checkpoint_verify(struct checkpoint *ret, struct slice note,
				       const struct vkey *key, struct error *err);
