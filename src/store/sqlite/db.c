/*
 * The one file that opens connections to SQLite and asks it for columns.
 *
 * A database file is untrusted input: it may be damaged, tampered with or made by another program.
 * No code in it is run (triggers, views, functions in the schema), every page and every column's
 * type is checked, and no error text quotes its content. db_open() follows SQLite's list "Defense
 * Against The Dark Arts" (sqlite.org/security.html).
 *
 * Must hold: a statement is used only by the thread that has the connection (SQLITE_OPEN_NOMUTEX,
 * so SQLite takes no lock); a cached statement is finalized only by db_close() or by the close of a
 * store; a query that was opened is closed on every path (CLEANUP).
 */
#include "store/sqlite/db.h"

#include "base/buf.h"
#include "store/sqlite/vfs.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

/* How long a call waits for a lock of another process; a commit takes milliseconds. */
#define BUSY_MS 5000
/* Of one value or row. SQLite refuses a larger one before it allocates memory for it. */
#define VALUE_BYTES_MAX (64 * 1024 * 1024)
/* In KiB. Large enough for the upper pages of the audit log's indexes, which every commit needs. */
#define WRITER_CACHE_PRAGMA "PRAGMA cache_size = -8000"
#define READER_CACHE_PRAGMA "PRAGMA cache_size = -2000"

/* The lowest byte of an extended code is the primary code. A result that is not named here is a
 * mistake of ours (SQLITE_MISUSE, SQLITE_RANGE), hence E_INTERNAL. */
static enum result result_of(int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return OK;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_SCHEMA:
	case SQLITE_ERROR: /* our statements are correct, so the file does not have our tables */
	case SQLITE_MISMATCH:
		return E_CORRUPT;
	case SQLITE_NOMEM:
		return E_MEMORY;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return E_BUSY;
	case SQLITE_TOOBIG:
		return E_TOO_LARGE;
	case SQLITE_CONSTRAINT:
		return code == SQLITE_CONSTRAINT_PRIMARYKEY || code == SQLITE_CONSTRAINT_UNIQUE ||
				       code == SQLITE_CONSTRAINT_ROWID
			       ? E_CONFLICT
			       : E_INTERNAL;
	case SQLITE_FULL:
		return E_FULL;
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_READONLY:
	case SQLITE_PROTOCOL:
	case SQLITE_IOERR:
		return code == SQLITE_IOERR_NOMEM ? E_MEMORY : E_IO;
	default:
		return E_INTERNAL;
	}
}

/* SQLite says SQLITE_FULL only for a write that ended with ENOSPC. The number of the system's error
 * may be an older one where it was not a call of the system that failed. */
static bool takes_space(int code)
{
	return code == SQLITE_IOERR_WRITE || code == SQLITE_IOERR_SHMSIZE ||
	       code == SQLITE_IOERR_SHMOPEN || (code & 0xff) == SQLITE_CANTOPEN;
}

enum result db_fail(const struct db *db, int code, const char *what, struct error *err)
{
	enum result rc;
	int system_error = 0;

	/* The progress handler interrupted the statement: the budget knows why. */
	if ((code & 0xff) == SQLITE_INTERRUPT && budget_result(db->budget, err) != OK)
		return db->budget->outcome;
	/* The call may return the primary code only; the connection has the extended one. */
	if (db->handle != NULL && (sqlite3_extended_errcode(db->handle) & 0xff) == (code & 0xff))
		code = sqlite3_extended_errcode(db->handle);
	rc = result_of(code);
	if (rc == OK)
		rc = E_INTERNAL;
	if (rc == E_IO && db->handle != NULL)
		system_error = sqlite3_system_errno(db->handle);
	if (takes_space(code) && errno_is_full(system_error))
		rc = E_FULL;
	if (rc == E_FULL)
		return fail(err, rc, "%s: the disk is full", what);
	if (rc == E_CONFLICT)
		return fail(err, rc, "%s: it exists already", what);
	if (rc == E_CORRUPT)
		return fail(err, rc, "%s: the database is damaged (%s)", what,
			    sqlite3_errstr(code));
	if (system_error != 0)
		return fail(err, rc, "%s: %s (%s)", what, sqlite3_errstr(code),
			    strerrordesc_np(system_error));
	return fail(err, rc, "%s: %s", what, sqlite3_errstr(code));
}

/* A file URI (RFC 8089). Characters that begin a query or an escape are escaped. */
static void append_uri(struct buf *uri, const char *file, enum db_mode mode)
{
	buf_append_text(uri, "file:");
	for (const char *c = file; *c != '\0'; c++) {
		if (*c == '%' || *c == '?' || *c == '#')
			buf_printf(uri, "%%%02X", (unsigned char)*c);
		else
			buf_append_char(uri, *c);
	}
	buf_append_text(uri, mode == DB_WRITE  ? "?mode=rw"
			     : mode == DB_READ ? "?mode=ro"
					       : "?mode=ro&immutable=1");
}

/* Just above what our own statements and rows need, so that a hostile schema cannot cost more:
 * SQLite parses the SQL of the schema before our first statement. */
static void lower_limits(sqlite3 *handle)
{
	static const struct {
		int id, value;
	} limits[] = {
		{SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX},
		{SQLITE_LIMIT_SQL_LENGTH, 65536},
		{SQLITE_LIMIT_COLUMN, 64},
		{SQLITE_LIMIT_EXPR_DEPTH, 32},
		{SQLITE_LIMIT_COMPOUND_SELECT, 8},
		{SQLITE_LIMIT_VDBE_OP, 25000},
		{SQLITE_LIMIT_FUNCTION_ARG, 8},
		{SQLITE_LIMIT_ATTACHED, 0},
		{SQLITE_LIMIT_VARIABLE_NUMBER, 32},
		{SQLITE_LIMIT_TRIGGER_DEPTH, 1},
		{SQLITE_LIMIT_WORKER_THREADS, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		sqlite3_limit(handle, limits[i].id, limits[i].value);
}

static const char roll_back[] = "ROLLBACK";

/* A statement is compiled once for each connection. Its text is found by address, since each call
 * has its own constant. A callback may run the same call again while its rows are still being read;
 * that one gets a statement of its own, which query_close() finalizes. */
static enum result find_statement(struct query *q, const char *sql, struct error *err)
{
	struct db *db = q->db;
	int code;

	for (size_t i = 0; i < db->cached; i++) {
		if (db->cache[i].sql != sql)
			continue;
		if (!sqlite3_stmt_busy(db->cache[i].statement)) {
			q->statement = db->cache[i].statement;
			return OK;
		}
		q->is_own = true;
		break;
	}
	q->is_own = q->is_own || db->cached == DB_STATEMENTS_MAX;
	code = sqlite3_prepare_v3(db->handle, sql, -1, q->is_own ? 0 : SQLITE_PREPARE_PERSISTENT,
				  &q->statement, NULL);
	if (code != SQLITE_OK)
		return db_fail(db, code, q->what, err);
	if (!q->is_own) {
		db->cache[db->cached].sql = sql;
		db->cache[db->cached].statement = q->statement;
		db->cached++;
	}
	return OK;
}

/* The pragmas that are not plain: trusted_schema OFF and cell_size_check ON belong to the untrusted
 * file. With mmap_size 0 a bad disk gives SQLITE_IOERR; with a mapped file it ends the process by a
 * signal. With temp_store MEMORY the rows that SQLite sorts reach no file outside the data folder.
 * secure_delete puts zeros over deleted rows; synchronous FULL makes a commit durable
 * (sqlite/write.c). */
static enum result set_up(struct db *db, enum db_mode mode, const char *file, struct error *err)
{
	static const char *const pragmas[] = {
		"PRAGMA trusted_schema = OFF", "PRAGMA cell_size_check = ON",
		"PRAGMA mmap_size = 0",	       "PRAGMA temp_store = MEMORY",
		"PRAGMA foreign_keys = ON",    READER_CACHE_PRAGMA,
	};
	static const char *const writer_pragmas[] = {
		"PRAGMA secure_delete = ON",
		"PRAGMA synchronous = FULL",
		WRITER_CACHE_PRAGMA,
	};
	struct query q = {db, NULL, file, false, false};
	enum result rc = OK;

	sqlite3_extended_result_codes(db->handle, 1);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)NULL);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, (int *)NULL);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, (int *)NULL);
	lower_limits(db->handle);
	sqlite3_busy_timeout(db->handle, BUSY_MS);
	for (size_t i = 0; rc == OK && i < ARRAY_SIZE(pragmas); i++)
		rc = db_exec(db, pragmas[i], file, err);
	for (size_t i = 0; rc == OK && mode == DB_WRITE && i < ARRAY_SIZE(writer_pragmas); i++)
		rc = db_exec(db, writer_pragmas[i], file, err);
	if (rc == OK && mode != DB_WRITE)
		rc = db_exec(db, "PRAGMA query_only = ON", file, err);
	if (rc == OK)
		rc = find_statement(&q, roll_back, err);
	query_close(&q);
	return rc;
}

/* SQLite opens these names without a look at what they are: a pipe in the place of one would make
 * it wait for ever. The file itself may be a link where a reader names it. */
static enum result check_plain_files(const char *file, struct error *err)
{
	static const char *const beside[] = {"-wal", "-shm", "-journal"};
	char path[PATH_MAX + 16];
	struct stat st;

	if (stat(file, &st) == 0 && !S_ISREG(st.st_mode))
		return fail(err, E_CORRUPT, "%s is not a plain file", file);
	for (size_t i = 0; i < ARRAY_SIZE(beside); i++) {
		snprintf(path, sizeof path, "%s%s", file, beside[i]);
		if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
			return fail(err, E_CORRUPT, "%s is not a plain file: move it away", path);
	}
	return OK;
}

enum result db_open(struct db *ret, const char *file, enum db_mode mode, struct error *err)
{
	CLEANUP(buf_clear) struct buf uri = BUF_NULL;
	struct db db = DB_NULL;
	int flags = SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX |
		    (mode == DB_WRITE ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
	enum result rc;
	int code;

	append_uri(&uri, file, mode);
	rc = buf_check(&uri, err);
	if (rc == OK)
		rc = check_plain_files(file, err);
	if (rc != OK)
		return rc;
	/* Memory statistics take a lock in each allocation. Once SQLite is in use this is refused,
	 * which does no harm. */
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	code = sqlite3_open_v2(uri.data, &db.handle, flags, vfs_name());
	rc = code == SQLITE_OK ? set_up(&db, mode, file, err) : db_fail(&db, code, file, err);
	if (rc != OK) {
		db_close(&db);
		return rc;
	}
	*ret = db;
	return OK;
}

void db_close(struct db *db)
{
	for (size_t i = 0; i < db->cached; i++)
		sqlite3_finalize(db->cache[i].statement);
	db->cached = 0;
	sqlite3_close_v2(db->handle);
	db->handle = NULL;
}

enum result db_exec(struct db *db, const char *sql, const char *what, struct error *err)
{
	int code = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

	return code == SQLITE_OK ? OK : db_fail(db, code, what, err);
}

/* SQLITE_STATIC: no copy, since arguments live until query_close(). A NULL pointer would bind NULL
 * instead of an empty value, and our columns are NOT NULL. */
static int bind_one(sqlite3_stmt *statement, int at, const struct arg *arg)
{
	const char *data = arg->bytes.data != NULL ? arg->bytes.data : "";

	switch (arg->kind) {
	case ARG_TEXT_COPY:
		return sqlite3_bind_text64(statement, at, data, arg->bytes.len, SQLITE_TRANSIENT,
					   SQLITE_UTF8);
	case ARG_TEXT:
		return sqlite3_bind_text64(statement, at, data, arg->bytes.len, SQLITE_STATIC,
					   SQLITE_UTF8);
	case ARG_BYTES:
		return sqlite3_bind_blob64(statement, at, data, arg->bytes.len, SQLITE_STATIC);
	case ARG_ZEROS:
		return sqlite3_bind_zeroblob64(statement, at, (sqlite3_uint64)arg->number);
	case ARG_NUMBER:
		return sqlite3_bind_int64(statement, at, arg->number);
	case ARG_NULL:
		return sqlite3_bind_null(statement, at);
	case ARG_TOO_LARGE:
		break;
	}
	return SQLITE_RANGE;
}

/* The statement is in the cache since db_open(), so that ending a transaction needs no memory, but
 * where SQLite must compile it again. */
bool db_roll_back(struct db *db)
{
	struct query q = {db, NULL, "undo", false, false};

	if (sqlite3_get_autocommit(db->handle) == 0 && find_statement(&q, roll_back, NULL) == OK) {
		sqlite3_step(q.statement);
		query_close(&q);
	}
	db->is_stuck = sqlite3_get_autocommit(db->handle) == 0;
	return !db->is_stuck;
}

static enum result end_stuck(struct db *db, const char *what, struct error *err)
{
	if (!db->is_stuck || db_roll_back(db))
		return OK;
	return fail(err, E_MEMORY, "%s: out of memory since an earlier call", what);
}

enum result query_open(struct query *ret, struct db *db, const char *sql, const char *what,
		       struct args args, struct error *err)
{
	struct query q = {db, NULL, what, false, false};
	enum result rc;

	/* Before anything is prepared or bound: sqlite3_bind would store a negative number. */
	for (size_t i = 0; i < args.count; i++)
		if (args.items[i].kind == ARG_TOO_LARGE)
			return fail(err, E_LIMIT, "%s: a number is above 2^63 - 1", what);
	rc = end_stuck(db, what, err);
	if (rc == OK)
		rc = find_statement(&q, sql, err);
	for (size_t i = 0; rc == OK && i < args.count; i++) {
		int code = bind_one(q.statement, (int)i + 1, &args.items[i]);

		if (code != SQLITE_OK)
			rc = db_fail(db, code, what, err);
	}
	if (rc != OK) {
		query_close(&q);
		return rc;
	}
	*ret = q;
	return OK;
}

/* `is_bad` is about the current row only: the caller has checked the one before. */
enum result query_next(struct query *q, bool *ret_has_row, struct error *err)
{
	int code = sqlite3_step(q->statement);

	if (code == SQLITE_TOOBIG && sqlite3_stmt_readonly(q->statement) != 0)
		return fail(err, E_CORRUPT, "%s: a stored value is larger than any that we write",
			    q->what);
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		return db_fail(q->db, code, q->what, err);
	q->is_bad = false;
	*ret_has_row = code == SQLITE_ROW;
	return OK;
}

/* A cached statement is reset, since an open one keeps its read transaction and blocks a
 * checkpoint. Its bindings are cleared: they point to memory of the caller. */
void query_close(struct query *q)
{
	if (q->statement == NULL)
		return;
	if (q->is_own) {
		sqlite3_finalize(q->statement);
	} else {
		sqlite3_reset(q->statement);
		sqlite3_clear_bindings(q->statement);
	}
	q->statement = NULL;
}

/* The readers of columns never convert: a text where a number is due means that the file is not
 * what we wrote. Each notes it in `is_bad`, so that a row is read whole and checked once. */
bool query_is_null(const struct query *q, int column)
{
	return sqlite3_column_type(q->statement, column) == SQLITE_NULL;
}

static struct slice read_bytes(struct query *q, int column, int type)
{
	const char *data;
	size_t len;

	if (sqlite3_column_type(q->statement, column) != type) {
		q->is_bad = true;
		return slice_make("", 0);
	}
	/* No conversion: the file's encoding was checked to be UTF-8. */
	data = sqlite3_column_blob(q->statement, column);
	len = (size_t)sqlite3_column_bytes(q->statement, column);
	if (data == NULL && len != 0)
		q->is_bad = true;
	return data != NULL ? slice_make(data, len) : slice_make("", 0);
}

struct slice query_text(struct query *q, int column)
{
	return read_bytes(q, column, SQLITE_TEXT);
}

struct slice query_bytes(struct query *q, int column)
{
	return read_bytes(q, column, SQLITE_BLOB);
}

struct slice query_bytes_exact(struct query *q, int column, size_t len)
{
	struct slice s = query_bytes(q, column);

	if (s.len != len)
		q->is_bad = true;
	return s;
}

int64_t query_signed(struct query *q, int column)
{
	if (sqlite3_column_type(q->statement, column) != SQLITE_INTEGER) {
		q->is_bad = true;
		return 0;
	}
	return sqlite3_column_int64(q->statement, column);
}

uint64_t query_number(struct query *q, int column)
{
	int64_t n = query_signed(q, column);

	if (n < 0) {
		q->is_bad = true;
		return 0;
	}
	return (uint64_t)n;
}

uint32_t query_choice(struct query *q, int column, uint32_t max)
{
	uint64_t n;

	if (sqlite3_column_type(q->statement, column) == SQLITE_NULL)
		return 0;
	n = query_number(q, column);
	if (n > max) {
		q->is_bad = true;
		return 0;
	}
	return (uint32_t)n;
}

enum result query_check(const struct query *q, struct error *err)
{
	if (!q->is_bad)
		return OK;
	return fail(err, E_CORRUPT, "%s: the database is damaged (a column is not what we wrote)",
		    q->what);
}

enum result db_run(struct db *db, const char *sql, const char *what, struct args args,
		   struct error *err)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	bool has_row;
	enum result rc = query_open(&q, db, sql, what, args, err);

	return rc == OK ? query_next(&q, &has_row, err) : rc;
}

/* Within a session's own transaction there is nothing to begin: autocommit is off. */
enum result db_scope_begin(struct db *db, bool *ret_has_begun, struct error *err)
{
	enum result rc = end_stuck(db, "begin to read", err);
	bool is_free = sqlite3_get_autocommit(db->handle) != 0;

	if (rc == OK && is_free)
		rc = db_run(db, "BEGIN", "begin to read", ARGS_NONE, err);
	if (rc == OK)
		*ret_has_begun = is_free;
	return rc;
}

/* ROLLBACK ends a read transaction as well as COMMIT does, and cannot fail for lack of space. */
void db_scope_end(struct db *db, bool has_begun)
{
	if (has_begun)
		db_roll_back(db);
}
