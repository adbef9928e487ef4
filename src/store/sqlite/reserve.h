/*
 * Space that is taken before it is needed, so that a full disk is found out before a transaction
 * begins and not in the middle of its commit.
 *
 * Three things are taken ahead:
 * - blocks of the write-ahead log, behind its last frame;
 * - regions of the log's index (reeve.db-shm). SQLite extends it *after* the commit is durable, so
 *   a commit that failed there would come back at the next start;
 * - the ballast, a file beside the database (SQLITE_RESERVE). A start after a kill has to make the
 *   index anew; where the disk is full by then, the ballast is given back for it.
 *
 * All functions but reserve_free_bytes() run on the thread that writes, outside a transaction. None
 * opens the database or the index by other means than SQLite's own: closing such a descriptor would
 * drop SQLite's locks. (There are no locks on the log's file.)
 */
#pragma once

#include "store/sqlite/db.h"
#include "store/sqlite/names.h"

/* Of one database. Zeroed but for `file` it has nothing. */
struct reserve {
	const char *file;	/* of the database, absolute; borrowed */
	uint64_t log_bytes;	/* of the log's file that have blocks on the disk */
	uint32_t index_regions; /* of the index that exist */
	bool has_ballast;
};

/* Takes what a transaction of usual size needs when the log has `log_pages` pages. Costs nothing
 * where it is taken already. The log is switched on and was read once. E_FULL, E_IO. */
MUST_USE enum result reserve_take(struct reserve *r, struct db *db, uint32_t log_pages,
				  struct error *err);
/* Whether the log is about to grow on a disk that may then not have the space for what it holds: it
 * had better be written into the database first. */
bool reserve_is_scarce(const struct reserve *r, uint32_t log_pages);
/* On the file system of the database; 0 where that is not known. Any thread. */
uint64_t reserve_free_bytes(const struct reserve *r);
/* The log's file was cut to nothing, by a checkpoint or with the log itself. */
void reserve_forget_log(struct reserve *r);

/* The pages in the log, of committed transactions; 0 where the log was not read yet. */
uint32_t reserve_log_pages(struct db *db);

/* Of the last write to the log that failed; 0 where it is not known. The connection does not keep
 * that of a COMMIT. */
int reserve_log_errno(struct db *db);

/* After a commit that found no space and its rollback: makes sure, durably, that the next recovery
 * ends before the first frame of that commit. E_IO: nobody can know whether it does. */
MUST_USE enum result reserve_erase_tail(struct reserve *r, struct db *db, struct error *err);

/* Makes the ballast, where there is none and space for several of it. Its failure is no failure. */
void reserve_make_ballast(struct reserve *r);
/* Gives it back to the file system. Whether there was one. */
bool reserve_drop_ballast(struct reserve *r);
/* Gives back all that was taken ahead: the log ends with its last frame. For a shut-down. */
void reserve_give_back(struct reserve *r);
