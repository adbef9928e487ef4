/* The tables, in SQL that PostgreSQL understands too. sqlite/format.h says how a file gets them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* 2: tokens have a column changed_revision. 3: rows have MACs. */
#define STORE_FORMAT 3

/* One statement each, ended by NULL. They turn an empty database into one of STORE_FORMAT. */
extern const char *const store_schema[];

/* One step of a migration: `statements`, ended by NULL, turn format `from` into `from` + 1. */
struct format_step {
	uint32_t from;
	const char *const *statements;
	const char *is_done_sql; /* gives a count, of 0 before the step; NULL: not known */
};

/* The format to migrate to, and the known steps in any order. */
struct migration {
	uint32_t format;
	const struct format_step *steps;
	size_t steps_count;
};

/* From any older format to STORE_FORMAT. */
extern const struct migration store_migration;

/* Audit entries of one bucket lie together in every index: see sqlite/audit.c. */
#define AUDIT_BUCKET 1024
