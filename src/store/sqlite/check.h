/* Whether a file has the tables and indexes that this release makes, and no others. */
#pragma once

#include "store/rows.h"
#include "store/sqlite/db.h"

/* Calls for each table and index whose definition is not ours, is unknown or is missing. The file
 * has STORE_FORMAT. */
MUST_USE enum result definitions_check(struct db *db, fault_fn *each, void *ctx, struct error *err);
/* E_CORRUPT with the first of them. */
MUST_USE enum result definitions_refuse_changed(struct db *db, const char *file, struct error *err);
