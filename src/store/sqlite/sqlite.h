/* The store in one SQLite file, and how to open it. The functions may run on any thread;
 * afterwards the threads are those of store.h. */
#pragma once

#include "store/sqlite/names.h"
#include "store/store.h"

/* Opens FOLDER/reeve.db (mode 0600) for writing. The folder must be closed to all but its owner
 * (0700, else E_FORBIDDEN); a lock file in it keeps other servers out (E_BUSY). With `is_new` the
 * folder and the tables are made, and a store that exists is E_CONFLICT; without, E_NOT_FOUND where
 * there is no store. Data of an older format are migrated, after a copy to
 * FOLDER/reeve.db.format-N; a newer format is E_UNSUPPORTED. */
MUST_USE enum result store_open_sqlite(struct store **ret, const char *folder, bool is_new,
				       struct error *err);
/* The path of the copy that store_open_sqlite() made of data of an older format, or NULL where it
 * migrated nothing. The caller must tell the operator of it: it keeps what a later destroy erases
 * from the store. The text belongs to `s`. */
const char *store_sqlite_migration_copy(const struct store *s);
/* Opens it for reading only, whether a server has it open or not, also where this process may not
 * write to the folder. Takes no lock and changes nothing. Every writing call is E_UNAVAILABLE;
 * store_backup() works. */
MUST_USE enum result store_open_sqlite_readonly(struct store **ret, const char *folder,
						struct error *err);

/* Opens one file that store_backup() wrote, in the same way. The name may be any. */
MUST_USE enum result store_open_sqlite_file(struct store **ret, const char *file,
					    struct error *err);

/* Takes the lock that store_open_sqlite() takes, for a command that changes files of a folder while
 * no store is open in it. The folder must exist and be closed to all but its owner. E_BUSY,
 * E_FORBIDDEN, E_NOT_FOUND, E_IO. `*ret` is for store_unlock_folder(). */
MUST_USE enum result store_lock_folder(int *ret, const char *folder, struct error *err);
/* Releases the lock and sets -1; harmless for -1. The lock's file stays. */
void store_unlock_folder(int *lock);
