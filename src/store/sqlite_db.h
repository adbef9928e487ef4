/*
 * One connection to one SQLite file: opens it as untrusted input, keeps statements prepared, checks
 * the types of arguments and columns, and turns SQLite's result codes into ours. One thread at a
 * time uses a connection.
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
		const char *sql; /* compared by address: each call has its own constant */
		sqlite3_stmt *statement;
	} cache[DB_STATEMENTS_MAX];
	size_t cached;
	struct budget *budget; /* of the request that reads; may be NULL */
};

enum db_mode {
	DB_WRITE,     /* an existing file */
	DB_READ,      /* beside a writer */
	DB_IMMUTABLE, /* without any writer: takes no lock and makes no file */
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

/* The arguments of one statement, in its order. */
struct args {
	const struct arg *items;
	size_t count;
};

#define ARGS(array) ((struct args){(array), ARRAY_SIZE(array)})
#define ARGS_NONE   ((struct args){NULL, 0})

static inline struct arg arg_text(struct slice s)
{
	return (struct arg){ARG_TEXT, s, 0};
}

/* Copied, for text that does not live until query_close(). */
static inline struct arg arg_text_copy(struct slice s)
{
	return (struct arg){ARG_TEXT_COPY, s, 0};
}

static inline struct arg arg_bytes(struct slice s)
{
	return (struct arg){ARG_BYTES, s, 0};
}

/* `len` zero bytes. */
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

/* For numbers that are stored: above INT64_MAX the query is E_LIMIT. */
static inline struct arg arg_number(uint64_t n)
{
	return (struct arg){n <= INT64_MAX ? ARG_NUMBER : ARG_TOO_LARGE, SLICE_NULL, (int64_t)n};
}

/* For numbers that stored ones are compared with: the greatest stored number is INT64_MAX. */
static inline struct arg arg_bound(uint64_t n)
{
	return arg_signed(n <= INT64_MAX ? (int64_t)n : INT64_MAX);
}

/* A statement that is being run. Its arguments are borrowed until query_close(). */
struct query {
	struct db *db;
	sqlite3_stmt *statement;
	const char *what; /* stands in errors: "read a version" */
	bool is_own;	  /* not cached: its cached one is busy */
	bool is_bad;	  /* a column was not of the type that we write */
};

#define QUERY_NULL                             \
	{                                      \
		NULL, NULL, NULL, false, false \
	}

/* `sql` has to be a constant. */
MUST_USE enum result query_open(struct query *ret, struct db *db, const char *sql, const char *what,
				struct args args, struct error *err);
MUST_USE enum result query_next(struct query *q, bool *ret_has_row, struct error *err);
void query_close(struct query *q);

/* Columns of the current row, borrowed until the next. A column of the wrong type gives 0 or an
 * empty slice, and query_check() is then E_CORRUPT. */
bool query_is_null(const struct query *q, int column);
struct slice query_bytes(struct query *q, int column);
struct slice query_bytes_exact(struct query *q, int column, size_t len);
uint64_t query_number(struct query *q, int column);
int64_t query_signed(struct query *q, int column);
uint32_t query_choice(struct query *q, int column, uint32_t max); /* NULL is 0 */
MUST_USE enum result query_check(const struct query *q, struct error *err);

/* Runs a statement that gives no rows. */
MUST_USE enum result db_run(struct db *db, const char *sql, const char *what, struct args args,
			    struct error *err);

/* For several statements that must see one state: begins a transaction unless one is open, and ends
 * it if it was begun here. */
MUST_USE enum result db_scope_begin(struct db *db, bool *ret_has_begun, struct error *err);
void db_scope_end(struct db *db, bool has_begun);
