#include "service/share.h"

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
