/* A writer that is killed at any moment: what it was told is written is there, and nothing is there
 * by half. */
#include "fixture.h"

#include "base/memory.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KILLS	   30
#define GROUP_ROWS 20

static struct folder folder;

static void set_up(void)
{
	folder = folder_new();
	store_close(store_make(&folder));
}

static void tear_down(void)
{
	folder_remove(&folder);
}

TestSuite(store_crash, .init = set_up, .fini = tear_down);

/* Groups of audit rows and one version, from `group` on; each is told through `acks` once it is
 * committed. */
static void write_groups(int acks, uint64_t group)
{
	static char sealed[9000];
	struct store *s = NULL;

	if (store_open_sqlite(&s, folder.path, false, NULL) != OK)
		_exit(1);
	for (;; group++) {
		struct version_row version = version_of("profiles/a/b", group + 1, group + 1);
		const struct slice path = SLICE_LITERAL("profiles/a/b");
		struct log_row log = {(group + 1) * GROUP_ROWS, SLICE_NULL, SLICE_NULL, 0,
				      SLICE_NULL};
		enum result rc = store_begin(s, NULL, NULL);

		version.sealed = slice_make(sealed, group * 97 % sizeof sealed);
		for (uint64_t i = 0; rc == OK && i < GROUP_ROWS; i++) {
			struct audit_row row =
				audit_of(group * GROUP_ROWS + i, "ada", "put", "ok", &path);

			rc = store_put_audit(s, &row, 1, NULL);
		}
		if (rc == OK)
			rc = store_put_versions(s, &version, 1, NULL);
		if (rc == OK)
			rc = store_put_log(s, &log, NULL);
		if (rc == OK)
			rc = store_commit(s, NULL);
		if (rc != OK || write(acks, &group, sizeof group) != sizeof group)
			_exit(2);
	}
}

struct state {
	uint64_t log_size, audit_count, head;
};

static enum result note_log(void *ctx, const struct log_row *row, struct error *err)
{
	(void)err;
	((struct state *)ctx)->log_size = row->size;
	return OK;
}

static enum result note_audit(void *ctx, const struct audit_row *row, struct error *err)
{
	struct state *state = ctx;

	(void)err;
	cr_assert_eq(row->index, state->audit_count);
	state->audit_count++;
	return OK;
}

static enum result note_head(void *ctx, const struct version_row *row, struct error *err)
{
	(void)err;
	((struct state *)ctx)->head = row->version;
	return OK;
}

/* The number of whole groups; ends the test where one is there by half. */
static uint64_t count_groups(void)
{
	static const struct audit_filter all = {.limit = 0};
	const struct audit_filter of_path = {.path = SLICE_LITERAL("profiles/a/b")};
	struct state state = {0, 0, 0};
	struct store *s = store_reopen(&folder);
	struct store_session *ss = session_make(s);
	enum result rc = store_get_log(ss, note_log, &state, NULL);

	cr_assert(rc == OK || rc == E_NOT_FOUND);
	EXPECT_OK(store_each_audit(ss, &all, note_audit, &state, err));
	cr_assert_eq(state.audit_count, state.log_size);
	state.audit_count = 0;
	EXPECT_OK(store_each_audit(ss, &of_path, note_audit, &state, err));
	cr_assert_eq(state.audit_count, state.log_size);
	EXPECT_OK(store_each_head(ss, 0, note_head, &state, err));
	cr_assert_eq(state.head * GROUP_ROWS, state.log_size);
	store_session_close(ss);
	store_close(s);
	return state.head;
}

/* Kills the writer `us` microseconds after its start, or after its first group where `has_begun`,
 * and gives the number of groups that it acknowledged. */
static uint64_t run_and_kill(uint64_t from, bool has_begun, long us)
{
	const struct timespec pause = {0, us * 1000};
	uint64_t acked = from, group;
	int acks[2], status;
	bool was_killed;
	pid_t child;

	cr_assert_eq(pipe(acks), 0);
	child = fork();
	if (child == 0) {
		close(acks[0]);
		write_groups(acks[1], from);
	}
	close(acks[1]);
	if (has_begun) {
		struct pollfd first = {.fd = acks[0], .events = POLLIN};

		cr_assert_eq(poll(&first, 1, 30000), 1);
	}
	nanosleep(&pause, NULL);
	kill(child, SIGKILL);
	cr_assert_eq(waitpid(child, &status, 0), child);
	was_killed = WIFSIGNALED(status);
	cr_assert(was_killed, "the writer ended by itself: %d", status);
	while (read(acks[0], &group, sizeof group) == sizeof group)
		acked = group + 1;
	close(acks[0]);
	return acked;
}

Test(store_crash, nothing_acknowledged_is_lost_and_nothing_is_there_by_half)
{
	uint64_t groups = 0, seed = 42;

	for (int i = 0; i < KILLS; i++) {
		uint64_t acked;

		seed = seed * UINT64_C(6364136223846793005) + 1;
		acked = run_and_kill(groups, i % 3 != 0, 100 + (long)(seed >> 40) % 40000);
		groups = count_groups();
		cr_assert_geq(groups, acked, "acknowledged %llu, found %llu",
			      (unsigned long long)acked, (unsigned long long)groups);
		cr_assert_leq(groups, acked + 1);
	}
	cr_expect_geq(groups, KILLS / 3 * 2, "the writer hardly wrote");
}
