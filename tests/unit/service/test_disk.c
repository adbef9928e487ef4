/* What the disk does to those who wait for it: it fails, or it is slow. */
#include "control.h"

#include "store/failing.h"
#include "store/sqlite/db.h"

#include <dirent.h>
#include <stdio.h>

static struct fixture f;
static struct buf nobody;
static char accessor[64], token[128];

#define RULES "rules: [{allow: [read], on: secrets/none}]"

static void open_it(void)
{
	struct told t;

	fixture_open_failing(&f, control_may_call, NULL);
	nobody = fixture_token(&f, "nobody", RULES);
	control_time(&f);
	expect(&f, OK, NULL, PUT, .path = "secrets/x", .body = "{\"data\":{\"k\":\"v\"}}");
	expect(&f, OK, NULL, PUT, .path = "profiles/a/b", .body = "{\"n\":1}");
	expect(&f, OK, NULL, PUT, .path = "profiles/a/b", .body = "{\"n\":\"${secret:x#k}\"}");
	expect(&f, OK, NULL, PUT, .path = "profiles/a/gone", .body = "{}");
	expect(&f, OK, NULL, DELETE, .path = "profiles/a/gone");
	t = ask(&f, (struct ask){CREATE,
				 .body = "{\"name\":\"t\",\"policies\":[\"all\"],\"ttl\":\"1h\"}"});
	snprintf(accessor, sizeof accessor, "%.26s", strstr(t.body, "\"accessor\":\"") + 12);
	snprintf(token, sizeof token, "%.50s", strstr(t.body, "\"token\":\"") + 9);
	token[strcspn(token, "\"")] = '\0';
	told_clear(&t);
}

static void close_it(void)
{
	control_let_go();
	buf_clear(&nobody);
	fixture_close(&f);
}

TestSuite(disk, .init = open_it, .fini = close_it);

/* One call of each verb, and of some what changes nothing and what tells of no secret. */
static const struct answered {
	struct ask what;
	enum result result;
	const char *text;
} read_only_responses[] = {
	{{LIST, .path = "profiles/"}, OK, "\"profiles/a/b\""},
	{{GET, .path = "profiles/a/b"}, OK, "${secret:x#k}"},
	{{GET, .path = "profiles/a/b", .version = 1}, OK, "{\"n\":1}"},
	{{GET, .path = "secrets/x"},
	 E_UNAVAILABLE,
	 "it could not be recorded: the store takes no writes until reeved is restarted"},
	{{GET, .path = "secrets/x", .version = 1},
	 E_UNAVAILABLE,
	 "the store takes no writes until reeved is restarted"},
	{{GET, .path = "profiles/a/none"}, E_NOT_FOUND, NULL},
	{{PUT, .path = "profiles/a/c", .body = "{}"},
	 E_UNAVAILABLE,
	 "the store takes no writes until reeved is restarted"},
	{{PUT, .path = "profiles/a/c", .body = "{}", .is_dry_run = true}, OK, "\"dry_run\":true"},
	{{PUT, .path = "profiles/a/c", .body = "{"},
	 E_UNAVAILABLE,
	 "the store takes no writes until reeved is restarted"},
	{{PUT, .path = "secrets/x", .body = "{\"data\":{\"k\":\"w\"}}"},
	 E_UNAVAILABLE,
	 "the store takes no writes"},
	{{PATCH, .path = "profiles/a/b", .body = "{\"m\":1}"},
	 E_UNAVAILABLE,
	 "the store takes no writes until reeved is restarted"},
	{{DELETE, .path = "profiles/a/b"},
	 E_UNAVAILABLE,
	 "the store takes no writes until reeved is restarted"},
	{{.verb = VERB_DOCUMENT_UNDELETE,
	  .permission = MAY_DELETE,
	  .path = "profiles/a/gone",
	  .body = "{\"versions\":[1]}"},
	 E_UNAVAILABLE,
	 "the store takes no writes until reeved is restarted"},
	{{.verb = VERB_DOCUMENT_DESTROY,
	  .permission = MAY_DESTROY,
	  .path = "secrets/x",
	  .body = "{\"versions\":[1]}"},
	 E_UNAVAILABLE,
	 "the store takes no writes until reeved is restarted"},
	{{.verb = VERB_DOCUMENT_ROLLBACK,
	  .permission = MAY_ROLLBACK,
	  .path = "profiles/a/b",
	  .body = "{\"version\":1}"},
	 E_UNAVAILABLE,
	 "the store takes no writes until reeved is restarted"},
	{{.verb = VERB_DOCUMENT_VERSIONS, .permission = MAY_READ, .path = "profiles/a/b"},
	 OK,
	 "\"version\":2"},
	{{.verb = VERB_DOCUMENT_DIFF,
	  .permission = MAY_READ,
	  .path = "profiles/a/b",
	  .from = 1,
	  .to = 2},
	 OK,
	 "/n"},
	{{.verb = VERB_DOCUMENT_DEPENDENTS, .permission = MAY_READ, .path = "secrets/x"},
	 OK,
	 "profiles/a/b"},
	{{.verb = VERB_BATCH,
	  .body = "{\"changes\":[{\"op\":\"put\",\"path\":\"profiles/a/d\","
		  "\"content\":{}}]}"},
	 E_UNAVAILABLE,
	 "the store takes no writes until reeved is restarted"},
	{{.verb = VERB_REVISION_LIST}, OK, "\"revision\":4"},
	{{.verb = VERB_REVISION_GET, .revision = 4}, OK, "profiles/a/b"},
	{{.verb = VERB_REVISION_REVERT, .revision = 4},
	 E_UNAVAILABLE,
	 "the store takes no writes until reeved is restarted"},
	{{CONFIG, .path = "config/a/b"}, OK, "${secret:x#k}"},
	{{CONFIG, .path = "config/a/b", .is_revealed = true},
	 E_UNAVAILABLE,
	 "the store takes no writes until reeved is restarted"},
	{{.verb = VERB_CONFIG_VERSIONS, .permission = MAY_READ, .path = "config/a/b"},
	 OK,
	 "\"revision\":"},
	{{.verb = VERB_CONFIG_DIFF,
	  .permission = MAY_READ,
	  .path = "config/a/b",
	  .from = 4,
	  .to = 5},
	 OK,
	 "/n"},
	{{AUDIT}, OK, "token.create"},
	{{.verb = VERB_AUDIT_ENTRY,
	  .permission = MAY_AUDIT,
	  .path = "sys/audit",
	  .has_after_number = true},
	 OK,
	 "\"index\":0"},
	{{.verb = VERB_AUDIT_CHECKPOINT, .permission = MAY_AUDIT, .path = "sys/audit"},
	 OK,
	 "reeve.test/log\n"},
	{{CREATE, .body = "{\"name\":\"u\",\"policies\":[\"all\"]}"},
	 E_UNAVAILABLE,
	 "the store takes no writes"},
	{{.verb = VERB_TOKEN_LIST, .permission = MAY_LIST, .path = "sys/tokens"},
	 OK,
	 "\"name\":\"t\""},
	{{.verb = VERB_TOKEN_REVOKE,
	  .permission = MAY_DELETE,
	  .path = "sys/tokens",
	  .accessor = accessor},
	 E_UNAVAILABLE,
	 "the store takes no writes until reeved is restarted"},
	{{.verb = VERB_TOKEN_RENEW, .token = token},
	 E_UNAVAILABLE,
	 "the store takes no writes until reeved is restarted"},
	{{.verb = VERB_TOKEN_SELF}, OK, "\"name\":\"root\""},
	{{.verb = VERB_ACCESS_CHECK, .body = "{\"permission\":\"read\",\"path\":\"x\"}"},
	 OK,
	 "\"allowed\":true"},
	{{.verb = VERB_STATUS, .permission = MAY_READ, .path = "sys/status"},
	 OK,
	 "\"store\":\"read-only\""},
	{{.verb = VERB_METRICS, .permission = MAY_READ, .path = "sys/metrics"},
	 OK,
	 "\nreeve_read_only 1\n"},
	{{.verb = VERB_BACKUP, .permission = MAY_READ, .path = "sys/backup"},
	 E_UNAVAILABLE,
	 "the store takes no writes"},
};

static void fail_a_commit(const char *which)
{
	control_fail(which, 1);
	expect(&f, E_UNAVAILABLE,
	       "it could not be recorded: not acknowledged; its outcome is decided "
	       "at the next start",
	       PUT, .path = "profiles/a/last", .body = "{}");
}

static int files_in(const char *folder, const char *part)
{
	DIR *d = opendir(folder);
	struct dirent *e;
	int count = 0;

	while ((e = readdir(d)) != NULL)
		count += strstr(e->d_name, part) != NULL;
	closedir(d);
	return count;
}

/* On a full disk the same calls are refused, with another result and text. */
static void expect_read_only(bool is_full)
{
	bool is_tried[VERB_COUNT] = {false};

	for (size_t i = 0; i < ARRAY_SIZE(read_only_responses); i++) {
		struct answered a = read_only_responses[i];

		if (is_full && a.result == E_UNAVAILABLE) {
			a.result = E_FULL;
			a.text = "it could not be recorded: the server's disk is full: nothing was "
				 "written";
		} else if (is_full && a.what.verb == VERB_STATUS) {
			a.text = "\"store\":\"disk-full\"";
		} else if (is_full && a.what.verb == VERB_METRICS) {
			a.text = "\nreeve_disk_full 1\n";
		}
		expect_at(&f, a.result, a.text, a.what, __FILE__, (int)i);
		is_tried[a.what.verb] = true;
	}
	for (int i = 0; i < VERB_COUNT; i++)
		cr_expect(is_tried[i], "%s", verb_table[i].action);
}

Test(disk, after_a_failed_commit_each_verb_reads_what_is_published_and_records_and_writes_nothing)
{
	struct error err = ERROR_NULL;
	char log[4000];

	control_log();
	control_pass(60000); /* so that a renewal moves the token's end */
	fail_a_commit("commit_sync");
	control_logged("error commit_failed error=", log, sizeof log);
	cr_expect_eq(service_ready(f.service, &err), E_UNAVAILABLE);
	cr_expect_not_null(strstr(err.text, "read-only"), "%s", err.text);
	expect_read_only(false);
	expect(&f, E_UNAVAILABLE, "the store takes no writes until reeved is restarted", GET,
	       .path = "secrets/x", .token = nobody.data); /* a refusal is recorded too */
	cr_expect_eq(files_in(f.folder, "backup"), 0);
	expect(&f, E_NOT_FOUND, NULL, GET, .path = "profiles/a/last");
	fixture_restart(&f);
	expect(&f, OK, NULL, GET, .path = "profiles/a/last"); /* it had happened */
	expect(&f, OK, NULL, PUT, .path = "profiles/a/c", .body = "{}");
}

Test(disk, a_commit_that_did_not_happen_is_gone_after_the_next_start)
{
	fail_a_commit("commit");
	expect(&f, E_NOT_FOUND, NULL, GET, .path = "profiles/a/last");
	fixture_restart(&f);
	expect(&f, E_NOT_FOUND, NULL, GET, .path = "profiles/a/last");
	expect(&f, OK, NULL, PUT, .path = "profiles/a/last", .body = "{}");
}

static void fill_the_disk(const char *calls, int times)
{
	store_failing_set_full(f.store, true);
	control_fail(calls, times);
}

Test(disk, a_full_disk_refuses_what_a_failed_one_does_and_goes_on_by_itself)
{
	struct error err = ERROR_NULL;
	char log[8000];

	control_log();
	control_pass(60000);
	fill_the_disk("begin", -1);
	expect(&f, E_FULL, "the server's disk is full", PUT, .path = "profiles/a/last",
	       .body = "{}");
	cr_expect_eq(service_ready(f.service, &err), E_UNAVAILABLE);
	cr_expect_not_null(strstr(err.text, "disk full"), "%s", err.text);
	expect_read_only(true);
	expect(&f, E_FULL, "disk is full", GET, .path = "secrets/x", .token = nobody.data);
	expect(&f, OK, "\nreeve_read_only 0\n", .verb = VERB_METRICS, .permission = MAY_READ,
	       .path = "sys/metrics");
	cr_expect_eq(files_in(f.folder, "backup"), 0);
	control_fail(NULL, 0);
	CONTROL_UNTIL(service_ready(f.service, &err) == OK);
	control_logged("disk_has_space", log, sizeof log);
	cr_expect_not_null(strstr(log, " error disk_full hint="), "%s", log);
	cr_expect_null(strstr(strstr(log, "disk_full") + 1, "disk_full"), "once: %s", log);
	expect(&f, OK, "\nreeve_disk_full 0\n", .verb = VERB_METRICS, .permission = MAY_READ,
	       .path = "sys/metrics");
	expect(&f, OK, NULL, GET, .path = "secrets/x");
	expect(&f, E_NOT_FOUND, NULL, GET, .path = "profiles/a/last");
	expect(&f, OK, NULL, PUT, .path = "profiles/a/last", .body = "{}");
}

/* As on a file system that takes no blocks ahead: a transaction can begin and not end. */
Test(disk, a_disk_is_full_until_a_transaction_was_committed)
{
	struct error err = ERROR_NULL;
	char log[8000];

	control_log();
	fill_the_disk("commit", 4);
	expect(&f, E_FULL, "the server's disk is full", PUT, .path = "profiles/a/c", .body = "{}");
	CONTROL_UNTIL(atomic_load(&control_fails_left) == 1); /* it tries by itself */
	cr_expect_eq(service_ready(f.service, &err), E_UNAVAILABLE);
	CONTROL_UNTIL(service_ready(f.service, &err) == OK);
	control_logged("disk_has_space", log, sizeof log);
	cr_expect_null(strstr(strstr(log, "disk_full") + 1, "disk_full"), "once: %s", log);
	expect(&f, OK, NULL, GET, .path = "secrets/x");
	expect(&f, OK, NULL, PUT, .path = "profiles/a/c", .body = "{}");
	fixture_restart(&f);
	expect(&f, OK, NULL, GET, .path = "profiles/a/c");
}

Test(disk, a_disk_that_fails_while_it_is_full_is_told_before_the_next_call)
{
	struct error err = ERROR_NULL;

	fill_the_disk("begin", 1);
	expect(&f, E_FULL, NULL, PUT, .path = "profiles/a/c", .body = "{}");
	store_failing_set_full(f.store, false);
	control_fail("commit_sync", 1);
	CONTROL_UNTIL(atomic_load(&control_fails_left) == 0);
	CONTROL_UNTIL(service_ready(f.service, &err) == E_UNAVAILABLE &&
		      strstr(err.text, "read-only") != NULL);
}

Test(disk, a_write_that_finds_space_again_is_made)
{
	struct error err = ERROR_NULL;

	fill_the_disk("begin", 1);
	expect(&f, E_FULL, NULL, PUT, .path = "profiles/a/c", .body = "{}");
	expect(&f, OK, NULL, PUT, .path = "profiles/a/c", .body = "{}");
	cr_expect_eq(service_ready(f.service, &err), OK);
}

Test(disk, a_full_disk_in_any_part_of_a_transaction_leaves_nothing_of_it)
{
	static const char *const parts[] = {"begin",	     "savepoint",   "put_versions",
					    "put_revisions", "put_changes", "release",
					    "put_audit",     "put_log",	    "put_meta",
					    "commit"};
	struct error err = ERROR_NULL;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		char path[64], next[64];

		snprintf(path, sizeof path, "profiles/a/full%zu", i);
		snprintf(next, sizeof next, "profiles/a/next%zu", i);
		fill_the_disk(parts[i], 1);
		expect(&f, E_FULL, "nothing was written", PUT, .path = path, .body = "{}");
		cr_expect_eq(control_fails_left, 0, "%s", parts[i]);
		expect(&f, E_NOT_FOUND, NULL, GET, .path = path);
		expect(&f, OK, NULL, PUT, .path = next, .body = "{}");
		cr_expect_eq(service_ready(f.service, &err), OK, "%s", parts[i]);
		expect(&f, OK, NULL, PUT, .path = path, .body = "{}");
	}
}

Test(disk, a_disk_that_fails_after_it_was_full_ends_all_writing)
{
	struct error err = ERROR_NULL;

	fill_the_disk("begin", 1);
	expect(&f, E_FULL, NULL, PUT, .path = "profiles/a/c", .body = "{}");
	store_failing_set_full(f.store, false);
	fail_a_commit("commit_sync");
	cr_expect_eq(service_ready(f.service, &err), E_UNAVAILABLE);
	cr_expect_not_null(strstr(err.text, "read-only"), "%s", err.text);
	expect(&f, E_UNAVAILABLE, NULL, PUT, .path = "profiles/a/c", .body = "{}");
}

Test(disk, a_backup_without_space_leaves_no_copy_and_the_server_takes_writes)
{
	struct error err = ERROR_NULL;

	fill_the_disk("backup", 1);
	expect(&f, E_FULL, "no space for the copy", .verb = VERB_BACKUP, .permission = MAY_READ,
	       .path = "sys/backup");
	cr_expect_eq(service_ready(f.service, &err), OK);
	expect(&f, OK, NULL, PUT, .path = "profiles/a/c", .body = "{}");
}

/* As no process can that respects the store's lock. */
static void write_behind_the_service(const char *sql)
{
	char file[200];
	struct db db;

	snprintf(file, sizeof file, "%s/reeve.db", f.folder);
	cr_assert_eq(db_open(&db, file, DB_WRITE, NULL), OK);
	cr_assert_eq(db_exec(&db, sql, "test", NULL), OK);
	db_close(&db);
}

Test(disk, a_store_that_another_process_has_written_to_takes_no_writes_until_a_restart)
{
#define MOVE(name, by)                                                               \
	"UPDATE meta SET value = CAST(CAST(CAST(CAST(value AS TEXT) AS INTEGER) " by \
	" AS TEXT) AS BLOB) WHERE name = '" name "'"
	static const struct {
		const char *there, *back; /* a start refuses what is not put back */
	} moves[] = {
		{MOVE("revision", "+ 7"), MOVE("revision", "- 7")},
		{MOVE("epoch", "+ 1"), MOVE("epoch", "- 1")},
		{"UPDATE audit_log SET size = size + 1", "UPDATE audit_log SET size = size - 1"},
	};
	char log[4000];

	if (f.disk != NULL)
		cr_skip_test("a store in memory has no second process");
	control_log();
	for (size_t i = 0; i < ARRAY_SIZE(moves); i++) {
		expect(&f, OK, NULL, PUT, .path = "profiles/a/before", .body = "{}");
		write_behind_the_service(moves[i].there);
		expect(&f, E_UNAVAILABLE, "another process has written to the store", PUT,
		       .path = "profiles/a/behind", .body = "{}");
		cr_expect_eq(service_ready(f.service, &(struct error){0}), E_UNAVAILABLE);
		expect(&f, OK, NULL, GET, .path = "profiles/a/before");
		write_behind_the_service(moves[i].back);
		fixture_restart(&f);
		expect(&f, OK, NULL, PUT, .path = "profiles/a/behind", .body = "{}");
		expect(&f, OK, NULL, DELETE, .path = "profiles/a/behind");
	}
	control_logged("store_moved", log, sizeof log);
	cr_expect_not_null(strstr(log, "found_revision=15"), "%s", log);
}

Test(disk, a_slow_commit_is_logged_with_its_parts)
{
	char log[4000];

	control_log();
	control_hold("begin");
	control_slow_ms = 700;
	control_slow = "put_revisions";
	{
		struct asking *a =
			ask_begin(&f, (struct ask){PUT, .path = "profiles/a/c", .body = "{}"});

		CONTROL_UNTIL(control_is_held);
		control_let_go();
		cr_assert(ask_wait(a, 10000));
		ask_free(a);
	}
	control_slow = "commit";
	control_slow_ms = 1000;
	expect(&f, OK, NULL, GET, .path = "secrets/x");
	control_logged("slow_commit", log, sizeof log);
	cr_expect_not_null(
		strstr(log, " warn slow_commit items=1 apply_ms=0 commit_ms=1000 answer_ms=0\n"),
		"%s", log);
	cr_expect_null(strstr(log, "700"), "it was not slow: %s", log);
}

Test(disk, a_commit_of_many_that_are_slow_together_is_logged_with_their_number)
{
	struct asking *first, *more[3];
	char log[4000], paths[3][64];

	control_log();
	control_hold("begin");
	first = ask_begin(&f, (struct ask){PUT, .path = "profiles/a/c", .body = "{}"});
	CONTROL_UNTIL(control_is_held);
	for (int i = 0; i < 3; i++) {
		snprintf(paths[i], sizeof paths[i], "profiles/a/more%d", i);
		more[i] = ask_begin(&f, (struct ask){PUT, .path = paths[i], .body = "{}"});
		CONTROL_UNTIL(f.service->commit.count == (uint32_t)i + 1);
	}
	control_slow_ms = 400;
	control_slow = "put_revisions";
	control_let_go();
	cr_assert(ask_wait(first, 10000));
	ask_free(first);
	for (int i = 0; i < 3; i++) {
		cr_assert(ask_wait(more[i], 10000));
		ask_free(more[i]);
	}
	control_logged("slow_commit", log, sizeof log);
	cr_expect_not_null(strstr(log,
				  " slow_commit items=3 apply_ms=1200 commit_ms=0 answer_ms=0\n"),
			   "%s", log);
}

static void destroy(void)
{
	expect(&f, OK, NULL, PUT, .path = "secrets/y", .body = "{\"data\":{\"k\":\"v\"}}");
	expect(&f, OK, NULL, .verb = VERB_DOCUMENT_DESTROY, .permission = MAY_DESTROY,
	       .path = "secrets/y", .body = "{\"versions\":[1]}");
}

Test(disk, a_slow_shredding_is_logged_and_no_call_waits_for_it)
{
	char log[4000];

	control_log();
	control_slow_ms = 1000;
	control_slow = "shred";
	destroy();
	control_logged("slow_shred", log, sizeof log);
	cr_expect_not_null(strstr(log, " warn slow_shred ms=1000\n"), "%s", log);
	cr_expect_null(strstr(log, "slow_commit"), "%s", log);
}

Test(disk, a_quick_shredding_is_not_logged)
{
	char log[4000];

	control_log();
	control_slow_ms = 999;
	control_slow = "shred";
	destroy();
	CONTROL_UNTIL(f.service->shred_at_ms == 0);
	expect(&f, OK, NULL, GET, .path = "secrets/x");
	control_logged(NULL, log, sizeof log);
	cr_expect_str_eq(log, "");
}

Test(disk, a_shredding_that_fails_is_logged_once_and_tried_again_each_second_until_it_is_done)
{
	char log[4000];

	control_log();
	control_fail("shred", 2);
	destroy();
	CONTROL_UNTIL(control_fails_left == 1);
	expect(&f, OK, NULL, GET, .path = "secrets/x"); /* wakes the committer */
	control_pass(999);
	expect(&f, OK, NULL, GET, .path = "secrets/x");
	expect(&f, OK, NULL, GET, .path = "secrets/x");
	cr_expect_eq(control_fails_left, 1, "too early");
	control_pass(1);
	expect(&f, OK, NULL, GET, .path = "secrets/x");
	CONTROL_UNTIL(control_fails_left == 0);
	control_pass(1000);
	expect(&f, OK, NULL, GET, .path = "secrets/x");
	CONTROL_UNTIL(f.service->shred_at_ms == 0);
	control_logged("shred_delayed", log, sizeof log);
	cr_expect_null(strstr(strstr(log, "shred_delayed") + 1, "shred_delayed"), "%s", log);
	cr_expect_not_null(strstr(log, "made to fail"), "%s", log);
}

Test(disk, a_store_that_takes_no_writes_any_more_makes_the_service_read_only)
{
	char log[4000];
	struct error err = ERROR_NULL;

	control_fail("commit", 1);
	expect(&f, E_UNAVAILABLE, NULL, PUT, .path = "profiles/a/c", .body = "{}");
	atomic_store(&f.service->lifecycle.state,
		     LIFECYCLE_SERVING); /* as if somebody else had found out */
	control_log();
	expect(&f, E_UNAVAILABLE, "it could not be recorded", GET, .path = "secrets/x");
	control_logged("store_read_only", log, sizeof log);
	cr_expect_not_null(strstr(log, " error store_read_only error=unavailable\n"), "%s", log);
	cr_expect_eq(service_ready(f.service, &err), E_UNAVAILABLE);
	control_log();
	atomic_store(&f.service->lifecycle.state, LIFECYCLE_READ_ONLY);
	expect(&f, E_UNAVAILABLE, NULL, GET, .path = "secrets/x");
	control_logged(NULL, log, sizeof log);
	cr_expect_str_eq(log, "", "it is said once");
}

Test(disk, a_transaction_that_cannot_begin_fails_those_in_it_and_none_after)
{
	struct error err = ERROR_NULL;

	control_fail("begin", 1);
	expect(&f, E_UNAVAILABLE, "it could not be recorded: begin: made to fail", PUT,
	       .path = "profiles/a/c", .body = "{}");
	expect(&f, E_NOT_FOUND, NULL, GET, .path = "profiles/a/c");
	cr_expect_eq(service_ready(f.service, &err), OK);
	expect(&f, OK, NULL, PUT, .path = "profiles/a/c", .body = "{}");
}
