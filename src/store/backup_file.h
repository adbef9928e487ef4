/*
 * The file of a backup: the database, then the signed note (backup_note.h), then a footer of
 * BACKUP_FOOTER_BYTES:
 *
 *   the note's length (4 bytes, big-endian) | SHA-256 of the note, its first 16 bytes | magic (12)
 *
 * SQLite ignores bytes behind the last page that its header counts, so the file can be opened as it
 * is. A backup of a release before data format 3 is the database alone.
 *
 * Any thread may call.
 */
#pragma once

#include "store/backup_note.h"
#include "store/store.h"

#define BACKUP_FOOTER_BYTES 32

struct keyring;

/* What a file holds; note.len is 0 where it is a database alone. Ended by backup_file_clear(). */
struct backup_file {
	uint64_t bytes; /* of the database */
	struct buf note;
	struct backup_note says; /* parsed, not verified; only with a note */
};

#define BACKUP_FILE_NULL         \
	{                        \
		.note = BUF_NULL \
	}

/* Appends note and footer to a file that store_backup() wrote, and makes them durable. `ring` is
 * that of the store. On failure the file may have grown, and must be removed. E_IO, E_MEMORY,
 * E_CORRUPT. */
MUST_USE enum result backup_file_seal(const char *file, const struct keyring *ring, int64_t now_ms,
				      struct error *err);

/* Finds the note. E_CORRUPT where the file is neither a database of the size that its header says
 * nor one that is followed by a whole note; E_IO. `name` is for error texts. */
MUST_USE enum result backup_file_read(struct backup_file *ret, int fd, const char *name,
				      struct error *err);
void backup_file_clear(struct backup_file *b);

/* Reads the database from its begin and compares its hash with the note, where there is one. Writes
 * what it reads to `to`, unless that is -1. E_CORRUPT where the hash differs or the file ends too
 * early; E_IO. `name` is for error texts. */
MUST_USE enum result backup_file_copy(const struct backup_file *b, int from, int to,
				      const char *name, struct error *err);

/* Compares what the note says of log, epoch and revision with the database itself, opened from the
 * file or from a copy. Without a note: E_UNSUPPORTED, unless the signed head of the log
 * says that it was written before data format 3. E_CORRUPT. */
MUST_USE enum result backup_file_compare(const struct backup_file *b, struct store *database,
					 struct error *err);
