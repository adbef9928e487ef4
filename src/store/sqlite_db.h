/*
 * One connection to one SQLite file: opening it distrustfully, statements that stay prepared, arguments and columns with their
 * types checked, and SQLite's result codes as ours. A connection belongs to one thread at a time.
 */
#pragma once

#include "base/budget.h"
#include "base/memory.h"
#include "base/result.h"
#include "base/slice.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DB_STATEMENTS_MAX 64

struct db {
	sqlite3 *handle; /* NULL: closed */
	struct {
		const char *sql; /* by address: each call has its own constant */
		sqlite3_stmt *statement;
	} cache[DB_STATEMENTS_MAX];
	size_t cached;
	struct budget *budget; /* of the request that reads; may be NULL */
};

enum db_mode {
	DB_WRITE,     /* an existing file */
	DB_READ,      /* beside a writer */
	DB_IMMUTABLE, /* no writer can be there: takes no lock and makes no file */
};

MUST_USE enum result db_open(struct db *ret, const char *file, enum db_mode mode,
			     struct error *err);
void db_close(struct db *db); /* may be closed already */

/* Writes the explanation for a result code of SQLite and gives our result. Quotes no data. */
enum result db_fail(const struct db *db, int code, const char *what, struct error *err);

/* Runs constant SQL without arguments or rows that matter. */
MUST_USE enum result db_exec(struct db *db, const char *sql, const char *what, struct error *err);

struct arg {
	enum {
		ARG_TEXT,
		ARG_TEXT_COPY,
		ARG_BYTES,
		ARG_ZEROS,
		ARG_NUMBER,
		ARG_NULL,
		ARG_TOO_LARGE
	} kind;
	struct slice bytes;
	int64_t number;
};

static inline struct arg arg_text(struct slice s)
{
	return (struct arg){ARG_TEXT, s, 0};
}

/* For what does not live until query_close(). */
static inline struct arg arg_text_copy(struct slice s)
{
	return (struct arg){ARG_TEXT_COPY, s, 0};
}

static inline struct arg arg_bytes(struct slice s)
{
	return (struct arg){ARG_BYTES, s, 0};
}

/* So many bytes 0. */
static inline struct arg arg_zeros(uint64_t len)
{
	return (struct arg){ARG_ZEROS, SLICE_NULL, (int64_t)len};
}

static inline struct arg arg_signed(int64_t n)
{
	return (struct arg){ARG_NUMBER, SLICE_NULL, n};
}

static inline struct arg arg_null(void)
{
	return (struct arg){ARG_NULL, SLICE_NULL, 0};
}

/* Refused above INT64_MAX: for what is stored. */
static inline struct arg arg_number(uint64_t n)
{
	return (struct arg){n <= INT64_MAX ? ARG_NUMBER : ARG_TOO_LARGE, SLICE_NULL, (int64_t)n};
}

/* No number above INT64_MAX is stored: for bounds. */
static inline struct arg arg_bound(uint64_t n)
{
	return arg_signed(n <= INT64_MAX ? (int64_t)n : INT64_MAX);
}

/* A statement that is being run. Its arguments are borrowed until query_close(). */
struct query {
	struct db *db;
	sqlite3_stmt *statement;
	const char *what; /* stands in errors: "read a version" */
	bool is_own;	  /* not from the cache, where a callback runs the same statement again */
	bool is_bad;	  /* a column was not of the type that we write */
};

#define QUERY_NULL                             \
	{                                      \
		NULL, NULL, NULL, false, false \
	}

/* `sql` has to be a constant. */
MUST_USE enum result query_open(struct query *ret, struct db *db, const char *sql, const char *what,
				const struct arg *args, size_t args_count, struct error *err);
MUST_USE enum result query_next(struct query *q, bool *ret_has_row, struct error *err);
void query_close(struct query *q);

/* Columns of the row at hand, borrowed until the next one. What has the wrong type gives 0 or nothing, and query_check() then
 * E_CORRUPT. */
bool query_is_null(const struct query *q, int column);
struct slice query_bytes(struct query *q, int column);
struct slice query_bytes_exact(struct query *q, int column, size_t len);
uint64_t query_number(struct query *q, int column);
int64_t query_signed(struct query *q, int column);
uint32_t query_choice(struct query *q, int column, uint32_t max); /* NULL is 0 */
MUST_USE enum result query_check(const struct query *q, struct error *err);

/* query_open() to its end for what gives no rows. */
MUST_USE enum result db_run(struct db *db, const char *sql, const char *what,
			    const struct arg *args, size_t args_count, struct error *err);

/* For calls of several statements that must see one state: begins a transaction where none is open, ends it if it did. */
MUST_USE enum result db_scope_begin(struct db *db, bool *ret_has_begun, struct error *err);
void db_scope_end(struct db *db, bool has_begun);
