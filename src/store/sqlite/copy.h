/* A copy of one SQLite file to another. */
#pragma once

#include "store/sqlite/db.h"

/* Stands in the name of a copy that is not complete, before six characters of mkostemp(). */
#define SQLITE_PARTIAL ".partial-"

/* Copies what `from` sees now to a new file of mode 0600. E_CONFLICT where the file exists.
 * `progress` may be NULL; it is told pages. */
MUST_USE enum result db_copy(struct db *from, const char *file,
			     void (*progress)(void *ctx, uint64_t done, uint64_t left), void *ctx,
			     struct error *err);
