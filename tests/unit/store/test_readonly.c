/* Readers of data that another process serves, served, or was killed while serving; backups and
 * restores. */
#include "fixture.h"

#include "base/file.h"
#include "base/memory.h"
#include "store/sqlite/db.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
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
	chmod(folder.path, 0700);
	folder_remove(&folder);
}

TestSuite(store_readonly, .init = set_up, .fini = tear_down);

static void put_meta(struct store *s, const char *name, const char *value)
{
	EXPECT_OK(store_begin(s, NULL, err));
	EXPECT_OK(store_put_meta(s, &(struct meta_row){name, slice_text(value)}, 1, err));
	EXPECT_OK(store_commit(s, err));
}

static void expect_meta(struct store *s, const char *name, const char *value)
{
	struct seen seen = {0};
	struct store_session *ss = session_make(s);

	EXPECT_OK(store_get_meta(ss, name, see_bytes, &seen, err));
	cr_expect_str_eq(seen.texts[0], value);
	store_session_close(ss);
}

static struct store *open_reader(void)
{
	struct store *s = NULL;

	EXPECT_OK(store_open_sqlite_readonly(&s, folder.path, err));
	return s;
}

static int count_files(const char *path)
{
	DIR *d = opendir(path);
	int count = 0;

	cr_assert(d != NULL);
	while (readdir(d) != NULL)
		count++;
	closedir(d);
	return count - 2;
}

Test(store_readonly, a_reader_beside_a_server_sees_each_commit)
{
	struct store *server = store_make(&folder), *reader;

	put_meta(server, "a", "1");
	reader = open_reader();
	expect_meta(reader, "a", "1");
	put_meta(server, "a", "2");
	expect_meta(reader, "a", "2");
	store_close(reader);
	put_meta(server, "a", "3");
	store_close(server);
}

Test(store_readonly, a_reader_writes_nothing)
{
	struct version_row row = version_of("profiles/a/b", 1, 1);
	struct store *reader;

	store_close(store_make(&folder));
	reader = open_reader();
	EXPECT_RC(store_begin(reader, NULL, err), E_UNAVAILABLE);
	EXPECT_RC(store_put_versions(reader, &row, 1, err), E_UNAVAILABLE);
	EXPECT_RC(store_commit(reader, err), E_UNAVAILABLE);
	EXPECT_RC(store_shred(reader, err), E_UNAVAILABLE);
	store_rollback(reader);
	store_close(reader);
	cr_expect_eq(count_files(folder.path), 2, "the database and the lock");
}

/* Runs `check` as a user who owns nothing here, since root may write everywhere. */
static int as_nobody(void (*check)(void))
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		if (getuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
			_exit(99);
		check();
		_exit(0);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	return status;
}

static void read_a_is_1(void)
{
	struct store *s = NULL;
	struct store_session *ss = NULL;
	struct seen seen = {0};
	struct error err = ERROR_NULL;

	if (store_open_sqlite_readonly(&s, folder.path, &err) != OK ||
	    store_session_open(&ss, s, &err) != OK ||
	    store_get_meta(ss, "a", see_bytes, &seen, &err) != OK) {
		dprintf(2, "%s\n", err.text);
		_exit(1);
	}
	if (strcmp(seen.texts[0], "1") != 0)
		_exit(2);
	store_session_close(ss);
	store_close(s);
}

/* Takes the right to write away and gives others that to read. */
static void freeze(void)
{
	static const char *const names[] = {"reeve.db", "reeve.db-wal", "reeve.db-shm"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		chmod(folder_file(&folder, names[i]), 0444);
	cr_assert_eq(chmod(folder.path, 0555), 0);
}

Test(store_readonly, a_stopped_store_is_read_where_nobody_may_write)
{
	struct store *s = store_make(&folder);

	put_meta(s, "a", "1");
	store_close(s);
	freeze();
	cr_expect_eq(as_nobody(read_a_is_1), 0);
	cr_expect_eq(count_files(folder.path), 2);
}

/* A child that dies without closing leaves the write-ahead log. */
static void crash_with_log(void)
{
	bool was_killed;
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		struct store *s = NULL;

		if (store_open_sqlite(&s, folder.path, true, NULL) != OK ||
		    store_begin(s, NULL, NULL) != OK ||
		    store_put_meta(s, &(struct meta_row){"a", SLICE_LITERAL("1")}, 1, NULL) != OK ||
		    store_commit(s, NULL) != OK)
			_exit(1);
		raise(SIGKILL);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	was_killed = WIFSIGNALED(status);
	cr_assert(was_killed);
	cr_assert_eq(access(folder_file(&folder, "reeve.db-wal"), F_OK), 0);
}

Test(store_readonly, a_killed_servers_data_are_read_where_nobody_may_write)
{
	struct folder temporary = folder_new();

	crash_with_log();
	freeze();
	cr_assert_eq(chmod(temporary.path, 0777), 0);
	setenv("TMPDIR", temporary.path, 1);
	cr_expect_eq(as_nobody(read_a_is_1), 0);
	cr_assert_eq(unlink(folder_file(&folder, "reeve.db-shm")), 0);
	cr_expect_eq(as_nobody(read_a_is_1), 0);
	cr_expect_eq(count_files(temporary.path), 0, "the copy is gone");
	folder_remove(&temporary);
}

/* A child that dies within a large transaction on a stopped store, as a migration is, leaves a
 * changed file and the journal that undoes it. */
static void crash_with_journal(void)
{
	bool was_killed;
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		static char large[16 * 1024 * 1024];
		struct db db;
		const struct arg args[] = {arg_bytes(slice_make(large, sizeof large))};

		if (db_open(&db, folder_file(&folder, "reeve.db"), DB_WRITE, NULL) != OK ||
		    db_exec(&db, "BEGIN", "", NULL) != OK ||
		    db_exec(&db, "UPDATE meta SET value = x'32' WHERE name = 'a'", "", NULL) !=
			    OK ||
		    db_run(&db, "INSERT INTO meta (name, value) VALUES ('large', ?)", "",
			   ARGS(args), NULL) != OK)
			_exit(1);
		raise(SIGKILL);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	was_killed = WIFSIGNALED(status);
	cr_assert(was_killed);
	cr_assert_eq(access(folder_file(&folder, "reeve.db-journal"), F_OK), 0);
}

Test(store_readonly, a_killed_migration_is_undone_for_readers_and_the_next_server)
{
	struct store *s = store_make(&folder);
	struct stat before, after;

	put_meta(s, "a", "1");
	store_close(s);
	cr_assert_eq(stat(folder_file(&folder, "reeve.db"), &before), 0);
	crash_with_journal();
	cr_assert_eq(stat(folder_file(&folder, "reeve.db"), &after), 0);
	cr_assert_gt(after.st_size, before.st_size, "the file was changed");
	s = open_reader();
	expect_meta(s, "a", "1");
	store_close(s);
	s = store_reopen(&folder);
	expect_meta(s, "a", "1");
	store_close(s);
}

Test(store_readonly, a_reader_outlives_the_server)
{
	struct store *server = store_make(&folder), *reader;

	put_meta(server, "a", "1");
	reader = open_reader();
	expect_meta(reader, "a", "1");
	store_close(server);
	expect_meta(reader, "a", "1");
	server = store_reopen(&folder);
	put_meta(server, "a", "2");
	expect_meta(reader, "a", "2");
	store_close(reader);
	store_close(server);
	cr_expect_eq(count_files(folder.path), 2, "the last close leaves no log");
}

Test(store_readonly, a_killed_servers_data_are_read_by_their_owner_and_served_again)
{
	struct store *s;

	crash_with_log();
	s = open_reader();
	expect_meta(s, "a", "1");
	store_close(s);
	s = store_reopen(&folder);
	expect_meta(s, "a", "1");
	store_close(s);
}

struct progress {
	int calls;
	uint64_t last_left;
	struct store *writer;
};

/* A writer that commits while pages are copied. */
static void note_progress(void *ctx, uint64_t done, uint64_t left)
{
	struct progress *p = ctx;

	(void)done;
	p->calls++;
	p->last_left = left;
	if (p->writer != NULL)
		put_meta(p->writer, "during", "1");
}

/* Bytes 18 and 19 of a database's header: 1 for a rollback journal, 2 for a write-ahead log
 * (sqlite.org/fileformat2.html). */
static void expect_no_log_mode(const char *file)
{
	char header[20];
	int fd = open(file, O_RDONLY);

	cr_assert_eq(read(fd, header, sizeof header), (ssize_t)sizeof header);
	close(fd);
	cr_expect_eq(header[18], 1);
	cr_expect_eq(header[19], 1);
}

Test(store_readonly, a_backup_is_one_state_while_the_server_writes)
{
	static char large[3 * 1024 * 1024];
	struct folder other = folder_new();
	struct store *s = store_make(&folder), *copy = NULL;
	struct store_session *ss;
	struct progress progress = {0, 0, s};
	struct error refused = ERROR_NULL;
	struct stat st;
	char file[128];

	snprintf(file, sizeof file, "%s/copy.db", other.path);
	put_meta(s, "a", "1");
	EXPECT_OK(store_begin(s, NULL, err));
	EXPECT_OK(store_put_meta(s, &(struct meta_row){"large", slice_make(large, sizeof large)}, 1,
				 err));
	EXPECT_OK(store_commit(s, err));
	EXPECT_OK(store_backup(
		s,
		&(struct backup_target){.file = file, .progress = note_progress, .ctx = &progress},
		NULL, err));
	cr_expect_gt(progress.calls, 1);
	EXPECT_RC(store_backup(s, &(struct backup_target){.file = file}, NULL, err), E_CONFLICT);
	cr_assert_eq(stat(file, &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0600);
	cr_expect_eq(count_files(other.path), 1, "no temporary file is left");
	expect_no_log_mode(file);
	store_close(s);

	EXPECT_OK(store_open_sqlite_file(&copy, file, err));
	expect_meta(copy, "a", "1");
	ss = session_make(copy);
	EXPECT_RC(store_get_meta(ss, "during", see_bytes, NULL, err), E_NOT_FOUND);
	store_session_close(ss);
	cr_expect_eq(store_begin(copy, NULL, &refused), E_UNAVAILABLE, "it is only read");
	store_close(copy);
	folder_remove(&other);
}

Test(store_readonly, a_backup_of_a_stopped_store_is_made_by_a_reader)
{
	struct store *s = store_make(&folder);
	char file[128];

	put_meta(s, "a", "1");
	store_close(s);
	snprintf(file, sizeof file, "%s/copy.db", folder.path);
	s = open_reader();
	EXPECT_OK(store_backup(s, &(struct backup_target){.file = file}, NULL, err));
	store_close(s);
}

Test(store_readonly, a_backup_that_cannot_be_written_leaves_nothing)
{
	struct store *s = store_make(&folder);
	struct error told = ERROR_NULL;

	cr_expect_eq(store_backup(s, &(struct backup_target){.file = "/nonexistent/copy.db"}, NULL,
				  &told),
		     E_IO);
	cr_expect_eq(
		store_backup(s, &(struct backup_target){.file = folder_file(&folder, "reeve.lock")},
			     NULL, &told),
		E_CONFLICT);
	store_close(s);
}

Test(store_readonly, what_is_no_backup_is_not_opened)
{
	struct store *s = NULL;
	char file[128];

	snprintf(file, sizeof file, "%s/text", folder.path);
	EXPECT_OK(file_create(file, SLICE_LITERAL("no database, but rather some text"), 0600, err));
	EXPECT_RC(store_open_sqlite_file(&s, file, err), E_CORRUPT);
	EXPECT_RC(store_open_sqlite_file(&s, "/nonexistent", err), E_NOT_FOUND);
}

Test(store_readonly, a_folder_is_locked_for_one_command_at_a_time)
{
	struct store *s = store_make(&folder);
	int lock = -1, second = -1;

	EXPECT_RC(store_lock_folder(&lock, folder.path, err), E_BUSY);
	store_close(s);
	EXPECT_OK(store_lock_folder(&lock, folder.path, err));
	EXPECT_RC(store_lock_folder(&second, folder.path, err), E_BUSY);
	EXPECT_RC(store_open_sqlite(&s, folder.path, false, err), E_BUSY);
	store_unlock_folder(&lock);
	store_unlock_folder(&lock);
	EXPECT_OK(store_open_sqlite(&s, folder.path, false, err));
	store_close(s);
	cr_assert_eq(chmod(folder.path, 0755), 0);
	EXPECT_RC(store_lock_folder(&lock, folder.path, err), E_FORBIDDEN);
	EXPECT_RC(store_lock_folder(&lock, "/nonexistent", err), E_NOT_FOUND);
}
