/* The store in one SQLite file, and how to open it. The three functions may run on any thread;
 * afterwards the threads are those of store.h. */
#pragma once

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

/* Makes FOLDER/reeve.db from a file that store_backup() wrote. E_CONFLICT where there is a store.
 * The caller raises the epoch afterwards. */
MUST_USE enum result store_restore_sqlite(const char *folder, const char *file, struct error *err);
