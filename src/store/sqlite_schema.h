/* The tables, in SQL that PostgreSQL understands too. sqlite_format.h says how a file gets them. */
#pragma once

/* 2: tokens have a column changed_revision. 3: rows have MACs. */
#define STORE_FORMAT 3

/* One statement each, ended by NULL. They turn an empty database into one of STORE_FORMAT. */
extern const char *const store_schema[];

/* From any older format to STORE_FORMAT. */
struct migration; /* sqlite_format.h */
extern const struct migration store_migration;

/* Audit entries of one bucket lie together in every index: see sqlite_audit.c. */
#define AUDIT_BUCKET 1024
