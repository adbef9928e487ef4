/* Refusals of callers that nobody knows: each is counted, and the log says how many there were and
 * from where. */
#include "control.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>

#define REFUSED " refused without a valid token"

static struct fixture f;

static void open_it(void)
{
	fixture_open_failing(&f, control_may_call, NULL);
	control_time(&f);
}

static void close_it(void)
{
	control_let_go();
	fixture_close(&f);
}

TestSuite(unknown, .init = open_it, .fini = close_it);

static void knock(const char *address, int times)
{
	struct error err = ERROR_NULL;
	struct call c;

	call_init(&c);
	cr_assert(address_parse(slice_text(address), c.address));
	for (int i = 0; i < times; i++) {
		cr_expect_eq(service_authenticate(f.service, &c, SLICE_LITERAL("rv_nothing"), &err),
			     E_UNAUTHENTICATED);
		cr_expect_str_eq(err.text, "a valid token is needed");
	}
	call_clear(&c);
}

static void knock_from_many(int addresses, int times)
{
	char address[64];

	for (int i = 0; i < addresses; i++) {
		snprintf(address, sizeof address, "10.0.%d.%d", i / 256, i % 256);
		knock(address, times);
	}
}

/* Has what was counted written, as far as that may be now; the entries that are there then. */
static struct told entries_after_tick(void)
{
	struct told t;

	service_tick(f.service);
	CONTROL_UNTIL(control_is_idle(&f));
	t = ask(&f, (struct ask){AUDIT, .action = "access.refused", .limit = 100000});
	cr_assert_eq(t.result, OK, "%s", t.call.out.error.text);
	return t;
}

/* How many refusals the entries stand for, and how many entries there are. */
static uint64_t count(const char *body, int *ret_entries)
{
	uint64_t sum = 0;

	*ret_entries = 0;
	for (const char *at = strstr(body, REFUSED); at != NULL; at = strstr(at + 1, REFUSED)) {
		const char *number = at;

		while (number[-1] >= '0' && number[-1] <= '9')
			number--;
		sum += strtoull(number, NULL, 10);
		++*ret_entries;
	}
	return sum;
}

static void expect_counted(uint64_t wanted, int wanted_entries, const char *text)
{
	struct told t = entries_after_tick();
	int entries;
	uint64_t sum = count(t.body, &entries);

	cr_expect_eq(sum, wanted, "%llu refusals instead of %llu", (unsigned long long)sum,
		     (unsigned long long)wanted);
	cr_expect(wanted_entries < 0 || entries == wanted_entries, "%d entries instead of %d",
		  entries, wanted_entries);
	cr_expect(text == NULL || strstr(t.body, text) != NULL, "no `%s` in %s", text, t.body);
	told_clear(&t);
}

Test(unknown, an_entry_says_from_where_and_how_many_and_names_nobody)
{
	knock("192.0.2.7", 3);
	expect_counted(
		3, 1,
		"\"epoch\":1,\"revision\":1,\"actor\":\"\",\"accessor\":\"\",\"auth\":\"none\","
		"\"source\":\"192.0.2.7\",\"action\":\"access.refused\","
		"\"outcome\":\"unauthenticated\",\"reason\":\"3 refused without a valid "
		"token\",\"request_id\":\"\",\"touched\":[],\"touched_more\":0}");
}

Test(unknown, what_comes_after_is_written_ten_seconds_later)
{
	knock("192.0.2.7", 1);
	expect_counted(1, 1, NULL);
	knock("192.0.2.7", 2);
	expect_counted(1, 1, NULL);
	control_pass(9999);
	expect_counted(1, 1, NULL);
	control_pass(1);
	expect_counted(3, 2, "\"2 refused");
	control_pass(10000);
	expect_counted(3, 2, NULL);
}

Test(unknown, a_stop_has_the_rest_written_at_once)
{
	expect_counted(0, 0, NULL);
	knock("192.0.2.7", 2);
	service_drain(f.service);
	service_tick(f.service);
	fixture_restart(&f);
	control_time(&f);
	expect_counted(2, 1, NULL);
}

Test(unknown, the_sixteen_that_came_most_have_an_entry_each_and_the_others_share_one)
{
	char address[32];

	for (int i = 1; i <= 20; i++) {
		snprintf(address, sizeof address, "192.0.2.%d", 21 - i);
		knock(address, i);
	}
	expect_counted(20 * 21 / 2, 17, "\"10" REFUSED ", from 4 other addresses\"");
	control_pass(10000);
	knock_from_many(16, 1);
	expect_counted(20 * 21 / 2 + 16, 33, NULL);
}

Test(unknown, the_others_have_one_entry_without_an_address_of_theirs)
{
	knock_from_many(100, 1);
	expect_counted(
		100, 17,
		"\"source\":\"\",\"action\":\"access.refused\",\"outcome\":\"unauthenticated\","
		"\"reason\":\"84" REFUSED ", from 84 other addresses\"");
}

Test(unknown, more_addresses_than_there_is_room_for_are_counted_all_the_same)
{
	knock_from_many(3000, 1);
	expect_counted(3000, 17, ", from more than ");
	control_pass(10000);
	knock_from_many(3000, 2); /* none gives its row up */
	expect_counted(9000, 34, NULL);
}

Test(unknown, who_comes_often_keeps_his_row_however_many_come_once)
{
	knock("192.0.2.7", 2);
	knock_from_many(5000, 1);
	knock("192.0.2.7", 5);
	expect_counted(5007, 17, "\"7" REFUSED "\"");
}

Test(unknown, what_could_not_be_written_is_counted_on)
{
	knock("192.0.2.7", 5);
	knock_from_many(1500, 1);
	control_fail("begin", -1);
	expect_counted(0, 0, NULL);
	control_fail(NULL, 0);
	control_pass(10000);
	knock("192.0.2.7", 2);
	knock_from_many(20, 1);
	expect_counted(1527, 17, "\"7" REFUSED "\"");
	control_pass(10000);
	expect_counted(1527, 17, NULL);
}

Test(unknown, nothing_is_taken_while_the_disk_takes_nothing)
{
	atomic_store(&f.service->lifecycle.state, LIFECYCLE_READ_ONLY);
	knock("192.0.2.7", 5);
	expect_counted(0, 0, NULL);
	atomic_store(&f.service->lifecycle.state, LIFECYCLE_SERVING);
	expect_counted(5, 1, NULL);
}

Test(unknown, what_finds_no_room_in_the_queue_is_counted_on)
{
	struct asking *a;

	f.service->state.settings.queue_max = 4;
	control_hold("begin");
	a = ask_begin(&f, (struct ask){PUT, .path = "profiles/a/b", .body = "{}"});
	CONTROL_UNTIL(control_is_held);
	knock_from_many(30, 2);
	service_tick(f.service);
	cr_expect_eq(f.service->commit.count, 4);
	control_let_go();
	cr_assert(ask_wait(a, 10000));
	ask_free(a);
	expect_counted(8, 4, NULL);
	f.service->state.settings.queue_max = 4096;
	control_pass(10000);
	expect_counted(60, 4 + 17, NULL);
}

static atomic_int allocations_left = -1;

static bool may_allocate(void *ctx)
{
	(void)ctx;
	return atomic_load(&allocations_left) < 0 || atomic_fetch_sub(&allocations_left, 1) != 1;
}

Test(unknown, whichever_allocation_fails_none_is_forgotten)
{
	uint64_t known = 0;
	bool is_over = false;

	f.settings.limit_max = 100000;
	fixture_restart(&f);
	control_time(&f);
	alloc_hook_set(may_allocate, NULL);
	for (int n = 1; !is_over && n < 400; n++) {
		atomic_store(&allocations_left, -1);
		control_pass(10000);
		knock_from_many(20, 2);
		known += 40;
		atomic_store(&allocations_left, n);
		service_tick(f.service);
		CONTROL_UNTIL(control_is_idle(&f));
		is_over = atomic_exchange(&allocations_left, -1) > 0;
	}
	alloc_hook_set(NULL, NULL);
	cr_assert(is_over, "the end was not reached");
	control_pass(10000);
	expect_counted(known, -1, NULL);
}

static void make(const char *maker, const char *name, char *ret, size_t size)
{
	char body[200];
	struct told t;

	snprintf(body, sizeof body, "{\"name\":\"%s\",\"policies\":[\"all\"]}", name);
	t = ask(&f, (struct ask){CREATE, .body = body, .token = maker});
	cr_assert_eq(t.result, OK, "%s", t.call.out.error.text);
	snprintf(ret, size, "%.50s", strstr(t.body, "\"token\":\"") + 9);
	ret[strcspn(ret, "\"")] = '\0';
	told_clear(&t);
}

static void expect_principal(struct call *c, const char *token, const char *name)
{
	struct error err = ERROR_NULL;

	cr_assert_eq(service_authenticate(f.service, c, slice_text(token), &err), OK);
	cr_expect(slice_is_text(c->principal->share, name), "%.*s instead of %s",
		  SLICE_ARGS(c->principal->share), name);
	cr_expect(slice_is_text(service_share(f.service, c)->name, name));
	cr_expect(service_is_share_of(c, c->share));
}

Test(unknown, what_a_token_makes_uses_its_makers_share_up_to_those_that_a_first_one_made)
{
	char one[64], two[64], three[64], other[64];
	struct error err = ERROR_NULL;
	struct share *root;
	struct call c;

	make(NULL, "one", one, sizeof one);
	make(one, "two", two, sizeof two);
	make(two, "three", three, sizeof three);
	make(NULL, "other", other, sizeof other);
	call_init(&c);
	expect_principal(&c, f.root_token.data, "root");
	root = share_ref(c.share);
	expect_principal(&c, one, "one");
	expect_principal(&c, two, "one");
	expect_principal(&c, three, "one");
	expect_principal(&c, other, "other");
	cr_expect_not(service_is_share_of(&c, root));
	share_unref(root);
	cr_expect_eq(service_authenticate(f.service, &c, SLICE_LITERAL("rv_nothing"), &err),
		     E_UNAUTHENTICATED);
	cr_expect_null(c.principal);
	cr_expect_null(c.share);
	call_clear(&c);
	expect_counted(1, 1, NULL);
}
