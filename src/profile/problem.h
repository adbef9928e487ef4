/*
 * Problems of a profile, collected so that its author sees all of them at once. Private to this
 * folder. A message names keys, paths and types and never contains a value.
 */
#pragma once

#include "base/arena.h"
#include "profile/profile.h"

#include <stdarg.h>

/* A name in a message is cut here, between characters, so that the end of the sentence is kept.
 * For printf: "%.*s", PROBLEM_NAME(slice) */
#define PROBLEM_NAME_BYTES_MAX 80
#define PROBLEM_NAME(s)	       (int)text_fit((s), PROBLEM_NAME_BYTES_MAX), (s).data

/* The bound of a longer part of a message, with room for a name beside it. */
#define PROBLEM_PART_BYTES_MAX 400

/* How many bytes of the text fit into `max` without an incomplete character at the end. The text
 * must be UTF-8. */
size_t text_fit(struct slice text, size_t max);

/* Where a problem is added: the list, the arena of its texts, and the error that gets the first
 * one. */
struct problem_sink {
	struct profile_problems *problems;
	struct arena *arena;
	struct error *err;
};

/* Adds a problem, or counts it when the list is full. `place` (may be NULL) gives the source, line
 * and column. The pointer, the place and the message are copied. Returns E_INVALID, or why there
 * was no memory for it: E_MEMORY or E_LIMIT. */
enum result profile_problem_add(const struct problem_sink *to, struct slice pointer,
				const struct tree_node *place, const char *fmt, ...)
	PRINTF_LIKE(4, 5);

/* The reason why an arena gave no memory: E_LIMIT when a bound was reached, the budget's result
 * when that is used up, else E_MEMORY. Called after the failed allocation; never OK. */
enum result arena_failure(const struct arena *a, struct error *err);
