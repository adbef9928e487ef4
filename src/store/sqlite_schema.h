/* The tables, in SQL that PostgreSQL understands too. sqlite_format.h says how a file gets them. */
#pragma once

/* 2: tokens have a column changed_revision. */
#define STORE_FORMAT 2
/* The oldest format that a reader takes as it is; a writer migrates older ones to STORE_FORMAT
 * first. */
#define STORE_FORMAT_READ_MIN 1

/* One statement each, ended by NULL. They turn an empty database into one of STORE_FORMAT. */
extern const char *const store_schema[];

/* The statements that turn format 1 into format 2. */
extern const char *const store_schema_2[];

/* Audit entries of one bucket lie together in every index: see sqlite_audit.c. */
#define AUDIT_BUCKET 1024
