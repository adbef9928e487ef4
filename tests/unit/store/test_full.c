/* A full disk is no failed one: what did not fit is undone for good, and writing goes on when there
 * is space. */
#include "../skip.h"
#include "faulty_vfs.h"
#include "fixture.h"

#include "base/file.h"
#include "base/memory.h"
#include "store/sqlite/reserve.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct folder folder;
static struct store *store;
static struct store_session *session;
static struct seen seen;

static void open_it(void)
{
	store = store_reopen(&folder);
	session = session_make(store);
}

static void close_it(void)
{
	store_session_close(session);
	store_close(store);
	session = NULL;
	store = NULL;
}

static void set_up(void)
{
	folder = folder_new();
	faulty_vfs_register();
	store = store_make(&folder);
	session = session_make(store);
}

static void tear_down(void)
{
	faulty_kind = FAULTY_NOTHING;
	close_it();
	folder_remove(&folder);
}

TestSuite(store_full, .init = set_up, .fini = tear_down);

/* `name` with so many bytes, others than before: SQLite writes no page that stays the same. */
static enum result put(const char *name, size_t len, struct error *err)
{
	static char large[8 << 20];
	static unsigned char byte;
	enum result rc = store_begin(store, NULL, err);

	memset(large, ++byte, len);
	if (rc == OK)
		rc = store_put_meta(store, &(struct meta_row){name, slice_make(large, len)}, 1,
				    err);
	if (rc == OK)
		return store_commit(store, err);
	store_rollback(store);
	return rc;
}

static bool has(const char *name)
{
	enum result rc = store_get_meta(session, name, see_bytes, &seen, NULL);

	cr_assert(rc == OK || rc == E_NOT_FOUND, "%s", result_name(rc));
	return rc == OK;
}

/* What a start would find now if the process were killed. */
static bool has_after_a_kill(const char *name)
{
	static const char *const endings[] = {"reeve.db", "reeve.db-wal"};
	struct folder copy = folder_new();
	struct store *s;
	struct store_session *ss;
	enum result rc;

	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		CLEANUP(buf_clear) struct buf bytes = BUF_NULL;

		EXPECT_OK(file_read(&bytes, folder_file(&folder, endings[i]), 64 << 20, err));
		EXPECT_OK(file_write(folder_file(&copy, endings[i]), buf_slice(&bytes), 0600, err));
	}
	s = store_reopen(&copy);
	ss = session_make(s);
	rc = store_get_meta(ss, name, see_bytes, &seen, NULL);
	store_session_close(ss);
	store_close(s);
	folder_remove(&copy);
	cr_assert(rc == OK || rc == E_NOT_FOUND, "%s", result_name(rc));
	return rc == OK;
}

/* The n-th write to the log finds no space, for each n of a commit. */
static void refuse_each_write(enum faulty_kind kind)
{
	char refused[16], next[16];
	int n;

	EXPECT_OK(put("before", 10, err));
	for (n = 0; n < 100; n++) {
		enum result rc;

		snprintf(refused, sizeof refused, "refused%d", n);
		snprintf(next, sizeof next, "next%d", n);
		faulty_ending = "-wal";
		faulty_after = n;
		faulty_times = 1;
		faulty_failed = 0;
		faulty_kind = kind;
		rc = put(refused, 20000, NULL);
		faulty_kind = FAULTY_NOTHING;
		if (faulty_failed == 0) {
			cr_assert_eq(rc, OK);
			break;
		}
		cr_assert_eq(rc, E_FULL, "write %d: %s", n, result_name(rc));
		cr_expect_not(has(refused), "%d", n);
		cr_expect_not(has_after_a_kill(refused), "%d", n);
		EXPECT_OK(put(next, 20000, err));
		cr_expect(has(next), "%d", n);
		cr_expect_not(has(refused), "%d", n);
		cr_expect_not(has_after_a_kill(refused), "%d", n);
		cr_expect(has_after_a_kill(next), "%d", n);
	}
	cr_expect_geq(n, 10, "only %d writes", n);
	close_it();
	open_it();
	cr_expect(has("before"));
	cr_expect(has("next0"));
	cr_expect_not(has("refused0"));
}

Test(store_full, a_commit_without_space_is_undone_and_the_next_one_succeeds)
{
	refuse_each_write(FAULTY_WRITE_FULL);
}

Test(store_full, a_commit_whose_frames_were_there_all_the_same_does_not_come_back)
{
	refuse_each_write(FAULTY_WRITE_FULL_LIE);
}

Test(store_full, a_commit_that_cannot_be_erased_ends_all_writing)
{
	EXPECT_OK(put("before", 10, err));
	faulty_ending = "-wal";
	faulty_after = 3;
	faulty_times = 3; /* the zeros and the cut too */
	faulty_kind = FAULTY_WRITE_FULL;
	EXPECT_RC(put("lost", 20000, err), E_IO);
	faulty_kind = FAULTY_NOTHING;
	EXPECT_RC(put("after", 10, err), E_UNAVAILABLE);
	cr_expect(has("before"));
}

Test(store_full, a_sync_that_failed_ends_all_writing_until_the_next_open)
{
	struct error told = ERROR_NULL;
	bool was_kept;

	EXPECT_OK(put("before", 10, err));
	faulty_ending = "-wal";
	faulty_times = 1;
	faulty_kind = FAULTY_SYNC;
	cr_expect_eq(put("unknown", 20000, &told), E_IO);
	cr_expect_not_null(strstr(told.text, "known after a restart"), "%s", told.text);
	EXPECT_RC(put("after", 10, err), E_UNAVAILABLE);
	EXPECT_RC(store_shred(store, err), E_UNAVAILABLE);
	cr_expect(has("before"));
	close_it();
	open_it();
	was_kept = has("unknown");
	cr_expect(has("before"));
	EXPECT_OK(put("after", 10, err));
	cr_expect_eq(has("unknown"), was_kept, "a start decides for good");
}

Test(store_full, a_checkpoint_without_space_costs_nothing_but_the_space_of_the_log)
{
	EXPECT_OK(put("before", 6 << 20, err));
	EXPECT_OK(put("more", 6 << 20, err));
	faulty_ending = "reeve.db";
	faulty_times = 1000000;
	faulty_kind = FAULTY_WRITE_FULL;
	for (int i = 0; i < 3; i++)
		EXPECT_OK(put(i == 0 ? "a" : i == 1 ? "b" : "c", 6 << 20, err));
	EXPECT_RC(store_shred(store, err), E_FULL);
	EXPECT_OK(put("d", 10, err));
	cr_expect_gt(faulty_failed, 0);
	cr_expect_lt(faulty_failed, 10, "it is not tried in vain at each commit");
	faulty_kind = FAULTY_NOTHING;
	EXPECT_OK(store_shred(store, err));
	close_it();
	open_it();
	cr_expect(has("before") && has("a") && has("c") && has("d"));
}

/* As on a file system that copies what is written over. */
Test(store_full, a_commit_that_cannot_be_overwritten_is_cut_off)
{
	EXPECT_OK(put("before", 10, err));
	faulty_ending = "-wal";
	faulty_after = 3;
	faulty_times = 2; /* the zeros too */
	faulty_kind = FAULTY_WRITE_FULL_LIE;
	EXPECT_RC(put("refused", 20000, err), E_FULL);
	faulty_kind = FAULTY_NOTHING;
	cr_expect_not(has_after_a_kill("refused"));
	EXPECT_OK(put("after", 20000, err));
	cr_expect(has("before") && has("after"));
	cr_expect_not(has("refused"));
	cr_expect(has_after_a_kill("after"));
}

static bool write_text(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY);
	bool is_done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return is_done;
}

/* Root needs no user name space, and a process with threads can have none. */
static bool may_mount(void)
{
	char uids[32], gids[32];

	snprintf(uids, sizeof uids, "0 %u 1", (unsigned)getuid());
	snprintf(gids, sizeof gids, "0 %u 1", (unsigned)getgid());
	if (getuid() == 0)
		return unshare(CLONE_NEWNS) == 0;
	return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
	       write_text("/proc/self/setgroups", "deny") &&
	       write_text("/proc/self/uid_map", uids) && write_text("/proc/self/gid_map", gids);
}

/* A memory file system of `size` over the folder of the test, in name spaces of this process. */
static void mount_or_skip(const char *size)
{
	char options[32];

	snprintf(options, sizeof options, "mode=0700,size=%s", size);
	close_it();
	if (!may_mount() || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("tmpfs", folder.path, "tmpfs", 0, options) != 0) {
		open_it();
		SKIP_TEST("this process may not mount a file system: a full one was not tried");
	}
	store = store_make(&folder);
	session = session_make(store);
}

static void fill(void)
{
	static const char bytes[4096];
	int fd = open(folder_file(&folder, "fill"), O_WRONLY | O_CREAT | O_APPEND, 0600);

	cr_assert_geq(fd, 0);
	while (write(fd, bytes, sizeof bytes) > 0)
		;
	close(fd);
}

static void make_room(void)
{
	cr_assert_eq(unlink(folder_file(&folder, "fill")), 0);
}

/* Until one is refused; how many were taken. */
static int put_until_full(const char *prefix)
{
	for (int n = 0; n < 1000; n++) {
		struct error err = ERROR_NULL;
		char name[24];
		enum result rc;

		snprintf(name, sizeof name, "%s%d", prefix, n);
		rc = put(name, 10000, &err);
		if (rc != OK) {
			cr_assert_eq(rc, E_FULL, "%s", err.text);
			cr_expect_not(has(name));
			return n;
		}
	}
	cr_assert(false, "the disk never filled");
	return -1;
}

static void unmount(void)
{
	close_it();
	umount(folder.path);
	open_it();
}

Test(store_full, a_disk_that_fills_refuses_before_a_transaction_and_takes_it_up_again)
{
	int taken;

	mount_or_skip("6m");
	EXPECT_OK(put("before", 10000, err));
	fill();
	taken = put_until_full("a");
	cr_expect_gt(taken, 0, "the space that was reserved is used");
	cr_expect_eq(put_until_full("b"), 0);
	cr_expect(has("before"));
	EXPECT_RC(store_begin(store, NULL, err), E_FULL);
	make_room();
	EXPECT_OK(put("after", 10000, err));
	fill();
	put_until_full("c");
	make_room();
	EXPECT_OK(put("last", 10000, err));
	cr_expect(has("before") && has("after") && has("last"));
	unmount();
}

/* Also where its frames are the first of another region of the log's index (after 4062). */
Test(store_full, a_transaction_of_usual_size_that_has_begun_can_be_committed)
{
	mount_or_skip("48m");
	for (int pages = 0; pages < 6000; pages += 240) {
		static char bytes[800000];
		char name[24];

		snprintf(name, sizeof name, "at%d", pages);
		EXPECT_OK(store_begin(store, NULL, err));
		fill();
		EXPECT_OK(store_put_meta(store,
					 &(struct meta_row){name, slice_make(bytes, sizeof bytes)},
					 1, err));
		EXPECT_OK(store_commit(store, err));
		make_room();
		cr_expect(has(name));
	}
	unmount();
}

Test(store_full, a_full_disk_takes_all_that_needs_no_more_space)
{
	mount_or_skip("6m");
	for (int n = 0; n < 4; n++)
		EXPECT_OK(put("same", 100000, err));
	EXPECT_OK(store_shred(store, err));
	EXPECT_OK(put("same", 100000, err));
	fill();
	for (int n = 0; n < 60; n++) /* 1560 pages: the log starts anew again and again */
		EXPECT_OK(put("same", 100000, err));
	unmount();
}

Test(store_full, a_disk_that_fails_while_the_log_is_written_for_its_space_ends_all_writing)
{
	mount_or_skip("6m");
	for (int n = 0; n < 4; n++)
		EXPECT_OK(put("same", 100000, err));
	EXPECT_OK(store_shred(store, err));
	EXPECT_OK(put("same", 100000, err));
	fill();
	faulty_ending = "reeve.db";
	faulty_times = 1000;
	faulty_kind = FAULTY_SYNC;
	for (int n = 0; n < 60 && faulty_failed == 0; n++) {
		enum result rc = put("same", 100000, NULL);

		cr_assert_eq(rc, faulty_failed == 0 ? OK : E_UNAVAILABLE, "%s", result_name(rc));
	}
	cr_expect_eq(faulty_failed, 1);
	faulty_kind = FAULTY_NOTHING;
	EXPECT_RC(put("after", 10, err), E_UNAVAILABLE);
	cr_expect(has("same"));
	make_room();
	unmount();
}

static void count_progress(void *ctx, uint64_t done, uint64_t left)
{
	(void)done;
	(void)left;
	++*(int *)ctx;
}

Test(store_full, a_copy_that_would_take_the_space_of_writes_is_refused_before_it_begins)
{
	CLEANUP(buf_clear) struct buf file = BUF_NULL;
	int steps = 0;
	const struct backup_target target = {.progress = count_progress, .ctx = &steps};

	mount_or_skip("20m");
	EXPECT_OK(put("large", 6 << 20, err));
	EXPECT_OK(store_shred(store, err));
	fill();
	cr_assert_eq(truncate(folder_file(&folder, "fill"), 4096), 0);
	EXPECT_OK(store_backup(store, &target, &file, err));
	cr_expect_gt(steps, 0);
	steps = 0;
	EXPECT_RC(store_backup(store, &target, &file, err), E_FULL);
	cr_expect_eq(steps, 0);
	EXPECT_OK(put("after", 10, err));
	unmount();
}

static bool is_there(const char *name)
{
	return access(folder_file(&folder, name), F_OK) == 0;
}

Test(store_full, a_stop_gives_back_what_was_reserved_where_the_log_needs_it)
{
	mount_or_skip("6m");
	EXPECT_OK(put("before", 500000, err));
	cr_expect(is_there(SQLITE_RESERVE));
	fill();
	close_it();
	cr_expect_not(is_there("reeve.db-wal"));
	cr_expect_not(is_there(SQLITE_RESERVE));
	open_it();
	cr_expect(has("before"));
	unmount();
}

/* Its index is not on the disk: the power failed, or another file has taken the space. */
Test(store_full, a_start_after_a_kill_has_the_ballast_for_the_index_of_the_log)
{
	pid_t child;

	mount_or_skip("6m");
	close_it();
	child = fork();
	if (child == 0) {
		open_it();
		EXPECT_OK(put("killed", 50000, err));
		_exit(0);
	}
	waitpid(child, NULL, 0);
	cr_assert(is_there(SQLITE_RESERVE));
	cr_assert_eq(truncate(folder_file(&folder, "reeve.db-shm"), 0), 0);
	fill();
	open_it();
	cr_expect_not(is_there(SQLITE_RESERVE));
	cr_expect(has("killed"));
	make_room();
	EXPECT_OK(put("after", 10, err));
	cr_expect(is_there(SQLITE_RESERVE));
	unmount();
}

/* The log of a killed server is recovered in a copy on another file system. */
Test(store_full, a_reader_opens_what_a_killed_server_left_on_a_full_disk)
{
	struct store *reader = NULL;
	struct store_session *ss;
	pid_t child;

	mount_or_skip("6m");
	close_it();
	child = fork();
	if (child == 0) {
		open_it();
		EXPECT_OK(put("killed", 50000, err));
		_exit(0);
	}
	waitpid(child, NULL, 0);
	cr_assert_eq(truncate(folder_file(&folder, "reeve.db-shm"), 0), 0);
	fill();
	EXPECT_OK(store_open_sqlite_readonly(&reader, folder.path, err));
	ss = session_make(reader);
	EXPECT_OK(store_get_meta(ss, "killed", see_bytes, &seen, err));
	store_session_close(ss);
	store_close(reader);
	make_room();
	open_it();
	unmount();
}

Test(store_full, a_store_opens_on_a_full_disk_after_a_stop_and_after_a_kill)
{
	mount_or_skip("6m");
	for (int round = 0; round < 4; round++) {
		char name[16];

		snprintf(name, sizeof name, "round%d", round);
		EXPECT_OK(put(name, 100000, err));
		fill();
		if (round >= 2)
			put_until_full(round == 2 ? "a" : "b");
		if (round % 2 == 0) {
			close_it();
			fill();
		} else { /* a process that is killed leaves its files and its locks go */
			pid_t child;

			close_it();
			make_room();
			child = fork();
			if (child == 0) {
				open_it();
				EXPECT_OK(put("killed", 50000, err));
				fill();
				_exit(0);
			}
			waitpid(child, NULL, 0);
		}
		fill();
		open_it();
		cr_expect(has(name), "round %d", round);
		EXPECT_RC(put("refused", 3 << 20, err), E_FULL);
		cr_expect_not(has("refused"));
		make_room();
		EXPECT_OK(put("again", 10, err));
	}
	unmount();
}
