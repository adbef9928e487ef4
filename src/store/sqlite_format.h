/*
 * Which format a file has, and the way from an older one to ours.
 */
#pragma once

#include "store/sqlite_db.h"

/* One step: `statements`, ended by NULL, make format `from` into `from` + 1. */
struct format_step {
	uint32_t from;
	const char *const *statements;
};

/* Makes the tables in an empty file, as format `format`. E_CONFLICT where it has tables. */
MUST_USE enum result format_create(struct db *db, uint32_t format, struct error *err);

/* E_NOT_FOUND for an empty file, E_CORRUPT for one that is no store. */
MUST_USE enum result format_read(struct db *db, const char *file, uint32_t *ret, struct error *err);

/* Brings the file from its format to `format`, all steps in one transaction, after a copy at FILE.format-N. E_UNSUPPORTED for a
 * newer one, and for an older one without its step. Does nothing where it has that format. */
MUST_USE enum result format_migrate(struct db *db, const char *file, uint32_t format,
				    const struct format_step *steps, size_t steps_count,
				    struct error *err);
