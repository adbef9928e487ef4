/* What is wrong with a profile, gathered so that its writer sees all of it at once. Private to profile_*.c. */
#pragma once

#include "base/arena.h"
#include "profile/profile.h"

#include <stdarg.h>

/* Names in messages are cut here, so that a sentence keeps its end, and never inside a character.
 * For printf: "%.*s", PROBLEM_NAME(slice) */
#define PROBLEM_NAME_BYTES_MAX 80
#define PROBLEM_NAME(s)	       (int)text_fit((s), PROBLEM_NAME_BYTES_MAX), (s).data

/* What else is long, with room for a name beside it. */
#define PROBLEM_SAID_BYTES_MAX 400

/* How many of the text's bytes fit into `max` without half a character at the end. */
size_t text_fit(struct slice text, size_t max);

/* Adds a problem, or counts it when there are too many. `place` (may be NULL) lends its source, line and column.
 * E_INVALID, with `err` saying it if it is the first; E_MEMORY. Never give it a value. */
enum result profile_problem_add(struct profile_problems *problems, struct arena *a,
				struct error *err, struct slice pointer,
				const struct tree_node *place, const char *fmt, ...)
	PRINTF_LIKE(6, 7);

/* Why an arena gave nothing: E_LIMIT where it was its bound, else E_MEMORY. */
enum result arena_failure(const struct arena *a, struct error *err);
