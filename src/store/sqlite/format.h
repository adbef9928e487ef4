/* The format of a file, a number from 1 that stands in its table `meta`, and the migration from an
 * older format to ours. All functions run on the thread that opens the store. */
#pragma once

#include "store/sqlite/db.h"
#include "store/sqlite/schema.h"

#include <limits.h>

/* Makes the tables in an empty file, as format `format`. E_CONFLICT where it has tables. */
MUST_USE enum result format_create(struct db *db, uint32_t format, struct error *err);

/* Which format the file has; it may be newer than ours. `file` names it in errors. E_NOT_FOUND for
 * an empty file, E_CORRUPT for one that does not hold a store. */
MUST_USE enum result format_read(struct db *db, const char *file, uint32_t *ret, struct error *err);

/* Migrates the file from its format to `to->format`: copies it to FILE.format-N, then takes all
 * steps in one transaction. The copy stays; its path is written to `ret_copy`. E_UNSUPPORTED for a
 * newer format, and for an older one that a step is missing for. Does nothing and leaves `ret_copy`
 * as it is where the file has the format. */
MUST_USE enum result format_migrate(struct db *db, const char *file, const struct migration *to,
				    char ret_copy[static PATH_MAX], struct error *err);

/* The same without a copy, for a file that is a copy itself. */
MUST_USE enum result format_take_steps(struct db *db, const char *file, const struct migration *to,
				       struct error *err);
