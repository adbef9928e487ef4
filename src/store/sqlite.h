/* The store in one SQLite file: the ways to open it. */
#pragma once

#include "store/store.h"

/* sqlite: DIR/reeve.db (0600) in a folder that only its owner may enter (0700; else E_FORBIDDEN), beside a lock file of our own
 * (E_BUSY while another process serves the data). With `is_new` it makes folder and schema, E_CONFLICT where there is a store
 * already; without, E_NOT_FOUND where there is none. Older formats are migrated after a copy DIR/reeve.db.format-N, newer ones
 * refused (E_UNSUPPORTED). */
MUST_USE enum result store_open_sqlite(struct store **ret, const char *folder, bool is_new,
				       struct error *err);
/* For readers beside a running server or of a stopped one (verify, backup), also in a folder that they may not write: no lock
 * of ours, nothing is changed. Every writing call is E_UNAVAILABLE, but store_backup() works. */
MUST_USE enum result store_open_sqlite_readonly(struct store **ret, const char *folder,
						struct error *err);

/* Makes DIR/reeve.db from a file that store_backup() wrote; E_CONFLICT where there is a store already. The epoch is the
 * caller's to raise. */
MUST_USE enum result store_restore_sqlite(const char *folder, const char *file, struct error *err);
