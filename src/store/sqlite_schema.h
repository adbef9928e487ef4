/* The tables, in SQL that PostgreSQL and its relatives take too. */
#pragma once

#define STORE_FORMAT 1

/* One statement each, ended by NULL. They make an empty database one of STORE_FORMAT. */
extern const char *const store_schema[];

/* Audit entries of one bucket lie together in every index: see sqlite_audit.c. */
#define AUDIT_BUCKET 1024
