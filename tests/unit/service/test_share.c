#include "base/memory.h"
#include "service/state/share.h"

#include <criterion/criterion.h>
#include <stdio.h>

Test(share, one_name_is_one_share_and_another_name_another)
{
	struct shares *all = shares_new();
	struct share *a = shares_get(all, SLICE_LITERAL("ci")), *again, *b;

	again = shares_get(all, SLICE_LITERAL("ci"));
	b = shares_get(all, SLICE_LITERAL("cd"));
	cr_expect_eq(a, again);
	cr_expect_neq(a, b);
	share_unref(a);
	share_unref(again);
	share_unref(b);
	shares_free(all);
}

Test(share, nobody_takes_more_than_the_bound_and_what_is_given_back_can_be_taken_again)
{
	struct shares *all = shares_new();
	struct share *a = shares_get(all, SLICE_LITERAL("ci"));
	struct share *b = shares_get(all, SLICE_LITERAL("cd"));

	cr_expect(share_take(a, SHARE_BODY_BYTES, 60, 100));
	cr_expect_not(share_take(a, SHARE_BODY_BYTES, 41, 100));
	cr_expect_not(share_take(a, SHARE_BODY_BYTES, 101, 100));
	cr_expect(share_take(a, SHARE_BODY_BYTES, 40, 100));
	cr_expect(share_take(a, SHARE_POLLS, 100, 100), "each kind is counted by itself");
	cr_expect(share_take(b, SHARE_BODY_BYTES, 100, 100), "each principal is");
	share_give(a, SHARE_BODY_BYTES, 60);
	cr_expect(share_take(a, SHARE_BODY_BYTES, 60, 100));
	share_unref(a);
	share_unref(b);
	shares_free(all);
}

Test(share, one_that_is_not_in_use_is_kept_until_many_others_were)
{
	struct shares *all = shares_new();
	struct share *a = shares_get(all, SLICE_LITERAL("ci"));
	char name[32];

	a->refusals.recorded = 7;
	share_unref(a);
	a = shares_get(all, SLICE_LITERAL("ci"));
	cr_expect_eq(a->refusals.recorded, 7);
	share_unref(a);
	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof name, "other-%d", i);
		share_unref(shares_get(all, slice_text(name)));
	}
	a = shares_get(all, SLICE_LITERAL("ci"));
	cr_expect_eq(a->refusals.recorded, 0);
	share_unref(a);
	shares_free(all);
}

static bool may_allocate_none(void *ctx)
{
	(void)ctx;
	return false;
}

Test(share, without_memory_there_is_none_and_what_was_there_stays)
{
	struct shares *all;
	struct share *a;

	alloc_hook_set(may_allocate_none, NULL);
	cr_expect_null(shares_new());
	alloc_hook_set(NULL, NULL);
	all = shares_new();
	a = shares_get(all, SLICE_LITERAL("ci"));
	alloc_hook_set(may_allocate_none, NULL);
	cr_expect_null(shares_get(all, SLICE_LITERAL("cd")));
	cr_expect_eq(shares_get(all, SLICE_LITERAL("ci")), a);
	alloc_hook_set(NULL, NULL);
	share_unref(a);
	share_unref(a);
	share_unref(NULL);
	shares_free(all);
	shares_free(NULL);
}

/* As many as are kept; the numbers begin at `first`. Each remembers its own. */
static void use_many(struct shares *all, uint32_t first, uint32_t count)
{
	char name[32];

	for (uint32_t i = first; i < first + count; i++) {
		struct share *sh;

		snprintf(name, sizeof name, "many-%u", i);
		sh = shares_get(all, slice_text(name));
		sh->refusals.recorded = i + 1;
		share_unref(sh);
	}
}

static uint32_t remembered(struct shares *all, uint32_t number)
{
	char name[32];
	struct share *sh;
	uint32_t found;

	snprintf(name, sizeof name, "many-%u", number);
	sh = shares_get(all, slice_text(name));
	found = sh->refusals.recorded;
	share_unref(sh);
	return found;
}

Test(share, the_last_1024_that_nobody_uses_are_kept_and_the_oldest_goes_first)
{
	struct shares *all = shares_new();
	struct share *used = shares_get(all, SLICE_LITERAL("used"));

	use_many(all, 0, 1024);
	cr_expect_eq(remembered(all, 0), 1, "the first is there still, and the newest now");
	use_many(all, 1024, 1);
	cr_expect_eq(remembered(all, 0), 1);
	cr_expect_eq(remembered(all, 1024), 1025);
	cr_expect_eq(remembered(all, 2), 3);
	cr_expect_eq(remembered(all, 1), 0, "it was the oldest");
	use_many(all, 2000, 3000);
	for (uint32_t i = 5000 - 1024; i < 5000; i++)
		cr_expect_eq(remembered(all, i), i + 1, "%u", i);
	cr_expect_eq(remembered(all, 5000 - 1025), 0);
	used->refusals.recorded = 7;
	share_ref(used);
	share_unref(used);
	cr_expect_eq(shares_get(all, SLICE_LITERAL("used"))->refusals.recorded, 7);
	share_unref(used);
	share_unref(used);
	shares_free(all);
}
