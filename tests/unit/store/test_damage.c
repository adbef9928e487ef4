/* A database file that was damaged or tampered with gives errors, never a crash or a row that is
 * not checked. */
#include "fixture.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"
#include "store/sqlite/db.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROUNDS 400

static struct folder folder;

static void fill(struct store *s)
{
	const struct slice path = SLICE_LITERAL("profiles/a/b");

	EXPECT_OK(store_begin(s, NULL, err));
	for (uint64_t i = 1; i <= 60; i++) {
		const struct version_row version = version_of("profiles/a/b", i, i);
		const struct revision_row revision = revision_of(i);
		const struct change_row change = {i, path, CHANGE_PUT, SLICE_LITERAL("put"), i};
		const struct audit_row audit = audit_of(i - 1, "ada", "put", "ok", &path);

		EXPECT_OK(store_put_versions(s, &version, 1, err));
		EXPECT_OK(store_put_revisions(s, &revision, 1, err));
		EXPECT_OK(store_put_changes(s, &change, 1, err));
		EXPECT_OK(store_put_audit(s, &audit, 1, err));
	}
	EXPECT_OK(store_put_meta(s, &(struct meta_row){META_EPOCH, SLICE_LITERAL("1")}, 1, err));
	EXPECT_OK(store_commit(s, err));
}

static void set_up(void)
{
	struct store *s;

	folder = folder_new();
	s = store_make(&folder);
	fill(s);
	store_close(s);
}

static void tear_down(void)
{
	folder_remove(&folder);
}

TestSuite(store_damage, .init = set_up, .fini = tear_down);

static enum result read_everything(struct store *s, struct error *err)
{
	const struct audit_filter all = {.limit = 0};
	const struct audit_filter some = {.actor = SLICE_LITERAL("ada"),
					  .path = SLICE_LITERAL("profiles/**"),
					  .from_ms = 1,
					  .to_ms = 1 << 30};
	const struct slice path = SLICE_LITERAL("profiles/a/b");
	struct store_session *ss = NULL;
	struct seen seen = {0};
	uint64_t revision;
	enum result rc = store_session_open(&ss, s, err);

	if (rc == OK)
		rc = store_each_head(ss, 0, see_version, &seen, err);
	seen.count = 0;
	if (rc == OK)
		rc = store_each_version(ss, path, (struct row_page){0, 100}, see_version, &seen,
					err);
	seen.count = 0;
	if (rc == OK)
		rc = store_get_version_at(ss, &(struct version_at){path, 0, 30}, see_version, &seen,
					  err);
	if (rc == OK)
		rc = store_each_revision(ss, SLICE_LITERAL("profiles/"), (struct row_page){0, 100},
					 see_revision, &seen, err);
	seen.count = 0;
	if (rc == OK)
		rc = store_each_change_after(ss, path, 0, see_change, &seen, err);
	seen.count = 0;
	if (rc == OK)
		rc = store_revision_at(ss, 1100, &revision, err);
	if (rc == OK)
		rc = store_each_audit(ss, &all, see_audit, &seen, err);
	seen.count = 0;
	if (rc == OK)
		rc = store_each_audit(ss, &some, see_audit, &seen, err);
	store_session_close(ss);
	return rc;
}

static enum result read_file_of(const char *path, struct error *err)
{
	struct store *s = NULL;
	enum result rc = store_open_sqlite_readonly(&s, path, err);

	if (rc == OK) {
		rc = read_everything(s, err);
		store_close(s);
	}
	return rc;
}

/* A server on the damaged file: whatever it answers, it does not crash. */
static void write_something(void)
{
	const struct audit_row audit = audit_of(60, "ada", "put", "ok", NULL);
	const struct version_row version = version_of("profiles/a/b", 61, 61);
	struct store *s = NULL;
	enum result rc = store_open_sqlite(&s, folder.path, false, NULL);

	if (rc == OK)
		rc = store_begin(s, NULL, NULL);
	if (rc == OK)
		rc = store_put_audit(s, &audit, 1, NULL);
	if (rc == OK)
		rc = store_put_versions(s, &version, 1, NULL);
	if (rc == OK)
		rc = store_set_states(s,
				      &(struct state_row){SLICE_LITERAL("profiles/a/b"), 5,
							  VERSION_DESTROYED, 61},
				      1, NULL);
	if (rc == OK)
		rc = store_commit(s, NULL);
	store_close(s);
	unlink(folder_file(&folder, "reeve.db-wal"));
	unlink(folder_file(&folder, "reeve.db-shm"));
	unlink(folder_file(&folder, "reeve.db-journal"));
}

Test(store_damage, flipped_bytes_give_an_error_or_nothing_worse)
{
	CLEANUP(buf_clear) struct buf whole = BUF_NULL;
	char file[128];
	uint64_t seed = 1;
	int refused = 0;

	snprintf(file, sizeof file, "%s/reeve.db", folder.path);
	EXPECT_OK(file_read(&whole, file, 16 << 20, err));
	EXPECT_OK(read_file_of(folder.path, err));
	for (int round = 0; round < ROUNDS; round++) {
		struct error told = ERROR_NULL;
		int fd = open(file, O_WRONLY | O_TRUNC);
		enum result rc;

		cr_assert_eq(write(fd, whole.data, whole.len), (ssize_t)whole.len);
		for (int i = 0; i <= round % 8; i++) {
			size_t at;
			char byte;

			seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
			/* Half of them where a page's own structure is. */
			at = seed % 2 == 0 ? (size_t)(seed >> 20) % whole.len
					   : (size_t)(seed >> 20) % whole.len / 4096 * 4096 +
						     (size_t)(seed >> 8) % 64;
			byte = (char)(seed >> 40);
			cr_assert_eq(pwrite(fd, &byte, 1, (off_t)at), 1);
		}
		if (round % 16 == 15)
			cr_assert_eq(ftruncate(fd, (off_t)((seed >> 16) % whole.len)), 0);
		close(fd);
		rc = read_file_of(folder.path, &told);
		refused += rc != OK;
		if (round % 4 == 0)
			write_something();
		cr_expect(rc == OK || rc == E_CORRUPT || rc == E_NOT_FOUND || rc == E_UNSUPPORTED ||
				  rc == E_TOO_LARGE || rc == E_IO || rc == E_LIMIT,
			  "round %d: %s: %s", round, result_name(rc), told.text);
	}
	cr_expect_gt(refused, ROUNDS / 10, "only %d of %d were noticed", refused, ROUNDS);
}

static void run_sql(const char *sql)
{
	struct db db;

	EXPECT_OK(db_open(&db, folder_file(&folder, "reeve.db"), DB_WRITE, err));
	EXPECT_OK(db_exec(&db, sql, sql, err));
	db_close(&db);
}

/* Valid SQLite, but not what we wrote. */
Test(store_damage, rows_that_we_never_write_are_corrupt)
{
	static const char *const statements[] = {
		"UPDATE versions SET digest = x'00'",
		"UPDATE versions SET revision = -5, created_ms = 0",
		"UPDATE versions SET key_generation = 4294967296",
		"UPDATE audit SET leaf = x'0011' WHERE idx = 30",
		"UPDATE audit SET idx = -1 WHERE idx = 30",
		"DELETE FROM audit WHERE idx = 30",
		"DROP TABLE changes",
		"ALTER TABLE audit RENAME COLUMN leaf TO feuille",
		"DROP TABLE heads; CREATE TABLE heads (path TEXT, version TEXT);"
		" INSERT INTO heads VALUES ('profiles/a/b', 'x')",
		"DROP TABLE revisions; CREATE TABLE revisions (revision, time_ms, author, accessor,"
		" message, source, request_id); INSERT INTO revisions VALUES (1, 'text', 2, 3, 4, 5,"
		" 6)",
		"UPDATE audit SET bucket = 1 WHERE idx = 30",
	};

	for (size_t i = 0; i < ARRAY_SIZE(statements); i++) {
		struct error told = ERROR_NULL;
		enum result rc;

		tear_down();
		set_up();
		run_sql(statements[i]);
		rc = read_file_of(folder.path, &told);
		if (i == 8) /* no head is found any more: nothing to misread */
			cr_expect(rc == OK || rc == E_CORRUPT);
		else
			cr_expect_eq(rc, E_CORRUPT, "%s: %s: %s", statements[i], result_name(rc),
				     told.text);
	}
}

/* SQLite calls it too large, as it does a value that is to be written. */
Test(store_damage, a_value_larger_than_any_of_ours_is_corrupt)
{
	struct error told = ERROR_NULL;
	sqlite3 *db = NULL;

	cr_assert_eq(sqlite3_open(folder_file(&folder, "reeve.db"), &db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db,
				  "UPDATE revisions SET message = hex(zeroblob(32 * 1024 * 1024))"
				  " || 'x' WHERE revision = 30",
				  NULL, NULL, NULL),
		     SQLITE_OK);
	sqlite3_close(db);
	cr_expect_eq(read_file_of(folder.path, &told), E_CORRUPT, "%s", told.text);
}

Test(store_damage, a_log_of_random_bytes_is_not_taken_for_commits)
{
	char bytes[5000];
	int fd = open(folder_file(&folder, "reeve.db-wal"), O_CREAT | O_WRONLY, 0600);

	random_fill(&system_random, bytes, sizeof bytes);
	cr_assert_eq(write(fd, bytes, sizeof bytes), (ssize_t)sizeof bytes);
	close(fd);
	EXPECT_OK(read_file_of(folder.path, err));
}
