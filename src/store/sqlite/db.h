/*
 * One connection to one SQLite file: opens it as untrusted input, keeps statements prepared, checks
 * the types of arguments and columns, and turns SQLite's result codes into ours. One thread at a
 * time uses a connection.
 *
 * A read goes like this:
 *
 *   query_open(&q, db, sql, what, ARGS(args), err)   binds the arguments
 *   query_next(&q, &has_row, err)                    once for each row
 *   query_number(&q, 0), query_bytes(&q, 1), …       each column once
 *   query_check(&q, err)                             before the row is used
 *   query_close(&q)                                  by CLEANUP
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

/* More than one connection uses. Beyond it a statement is compiled for each call. */
#define DB_STATEMENTS_MAX 64

/* A value that must not be copied while statements are open. db_close() ends it. */
struct db {
	sqlite3 *handle; /* NULL: closed */
	struct {
		const char *sql; /* compared by address: each call has its own constant */
		sqlite3_stmt *statement;
	} cache[DB_STATEMENTS_MAX];
	size_t cached;
	struct budget *budget; /* of the request that reads; may be NULL */
	/* A transaction could not be ended for lack of memory. Nothing may be read or written in
	 * it: its snapshot is old, and its rows were given up. */
	bool is_stuck;
};

#define DB_NULL ((struct db){.handle = NULL})

enum db_mode {
	DB_WRITE,     /* an existing file */
	DB_READ,      /* beside a writer */
	DB_IMMUTABLE, /* without any writer: takes no lock and makes no file */
};

/* Opens an existing file; never makes one. E_IO, E_FULL, E_CORRUPT where it is no database,
 * E_MEMORY. On failure `ret` is untouched. */
MUST_USE enum result db_open(struct db *ret, const char *file, enum db_mode mode,
			     struct error *err);
/* Finalizes the cached statements. For CLEANUP too. */
void db_close(struct db *db); /* may be closed already */

/* Writes the explanation for a result code of SQLite and gives our result, never OK. `what` names
 * the work ("read a version"). Quotes no data: a text of SQLite's own may name columns, but holds
 * no values. */
enum result db_fail(const struct db *db, int code, const char *what, struct error *err);

/* Runs constant SQL without arguments or rows that matter: pragmas, BEGIN, tables. */
MUST_USE enum result db_exec(struct db *db, const char *sql, const char *what, struct error *err);

/* One argument of a statement. Made by the functions below, which choose the type. */
struct arg {
	enum {
		ARG_TEXT,      /* UTF-8, borrowed until query_close() */
		ARG_TEXT_COPY, /* UTF-8, copied */
		ARG_BYTES,     /* borrowed until query_close() */
		ARG_ZEROS,     /* `number` zero bytes */
		ARG_NUMBER,
		ARG_NULL,
		ARG_TOO_LARGE /* makes query_open() fail with E_LIMIT */
	} kind;
	struct slice bytes;
	int64_t number;
};

/* The arguments of one statement, in its order. */
struct args {
	const struct arg *items;
	size_t count;
};

/* Of an array whose size the compiler knows. */
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

/* Stored as a BLOB. An empty slice gives an empty value, not NULL. */
static inline struct arg arg_bytes(struct slice s)
{
	return (struct arg){ARG_BYTES, s, 0};
}

/* `len` zero bytes, which are not held in memory: for overwriting a content in place. */
static inline struct arg arg_zeros(uint64_t len)
{
	return (struct arg){ARG_ZEROS, SLICE_NULL, (int64_t)len};
}

/* Times, and numbers that may be negative. */
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

/* Prepares the statement, or takes the cached one, and binds the arguments; runs nothing yet. `sql`
 * has to be a constant, since it is cached by its address. E_LIMIT for a number above INT64_MAX;
 * E_CORRUPT where the file lacks our tables. On failure `ret` is untouched. */
MUST_USE enum result query_open(struct query *ret, struct db *db, const char *sql, const char *what,
				struct args args, struct error *err);
/* The next row, or `*ret_has_row` false at the end. Columns of the row before are then invalid.
 * When the budget of the connection runs out, the result is that of the budget. */
MUST_USE enum result query_next(struct query *q, bool *ret_has_row, struct error *err);
/* Harmless for QUERY_NULL and when called again. For CLEANUP too. */
void query_close(struct query *q);

/* Columns of the current row, borrowed until the next. A column of the wrong type gives 0 or an
 * empty slice, and query_check() is then E_CORRUPT: a path that was stored as bytes, for one, would
 * be read as the same path, and found by no search for it. */
bool query_is_null(const struct query *q, int column);
struct slice query_text(struct query *q, int column);
struct slice query_bytes(struct query *q, int column);
struct slice query_bytes_exact(struct query *q, int column, size_t len);
uint64_t query_number(struct query *q, int column);
int64_t query_signed(struct query *q, int column);
/* A number from 0 to `max`, such as that of an enum. NULL is 0. */
uint32_t query_choice(struct query *q, int column, uint32_t max);
/* Call it when all columns of a row are read and before any of them is used. */
MUST_USE enum result query_check(const struct query *q, struct error *err);

/* Runs a statement that gives no rows. */
MUST_USE enum result db_run(struct db *db, const char *sql, const char *what, struct args args,
			    struct error *err);

/* Ends a transaction without its changes, also where SQLite has ended it already. False: there is
 * no memory; each query_open() tries it again and is E_MEMORY until it succeeds. */
bool db_roll_back(struct db *db);

/* For several statements that must see one state: begins a transaction unless one is open, and ends
 * it if it was begun here. */
MUST_USE enum result db_scope_begin(struct db *db, bool *ret_has_begun, struct error *err);
void db_scope_end(struct db *db, bool has_begun);
