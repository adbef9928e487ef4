/* What is committed is there, what is not is not, and one request that fails does not fail the others. */
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

static void set_up(void)
{
	folder = folder_new();
	store = store_make(&folder);
	session = session_make(store);
	seen = (struct seen){0};
}

static void tear_down(void)
{
	store_session_close(session);
	store_close(store);
	folder_remove(&folder);
}

TestSuite(store_transactions, .init = set_up, .fini = tear_down);

static void put_meta(const char *name, const char *value)
{
	EXPECT_OK(store_put_meta(store, name, slice_text(value), err));
}

static bool has_meta(const char *name)
{
	enum result rc = store_get_meta(session, name, see_bytes, &seen, NULL);

	cr_assert(rc == OK || rc == E_NOT_FOUND, "%s", result_name(rc));
	return rc == OK;
}

Test(store_transactions, readers_see_nothing_before_the_commit_and_nothing_of_a_rollback)
{
	EXPECT_OK(store_begin(store, err));
	put_meta("a", "1");
	cr_expect_not(has_meta("a"));
	store_rollback(store);
	cr_expect_not(has_meta("a"));
	EXPECT_OK(store_begin(store, err));
	put_meta("b", "1");
	EXPECT_OK(store_commit(store, err));
	cr_expect(has_meta("b"));
	store_rollback(store);
	cr_expect(has_meta("b"));
}

Test(store_transactions, a_session_sees_one_state_from_begin_to_end)
{
	EXPECT_OK(store_session_begin(session, err));
	EXPECT_OK(store_begin(store, err));
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

Test(store_transactions, a_failed_request_is_undone_to_its_savepoint)
{
	struct version_row row = version_of("profiles/a/b", 1, 1);

	EXPECT_OK(store_begin(store, err));
	EXPECT_OK(store_savepoint(store, err));
	put_meta("first", "1");
	EXPECT_OK(store_put_version(store, &row, err));
	EXPECT_OK(store_release(store, err));
	EXPECT_OK(store_savepoint(store, err));
	put_meta("second", "1");
	EXPECT_RC(store_put_version(store, &row, err), E_CONFLICT);
	EXPECT_OK(store_rollback_to(store, err));
	EXPECT_OK(store_savepoint(store, err));
	put_meta("third", "1");
	EXPECT_OK(store_release(store, err));
	EXPECT_OK(store_commit(store, err));
	cr_expect(has_meta("first"));
	cr_expect_not(has_meta("second"));
	cr_expect(has_meta("third"));
}

Test(store_transactions, calls_out_of_order_are_refused_and_harmless)
{
	struct version_row row = version_of("profiles/a/b", 1, 1);

	EXPECT_RC(store_put_version(store, &row, err), E_INTERNAL);
	EXPECT_RC(store_commit(store, err), E_INTERNAL);
	EXPECT_RC(store_savepoint(store, err), E_INTERNAL);
	EXPECT_OK(store_begin(store, err));
	EXPECT_RC(store_begin(store, err), E_INTERNAL);
	EXPECT_RC(store_release(store, err), E_INTERNAL);
	EXPECT_RC(store_rollback_to(store, err), E_INTERNAL);
	EXPECT_RC(store_shred(store, err), E_INTERNAL);
	EXPECT_OK(store_savepoint(store, err));
	EXPECT_RC(store_savepoint(store, err), E_INTERNAL);
	put_meta("a", "1");
	EXPECT_RC(store_commit(store, err), E_INTERNAL);
	cr_expect_not(has_meta("a"));
	EXPECT_OK(store_begin(store, err));
	put_meta("a", "1");
	EXPECT_OK(store_commit(store, err));
	cr_expect(has_meta("a"));
}

static enum result ask_again(void *ctx, const struct version_row *row, struct error *err)
{
	return store_get_version(session, row->path, 1, see_version, ctx, err);
}

Test(store_transactions, a_callback_may_ask_the_same_again)
{
	struct version_row row = version_of("profiles/a/b", 1, 1);

	EXPECT_OK(store_begin(store, err));
	EXPECT_OK(store_put_version(store, &row, err));
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

Test(store_transactions, a_commit_that_failed_ends_all_writing_but_no_reading)
{
	static char large[100000];
	struct error told = ERROR_NULL;
	enum result rc;

	EXPECT_OK(store_begin(store, err));
	put_meta("before", "1");
	EXPECT_OK(store_commit(store, err));
	EXPECT_OK(store_begin(store, err));
	EXPECT_OK(store_put_meta(store, "large", slice_make(large, sizeof large), err));
	limit_files(40000);
	rc = store_commit(store, &told);
	cr_expect_eq(rc, E_IO, "%s: %s", result_name(rc), told.text);
	limit_files(RLIM_INFINITY);
	EXPECT_RC(store_begin(store, err), E_UNAVAILABLE);
	EXPECT_RC(store_shred(store, err), E_UNAVAILABLE);
	cr_expect(has_meta("before"));
	cr_expect_not(has_meta("large"));
	store_session_close(session);
	store_close(store);
	store = store_reopen(&folder);
	session = session_make(store);
	cr_expect(has_meta("before"));
	EXPECT_OK(store_begin(store, err));
	put_meta("after", "1");
	EXPECT_OK(store_commit(store, err));
}

Test(store_transactions, a_transaction_that_the_disk_took_is_not_committed_in_part)
{
	static char large[4 * 1024 * 1024];
	enum result rc;

	EXPECT_OK(store_begin(store, err));
	put_meta("small", "1");
	limit_files(100000);
	rc = store_put_meta(store, "large", slice_make(large, sizeof large), NULL);
	if (rc == OK)
		rc = store_commit(store, NULL);
	else
		cr_expect_neq(store_commit(store, NULL), OK);
	limit_files(RLIM_INFINITY);
	cr_expect_eq(rc, E_IO, "%s", result_name(rc));
	cr_expect_not(has_meta("small"));
}

static bool file_holds(const char *name, const char *needle)
{
	CLEANUP(buf_clear) struct buf bytes = BUF_NULL;
	enum result rc = file_read(&bytes, folder_file(&folder, name), 64 << 20, NULL);

	cr_assert(rc == OK || rc == E_NOT_FOUND);
	return rc == OK && memmem(bytes.data, bytes.len, needle, strlen(needle)) != NULL;
}

/* Enough documents around it that pages were split and merged and copies of the row could have stayed behind. */
Test(store_transactions, what_was_destroyed_is_in_no_file)
{
	static char sealed[3000];
	char path[64];

	memset(sealed, 'x', sizeof sealed);
	memcpy(sealed + 1500, "canary-content", 14);
	for (uint64_t i = 0; i < 400; i++) {
		/* In no order of the key, so that pages split in their middles. */
		uint64_t n = i * 7919 % 400;
		struct version_row row;

		EXPECT_OK(store_begin(store, err));
		snprintf(path, sizeof path, "secrets/a/%llu", (unsigned long long)n);
		row = version_of(path, 1, i + 1);
		row.sealed = slice_make(sealed, 50 + n * 7);
		row.wrapped_key = SLICE_LITERAL("0123456789 ordinary key");
		if (n % 10 == 0) {
			row.sealed = slice_make(sealed + 1400, n % 20 == 0 ? 200 : 1600);
			row.wrapped_key = SLICE_LITERAL("canary-key");
		} else {
			row.sealed = slice_make(sealed, 50 + n % 1200);
		}
		EXPECT_OK(store_put_version(store, &row, err));
		EXPECT_OK(store_commit(store, err));
	}
	EXPECT_OK(store_shred(store, err));
	cr_assert(file_holds("reeve.db", "canary-key"));
	cr_assert(file_holds("reeve.db", "canary-content"));
	for (uint64_t n = 0; n < 400; n += 10) {
		EXPECT_OK(store_begin(store, err));
		snprintf(path, sizeof path, "secrets/a/%llu", (unsigned long long)n);
		EXPECT_OK(store_set_version_state(store, slice_text(path), 1, VERSION_DESTROYED,
						  1000, err));
		EXPECT_OK(store_commit(store, err));
	}
	EXPECT_OK(store_shred(store, err));
	cr_expect_not(file_holds("reeve.db", "canary-key"));
	cr_expect_not(file_holds("reeve.db", "canary-content"));
	cr_expect_not(file_holds("reeve.db-wal", "canary"));
}

Test(store_transactions, shredding_waits_for_readers_by_saying_so)
{
	EXPECT_OK(store_begin(store, err));
	put_meta("a", "1");
	EXPECT_OK(store_commit(store, err));
	EXPECT_OK(store_session_begin(session, err));
	EXPECT_OK(store_begin(store, err));
	put_meta("b", "1");
	EXPECT_OK(store_commit(store, err));
	EXPECT_RC(store_shred(store, err), E_BUSY);
	store_session_end(session);
	EXPECT_OK(store_shred(store, err));
	EXPECT_OK(store_begin(store, err));
	put_meta("c", "1");
	EXPECT_OK(store_commit(store, err));
}

Test(store_transactions, the_log_does_not_grow_for_ever)
{
	static char large[200000];
	struct stat st;

	for (int i = 0; i < 300; i++) {
		EXPECT_OK(store_begin(store, err));
		large[0] = (char)i;
		EXPECT_OK(store_put_meta(store, "large", slice_make(large, sizeof large), err));
		EXPECT_OK(store_commit(store, err));
	}
	cr_assert_eq(stat(folder_file(&folder, "reeve.db-wal"), &st), 0);
	cr_expect_lt(st.st_size, 8 * 1024 * 1024);
}
