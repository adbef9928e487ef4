/* The tables, in SQL that PostgreSQL and its relatives take too. */
#pragma once

/* 2: tokens have a column changed_revision. */
#define STORE_FORMAT 2
/* The oldest format that a reader takes as it is; a writer migrates older ones to STORE_FORMAT first. */
#define STORE_FORMAT_READ_MIN 1

/* One statement each, ended by NULL. They make an empty database one of STORE_FORMAT. */
extern const char *const store_schema[];

/* The statements that make format 1 into format 2. */
extern const char *const store_schema_2[];

/* Audit entries of one bucket lie together in every index: see sqlite_audit.c. */
#define AUDIT_BUCKET 1024
