/* A copy of one SQLite file to another. */
#pragma once

#include "store/sqlite_db.h"

/* Copies what `from` sees now to a file that must not exist. */
MUST_USE enum result db_copy(struct db *from, const char *file,
			     void (*progress)(void *ctx, uint64_t done, uint64_t left), void *ctx,
			     struct error *err);
