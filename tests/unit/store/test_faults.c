/* Whichever call or allocation fails, the result says so and the rows are all there or not at
 * all. */
#include "fixture.h"

#include "base/memory.h"
#include "store/failing.h"

#include <stdio.h>
#include <unistd.h>

static struct folder folder;

static void set_up(void)
{
	folder = folder_new();
}

static void set_up_in_memory(void)
{
	folder = folder_new_in_memory();
}

static void tear_down(void)
{
	alloc_hook_set(NULL, NULL);
	folder_remove(&folder);
}

STORE_TESTS(store_faults);

/* One revision with all that belongs to it. */
static enum result write_revision(struct store *s, uint64_t n, struct error *err)
{
	const struct slice path = SLICE_LITERAL("profiles/a/b");
	const struct version_row version = version_of("profiles/a/b", n, n);
	const struct revision_row revision = revision_of(n);
	const struct change_row change = {n, path, CHANGE_PUT, SLICE_LITERAL("put"), n};
	const struct edge_row edge = {path, SLICE_LITERAL("schemas/s"), EDGE_SCHEMA};
	const struct audit_row audit = audit_of(n - 1, "ada", "put", "ok", &path);
	const struct log_row log = {n, SLICE_LITERAL("p"), SLICE_LITERAL("c"), 1, SLICE_NULL};
	char number[24];
	enum result rc = store_begin(s, NULL, err);

	snprintf(number, sizeof number, "%llu", (unsigned long long)n);
	if (rc == OK)
		rc = store_savepoint(s, err);
	if (rc == OK)
		rc = store_put_versions(s, &version, 1, err);
	if (rc == OK)
		rc = store_put_revisions(s, &revision, 1, err);
	if (rc == OK)
		rc = store_put_changes(s, &change, 1, err);
	if (rc == OK)
		rc = store_replace_edges(s, &(struct edge_set){path, &edge, 1}, 1, err);
	if (rc == OK)
		rc = store_put_effectives(s,
					  &(struct effective_row){SLICE_LITERAL("config/a/b"), n,
								  SLICE_LITERAL("d")},
					  1, err);
	if (rc == OK)
		rc = store_release(s, err);
	if (rc == OK)
		rc = store_put_audit(s, &audit, 1, err);
	if (rc == OK)
		rc = store_put_log(s, &log, err);
	if (rc == OK)
		rc = store_put_meta(s, &(struct meta_row){META_REVISION, slice_text(number)}, 1,
				    err);
	if (rc == OK)
		return store_commit(s, err);
	store_rollback(s);
	return rc;
}

struct counts {
	uint64_t versions, audits, changes;
	uint64_t revision;
};

static enum result count_version(void *ctx, const struct version_row *row, struct error *err)
{
	(void)err;
	((struct counts *)ctx)->versions = row->version;
	return OK;
}

static enum result count_audit(void *ctx, const struct audit_row *row, struct error *err)
{
	(void)row;
	(void)err;
	((struct counts *)ctx)->audits++;
	return OK;
}

static enum result count_change(void *ctx, const struct change_row *row, struct error *err)
{
	(void)row;
	(void)err;
	((struct counts *)ctx)->changes++;
	return OK;
}

static enum result note_revision(void *ctx, struct slice value, struct error *err)
{
	(void)err;
	cr_assert(slice_to_u64(value, UINT64_MAX, &((struct counts *)ctx)->revision));
	return OK;
}

static enum result read_counts(struct store *s, struct counts *ret, struct error *err)
{
	struct audit_filter filter = {.actor = SLICE_LITERAL("ada"),
				      .path = SLICE_LITERAL("profiles/**")};
	struct store_session *ss = NULL;
	enum result rc = store_session_open(&ss, s, err);

	*ret = (struct counts){0};
	if (rc != OK)
		return rc;
	rc = store_session_begin(ss, err);
	if (rc == OK)
		rc = store_each_head(ss, 0, count_version, ret, err);
	if (rc == OK)
		rc = store_each_audit(ss, &filter, count_audit, ret, err);
	if (rc == OK)
		rc = store_each_change_after(ss, SLICE_LITERAL("profiles/a/b"), 0, count_change,
					     ret, err);
	if (rc == OK)
		rc = store_get_meta(ss, META_REVISION, note_revision, ret, err);
	store_session_end(ss);
	store_session_close(ss);
	return rc;
}

static void expect_whole(struct store *s, uint64_t least, uint64_t most)
{
	struct counts counts;

	EXPECT_OK(read_counts(s, &counts, err));
	cr_expect_geq(counts.versions, least);
	cr_expect_leq(counts.versions, most);
	cr_expect_eq(counts.audits, counts.versions);
	cr_expect_eq(counts.changes, counts.versions);
	cr_expect_eq(counts.revision, counts.versions);
}

struct countdown {
	int left;
	const char *refused;
};

static bool count_call(void *ctx, const char *name)
{
	struct countdown *c = ctx;

	if (--c->left != 0)
		return true;
	c->refused = name;
	return false;
}

static bool count_allocation(void *ctx)
{
	struct countdown *c = ctx;

	return --c->left != 0;
}

/* One round: the n-th call fails. Returns whether a call was refused; `revision` is then the last
 * one that is stored. */
static bool write_with_fault(uint64_t *revision, int n)
{
	struct countdown countdown = {n, NULL};
	struct error told = ERROR_NULL;
	struct store *s = NULL;
	struct counts counts;
	enum result rc;

	EXPECT_OK(store_wrap_failing(&s, store_reopen(&folder), count_call, &countdown, err));
	rc = write_revision(s, *revision + 1, &told);
	if (countdown.refused == NULL) {
		cr_expect_eq(rc, OK, "%s", told.text);
	} else {
		cr_expect_eq(rc, E_IO);
		cr_expect(strstr(told.text, "made to fail") != NULL);
	}
	if (countdown.refused != NULL && strncmp(countdown.refused, "commit", 6) == 0)
		EXPECT_RC(store_begin(s, NULL, err), E_UNAVAILABLE);
	else if (countdown.refused != NULL)
		EXPECT_OK(write_revision(s, *revision + 1, err));
	store_close(s);

	s = store_reopen(&folder);
	expect_whole(s, *revision, *revision + 1);
	EXPECT_OK(read_counts(s, &counts, err));
	if (rc == OK)
		cr_expect_eq(counts.versions, *revision + 1, "an acknowledged write is there");
	*revision = counts.versions;
	store_close(s);
	return countdown.refused != NULL;
}

STORE_TEST(store_faults, a_revision_is_whole_or_absent_whichever_call_fails)
{
	uint64_t revision = 1;
	struct store *s = store_make(&folder);
	int n = 1;

	EXPECT_OK(write_revision(s, 1, err));
	store_close(s);
	while (write_with_fault(&revision, n))
		n++;
	cr_expect_eq(n, 14, "calls in a revision: %d", n);
}

STORE_TEST(store_faults, a_commit_that_happened_unseen_is_there_after_a_restart)
{
	struct countdown countdown = {13, NULL};
	struct store *s = NULL;

	EXPECT_OK(store_wrap_failing(&s, store_make(&folder), count_call, &countdown, err));
	EXPECT_RC(write_revision(s, 1, err), E_IO);
	cr_assert_str_eq(countdown.refused, "commit_sync");
	store_close(s);
	s = store_reopen(&folder);
	expect_whole(s, 1, 1);
	store_close(s);
}

STORE_TEST(store_faults, reading_fails_cleanly_whichever_call_fails)
{
	struct countdown countdown = {0, NULL};
	struct store *s = NULL;
	struct counts counts;
	int n = 1;

	EXPECT_OK(store_wrap_failing(&s, store_make(&folder), count_call, &countdown, err));
	EXPECT_OK(write_revision(s, 1, err));
	for (;; n++) {
		enum result rc;

		countdown = (struct countdown){n, NULL};
		rc = read_counts(s, &counts, NULL);
		if (countdown.refused == NULL) {
			cr_expect_eq(rc, OK);
			break;
		}
		cr_expect_eq(rc, E_IO);
	}
	cr_expect_eq(n, 7);
	store_close(s);
}

/* Opening, a session, a write, a read and a backup, in this order; stops at the first failure. */
static enum result do_everything(int round, struct error *err)
{
	struct store *s = NULL;
	struct counts counts;
	char copy[128];
	enum result rc = store_open_sqlite(&s, folder.path, false, err);

	snprintf(copy, sizeof copy, "%s/copy-%d", folder.path, round);
	if (rc == OK)
		rc = write_revision(s, 100 + (uint64_t)round, err);
	if (rc == E_CONFLICT)
		rc = OK;
	if (rc == OK)
		rc = read_counts(s, &counts, err);
	if (rc == OK)
		rc = store_backup(s, &(struct backup_target){.file = copy}, NULL, err);
	store_close(s);
	if (rc == OK)
		rc = store_open_sqlite_readonly(&s, folder.path, err);
	if (rc == OK) {
		rc = read_counts(s, &counts, err);
		store_close(s);
	}
	return rc;
}

Test(store_faults, no_failed_allocation_of_ours_leaks_or_breaks)
{
	struct store *s = store_make(&folder);
	int n = 1;

	EXPECT_OK(write_revision(s, 1, err));
	store_close(s);
	for (;; n++) {
		struct countdown countdown = {n, NULL};
		struct error err = ERROR_NULL;
		enum result rc;

		alloc_hook_set(count_allocation, &countdown);
		rc = do_everything(n, &err);
		alloc_hook_set(NULL, NULL);
		if (countdown.left > 0) {
			cr_expect_eq(rc, OK, "%s", err.text);
			break;
		}
		cr_expect_eq(rc, E_MEMORY, "allocation %d: %s: %s", n, result_name(rc), err.text);
	}
	cr_expect_gt(n, 10);
}

Test(store_faults_in_memory, a_revision_is_whole_or_absent_whichever_allocation_fails)
{
	struct store *s = store_make(&folder);
	uint64_t revision = 1;

	EXPECT_OK(write_revision(s, 1, err));
	for (int n = 1;; n++) {
		struct countdown countdown = {n, NULL};
		enum result rc;

		cr_assert_lt(n, 200, "never ends");
		alloc_hook_set(count_allocation, &countdown);
		rc = write_revision(s, revision + 1, NULL);
		alloc_hook_set(NULL, NULL);
		cr_expect_eq(rc, countdown.left > 0 ? OK : E_MEMORY, "allocation %d: %s", n,
			     result_name(rc));
		revision += rc == OK;
		expect_whole(s, revision, revision);
		if (rc == OK)
			break;
	}
	cr_expect_eq(revision, 2);
	store_close(s);
}
