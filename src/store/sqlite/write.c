/*
 * Transactions, savepoints and checkpoints of the SQLite store.
 *
 * When a commit returns OK its rows survive a power cut: with synchronous=FULL each commit syncs
 * the write-ahead log. After a commit whose sync failed the content of the disk is unknown (the
 * next recovery may find its frames), so nothing more is written until the store is opened again
 * (`is_failed`).
 *
 * A full disk is no failure. Space is taken before a transaction begins (sqlite/reserve.h); where
 * it still ends before the commit's last frame is whole, the transaction is undone and its frames
 * are erased, so that it cannot come back, and the next one may succeed (E_FULL). SQLite's
 * temporary structures are in memory (temp_store), so that undoing needs no disk.
 *
 * Must hold: `is_in_transaction` and `has_savepoint` say what the caller has begun; SQLite may have
 * undone the transaction by itself meanwhile, which sqlite_may_write() finds before each row. No
 * call waits for a reader longer than RESTART_WAIT_MS.
 *
 * All functions run on the one thread that writes. BEGIN IMMEDIATE takes SQLite's write lock, and
 * commit or rollback releases it; the lock of the data folder is held all the time.
 */
#include "store/sqlite/internal.h"

#include "base/clock.h"

/* Sizes of the log in pages. From LOG_PAGES_SOFT on, each commit is followed by a checkpoint that
 * does not wait for readers. From LOG_PAGES_HARD on it waits a moment for them, so that the log
 * restarts from its beginning; under steady reading it would grow without end. The larger the log,
 * the less often a page that changes in every commit is copied back. */
#define LOG_PAGES_SOFT	4000
#define LOG_PAGES_HARD	16384
#define RESTART_WAIT_MS 20
/* Growth of the log until a restart that readers prevented, or a checkpoint that the disk was too
 * full for, is tried again. */
#define RESTART_PAGES 2048
#define BUSY_MS	      5000
/* How long a close waits for a reader such as `reeve audit verify` before it leaves the log. */
#define CLOSE_WAIT_MS 1000
/* After a try to restart the log for its space that failed. */
#define RESTART_AGAIN_MS 1000

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
	/* SQLite undoes the whole transaction by itself when the disk is full or fails, and the
	 * connection has the code of that still. */
	if (sqlite3_get_autocommit(s->db.handle) == 0)
		return OK;
	if (db_fail(&s->db, sqlite3_extended_errcode(s->db.handle), "", NULL) == E_FULL)
		return fail(err, E_FULL, "the disk is full: the transaction was undone");
	return fail(err, E_IO, "the transaction was undone by an earlier failure");
}

/* SQLite's hook after each commit. A hook replaces SQLite's own checkpoint at 1,000 pages:
 * checkpoint() decides when. */
static int remember_log_pages(void *ctx, sqlite3 *handle, const char *name, int pages)
{
	struct sqlite_store *s = ctx;

	(void)handle;
	(void)name;
	s->log_pages = pages;
	return SQLITE_OK;
}

/* Needs the only connection, or one whose readers are between two transactions. */
static enum result switch_log_on(struct sqlite_store *s, struct error *err)
{
	CLEANUP(query_close) struct query q = QUERY_NULL;
	bool has_row = false;
	enum result rc =
		query_open(&q, &s->db, "PRAGMA journal_mode = WAL", "begin a log", ARGS_NONE, err);

	if (rc == OK)
		rc = query_next(&q, &has_row, err);
	if (rc == OK && (!has_row || !slice_is_text(query_text(&q, 0), "wal")))
		rc = fail(
			err, E_IO,
			"the file system does not support a write-ahead log: put the data on a local file system");
	query_close(&q);
	if (rc == OK)
		rc = db_exec(&s->db, "SELECT 1 FROM meta LIMIT 1", "begin a log", err);
	if (rc != OK)
		return rc;
	s->has_log = true;
	s->log_pages = (int)reserve_log_pages(&s->db);
	sqlite3_wal_hook(s->db.handle, remember_log_pages, s);
	/* 64 MiB, the size at which checkpoint() restarts the log (LOG_PAGES_HARD pages of 4 KiB).
	 * The log's file shrinks again after it grew. */
	rc = db_exec(&s->db, "PRAGMA journal_size_limit = 67108864", "bound the log", err);
	if (rc == OK)
		reserve_make_ballast(&s->reserve);
	return rc;
}

enum result sqlite_open_log(struct sqlite_store *s, struct error *err)
{
	enum result rc = switch_log_on(s, err);

	if (rc == E_FULL && reserve_drop_ballast(&s->reserve))
		rc = switch_log_on(s, err);
	return rc == E_FULL ? OK : rc;
}

/* SQLite refuses to change the journal mode while statements are open, so the cached ones are
 * finalized first. Space that was taken ahead is given back where the log's pages need it. */
void sqlite_close_log(struct sqlite_store *s)
{
	static const char switch_off[] = "PRAGMA journal_mode = DELETE";
	int code;

	for (size_t i = 0; i < s->db.cached; i++)
		sqlite3_finalize(s->db.cache[i].statement);
	s->db.cached = 0;
	sqlite3_busy_timeout(s->db.handle, CLOSE_WAIT_MS);
	code = sqlite3_exec(s->db.handle, switch_off, NULL, NULL, NULL);
	if (s->has_log && code != SQLITE_OK && code != SQLITE_BUSY) {
		reserve_give_back(&s->reserve);
		code = sqlite3_exec(s->db.handle, switch_off, NULL, NULL, NULL);
	}
	if (code == SQLITE_OK)
		reserve_drop_ballast(&s->reserve);
	else
		reserve_make_ballast(&s->reserve);
}

/* Whether a code of SQLite's means that there was no space. */
static bool is_full(const struct sqlite_store *s, int code)
{
	return db_fail(&s->db, code, "", NULL) == E_FULL;
}

/* After a checkpoint: a disk that failed, not one that was full, ends all writing. */
static void note_checkpoint(struct sqlite_store *s, int code)
{
	int primary = code & 0xff;

	if (primary == SQLITE_CORRUPT || (primary == SQLITE_IOERR && !is_full(s, code)))
		s->is_failed = true;
}

/* Where the disk has little space for the log to grow, it can start anew instead, if no reader
 * needs it and the database has room for its pages. A try that fails copies much in vain, so the
 * next one waits for a moment or for more space. */
static bool restart_log(struct sqlite_store *s)
{
	int64_t now_ms = clock_monotonic_ms(&system_clock);
	uint64_t free_bytes = reserve_free_bytes(&s->reserve);
	int code;

	if (s->log_pages == 0 ||
	    (now_ms < s->restart_at_ms && free_bytes <= s->restart_above_bytes))
		return false;
	sqlite3_busy_timeout(s->db.handle, RESTART_WAIT_MS);
	code = sqlite3_wal_checkpoint_v2(s->db.handle, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL);
	sqlite3_busy_timeout(s->db.handle, BUSY_MS);
	note_checkpoint(s, code);
	s->restart_at_ms = code == SQLITE_OK ? 0 : now_ms + RESTART_AGAIN_MS;
	s->restart_above_bytes = free_bytes;
	if (code == SQLITE_OK)
		s->log_pages = 0;
	return code == SQLITE_OK;
}

/* A log that could not be switched on at the start is switched on now. That needs a moment without
 * a reader: one that reads just now is no other failure, so the caller tries again as after a full
 * disk. A log is restarted before it has taken the space into which it must be written. */
static enum result take_space(struct sqlite_store *s, struct error *err)
{
	enum result rc = OK;

	if (!s->has_log) {
		sqlite3_busy_timeout(s->db.handle, RESTART_WAIT_MS);
		rc = switch_log_on(s, err);
		sqlite3_busy_timeout(s->db.handle, BUSY_MS);
		if (rc == E_BUSY)
			rc = fail(err, E_FULL, "begin a log after a full disk: in a moment");
	}
	if (rc == OK && reserve_is_scarce(&s->reserve, (uint32_t)s->log_pages))
		restart_log(s);
	if (rc == OK)
		rc = reserve_take(&s->reserve, &s->db, (uint32_t)s->log_pages, err);
	if (rc == E_FULL && s->has_log && restart_log(s))
		rc = reserve_take(&s->reserve, &s->db, 0, err);
	if (rc == OK)
		reserve_make_ballast(&s->reserve);
	return rc;
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
	rc = take_space(s, err);
	if (s->is_failed)
		return refuse_failed(err);
	if (rc == OK)
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
 * expected: a reader still needs a part of the log. So is a full disk: the log goes on growing
 * where it has space. */
static void checkpoint(struct sqlite_store *s)
{
	int mode = SQLITE_CHECKPOINT_PASSIVE;
	int code;

	if (s->log_pages < LOG_PAGES_SOFT)
		s->restart_pages = s->checkpoint_pages = 0;
	if (s->log_pages < LOG_PAGES_SOFT || s->log_pages < s->checkpoint_pages)
		return;
	if (s->log_pages >= LOG_PAGES_HARD && s->log_pages >= s->restart_pages) {
		mode = SQLITE_CHECKPOINT_RESTART;
		s->restart_pages = s->log_pages + RESTART_PAGES;
		sqlite3_busy_timeout(s->db.handle, RESTART_WAIT_MS);
	}
	code = sqlite3_wal_checkpoint_v2(s->db.handle, NULL, mode, NULL, NULL);
	sqlite3_busy_timeout(s->db.handle, BUSY_MS);
	note_checkpoint(s, code);
	if (code != SQLITE_OK && is_full(s, code))
		s->checkpoint_pages = s->log_pages + RESTART_PAGES;
}

/* A commit writes the log's frames, the last of them marked as a commit, and then syncs. A write
 * that failed for lack of space left that frame incomplete, and the sync did not begin: such a
 * commit is undone for good. Of all others nobody can know. */
static enum result fail_commit(struct sqlite_store *s, struct error *err)
{
	int code = sqlite3_extended_errcode(s->db.handle);
	bool is_undone = code == SQLITE_FULL ||
			 (code == SQLITE_IOERR_WRITE && errno_is_full(reserve_log_errno(&s->db)));

	sqlite_rollback(&s->base);
	s->log_pages = (int)reserve_log_pages(&s->db); /* a restart may not have come true */
	if (is_undone && !s->is_failed && reserve_erase_tail(&s->reserve, &s->db, err) == OK)
		return fail(err, E_FULL, "commit: the disk is full: nothing was written");
	s->is_failed = true;
	return wrap(err, E_IO, "whether it was written is known after a restart");
}

/* A call out of order is rolled back, so that the caller need not ask in which state it is. A
 * COMMIT that failed is E_IO, but for fail_commit()'s one case, whatever SQLite says: only the next
 * recovery knows whether its frames are whole. */
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
	if (rc != OK)
		return fail_commit(s, err);
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
	note_checkpoint(s, code);
	if (code != SQLITE_OK)
		return db_fail(&s->db, code, "empty the log", err);
	s->log_pages = 0;
	reserve_forget_log(&s->reserve);
	return OK;
}
