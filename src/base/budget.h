/*
 * The cost of one request: steps of work, bytes of memory and time, however many documents it
 * touches. One budget is passed to every function that works for a request, from parsing to the
 * response; each loop over data that a client sent or stored spends steps. Once one of the three is
 * used up, the budget stays exhausted and the work ends with E_LIMIT.
 *
 * A step is about 10 ns of one core: one node read, one rule applied, 16 bytes read. Where a
 * function takes a budget, NULL means that the caller bounds the work in another way (the command,
 * tests). One thread at a time.
 */
#pragma once

#include "base/clock.h"
#include "base/result.h"

#include <stdbool.h>
#include <stdint.h>

#define BUDGET_CHECK_STEPS 20000 /* between two reads of the clock: well under a millisecond */

/* The bounds of one request. All three are upper bounds for all of its work together. */
struct budget_limits {
	uint64_t steps_max;
	uint64_t bytes_max;  /* held at the same time */
	int64_t time_ms_max; /* 0: no bound */
};

/* Initialized by budget_init(). Other code changes only `check` and `ctx`, and asks
 * budget_result() for the outcome. */
struct budget {
	const struct clock *clock;
	uint64_t steps;	      /* left, `until_check` included */
	uint64_t until_check; /* steps until the clock is read again; 0 once exhausted */
	uint64_t bytes;	      /* left */
	int64_t deadline_ms;  /* monotonic; 0: none */
	enum result outcome;  /* OK, or the result that ended the work */
	const char *reason;   /* of an outcome that is not OK */
	/* Called whenever the clock is read. A result that is not OK ends the work, and `*reason`
	 * (a static text) explains it. May be NULL. */
	enum result (*check)(void *ctx, const char **reason);
	void *ctx;
};

/* The time begins now. `clock` must outlive the budget; `limits` is copied. `check` and its `ctx`
 * are NULL afterwards and may be set by the owner. */
void budget_init(struct budget *b, const struct budget_limits *limits, const struct clock *clock);

/* For budget_spend(): reads the clock and calls `check`. */
bool budget_spend_checked(struct budget *b, uint64_t steps);

/* Whether the work may continue. Once false it stays false, and budget_result() says why. */
static inline bool budget_spend(struct budget *b, uint64_t steps)
{
	if (b == NULL)
		return true;
	if (__builtin_expect(steps >= b->until_check, 0))
		return budget_spend_checked(b, steps);
	b->until_check -= steps;
	b->steps -= steps;
	return true;
}

/* budget_spend() for loops over bytes. */
static inline bool budget_spend_bytes_read(struct budget *b, uint64_t bytes)
{
	return budget_spend(b, bytes / 16 + 1);
}

/* Counts memory that the request uses until budget_release() or its end. False when there is not
 * enough left; the budget is then exhausted. The caller releases exactly the bytes that it has
 * held. Both take NULL. */
bool budget_hold(struct budget *b, uint64_t bytes);
void budget_release(struct budget *b, uint64_t bytes);

/* OK until the budget is exhausted; then E_LIMIT, or the result of `check`, with its reason. NULL
 * is OK. */
MUST_USE enum result budget_result(const struct budget *b, struct error *err);

/* budget_spend(), and budget_result() when it failed. */
MUST_USE enum result budget_take(struct budget *b, uint64_t steps, struct error *err);
