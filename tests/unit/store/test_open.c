/* Opening: one server at a time, known formats, private folders. */
#include "fixture.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/memory.h"
#include "store/sqlite/format.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct folder folder;

static void set_up(void)
{
	folder = folder_new();
}

static void tear_down(void)
{
	folder_remove(&folder);
}

TestSuite(store_open, .init = set_up, .fini = tear_down);

static void put_meta(struct store *s, const char *name, const char *value)
{
	EXPECT_OK(store_begin(s, NULL, err));
	EXPECT_OK(store_put_meta(s, &(struct meta_row){name, slice_text(value)}, 1, err));
	EXPECT_OK(store_commit(s, err));
}

static const char *get_meta(struct store *s, const char *name)
{
	static struct seen seen;
	struct store_session *ss = session_make(s);

	seen = (struct seen){0};
	EXPECT_OK(store_get_meta(ss, name, see_bytes, &seen, err));
	store_session_close(ss);
	return seen.texts[0];
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_mode & 07777 : 0;
}

Test(store_open, what_it_makes_is_private)
{
	char made[128];
	struct store *s = NULL;
	mode_t old = umask(0);

	snprintf(made, sizeof made, "%s/data", folder.path);
	EXPECT_OK(store_open_sqlite(&s, made, true, err));
	umask(old);
	put_meta(s, "a", "1");
	cr_expect_eq(mode_of(made), 0700);
	cr_expect_eq(mode_of(folder_file(&folder, "data/reeve.db")), 0600);
	cr_expect_eq(mode_of(folder_file(&folder, "data/reeve.db-wal")), 0600);
	cr_expect_eq(mode_of(folder_file(&folder, "data/reeve.db-shm")), 0600);
	cr_expect_eq(mode_of(folder_file(&folder, "data/reeve.lock")), 0600);
	store_close(s);
}

Test(store_open, a_file_that_others_may_read_is_closed_to_them)
{
	store_close(store_make(&folder));
	cr_assert_eq(chmod(folder_file(&folder, "reeve.db"), 0644), 0);
	store_close(store_reopen(&folder));
	cr_expect_eq(mode_of(folder_file(&folder, "reeve.db")), 0600);
}

Test(store_open, a_folder_that_others_may_enter_is_refused)
{
	struct store *s = NULL;
	struct error told = ERROR_NULL;

	cr_assert_eq(chmod(folder.path, 0750), 0);
	cr_expect_eq(store_open_sqlite(&s, folder.path, true, &told), E_FORBIDDEN);
	cr_expect(strstr(told.text, "0750") != NULL, "%s", told.text);
}

Test(store_open, nothing_is_made_unless_asked_and_nothing_made_twice)
{
	struct store *s = NULL;

	EXPECT_RC(store_open_sqlite(&s, folder.path, false, err), E_NOT_FOUND);
	cr_expect_eq(mode_of(folder_file(&folder, "reeve.db")), 0);
	EXPECT_RC(store_open_sqlite(&s, "/nonexistent/folder", false, err), E_NOT_FOUND);
	EXPECT_RC(store_open_sqlite_readonly(&s, folder.path, err), E_NOT_FOUND);
	store_close(store_make(&folder));
	EXPECT_RC(store_open_sqlite(&s, folder.path, true, err), E_CONFLICT);
	store_close(store_reopen(&folder));
}

Test(store_open, an_init_that_was_killed_can_be_repeated)
{
	struct store *s = NULL;
	int fd = open(folder_file(&folder, "reeve.db"), O_CREAT | O_WRONLY, 0600);

	cr_assert(fd >= 0);
	close(fd);
	EXPECT_RC(store_open_sqlite(&s, folder.path, false, err), E_NOT_FOUND);
	EXPECT_OK(store_open_sqlite(&s, folder.path, true, err));
	store_close(s);
}

Test(store_open, a_second_server_is_refused_with_the_first_ones_number)
{
	struct store *first = store_make(&folder);
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		struct store *second = NULL;
		struct error told = ERROR_NULL;
		char want[256];
		enum result rc = store_open_sqlite(&second, folder.path, false, &told);

		snprintf(want, sizeof want, "another reeved serves %s (process %ld)", folder.path,
			 (long)getppid());
		_exit(rc == E_BUSY && strcmp(told.text, want) == 0 ? 0 : 1);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_expect_eq(status, 0);
	put_meta(first, "a", "1");
	store_close(first);
	store_close(store_reopen(&folder));
}

Test(store_open, the_same_process_cannot_open_it_twice_either)
{
	struct store *first = store_make(&folder), *second = NULL;

	EXPECT_RC(store_open_sqlite(&second, folder.path, false, err), E_BUSY);
	put_meta(first, "a", "1");
	cr_expect_str_eq(get_meta(first, "a"), "1");
	store_close(first);
}

Test(store_open, a_clean_close_leaves_one_file_without_a_log)
{
	struct store *s = store_make(&folder);

	put_meta(s, "a", "1");
	store_close(s);
	cr_expect_eq(mode_of(folder_file(&folder, "reeve.db-wal")), 0);
	cr_expect_eq(mode_of(folder_file(&folder, "reeve.db-shm")), 0);
	s = store_reopen(&folder);
	cr_expect_str_eq(get_meta(s, "a"), "1");
	store_close(s);
}

Test(store_open, a_relative_folder_stays_the_same_when_the_process_moves)
{
	struct store *s = NULL;

	cr_assert_eq(chdir(folder.path), 0);
	EXPECT_OK(store_open_sqlite(&s, "data?#%41", true, err));
	cr_assert_eq(chdir("/"), 0);
	put_meta(s, "a", "1");
	cr_expect_str_eq(get_meta(s, "a"), "1");
	store_close(s);
	cr_expect_eq(mode_of(folder_file(&folder, "data?#%41/reeve.db")), 0600);
}

static void set_format(const char *format)
{
	struct store *s = store_make(&folder);

	put_meta(s, "kept", "1");
	put_meta(s, "format", format);
	store_close(s);
}

Test(store_open, a_newer_format_is_refused_with_both_numbers)
{
	struct store *s = NULL;
	struct error told = ERROR_NULL;

	set_format("7");
	cr_expect_eq(store_open_sqlite(&s, folder.path, false, &told), E_UNSUPPORTED);
	cr_expect(strstr(told.text, "format 7") != NULL && strstr(told.text, "up to 3") != NULL,
		  "%s", told.text);
	cr_expect_eq(store_open_sqlite_readonly(&s, folder.path, &told), E_UNSUPPORTED);
	cr_expect_eq(mode_of(folder_file(&folder, "reeve.db.format-7")), 0);
}

static void run_sql(const char *sql)
{
	struct db db;

	EXPECT_OK(db_open(&db, folder_file(&folder, "reeve.db"), DB_WRITE, err));
	EXPECT_OK(db_exec(&db, sql, "test", err));
	db_close(&db);
}

Test(store_open, a_format_number_that_was_set_back_is_refused_and_copies_nothing)
{
	static const char *const numbers[] = {"1", "2"};
	struct error told = ERROR_NULL;
	struct store *s = NULL;

	set_format("2");
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		char copy[40];

		snprintf(copy, sizeof copy, "reeve.db.format-%s", numbers[i]);
		cr_expect_eq(store_open_sqlite(&s, folder.path, false, &told), E_CORRUPT);
		cr_expect_not_null(strstr(told.text, "table meta, row format"), "%s", told.text);
		cr_expect_eq(mode_of(folder_file(&folder, copy)), 0);
		run_sql("UPDATE meta SET value = CAST('1' AS BLOB) WHERE name = 'format'");
	}
}

Test(store_open, an_older_format_without_a_way_is_refused)
{
	struct store *s = NULL;

	set_format("0");
	EXPECT_RC(store_open_sqlite(&s, folder.path, false, err), E_UNSUPPORTED);
	tear_down();
	set_up();
	set_format("one");
	EXPECT_RC(store_open_sqlite(&s, folder.path, false, err), E_CORRUPT);
}

static const char *const step_1[] = {
	"ALTER TABLE revisions ADD COLUMN colour TEXT NOT NULL DEFAULT 'blue'", NULL};
static const char *const step_2[] = {"UPDATE revisions SET colour = 'green'", NULL};
static const char *const step_broken[] = {"DROP TABLE tokens", "DROP TABLE tokens", NULL};

static uint32_t format_of(const char *name)
{
	struct db db;
	uint32_t format = 0;

	EXPECT_OK(db_open(&db, folder_file(&folder, name), DB_READ, err));
	EXPECT_OK(format_read(&db, name, &format, err));
	db_close(&db);
	return format;
}

static char migration_copy[PATH_MAX];

static enum result migrate(uint32_t to, const struct format_step *steps, size_t count)
{
	const struct migration migration = {to, steps, count};
	struct db db;
	enum result rc;
	char file[128];

	snprintf(file, sizeof file, "%s/reeve.db", folder.path);
	EXPECT_OK(db_open(&db, file, DB_WRITE, err));
	rc = format_migrate(&db, file, &migration, migration_copy, NULL);
	db_close(&db);
	return rc;
}

Test(store_open, an_older_format_is_copied_and_taken_step_by_step_to_ours)
{
	static const struct format_step steps[] = {{2, step_2, NULL}, {1, step_1, NULL}};

	set_format("1");
	cr_expect_eq(migrate(3, steps, ARRAY_SIZE(steps)), OK);
	cr_expect_eq(format_of("reeve.db"), 3);
	cr_expect_eq(format_of("reeve.db.format-1"), 1);
	cr_expect_eq(mode_of(folder_file(&folder, "reeve.db.format-1")), 0600);
	cr_expect_eq(migrate(3, steps, ARRAY_SIZE(steps)), OK);
	cr_expect_eq(mode_of(folder_file(&folder, "reeve.db.format-3")), 0);
}

Test(store_open, a_migration_that_fails_leaves_the_old_format_whole)
{
	static const struct format_step steps[] = {{1, step_1, NULL}, {2, step_broken, NULL}};
	static const struct format_step right[] = {{1, step_1, NULL}, {2, step_2, NULL}};

	set_format("1");
	cr_expect_eq(migrate(4, right, ARRAY_SIZE(right)), E_UNSUPPORTED);
	cr_expect_eq(mode_of(folder_file(&folder, "reeve.db.format-1")), 0);
	cr_expect_neq(migrate(3, steps, ARRAY_SIZE(steps)), OK);
	cr_expect_eq(format_of("reeve.db"), 1);
	cr_expect_eq(migrate(3, right, ARRAY_SIZE(right)), OK);
	cr_expect_eq(format_of("reeve.db"), 3);
	cr_expect_eq(format_of("reeve.db.format-1"), 1);
	cr_expect_eq(format_of("reeve.db.format-1.2"), 1);
	cr_expect_str_eq(strrchr(migration_copy, '/'), "/reeve.db.format-1.2");
}

/* The columns that format 3 added. */
static void drop_macs(void)
{
	run_sql("ALTER TABLE meta DROP COLUMN mac; ALTER TABLE versions DROP COLUMN mac;"
		" ALTER TABLE versions DROP COLUMN state_mac;"
		" ALTER TABLE revisions DROP COLUMN mac; ALTER TABLE changes DROP COLUMN mac;"
		" ALTER TABLE effectives DROP COLUMN mac; ALTER TABLE edges DROP COLUMN mac;"
		" ALTER TABLE tokens DROP COLUMN mac; ALTER TABLE wrap_keys DROP COLUMN mac;"
		" ALTER TABLE answers DROP COLUMN mac; ALTER TABLE audit_log DROP COLUMN mac;"
		" ALTER TABLE audit_log DROP COLUMN tables");
}

static void expect_token(struct store *s, uint64_t since, const char *text)
{
	struct store_session *ss = session_make(s);
	struct seen seen = {0};

	EXPECT_OK(store_each_token(ss, since, see_token, &seen, err));
	cr_expect_str_eq(seen_text(&seen), text);
	store_session_close(ss);
}

Test(store_open, data_of_the_first_format_are_read_as_they_are_and_migrated_by_a_server)
{
	struct token_row row = {
		slice_text(digest_32), SLICE_LITERAL("acc"), SLICE_LITERAL("{}"), 0, -1, false, 0};
	struct store *s = store_make(&folder);

	put_meta(s, META_REVISION, "4");
	EXPECT_OK(store_begin(s, NULL, err));
	EXPECT_OK(store_put_tokens(s, &row, 1, err));
	EXPECT_OK(store_commit(s, err));
	store_close(s);
	run_sql("DROP INDEX tokens_changed; ALTER TABLE tokens DROP COLUMN changed_revision;"
		" UPDATE meta SET value = x'31' WHERE name = 'format'");
	drop_macs();
	EXPECT_OK(store_open_sqlite_readonly(&s, folder.path, err));
	expect_token(s, 0, "acc {} until 0 uses -1");
	store_close(s);
	cr_expect_eq(mode_of(folder_file(&folder, "reeve.db.format-1")), 0);

	s = store_reopen(&folder);
	cr_assert_not_null(store_sqlite_migration_copy(s));
	cr_expect_str_eq(strrchr(store_sqlite_migration_copy(s), '/'), "/reeve.db.format-1");
	expect_token(s, 0, "acc {} until 0 uses -1");
	expect_token(s, 1, "");
	EXPECT_OK(store_begin(s, NULL, err));
	EXPECT_OK(store_update_tokens(s, &row, 1, err));
	EXPECT_OK(store_commit(s, err));
	expect_token(s, 4, "acc {} until 0 uses -1");
	store_close(s);
	cr_expect_eq(format_of("reeve.db"), 3);
	cr_expect_eq(format_of("reeve.db.format-1"), 1);
	s = store_reopen(&folder);
	cr_expect_null(store_sqlite_migration_copy(s));
	store_close(s);
}

Test(store_open, a_file_with_code_in_it_is_refused)
{
	static const char *const hostile[] = {
		"CREATE TRIGGER t AFTER INSERT ON meta BEGIN DELETE FROM audit; END",
		"CREATE VIEW v AS SELECT * FROM meta",
	};

	for (size_t i = 0; i < ARRAY_SIZE(hostile); i++) {
		struct store *s = NULL;

		tear_down();
		set_up();
		store_close(store_make(&folder));
		run_sql(hostile[i]);
		EXPECT_RC(store_open_sqlite(&s, folder.path, false, err), E_CORRUPT);
		EXPECT_RC(store_open_sqlite_readonly(&s, folder.path, err), E_CORRUPT);
	}
}

Test(store_open, a_file_of_something_else_is_refused_and_left_as_it_is)
{
	static const char *const others[] = {"not a database at all, but a text",
					     "SQLite format 3"};

	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		CLEANUP(buf_clear) struct buf text = BUF_NULL;
		struct store *s = NULL;

		unlink(folder_file(&folder, "reeve.db"));
		EXPECT_OK(file_create(folder_file(&folder, "reeve.db"), slice_text(others[i]), 0600,
				      err));
		EXPECT_RC(store_open_sqlite(&s, folder.path, false, err), E_CORRUPT);
		EXPECT_RC(store_open_sqlite_readonly(&s, folder.path, err), E_CORRUPT);
		EXPECT_OK(file_read(&text, folder_file(&folder, "reeve.db"), 1000, err));
		cr_expect(slice_is_text(buf_slice(&text), others[i]));
	}
}

/* SQLite would wait for ever for the other end of a pipe, and write through a link. */
Test(store_open, what_is_no_plain_file_beside_the_database_is_refused, .timeout = 30)
{
	static const char *const names[] = {"reeve.db-wal", "reeve.db-shm", "reeve.db-journal",
					    "reeve.db"};
	struct store *s = store_make(&folder);

	store_close(s);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct error told = ERROR_NULL;

		unlink(folder_file(&folder, names[i]));
		cr_assert_eq(mkfifo(folder_file(&folder, names[i]), 0600), 0);
		cr_expect_neq(store_open_sqlite(&s, folder.path, false, &told), OK);
		cr_expect(strstr(told.text, names[i]) != NULL, "%s", told.text);
		EXPECT_RC(store_open_sqlite_readonly(&s, folder.path, err), E_CORRUPT);
		unlink(folder_file(&folder, names[i]));
		cr_assert_eq(symlink("/dev/null", folder_file(&folder, names[i])), 0);
		cr_expect_neq(store_open_sqlite(&s, folder.path, false, NULL), OK);
		EXPECT_RC(store_open_sqlite_readonly(&s, folder.path, err), E_CORRUPT);
		unlink(folder_file(&folder, names[i]));
	}
}
