/* What is wrong with a profile, gathered so that its writer sees all of it at once. Private to profile_*.c. */
#pragma once

#include "base/arena.h"
#include "doc/profile.h"

#include <stdarg.h>

/* Names in messages are cut here, so that a sentence keeps its end. For printf: "%.*s". */
#define PROBLEM_NAME_BYTES_MAX 80
#define PROBLEM_NAME(s) \
	(int)((s).len < PROBLEM_NAME_BYTES_MAX ? (s).len : PROBLEM_NAME_BYTES_MAX), (s).data

/* Adds a problem, or counts it when there are too many. `place` (may be NULL) lends its source, line and column.
 * E_INVALID, with `err` saying it if it is the first; E_MEMORY. Never give it a value. */
enum result problem_add(struct profile_problems *problems, struct arena *a, struct error *err,
			struct slice pointer, const struct tree_node *place, const char *fmt, ...)
	PRINTF_LIKE(6, 7);

/* Why an arena gave nothing: E_LIMIT where it was its bound, else E_MEMORY. */
enum result arena_failure(const struct arena *a, struct error *err);
