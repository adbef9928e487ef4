/*
 * The cost of one request.
 *
 * budget_spend() is inlined into every loop, so it must cost one comparison: it compares with
 * `until_check` only, which is never more than `steps`. All other bounds are looked at here, once
 * in BUDGET_CHECK_STEPS steps.
 *
 * Must hold: once `outcome` is not OK it never changes, and `steps` and `until_check` are 0, so
 * that each further budget_spend() comes here and fails. A loop may therefore spend without looking
 * at the outcome, if its caller calls budget_result() at the end. No lock: one thread at a time.
 */
#include "base/budget.h"

/* At most the steps that are left, so that budget_spend() needs one comparison only. */
static uint64_t until_check(uint64_t steps_left)
{
	return steps_left < BUDGET_CHECK_STEPS ? steps_left : BUDGET_CHECK_STEPS;
}

void budget_init(struct budget *b, const struct budget_limits *limits, const struct clock *clock)
{
	*b = (struct budget){.clock = clock,
			     .steps = limits->steps_max,
			     .until_check = until_check(limits->steps_max),
			     .bytes = limits->bytes_max};
	if (limits->time_ms_max != 0)
		b->deadline_ms = clock_monotonic_ms(clock) + limits->time_ms_max;
}

/* `reason` is not copied and must be a static text. */
static bool end(struct budget *b, enum result outcome, const char *reason)
{
	b->outcome = outcome;
	b->reason = reason;
	b->steps = b->until_check = 0;
	return false;
}

/* The steps are compared before the clock is read: that costs nothing, and it gives the same
 * outcome on a slow and on a fast machine. */
bool budget_spend_checked(struct budget *b, uint64_t steps)
{
	enum result rc;
	const char *reason = "the request was ended";

	if (b->outcome != OK)
		return false;
	if (steps >= b->steps)
		return end(b, E_LIMIT,
			   "the request takes more work than one request may: make it smaller");
	if (b->deadline_ms != 0 && clock_monotonic_ms(b->clock) >= b->deadline_ms)
		return end(b, E_LIMIT,
			   "the request takes longer than one request may: make it smaller");
	rc = b->check != NULL ? b->check(b->ctx, &reason) : OK;
	if (rc != OK)
		return end(b, rc, reason);
	b->steps -= steps;
	b->until_check = until_check(b->steps);
	return true;
}

/* Does not read the clock; the steps that use the memory do. */
bool budget_hold(struct budget *b, uint64_t bytes)
{
	if (b == NULL)
		return true;
	if (b->outcome != OK)
		return false;
	if (bytes > b->bytes)
		return end(b, E_LIMIT,
			   "the request takes more memory than one request may: make it smaller");
	b->bytes -= bytes;
	return true;
}

void budget_release(struct budget *b, uint64_t bytes)
{
	if (b != NULL)
		b->bytes += bytes;
}

enum result budget_result(const struct budget *b, struct error *err)
{
	return b == NULL || b->outcome == OK ? OK : fail(err, b->outcome, "%s", b->reason);
}

enum result budget_take(struct budget *b, uint64_t steps, struct error *err)
{
	return budget_spend(b, steps) ? OK : budget_result(b, err);
}
