#include "doc/profile_problem.h"

#include <stdio.h>

enum result arena_failure(const struct arena *a, struct error *err)
{
	if (a->is_exhausted)
		return fail(err, E_LIMIT, "the effective configuration would be too large");
	return fail(err, E_MEMORY, "out of memory");
}

enum result problem_add(struct profile_problems *problems, struct arena *a, struct error *err,
			struct slice pointer, const struct tree_node *place, const char *fmt, ...)
{
	char message[ERROR_TEXT_BYTES];
	struct profile_problem *problem;
	struct tree_node *copy = NULL;
	va_list args;

	if (problems->count == PROFILE_PROBLEMS_MAX) {
		problems->dropped++;
		return E_INVALID;
	}
	va_start(args, fmt);
	vsnprintf(message, sizeof message, fmt, args);
	va_end(args);

	problem = &problems->items[problems->count];
	problem->pointer = slice_make(arena_text(a, pointer), pointer.len);
	problem->message = arena_text(a, slice_text(message));
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
	if (problems->count++ == 0)
		fail_at(err, E_INVALID, copy != NULL ? copy->line : 0,
			copy != NULL ? copy->column : 0, "%.*s%s%s", PROBLEM_NAME(pointer),
			pointer.len != 0 ? ": " : "", message);
	return E_INVALID;
}
