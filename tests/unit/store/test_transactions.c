/* Committed rows are there, others are not, and one request that fails does not fail the
 * others. */
#include "fixture.h"

#include "base/file.h"
#include "base/memory.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

static struct folder folder;
static struct store *store;
static struct store_session *session;
static struct seen seen;

static void open_it(void)
{
	store = store_make(&folder);
	session = session_make(store);
	seen = (struct seen){0};
}

static void set_up(void)
{
	folder = folder_new();
	open_it();
}

static void set_up_in_memory(void)
{
	folder = folder_new_in_memory();
	open_it();
}

static void tear_down(void)
{
	store_session_close(session);
	store_close(store);
	folder_remove(&folder);
}

STORE_TESTS(store_transactions);

static void put_meta(const char *name, const char *value)
{
	EXPECT_OK(store_put_meta(store, &(struct meta_row){name, slice_text(value)}, 1, err));
}

static bool has_meta(const char *name)
{
	enum result rc = store_get_meta(session, name, see_bytes, &seen, NULL);

	cr_assert(rc == OK || rc == E_NOT_FOUND, "%s", result_name(rc));
	return rc == OK;
}

STORE_TEST(store_transactions, readers_see_nothing_before_the_commit_and_nothing_of_a_rollback)
{
	EXPECT_OK(store_begin(store, NULL, err));
	put_meta("a", "1");
	cr_expect_not(has_meta("a"));
	store_rollback(store);
	cr_expect_not(has_meta("a"));
	EXPECT_OK(store_begin(store, NULL, err));
	put_meta("b", "1");
	EXPECT_OK(store_commit(store, err));
	cr_expect(has_meta("b"));
	store_rollback(store);
	cr_expect(has_meta("b"));
}

STORE_TEST(store_transactions, a_session_sees_one_state_from_begin_to_end)
{
	EXPECT_OK(store_session_begin(session, err));
	EXPECT_OK(store_begin(store, NULL, err));
	put_meta("a", "1");
	EXPECT_OK(store_commit(store, err));
	cr_expect_not(has_meta("a"));
	store_session_end(session);
	cr_expect(has_meta("a"));
	EXPECT_OK(store_session_begin(session, err));
	cr_expect(has_meta("a"));
	EXPECT_RC(store_session_begin(session, err), E_INTERNAL);
	store_session_end(session);
	store_session_end(session);
}

static void expect_position(uint64_t epoch, uint64_t revision, uint64_t log_size)
{
	struct store_position found;

	EXPECT_OK(store_begin(store, &found, err));
	cr_expect_eq(found.epoch, epoch);
	cr_expect_eq(found.revision, revision);
	cr_expect_eq(found.log_size, log_size);
}

STORE_TEST(store_transactions, begin_finds_the_position_that_the_last_commit_left)
{
	struct log_row log = {3, SLICE_LITERAL("peaks"), SLICE_LITERAL("note"), 7, SLICE_NULL};

	expect_position(0, 0, 0);
	put_meta(META_EPOCH, "2");
	put_meta(META_REVISION, "41");
	EXPECT_OK(store_put_log(store, &log, err));
	EXPECT_OK(store_commit(store, err));
	expect_position(2, 41, 3);
	put_meta(META_REVISION, "42");
	store_rollback(store);
	expect_position(2, 41, 3);
	put_meta(META_REVISION, "9223372036854775807");
	EXPECT_OK(store_commit(store, err));
	expect_position(2, INT64_MAX, 3);
	put_meta(META_REVISION, "9223372036854775808");
	EXPECT_OK(store_commit(store, err));
	EXPECT_RC(store_begin(store, NULL, err), E_CORRUPT);
	EXPECT_RC(store_commit(store, err), E_INTERNAL);
}

STORE_TEST(store_transactions, what_was_committed_is_there_when_it_is_opened_again)
{
	struct store *second = NULL;

	EXPECT_OK(store_begin(store, NULL, err));
	put_meta("kept", "1");
	EXPECT_OK(store_commit(store, err));
	EXPECT_OK(store_begin(store, NULL, err));
	put_meta("lost", "1");
	if (folder.disk != NULL)
		EXPECT_RC(store_open_memory(&second, folder.disk, err), E_BUSY);
	store_session_close(session);
	store_close(store);
	store = store_reopen(&folder);
	session = session_make(store);
	cr_expect(has_meta("kept"));
	cr_expect_not(has_meta("lost"));
}

STORE_TEST(store_transactions, a_failed_request_is_undone_to_its_savepoint)
{
	struct version_row row = version_of("profiles/a/b", 1, 1);

	EXPECT_OK(store_begin(store, NULL, err));
	EXPECT_OK(store_savepoint(store, err));
	put_meta("first", "1");
	EXPECT_OK(store_put_versions(store, &row, 1, err));
	EXPECT_OK(store_release(store, err));
	EXPECT_OK(store_savepoint(store, err));
	put_meta("second", "1");
	EXPECT_RC(store_put_versions(store, &row, 1, err), E_CONFLICT);
	EXPECT_OK(store_rollback_to(store, err));
	EXPECT_OK(store_savepoint(store, err));
	put_meta("third", "1");
	EXPECT_OK(store_release(store, err));
	EXPECT_OK(store_commit(store, err));
	cr_expect(has_meta("first"));
	cr_expect_not(has_meta("second"));
	cr_expect(has_meta("third"));
}

STORE_TEST(store_transactions, calls_out_of_order_are_refused_and_harmless)
{
	struct version_row row = version_of("profiles/a/b", 1, 1);

	EXPECT_RC(store_put_versions(store, &row, 1, err), E_INTERNAL);
	EXPECT_RC(store_commit(store, err), E_INTERNAL);
	EXPECT_RC(store_savepoint(store, err), E_INTERNAL);
	EXPECT_OK(store_begin(store, NULL, err));
	EXPECT_RC(store_begin(store, NULL, err), E_INTERNAL);
	EXPECT_RC(store_release(store, err), E_INTERNAL);
	EXPECT_RC(store_rollback_to(store, err), E_INTERNAL);
	EXPECT_RC(store_shred(store, err), E_INTERNAL);
	EXPECT_OK(store_savepoint(store, err));
	EXPECT_RC(store_savepoint(store, err), E_INTERNAL);
	put_meta("a", "1");
	EXPECT_RC(store_commit(store, err), E_INTERNAL);
	cr_expect_not(has_meta("a"));
	EXPECT_OK(store_begin(store, NULL, err));
	put_meta("a", "1");
	EXPECT_OK(store_commit(store, err));
	cr_expect(has_meta("a"));
}

static enum result ask_again(void *ctx, const struct version_row *row, struct error *err)
{
	return store_get_version(session, row->path, 1, see_version, ctx, err);
}

STORE_TEST(store_transactions, a_callback_may_ask_the_same_again)
{
	struct version_row row = version_of("profiles/a/b", 1, 1);

	EXPECT_OK(store_begin(store, NULL, err));
	EXPECT_OK(store_put_versions(store, &row, 1, err));
	EXPECT_OK(store_commit(store, err));
	EXPECT_OK(store_get_version(session, row.path, 1, ask_again, &seen, err));
	cr_expect_str_eq(seen_text(&seen), "profiles/a/b v1 r1 live@1");
}

/* A file size limit stands in for a disk without room: the kernel refuses the same writes. */
static void limit_files(rlim_t bytes)
{
	struct rlimit limit = {bytes, RLIM_INFINITY};

	signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

Test(store_transactions, a_commit_that_exceeds_a_limit_is_undone_and_the_next_one_succeeds)
{
	static char large[100000];
	struct error told = ERROR_NULL;
	enum result rc;

	EXPECT_OK(store_begin(store, NULL, err));
	put_meta("before", "1");
	EXPECT_OK(store_commit(store, err));
	EXPECT_OK(store_begin(store, NULL, err));
	EXPECT_OK(store_put_meta(store,
				 &(struct meta_row){"large", slice_make(large, sizeof large)}, 1,
				 err));
	limit_files(40000);
	rc = store_commit(store, &told);
	cr_expect_eq(rc, E_FULL, "%s: %s", result_name(rc), told.text);
	limit_files(RLIM_INFINITY);
	cr_expect(has_meta("before"));
	cr_expect_not(has_meta("large"));
	EXPECT_OK(store_begin(store, NULL, err));
	put_meta("after", "1");
	EXPECT_OK(store_commit(store, err));
	store_session_close(session);
	store_close(store);
	store = store_reopen(&folder);
	session = session_make(store);
	cr_expect(has_meta("before"));
	cr_expect(has_meta("after"));
	cr_expect_not(has_meta("large"));
}

Test(store_transactions, a_transaction_that_the_disk_took_is_not_committed_in_part)
{
	static char large[4 * 1024 * 1024];
	enum result rc;

	EXPECT_OK(store_begin(store, NULL, err));
	put_meta("small", "1");
	limit_files(100000);
	rc = store_put_meta(store, &(struct meta_row){"large", slice_make(large, sizeof large)}, 1,
			    NULL);
	if (rc == OK)
		rc = store_commit(store, NULL);
	else
		EXPECT_RC(store_put_meta(store, &(struct meta_row){"straggler", SLICE_LITERAL("1")},
					 1, err),
			  E_IO);
	cr_expect_neq(store_commit(store, NULL), OK);
	limit_files(RLIM_INFINITY);
	cr_expect_eq(rc, E_FULL, "%s", result_name(rc));
	cr_expect_not(has_meta("small"));
	cr_expect_not(has_meta("straggler"));
}

static bool file_holds(const char *name, const char *needle)
{
	CLEANUP(buf_clear) struct buf bytes = BUF_NULL;
	enum result rc = file_read(&bytes, folder_file(&folder, name), 64 << 20, NULL);

	cr_assert(rc == OK || rc == E_NOT_FOUND);
	return rc == OK && memmem(bytes.data, bytes.len, needle, strlen(needle)) != NULL;
}

enum { SECRETS = 1500, STEPS = 3000 };

struct secret {
	char path[32];
	bool is_there, is_destroyed;
	int key;
};

/* Fixed length, as a wrapped key has. */
static void name_key(char ret[static 48], int n, int key)
{
	snprintf(ret, 48, "KEY<%06d.%03d> ordinary key bytes", n, key);
}

static void add_secret(struct secret *secret, int n, uint64_t random)
{
	static char sealed[8000];
	size_t len = random % 8 == 0 ? 100 + (random >> 8) % 7000 : 20 + (random >> 8) % 400;
	struct version_row row = version_of("", 1, (uint64_t)n + 1);
	char key[48], mark[24];

	snprintf(secret->path, sizeof secret->path, "secrets/%d/%d", n * 7919 % 13, n);
	secret->is_there = true;
	name_key(key, n, 0);
	memset(sealed, '.', sizeof sealed);
	snprintf(mark, sizeof mark, "VAL<%06d>", n);
	memcpy(sealed + (random >> 32) % (len - 12), mark, 11);
	row.path = slice_text(secret->path);
	row.wrapped_key = slice_text(key);
	row.sealed = slice_make(sealed, len);
	EXPECT_OK(store_put_versions(store, &row, 1, err));
}

static void change_secret(struct secret *secret, int n, bool is_destroyed)
{
	char key[48];

	if (!secret->is_there || secret->is_destroyed)
		return;
	secret->is_destroyed = is_destroyed;
	if (is_destroyed) {
		EXPECT_OK(store_set_states(store,
					   &(struct state_row){slice_text(secret->path), 1,
							       VERSION_DESTROYED, 9999},
					   1, err));
		return;
	}
	name_key(key, n, ++secret->key);
	EXPECT_OK(store_rewrap_versions(store,
					&(struct rewrap_row){slice_text(secret->path), 1, 2,
							     slice_text(key)},
					1, err));
}

static void expect_in(const struct buf *bytes, const char *text, bool is_there)
{
	bool is_found = memmem(bytes->data, bytes->len, text, strlen(text)) != NULL;

	cr_expect_eq(is_found, is_there, "%s", text);
}

static void expect_gone(const struct buf *bytes, const struct secret *secret, int n)
{
	char text[48];

	/* Overflow pages may cut a value that is there in two. */
	snprintf(text, sizeof text, "VAL<%06d>", n);
	if (secret->is_destroyed)
		expect_in(bytes, text, false);
	for (int key = 0; key <= secret->key; key++) {
		name_key(text, n, key);
		expect_in(bytes, text, !secret->is_destroyed && key == secret->key);
	}
}

/* Documents come, go and get new keys in no order, so that pages split and merge and could leave
 * copies behind. */
Test(store_transactions, what_was_destroyed_or_rewrapped_is_in_no_file)
{
	static struct secret secrets[SECRETS];
	CLEANUP(buf_clear) struct buf bytes = BUF_NULL;
	uint64_t random = 1;
	int count = 0;

	EXPECT_OK(store_begin(store, NULL, err));
	for (int step = 0; step < STEPS; step++) {
		random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		if ((random >> 60) < 8 && count < SECRETS) {
			add_secret(&secrets[count], count, random >> 4);
			count++;
		} else if (count != 0) {
			int n = (int)((random >> 20) % (uint64_t)count);

			change_secret(&secrets[n], n, (random >> 60) < 13);
		}
		if (step % 50 == 49) {
			EXPECT_OK(store_commit(store, err));
			EXPECT_OK(store_begin(store, NULL, err));
		}
	}
	EXPECT_OK(store_commit(store, err));
	EXPECT_OK(store_shred(store, err));
	EXPECT_OK(file_read(&bytes, folder_file(&folder, "reeve.db"), 64 << 20, err));
	for (int n = 0; n < count; n++)
		expect_gone(&bytes, &secrets[n], n);
	cr_expect_not(file_holds("reeve.db-wal", "KEY<"));
}

STORE_TEST(store_transactions, shredding_waits_for_readers_by_saying_so)
{
	EXPECT_OK(store_begin(store, NULL, err));
	put_meta("a", "1");
	EXPECT_OK(store_commit(store, err));
	EXPECT_OK(store_session_begin(session, err));
	EXPECT_OK(store_begin(store, NULL, err));
	put_meta("b", "1");
	EXPECT_OK(store_commit(store, err));
	EXPECT_RC(store_shred(store, err), E_BUSY);
	store_session_end(session);
	EXPECT_OK(store_shred(store, err));
	EXPECT_OK(store_begin(store, NULL, err));
	put_meta("c", "1");
	EXPECT_OK(store_commit(store, err));
}

Test(store_transactions, the_log_does_not_grow_for_ever)
{
	static char large[200000];
	struct stat st;

	for (int i = 0; i < 300; i++) {
		EXPECT_OK(store_begin(store, NULL, err));
		memset(large, i, sizeof large);
		EXPECT_OK(
			store_put_meta(store,
				       &(struct meta_row){"large", slice_make(large, sizeof large)},
				       1, err));
		EXPECT_OK(store_commit(store, err));
	}
	cr_assert_eq(stat(folder_file(&folder, "reeve.db-wal"), &st), 0);
	cr_expect_lt(st.st_size, 24 * 1024 * 1024);
}
