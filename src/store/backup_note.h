/*
 * What a backup says of itself: a note that is signed with the audit log's key.
 *
 *   reeve-backup 1
 *   origin reeve/<store id>
 *   size <entries of the audit log>
 *   root <the log's root hash, base64>
 *   epoch <number>
 *   revision <number>
 *   time <milliseconds since 1970>
 *   bytes <of the database>
 *   sha256 <of the database, hexadecimal>
 *
 * The first line is not the origin, so that no reader takes the note for a checkpoint of the log,
 * which the same key signs. Pure functions; any thread may call.
 */
#pragma once

#include "audit/verify.h"
#include "crypto/note.h"

struct backup_note {
	char origin[NOTE_NAME_BYTES_MAX + 1]; /* of the audit log; NUL-terminated */
	uint64_t size;			      /* entries of the log */
	uint8_t root[HASH_BYTES];	      /* of these entries */
	uint64_t epoch, revision;
	int64_t time_ms; /* when the backup was made */
	uint64_t bytes;	 /* of the database, which stands before the note */
	uint8_t sha256[HASH_BYTES];
};

/* Appends the signed note. `seed` is the signing key of the keyring and `key` its public half.
 * E_CRYPTO when they do not belong together, E_MEMORY. */
MUST_USE enum result backup_note_sign(struct buf *ret, const struct backup_note *what,
				      const struct vkey *key, const struct key *seed,
				      struct error *err);

/* Reads a note and proves nothing: the signature is not looked at. E_CORRUPT. */
MUST_USE enum result backup_note_parse(struct backup_note *ret, struct slice note,
				       struct error *err);

/* Whether `key` signed the note. E_CRYPTO where it did not, or the origin is another than the
 * key's; E_CORRUPT. */
MUST_USE enum result backup_note_verify(struct slice note, const struct vkey *key,
					struct error *err);
