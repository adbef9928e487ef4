/*
 * Transactions, savepoints and checkpoints of the SQLite store.
 *
 * When a commit returns OK its rows survive a power cut: with synchronous=FULL each commit syncs
 * the write-ahead log. After a commit that failed the content of the disk is unknown (the next
 * recovery may find its frames), so nothing more is written until the store is opened again
 * (`is_failed`).
 *
 * Must hold: `is_in_transaction` and `has_savepoint` say what the caller has begun; SQLite may have
 * undone the transaction by itself meanwhile, which sqlite_may_write() finds before each row. No
 * call waits for a reader longer than RESTART_WAIT_MS.
 *
 * All functions run on the one thread that writes. BEGIN IMMEDIATE takes SQLite's write lock, and
 * commit or rollback releases it; the lock of the data folder is held all the time.
 */
#include "store/sqlite_internal.h"

/* Sizes of the log in pages. From LOG_PAGES_SOFT on, each commit is followed by a checkpoint that
 * does not wait for readers. From LOG_PAGES_HARD on it waits a moment for them, so that the log
 * restarts from its beginning; under steady reading it would grow without end. The larger the log,
 * the less often a page that changes in every commit is copied back. */
#define LOG_PAGES_SOFT	4000
#define LOG_PAGES_HARD	16384
#define RESTART_WAIT_MS 20
/* Growth of the log until a restart that readers prevented is tried again. */
#define RESTART_PAGES 2048
#define BUSY_MS	      5000

static enum result refuse_failed(struct error *err)
{
	return fail(err, E_UNAVAILABLE,
		    "the store takes no writes since a commit failed; restart to recover");
}

/* For calls that need no transaction: begin and shred. */
static enum result may_change(const struct sqlite_store *s, struct error *err)
{
	if (s->is_readonly)
		return fail(err, E_UNAVAILABLE, "the store was opened for reading");
	return s->is_failed ? refuse_failed(err) : OK;
}

enum result sqlite_may_write(const struct sqlite_store *s, struct error *err)
{
	enum result rc = may_change(s, err);

	if (rc != OK)
		return rc;
	if (!s->is_in_transaction)
		return fail(err, E_INTERNAL, "a write outside a transaction");
	/* SQLite undoes the whole transaction by itself when the disk is full or fails. */
	if (sqlite3_get_autocommit(s->db.handle) != 0)
		return fail(err, E_IO, "the transaction was undone by an earlier failure");
	return OK;
}

/* A meta value that is a number; 0 where a new store does not have it yet. */
static bool read_number(struct query *q, int column, uint64_t *ret)
{
	if (query_is_null(q, column)) {
		*ret = 0;
		return true;
	}
	return slice_to_u64(query_bytes(q, column), INT64_MAX, ret);
}

/* One statement for all three, in the transaction that has just taken the write lock: no other
 * process can change them until it ends. */
static enum result read_position(struct sqlite_store *s, struct store_position *ret,
				 struct error *err)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	struct store_position found = {0};
	bool has_row = false;
	enum result rc = query_open(&q, &s->db,
				    "SELECT (SELECT value FROM meta WHERE name = '" META_EPOCH "'),"
				    " (SELECT value FROM meta WHERE name = '" META_REVISION "'),"
				    " (SELECT size FROM audit_log WHERE id = 0)",
				    "read the store's position", ARGS_NONE, err);

	if (rc == OK)
		rc = query_next(&q, &has_row, err);
	if (rc != OK)
		return rc;
	if (!has_row || !read_number(&q, 0, &found.epoch) || !read_number(&q, 1, &found.revision))
		return fail(err, E_CORRUPT, "the stored epoch or revision is malformed");
	found.log_size = query_is_null(&q, 2) ? 0 : query_number(&q, 2);
	rc = query_check(&q, err);
	if (rc == OK)
		*ret = found;
	return rc;
}

/* IMMEDIATE: the lock is taken here, where the caller can still wait or refuse. A deferred
 * transaction would take it at its first row and could fail there. */
enum result sqlite_begin(struct store *store, struct store_position *ret, struct error *err)
{
	struct sqlite_store *s = sqlite_of(store);
	enum result rc = may_change(s, err);

	if (rc != OK)
		return rc;
	if (s->is_in_transaction)
		return fail(err, E_INTERNAL, "a transaction within a transaction");
	rc = db_run(&s->db, "BEGIN IMMEDIATE", "begin a transaction", ARGS_NONE, err);
	if (rc != OK)
		return rc;
	s->is_in_transaction = true;
	rc = read_position(s, ret, err);
	if (rc == OK)
		s->revision = ret->revision;
	else
		sqlite_rollback(store);
	return rc;
}

/* Copies the log's pages into the database. The rows are durable already: a failure here costs
 * space, not data. But after a failure of the disk nothing more is written. SQLITE_BUSY is
 * expected: a reader still needs a part of the log. */
static void checkpoint(struct sqlite_store *s)
{
	int mode = SQLITE_CHECKPOINT_PASSIVE;
	int code;

	if (s->log_pages < LOG_PAGES_SOFT) {
		s->restart_pages = 0;
		return;
	}
	if (s->log_pages >= LOG_PAGES_HARD && s->log_pages >= s->restart_pages) {
		mode = SQLITE_CHECKPOINT_RESTART;
		s->restart_pages = s->log_pages + RESTART_PAGES;
		sqlite3_busy_timeout(s->db.handle, RESTART_WAIT_MS);
	}
	code = sqlite3_wal_checkpoint_v2(s->db.handle, NULL, mode, NULL, NULL);
	sqlite3_busy_timeout(s->db.handle, BUSY_MS);
	if ((code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CORRUPT)
		s->is_failed = true;
}

/* A call out of order is rolled back, so that the caller need not ask in which state it is. A
 * COMMIT that failed is E_IO whatever SQLite says: only the next recovery knows whether its frames
 * are whole. */
enum result sqlite_commit(struct store *store, struct error *err)
{
	struct sqlite_store *s = sqlite_of(store);
	enum result rc = sqlite_may_write(s, err);

	if (rc != OK) {
		sqlite_rollback(store);
		return rc;
	}
	if (s->has_savepoint) {
		sqlite_rollback(store);
		return fail(err, E_INTERNAL, "a commit within a savepoint");
	}
	rc = db_run(&s->db, "COMMIT", "commit", ARGS_NONE, err);
	if (rc != OK) {
		sqlite_rollback(store);
		s->is_failed = true;
		return wrap(err, E_IO, "whether it was written is known after a restart");
	}
	s->is_in_transaction = false;
	checkpoint(s);
	return OK;
}

/* Where it fails, the next statement tries it again before it does anything. */
void sqlite_rollback(struct store *store)
{
	struct sqlite_store *s = sqlite_of(store);

	if (s->is_in_transaction)
		db_roll_back(&s->db);
	s->is_in_transaction = false;
	s->has_savepoint = false;
}

enum result sqlite_savepoint(struct store *store, struct error *err)
{
	struct sqlite_store *s = sqlite_of(store);
	enum result rc = sqlite_may_write(s, err);

	if (rc != OK)
		return rc;
	if (s->has_savepoint)
		return fail(err, E_INTERNAL, "a savepoint within a savepoint");
	rc = db_run(&s->db, "SAVEPOINT request", "set a savepoint", ARGS_NONE, err);
	if (rc == OK)
		s->has_savepoint = true;
	return rc;
}

/* ROLLBACK TO undoes the rows but keeps the savepoint, so RELEASE follows in both cases. */
static enum result end_savepoint(struct sqlite_store *s, bool is_undone, struct error *err)
{
	enum result rc = sqlite_may_write(s, err);

	if (rc != OK)
		return rc;
	if (!s->has_savepoint)
		return fail(err, E_INTERNAL, "no savepoint to end");
	if (is_undone)
		rc = db_run(&s->db, "ROLLBACK TO request", "undo to the savepoint", ARGS_NONE, err);
	if (rc == OK)
		rc = db_run(&s->db, "RELEASE request", "end the savepoint", ARGS_NONE, err);
	if (rc == OK)
		s->has_savepoint = false;
	return rc;
}

enum result sqlite_release(struct store *s, struct error *err)
{
	return end_savepoint(sqlite_of(s), false, err);
}

enum result sqlite_rollback_to(struct store *s, struct error *err)
{
	return end_savepoint(sqlite_of(s), true, err);
}

/* Old pages, with the destroyed content, lie in the log until it starts anew. TRUNCATE copies all
 * pages and cuts the file to zero bytes; it succeeds only when no reader needs the log. */
enum result sqlite_shred(struct store *store, struct error *err)
{
	struct sqlite_store *s = sqlite_of(store);
	enum result rc = may_change(s, err);
	int code;

	if (rc != OK)
		return rc;
	if (s->is_in_transaction)
		return fail(err, E_INTERNAL, "shredding within a transaction");
	sqlite3_busy_timeout(s->db.handle, 0); /* the writer never waits for a reader */
	code = sqlite3_wal_checkpoint_v2(s->db.handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL,
					 NULL);
	sqlite3_busy_timeout(s->db.handle, BUSY_MS);
	if ((code & 0xff) == SQLITE_IOERR)
		s->is_failed = true;
	return code == SQLITE_OK ? OK : db_fail(&s->db, code, "empty the log", err);
}
