/*
 * What one request may cost in all: steps of work, bytes of memory and time, however many documents it touches. One budget
 * goes through everything that is done for a request, from parsing to the answer; each loop over what a client sent or
 * stored spends from it. Once something has run out, the budget stays exhausted and the work ends with E_LIMIT.
 *
 * A step is about 10 ns of one core: a node read, a rule applied, 16 bytes looked at. Where a function takes a budget, NULL
 * means that its caller bounds the work otherwise (the command line, tests). One thread at a time.
 */
#pragma once

#include "base/clock.h"
#include "base/result.h"

#include <stdbool.h>
#include <stdint.h>

#define BUDGET_CHECK_STEPS 20000 /* between two looks at the clock: well under a millisecond */

struct budget_limits {
	uint64_t steps_max;
	uint64_t bytes_max;  /* held at the same time */
	int64_t time_ms_max; /* 0: no bound */
};

struct budget {
	const struct clock *clock;
	uint64_t steps;	      /* left, `until_check` included */
	uint64_t until_check; /* steps until the clock is looked at; 0 once exhausted */
	uint64_t bytes;	      /* left */
	int64_t deadline_ms;  /* monotonic; 0: none */
	enum result outcome;  /* OK, or what ended it; stays */
	const char *reason;   /* of an outcome that is not OK */
	/* Asked together with the clock; another result than OK ends the work with `*reason`, a static text. May be NULL. */
	enum result (*check)(void *ctx, const char **reason);
	void *ctx;
};

/* Begins now. `clock` outlives the budget. */
void budget_init(struct budget *b, const struct budget_limits *limits, const struct clock *clock);

/* The slow half of budget_spend(). */
bool budget_spend_checked(struct budget *b, uint64_t steps);

/* Whether the work may go on. False stays false: budget_result() says why. */
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

/* Memory that is held until budget_release() or the end of the request. */
bool budget_hold(struct budget *b, uint64_t bytes);
void budget_release(struct budget *b, uint64_t bytes);

/* OK while nothing has run out; else E_LIMIT, or what the check gave, with a sentence. NULL is OK. */
MUST_USE enum result budget_result(const struct budget *b, struct error *err);

/* budget_spend() and budget_result() in one. */
MUST_USE enum result budget_take(struct budget *b, uint64_t steps, struct error *err);
