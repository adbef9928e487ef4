/* Reads while something fails: an answer is the whole one or none. */
#include "fixture.h"

#include "base/memory.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fixture f;

static atomic_int calls_left = -1, allocations_left = -1;

/* Of the store's reads the n-th fails; what a commit does is swept in test_commit.c. */
static bool may_call(void *ctx, const char *name)
{
	static const char *const writes[] = {"begin", "commit", "commit_sync", "rollback"};

	(void)ctx;
	for (size_t i = 0; i < sizeof writes / sizeof *writes; i++) {
		if (strcmp(name, writes[i]) == 0)
			return true;
	}
	if (strncmp(name, "put_", 4) == 0)
		return true;
	return atomic_load(&calls_left) < 0 || atomic_fetch_sub(&calls_left, 1) != 1;
}

static bool may_allocate(void *ctx)
{
	(void)ctx;
	return atomic_load(&allocations_left) < 0 || atomic_fetch_sub(&allocations_left, 1) != 1;
}

static void put(const char *path, const char *yaml)
{
	expect(&f, OK, NULL, PUT, .path = path, .body = yaml, .is_yaml = true);
}

/* Nothing is kept ready, so that each read does all of its work. */
static void open_it(void)
{
	fixture_open_failing(&f, may_call, NULL);
	f.settings.cache_bytes_max = 1;
	put("schemas/part", "{type: integer, x-reload: live}");
	put("schemas/s", "{type: object, properties: {a: {$ref: part}}}");
	put("secrets/o/db", "data: {pw: one}\nmetadata: {labels: {owner: me}}\n");
	put("profiles/o/base", "$schema: s\na: 1\npw: ${secret:o/db#pw}\n");
	put("profiles/o/heir", "$extends: [base]\nb: [1, 2]\nold: ${secret:o/db?version=1#pw}\n");
	put("secrets/o/db", "data: {pw: two, more: 1}\n");
	put("profiles/o/base", "$schema: s\na: 2\npw: ${secret:o/db#pw}\n");
	put("profiles/o/heir", "$extends: [base]\nb: [1, 3]\nold: ${secret:o/db?version=1#pw}\n");
}

static void close_it(void)
{
	fixture_close(&f);
}

TestSuite(read_faults, .init = open_it, .fini = close_it);

/* Whether it came through: then the answer is the one that comes without a fault. */
static void expect_same_or_failed(const struct told *whole, struct ask what, int n)
{
	struct told t = ask(&f, what);

	if (t.result == whole->result) {
		cr_expect_str_eq(t.body, whole->body, "fault %d: %s", n, t.body);
		cr_expect_str_eq(t.call.out.etag, whole->call.out.etag, "fault %d", n);
		cr_expect_str_eq(t.call.out.next, whole->call.out.next, "fault %d", n);
		cr_expect_str_eq(t.call.out.error.text, whole->call.out.error.text, "fault %d", n);
		cr_expect_str_eq(t.problems, whole->problems, "fault %d", n);
	} else {
		cr_expect(t.result == E_MEMORY || t.result == E_IO || t.result == E_UNAVAILABLE,
			  "fault %d: %s: %s", n, result_name(t.result), t.call.out.error.text);
		cr_expect_str_eq(t.body, "", "fault %d", n);
		cr_expect_str_eq(t.problems, "", "fault %d", n);
	}
	told_clear(&t);
}

static void sweep(struct ask what)
{
	struct told whole = ask(&f, what);
	bool is_over = false;

	for (int n = 1; !is_over; n++) {
		cr_assert_lt(n, 200, "the end was not reached");
		atomic_store(&calls_left, n);
		expect_same_or_failed(&whole, what, n);
		is_over = atomic_exchange(&calls_left, -1) > 0;
	}
	is_over = false;
	alloc_hook_set(may_allocate, NULL);
	for (int n = 1; !is_over; n++) {
		cr_assert_lt(n, 2000, "the end was not reached");
		atomic_store(&allocations_left, n);
		expect_same_or_failed(&whole, what, n);
		is_over = atomic_exchange(&allocations_left, -1) > 0;
	}
	alloc_hook_set(NULL, NULL);
	told_clear(&whole);
}

#define SWEEP(...) sweep((struct ask){__VA_ARGS__})
#define HEIR	   "config/o/heir"

Test(read_faults, a_configuration_comes_whole_or_not_at_all)
{
	SWEEP(CONFIG, .path = HEIR);
	SWEEP(CONFIG, .path = HEIR, .is_revealed = true);
	SWEEP(CONFIG, .path = HEIR, .is_revealed = true, .format = CONFIG_PROPERTIES);
	SWEEP(CONFIG, .path = "config/o/none");
}

Test(read_faults, an_explanation_comes_whole_or_not_at_all)
{
	SWEEP(CONFIG, .path = HEIR, .is_explained = true);
	SWEEP(CONFIG, .path = HEIR, .is_explained = true, .is_revealed = true, .key = "/old");
}

Test(read_faults, an_older_configuration_comes_whole_or_not_at_all)
{
	SWEEP(CONFIG, .path = HEIR, .revision = 6);
	SWEEP(CONFIG, .path = HEIR, .revision = 6, .is_revealed = true);
	SWEEP(CONFIG, .path = HEIR, .revision = 5);
}

Test(read_faults, a_configurations_history_comes_whole_or_not_at_all)
{
	SWEEP(.verb = VERB_CONFIG_VERSIONS, .permission = MAY_READ, .path = HEIR, .limit = 2);
	SWEEP(.verb = VERB_CONFIG_DIFF, .permission = MAY_READ, .path = HEIR, .from = 6);
	SWEEP(.verb = VERB_CONFIG_DIFF, .permission = MAY_READ, .path = HEIR);
}

Test(read_faults, a_document_comes_whole_or_not_at_all)
{
	SWEEP(GET, .path = "profiles/o/heir");
	SWEEP(GET, .path = "profiles/o/heir", .version = 1, .wants_source = true);
	SWEEP(GET, .path = "secrets/o/db", .revision = 6);
	SWEEP(GET, .path = "secrets/o/db", .revision = 3);
	SWEEP(GET, .path = "secrets/o/db", .version = 7);
}

Test(read_faults, lists_come_whole_or_not_at_all)
{
	SWEEP(LIST, .path = "profiles/", .limit = 1);
	SWEEP(.verb = VERB_DOCUMENT_VERSIONS, .permission = MAY_READ, .path = "secrets/o/db",
	      .limit = 1);
	SWEEP(.verb = VERB_DOCUMENT_DEPENDENTS, .permission = MAY_READ, .path = "secrets/o/db");
	SWEEP(.verb = VERB_DOCUMENT_DIFF, .permission = MAY_READ, .path = "secrets/o/db");
	SWEEP(.verb = VERB_DOCUMENT_DIFF, .permission = MAY_READ, .path = "profiles/o/heir");
}

Test(read_faults, revisions_come_whole_or_not_at_all)
{
	SWEEP(.verb = VERB_REVISION_LIST, .limit = 2);
	SWEEP(.verb = VERB_REVISION_LIST, .audit_path = "profiles/o/heir");
	SWEEP(.verb = VERB_REVISION_GET, .revision = 7);
	SWEEP(.verb = VERB_REVISION_GET, .revision = 9);
	SWEEP(.verb = VERB_REVISION_GET, .revision = 99);
	expect(&f, OK, NULL, .verb = VERB_DOCUMENT_DESTROY, .permission = MAY_DESTROY,
	       .path = "secrets/o/db", .body = "{\"versions\":[2]}", .is_forced = true);
	SWEEP(.verb = VERB_REVISION_GET, .revision = 10);
}

Test(read_faults, the_log_comes_whole_or_not_at_all)
{
	CLEANUP(buf_clear)
	struct buf token = fixture_token(&f, "half", "rules: [{allow: [audit], on: profiles/**}]");

	SWEEP(AUDIT, .has_after_number = true, .limit = 3);
	SWEEP(AUDIT, .has_after_number = true, .audit_path = "profiles/", .limit = 3,
	      .wants_lines = true, .token = token.data);
	SWEEP(.verb = VERB_AUDIT_ENTRY, .permission = MAY_AUDIT, .path = "sys/audit",
	      .has_after_number = true, .after_number = 1);
	SWEEP(.verb = VERB_AUDIT_CHECKPOINT, .permission = MAY_AUDIT, .path = "sys/audit");
	SWEEP(.verb = VERB_ACCESS_CHECK,
	      .body = "{\"permission\":\"read\",\"path\":\"profiles/o/heir\"}");
}

static int copies_left(void)
{
	DIR *d = opendir(f.folder);
	struct dirent *e;
	int ret = 0;

	cr_assert_not_null(d);
	while ((e = readdir(d)) != NULL)
		ret += strstr(e->d_name, ".backup-") != NULL;
	closedir(d);
	return ret;
}

/* One backup; where it fails nothing of it is left, and the log has no entry of what did not leave.
 */
static void back_up(void)
{
	struct told t = ask(&f, (struct ask){.verb = VERB_BACKUP,
					     .permission = MAY_READ,
					     .path = "sys/backup"});

	cr_expect(t.result == OK || t.result == E_MEMORY || t.result == E_IO ||
			  t.result == E_UNAVAILABLE,
		  "%s: %s", result_name(t.result), t.call.out.error.text);
	cr_expect_eq(t.call.out.has_audit_index, t.result == OK);
	cr_expect_eq(t.body[0] != '\0', t.result == OK);
	cr_expect_eq(copies_left(), 0);
	told_clear(&t);
}

Test(read_faults, a_backup_that_fails_leaves_no_file_and_no_entry)
{
	bool is_over = false;

	NEEDS_BACKUPS(&f);
	for (int n = 1; !is_over; n++) {
		cr_assert_lt(n, 100, "the end was not reached");
		atomic_store(&calls_left, n);
		back_up();
		is_over = atomic_exchange(&calls_left, -1) > 0;
	}
	is_over = false;
	alloc_hook_set(may_allocate, NULL);
	for (int n = 1; !is_over; n++) {
		cr_assert_lt(n, 1000, "the end was not reached");
		atomic_store(&allocations_left, n);
		back_up();
		is_over = atomic_exchange(&allocations_left, -1) > 0;
	}
	alloc_hook_set(NULL, NULL);
}
