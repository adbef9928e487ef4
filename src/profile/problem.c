/*
 * The list of problems and the texts in it.
 *
 * A problem is a fault that the author has to correct. Problems are collected (E_INVALID) while the
 * caller goes on. A list is bounded by PROFILE_PROBLEMS_MAX; more are only counted, so that a
 * profile with very many faults takes no more memory than one with a hundred. Nothing here quotes a
 * value.
 */
#include "profile/problem.h"

#include "base/text.h"

#include <stdio.h>

/* The budget first: an arena that the budget refused is exhausted too, but the reason of the budget
 * is the better explanation. */
enum result arena_failure(const struct arena *a, struct error *err)
{
	if (budget_result(a->budget, NULL) != OK)
		return budget_result(a->budget, err);
	if (a->is_exhausted)
		return fail(err, E_LIMIT, "the effective configuration would be too large");
	return fail(err, E_MEMORY, "out of memory");
}

size_t text_fit(struct slice text, size_t max)
{
	return utf8_whole(slice_first(text, max));
}

static struct slice format_message(char *ret, size_t size, const char *fmt, va_list args)
	PRINTF_LIKE(3, 0);

/* Formats into a bound. What does not fit is cut between characters. */
static struct slice format_message(char *ret, size_t size, const char *fmt, va_list args)
{
	int len = vsnprintf(ret, size, fmt, args);

	if (len < 0)
		return SLICE_NULL;
	if ((size_t)len < size)
		return slice_make(ret, (size_t)len);
	/* The last byte kept may begin a character: look from one byte before. */
	return slice_make(ret, text_fit(slice_make(ret, size - 1), size - 2));
}

enum result profile_problem_add(const struct problem_sink *to, struct slice pointer,
				const struct tree_node *place, const char *fmt, ...)
{
	struct profile_problems *problems = to->problems;
	struct arena *a = to->arena;
	struct error *err = to->err;
	char message[ERROR_TEXT_BYTES];
	struct profile_problem *problem;
	struct slice said;
	struct tree_node *copy = NULL;
	va_list args;

	if (problems->count == PROFILE_PROBLEMS_MAX) {
		problems->dropped++;
		return E_INVALID;
	}
	va_start(args, fmt);
	said = format_message(message, sizeof message, fmt, args);
	va_end(args);

	problem = &problems->items[problems->count];
	problem->pointer = slice_make(arena_text(a, pointer), pointer.len);
	problem->message = arena_text(a, said);
	/* Only the place is copied. The node lives in a layer or in the scratch arena, which end
	 * before the list does. */
	if (place != NULL) {
		copy = arena_alloc(a, sizeof *copy);
		if (copy == NULL)
			return arena_failure(a, err);
		copy->source = place->source;
		copy->line = place->line;
		copy->column = place->column;
	}
	if (problem->pointer.data == NULL || problem->message == NULL)
		return arena_failure(a, err);
	problem->node = copy;
	/* The error has room for one sentence and gets the first problem; the pointer and the
	 * message are cut so that both fit. */
	if (problems->count++ == 0)
		fail_at(err, E_INVALID, copy != NULL ? copy->line : 0,
			copy != NULL ? copy->column : 0, "%.*s%s%.*s", PROBLEM_NAME(pointer),
			pointer.len != 0 ? ": " : "", (int)text_fit(said, PROBLEM_PART_BYTES_MAX),
			said.data);
	return E_INVALID;
}
