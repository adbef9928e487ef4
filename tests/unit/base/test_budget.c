#include "base/budget.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

static int64_t now_ms;

static int64_t read_ms(void *ctx)
{
	(void)ctx;
	return now_ms;
}

static const struct clock clock_at_hand = {read_ms, read_ms, NULL};

static struct budget budget_of(uint64_t steps, uint64_t bytes, int64_t ms)
{
	struct budget b;

	budget_init(&b, &(struct budget_limits){steps, bytes, ms}, &clock_at_hand);
	return b;
}

Test(budget, steps_run_out_exactly_once_and_stay_out)
{
	struct budget b = budget_of(100000, 0, 0);
	struct error err = ERROR_NULL;
	uint64_t spent = 0;

	while (budget_spend(&b, 7))
		spent += 7;
	cr_expect(spent < 100000 && spent >= 100000 - 14, "%lu", (unsigned long)spent);
	cr_expect_eq(budget_result(&b, &err), E_LIMIT);
	cr_expect(strstr(err.text, "more work") != NULL);
	cr_expect_not(budget_spend(&b, 0));
	cr_expect_not(budget_hold(&b, 0));
}

Test(budget, one_large_amount_is_refused_as_many_small_ones_are)
{
	struct budget b = budget_of(100000, 0, 0);

	cr_expect(budget_spend(&b, 60000));
	cr_expect_not(budget_spend(&b, UINT64_MAX));
	cr_expect_eq(budget_take(&b, 1, NULL), E_LIMIT);
}

Test(budget, the_clock_ends_it_at_the_next_check)
{
	struct budget b = budget_of(UINT64_MAX, 0, 50);

	cr_expect(budget_spend(&b, BUDGET_CHECK_STEPS));
	now_ms = 49;
	cr_expect(budget_spend(&b, BUDGET_CHECK_STEPS));
	now_ms = 50;
	cr_expect(budget_spend(&b, BUDGET_CHECK_STEPS - 1));
	cr_expect_not(budget_spend(&b, 1));
	cr_expect_eq(budget_result(&b, NULL), E_LIMIT);
}

Test(budget, bytes_are_had_again_once_released)
{
	struct budget b = budget_of(1000, 100, 0);

	cr_expect(budget_hold(&b, 60));
	budget_release(&b, 60);
	cr_expect(budget_hold(&b, 100));
	cr_expect_not(budget_hold(&b, 1));
	cr_expect_eq(budget_take(&b, 1, NULL), E_LIMIT);
}

static enum result say_busy(void *ctx, const char **reason)
{
	*reason = ctx;
	return E_BUSY;
}

Test(budget, the_check_of_its_owner_ends_it_with_a_result_of_its_own)
{
	static char reason[] = "later";
	struct budget b = budget_of(UINT64_MAX, 0, 0);
	struct error err = ERROR_NULL;

	b.check = say_busy;
	b.ctx = reason;
	cr_expect(budget_spend(&b, BUDGET_CHECK_STEPS - 1));
	cr_expect_not(budget_spend(&b, 1));
	cr_expect_eq(budget_result(&b, &err), E_BUSY);
	cr_expect_str_eq(err.text, "later");
}

Test(budget, none_bounds_nothing)
{
	cr_expect(budget_spend(NULL, UINT64_MAX));
	cr_expect(budget_hold(NULL, UINT64_MAX));
	budget_release(NULL, 1);
	cr_expect_eq(budget_take(NULL, UINT64_MAX, NULL), OK);
}
