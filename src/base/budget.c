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

static bool end(struct budget *b, enum result outcome, const char *reason)
{
	b->outcome = outcome;
	b->reason = reason;
	b->steps = b->until_check = 0;
	return false;
}

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
