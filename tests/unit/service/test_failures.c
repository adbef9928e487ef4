/* Failures of known principals that are counted: when they are written, what the entry says, and
 * that none is forgotten. */
#include "control.h"

#include "base/memory.h"
#include "service/engine/folded_failures.h"
#include "service/state/share.h"

#include <stdio.h>
#include <stdlib.h>

#define MORE " more that failed, the last of them "

static struct fixture f;
static struct buf few;

static void open_it(void)
{
	fixture_open_failing(&f, control_may_call, NULL);
	f.settings.failures_recorded_max = 3;
	few = fixture_token(&f, "few", "rules: [{allow: [read], on: config/a/b}]");
	control_time(&f);
}

static void close_it(void)
{
	control_let_go();
	buf_clear(&few);
	fixture_close(&f);
}

TestSuite(failures, .init = open_it, .fini = close_it);

static void fail_times(int times, const char *path)
{
	for (int i = 0; i < times; i++)
		expect(&f, E_FORBIDDEN, "few may not read", GET, .path = path, .token = few.data);
}

static struct told entries_after_tick(void)
{
	service_tick(f.service);
	CONTROL_UNTIL(control_is_idle(&f));
	return ask(&f, (struct ask){AUDIT, .actor = "few", .limit = 1000});
}

/* Of the entries of `few`: how many say each failure by itself, how many stand for more, and for
 * how many. */
static void expect_entries(int alone, int folded, uint64_t more, const char *text)
{
	struct told t = entries_after_tick();
	int seen_alone = 0, seen_folded = 0;
	uint64_t seen_more = 0;

	cr_assert_eq(t.result, OK, "%s", t.call.out.error.text);
	for (const char *at = t.body; (at = strstr(at, "\"action\":\"secret.read\"")) != NULL; at++)
		seen_alone++;
	for (const char *at = t.body; (at = strstr(at, "\"action\":\"access.refused\"")) != NULL;
	     at++) {
		seen_folded++;
		seen_more += strtoull(strstr(at, "\"reason\":\"") + 10, NULL, 10);
	}
	cr_expect_eq(seen_alone, alone, "%d alone in %s", seen_alone, t.body);
	cr_expect_eq(seen_folded, folded, "%d folded in %s", seen_folded, t.body);
	cr_expect_eq(seen_more, more, "%llu more in %s", (unsigned long long)seen_more, t.body);
	cr_expect(text == NULL || strstr(t.body, text) != NULL, "no `%s` in %s", text, t.body);
	told_clear(&t);
}

Test(failures, an_entry_for_many_says_who_from_where_what_last_and_of_what)
{
	expect_entries(0, 0, 0, NULL); /* the first look is at once */
	fail_times(3, "secrets/x");
	fail_times(1, "secrets/y");
	fail_times(1, "secrets/z");
	expect(&f, E_FORBIDDEN, NULL, DELETE, .path = "profiles/a/b", .token = few.data);
	expect(&f, E_FORBIDDEN, NULL, DELETE, .path = "profiles/a/b", .token = few.data);
	expect_entries(3, 0, 0, NULL);
	control_pass(9999);
	expect_entries(3, 0, 0, NULL);
	control_pass(1);
	expect_entries(
		3, 1, 4,
		"\"auth\":\"token\",\"source\":\"127.0.0.1\",\"action\":\"access.refused\","
		"\"outcome\":\"forbidden\",\"reason\":\"4" MORE "document.delete: forbidden\","
		"\"request_id\":\"\",\"touched\":[{\"path\":\"secrets/y\",\"version\":0},"
		"{\"path\":\"secrets/z\",\"version\":0},{\"path\":\"profiles/a/b\",\"version\":0}],"
		"\"touched_more\":0}");
	control_pass(10000);
	expect_entries(3, 1, 4, NULL);
}

Test(failures, each_ten_seconds_so_many_are_recorded_one_by_one_again)
{
	fail_times(5, "secrets/x");
	control_pass(9999);
	fail_times(1, "secrets/x");
	expect_entries(3, 1, 3, NULL);
	control_pass(1);
	fail_times(4, "secrets/x");
	expect_entries(6, 1, 3, NULL);
	control_pass(9999);
	expect_entries(6, 2, 4, NULL);
}

Test(failures, an_entry_names_eight_paths_and_none_that_is_long)
{
	char path[300], text[8192] = "\"touched\":[";

	fail_times(3, "secrets/x");
	snprintf(path, sizeof path, "secrets/%0120d/%0120d/%06d", 1, 2, 3); /* 256 bytes */
	cr_assert_eq(strlen(path), 256);
	fail_times(1, path);
	path[255] = '\0';
	fail_times(1, path);
	sprintf(text + strlen(text), "{\"path\":\"%s\",\"version\":0}", path);
	for (int i = 0; i < 9; i++) {
		snprintf(path, sizeof path, "secrets/n%d", i);
		fail_times(1, path);
		if (i < 7)
			sprintf(text + strlen(text), ",{\"path\":\"%s\",\"version\":0}", path);
	}
	strcat(text, "],\"touched_more\":0}");
	expect_entries(3, 1, 11, text);
}

Test(failures, what_could_not_be_written_is_written_the_next_time)
{
	fail_times(5, "secrets/x");
	control_fail("begin", 1);
	expect_entries(3, 0, 0, NULL);
	control_pass(10000);
	expect_entries(3, 1, 2, "\"path\":\"secrets/x\"");
	control_pass(10000);
	expect_entries(3, 1, 2, NULL);
}

Test(failures, what_could_not_be_written_is_added_to_what_came_meanwhile)
{
	fail_times(5, "secrets/x");
	control_fail("begin", 1);
	control_hold("begin");
	service_tick(f.service);
	CONTROL_UNTIL(control_is_held);
	fail_times(4, "secrets/y");
	control_let_go();
	CONTROL_UNTIL(control_is_idle(&f));
	control_pass(10000);
	expect_entries(3, 1, 6, "\"touched\":[{\"path\":\"secrets/y\",\"version\":0}]");
}

Test(failures, nothing_is_taken_while_the_disk_takes_nothing)
{
	fail_times(5, "secrets/x");
	atomic_store(&f.service->lifecycle.state, LIFECYCLE_READ_ONLY);
	expect_entries(3, 0, 0, NULL);
	atomic_store(&f.service->lifecycle.state, LIFECYCLE_SERVING);
	expect_entries(3, 1, 2, NULL);
}

Test(failures, what_waits_is_let_go_of_at_the_end)
{
	fail_times(5, "secrets/x");
	atomic_store(&f.service->lifecycle.state,
		     LIFECYCLE_READ_ONLY); /* the leak check sees what stays */
}

Test(failures, a_full_queue_takes_the_entry_all_the_same)
{
	struct asking *a;

	fail_times(5, "secrets/x");
	f.service->state.settings.queue_max = 1;
	control_hold("begin");
	a = ask_begin(&f, (struct ask){PUT, .path = "profiles/a/b", .body = "{}"});
	CONTROL_UNTIL(control_is_held);
	service_tick(f.service);
	cr_expect_eq(f.service->commit.count, 1);
	control_let_go();
	cr_assert(ask_wait(a, 10000));
	ask_free(a);
	expect_entries(3, 1, 2, NULL);
}

static atomic_int allocations_left = -1;

static bool may_allocate(void *ctx)
{
	(void)ctx;
	return atomic_load(&allocations_left) < 0 || atomic_fetch_sub(&allocations_left, 1) != 1;
}

static void expect_more(uint64_t wanted)
{
	struct told t = ask(&f, (struct ask){AUDIT, .actor = "few", .limit = 1000});
	uint64_t more = 0;

	for (const char *at = t.body; (at = strstr(at, "\"reason\":\"")) != NULL; at++)
		more += strtoull(at + 10, NULL, 10);
	cr_expect_eq(more, wanted, "%llu", (unsigned long long)more);
	told_clear(&t);
}

Test(failures, whichever_allocation_fails_none_is_forgotten)
{
	uint64_t known = 0;
	bool is_over = false;

	f.service->state.settings.failures_recorded_max = 0;
	alloc_hook_set(may_allocate, NULL);
	for (int n = 1; !is_over && n < 200; n++) {
		control_pass(10000);
		fail_times(2, "secrets/x");
		known += 2;
		atomic_store(&allocations_left, n);
		service_tick(f.service);
		CONTROL_UNTIL(control_is_idle(&f));
		is_over = atomic_exchange(&allocations_left, -1) > 0;
	}
	alloc_hook_set(NULL, NULL);
	cr_assert(is_over, "the end was not reached");
	control_pass(10000);
	service_tick(f.service);
	CONTROL_UNTIL(control_is_idle(&f));
	expect_more(known);
}

Test(failures, of_several_principals_each_has_an_entry)
{
	struct buf more = fixture_token(&f, "more", "rules: []");
	struct told t;

	control_time(&f);
	fail_times(5, "secrets/x");
	for (int i = 0; i < 7; i++)
		expect(&f, E_FORBIDDEN, NULL, GET, .path = "secrets/y", .token = more.data);
	expect_entries(3, 1, 2, "\"path\":\"secrets/x\"");
	t = ask(&f, (struct ask){AUDIT, .actor = "more", .action = "access.refused"});
	cr_expect_not_null(strstr(t.body, "\"reason\":\"4" MORE), "%s", t.body);
	told_clear(&t);
	buf_clear(&more);
}
