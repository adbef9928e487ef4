#include "control.h"

#include "base/memory.h"
#include "service/state/share.h"
#include "service/engine/waiters.h"

#include <stdio.h>

#define CALLS 400

/* A table and calls that wait in it; which were handed back, in order. */
struct table {
	struct waiters *waiters;
	struct call calls[CALLS];
	char paths[CALLS][32];
};

static struct table t;
static struct call *back[CALLS];
static uint32_t back_count, asked_count;

static void handed_back(struct call *c)
{
	cr_assert_lt(back_count, CALLS);
	cr_expect_eq(atomic_load(&c->state), CALL_NEW);
	cr_expect_null(c->next);
	back[back_count++] = c;
}

static bool is_back(const struct call *c)
{
	for (uint32_t i = 0; i < back_count; i++) {
		if (back[i] == c)
			return true;
	}
	return false;
}

static void open_table(uint32_t max)
{
	t.waiters = waiters_new(max);
	cr_assert_not_null(t.waiters);
	for (int i = 0; i < CALLS; i++) {
		call_init(&t.calls[i]);
		t.calls[i].done = handed_back;
		t.calls[i].wake_ms = INT64_MAX - 1;
		snprintf(t.paths[i], sizeof t.paths[i], "config/a/p%d", i);
		t.calls[i].path = slice_text(t.paths[i]);
	}
}

static void close_table(void)
{
	waiters_wake_all(t.waiters);
	cr_expect_eq(waiters_count(t.waiters), 0);
	waiters_free(t.waiters);
}

static void add(int i, const char *path)
{
	if (path != NULL)
		t.calls[i].path = slice_text(path);
	cr_assert(waiters_add(t.waiters, &t.calls[i]));
	cr_expect_eq(atomic_load(&t.calls[i].state), CALL_WAITING);
}

static bool wake_every(void *ctx, const struct call *c)
{
	(void)ctx;
	(void)c;
	asked_count++;
	return true;
}

static bool wake_none(void *ctx, const struct call *c)
{
	(void)ctx;
	(void)c;
	asked_count++;
	return false;
}

static uint32_t wake(uint32_t max, bool (*must_wake)(void *ctx, const struct call *c), bool is_over)
{
	bool is_really;
	uint32_t count = waiters_wake_marked(t.waiters, max, must_wake, NULL, &is_really);

	cr_expect_eq(is_really, is_over);
	return count;
}

Test(waiters, only_those_whose_path_was_marked_are_asked_about)
{
	open_table(CALLS);
	for (int i = 0; i < 3; i++)
		add(i, "config/a/x");
	add(3, "config/a/y");
	cr_expect_not(waiters_begin_round(t.waiters));
	waiters_mark(t.waiters, SLICE_LITERAL("config/a/x"));
	cr_expect(waiters_begin_round(t.waiters));
	cr_expect_eq(wake(100, wake_every, true), 3);
	cr_expect_eq(asked_count, 3);
	cr_expect_not(is_back(&t.calls[3]));
	cr_expect_not(waiters_begin_round(t.waiters));
	cr_expect_eq(waiters_count(t.waiters), 1);
	close_table();
	cr_expect(is_back(&t.calls[3]));
}

Test(waiters, a_mark_that_comes_in_a_round_is_for_the_next)
{
	open_table(CALLS);
	add(0, "config/a/x");
	add(1, "config/a/y");
	waiters_mark(t.waiters, SLICE_LITERAL("config/a/x"));
	cr_assert(waiters_begin_round(t.waiters));
	waiters_mark(t.waiters, SLICE_LITERAL("config/a/y"));
	cr_expect_eq(wake(100, wake_every, true), 1);
	cr_expect_not(is_back(&t.calls[1]));
	cr_assert(waiters_begin_round(t.waiters));
	cr_expect_eq(wake(100, wake_every, true), 1);
	cr_expect_not(waiters_begin_round(t.waiters));
	close_table();
}

Test(waiters, a_round_wakes_so_many_at_a_time_and_asks_about_each_once)
{
	open_table(CALLS);
	for (int i = 0; i < 10; i++)
		add(i, "config/a/x");
	waiters_mark(t.waiters, SLICE_LITERAL("config/a/x"));
	cr_assert(waiters_begin_round(t.waiters));
	cr_expect_eq(wake(4, wake_every, false), 4);
	cr_expect_eq(wake(4, wake_every, false), 4);
	cr_expect_eq(wake(4, wake_every, true), 2);
	cr_expect_eq(asked_count, 10);
	cr_expect_eq(wake(4, wake_every, true), 0);
	close_table();
}

Test(waiters, a_look_asks_about_so_many_and_the_next_goes_on_behind_them)
{
	open_table(CALLS);
	for (int i = 0; i < 300; i++)
		add(i, "config/a/x");
	waiters_mark(t.waiters, SLICE_LITERAL("config/a/x"));
	cr_assert(waiters_begin_round(t.waiters));
	cr_expect_eq(wake(1000, wake_none, false), 0);
	cr_expect_eq(asked_count, 128);
	cr_expect_eq(wake(1000, wake_none, false), 0);
	cr_expect_eq(asked_count, 256);
	cr_expect_eq(wake(1000, wake_none, true), 0);
	cr_expect_eq(asked_count, 300);
	cr_expect_eq(waiters_count(t.waiters), 300);
	waiters_mark(t.waiters, SLICE_LITERAL("config/a/x"));
	cr_assert(waiters_begin_round(t.waiters));
	cr_expect_eq(wake(1000, wake_every, false), 128);
	cr_expect_eq(asked_count, 428, "each is asked about in each round");
	close_table();
	cr_expect_eq(back_count, 300);
}

Test(waiters, a_mark_without_a_path_is_for_all_in_whichever_bucket)
{
	open_table(CALLS);
	for (int i = 0; i < CALLS; i++)
		add(i, NULL);
	waiters_mark(t.waiters, SLICE_NULL);
	cr_assert(waiters_begin_round(t.waiters));
	for (int i = 0; i < 3; i++)
		cr_expect_eq(wake(1000, wake_every, false), 128);
	cr_expect_eq(wake(1000, wake_every, true), CALLS - 3 * 128);
	cr_expect_eq(waiters_count(t.waiters), 0);
	cr_expect_not(waiters_begin_round(t.waiters));
	waiters_mark(t.waiters, SLICE_NULL);
	cr_expect_not(waiters_begin_round(t.waiters), "nobody waits");
	close_table();
	cr_expect_eq(back_count, CALLS);
}

Test(waiters, one_that_was_asked_about_and_came_again_is_asked_about_again)
{
	open_table(CALLS);
	add(0, "config/a/x");
	add(1, "config/a/x");
	waiters_mark(t.waiters, SLICE_LITERAL("config/a/x"));
	cr_assert(waiters_begin_round(t.waiters));
	cr_expect_eq(wake(1, wake_every, false), 1);
	add((int)(back[0] - t.calls), NULL);
	cr_expect_eq(wake(10, wake_every, true), 2);
	close_table();
}

Test(waiters, who_leaves_is_taken_out_from_wherever_in_the_row)
{
	open_table(CALLS);
	for (int gone = 0; gone < 4; gone++) {
		for (int i = 0; i < 4; i++)
			add(i, "config/a/x");
		cr_expect(waiters_take(t.waiters, &t.calls[gone]));
		cr_expect_not(waiters_take(t.waiters, &t.calls[gone]));
		cr_expect_eq(waiters_count(t.waiters), 3);
		waiters_mark(t.waiters, SLICE_LITERAL("config/a/x"));
		cr_assert(waiters_begin_round(t.waiters));
		back_count = 0;
		cr_expect_eq(wake(10, wake_every, true), 3);
		cr_expect_not(is_back(&t.calls[gone]));
	}
	close_table();
}

Test(waiters, those_are_late_whose_time_has_come)
{
	open_table(CALLS);
	for (int i = 0; i < 6; i++) {
		t.calls[i].wake_ms = 1000 + i;
		add(i, i < 4 ? "config/a/x" : NULL);
	}
	waiters_wake_late(t.waiters, 999);
	cr_expect_eq(back_count, 0);
	waiters_wake_late(t.waiters, 1002);
	cr_expect_eq(back_count, 3);
	cr_expect(is_back(&t.calls[0]) && is_back(&t.calls[1]) && is_back(&t.calls[2]));
	waiters_wake_late(t.waiters, 1005);
	cr_expect_eq(back_count, 6);
	cr_expect_eq(waiters_count(t.waiters), 0);
	close_table();
}

Test(waiters, no_more_wait_than_there_is_room_for_and_each_that_goes_gives_its_share_back)
{
	struct shares *shares = shares_new();

	open_table(2);
	for (int i = 0; i < 3; i++) {
		t.calls[i].share = shares_get(shares, SLICE_LITERAL("ci"));
		cr_assert(share_take(t.calls[i].share, SHARE_POLLS, 1, 10));
	}
	add(0, NULL);
	add(1, NULL);
	cr_expect_not(waiters_add(t.waiters, &t.calls[2]));
	cr_expect_eq(atomic_load(&t.calls[2].state), CALL_NEW);
	cr_expect_eq(t.calls[0].share->held[SHARE_POLLS], 3);
	cr_expect(waiters_take(t.waiters, &t.calls[0]));
	cr_expect_eq(t.calls[0].share->held[SHARE_POLLS], 2);
	add(2, NULL);
	waiters_wake_all(t.waiters);
	cr_expect_eq(t.calls[0].share->held[SHARE_POLLS], 0);
	close_table();
	for (int i = 0; i < 3; i++)
		share_unref(t.calls[i].share);
	shares_free(shares);
}

static bool may_allocate_none(void *ctx)
{
	(void)ctx;
	return false;
}

Test(waiters, without_memory_there_is_none)
{
	alloc_hook_set(may_allocate_none, NULL);
	cr_expect_null(waiters_new(1));
	alloc_hook_set(NULL, NULL);
	waiters_free(NULL);
}
