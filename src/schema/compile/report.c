/*
 * Everything that a report holds lives in its arena, so that it outlives the schema and the
 * instance's text. One report may receive the problems of several steps: the compiler adds its
 * refusals to those of the metaschema.
 */
#include "schema/compile/report.h"

static bool copy_slice(struct arena *a, struct slice *s)
{
	const char *copy = arena_text(a, *s);

	if (copy == NULL)
		return false;
	s->data = copy;
	return true;
}

/* The list doubles at each power of two, so no capacity is stored. The arena frees the old one at
 * its end. */
static bool make_room(struct arena *a, struct schema_problem **list, uint32_t count)
{
	struct schema_problem *grown;

	if (count != 0 && (count < 4 || (count & (count - 1)) != 0))
		return true;
	grown = arena_alloc_array(a, count < 4 ? 4 : (size_t)count * 2, sizeof *grown);
	if (grown == NULL)
		return false;
	if (count != 0)
		memcpy(grown, *list, count * sizeof *grown);
	*list = grown;
	return true;
}

static enum result add_to(struct arena *a, struct schema_problem **list, uint32_t *count,
			  const struct schema_problem *problem)
{
	struct schema_problem copy = *problem;

	copy.message = arena_text(a, slice_text(problem->message));
	if (copy.message == NULL || !copy_slice(a, &copy.pointer) ||
	    !copy_slice(a, &copy.keyword) || !copy_slice(a, &copy.schema_location) ||
	    !copy_slice(a, &copy.evaluation_path) || !make_room(a, list, *count))
		return E_MEMORY;
	(*list)[(*count)++] = copy;
	return OK;
}

/* Pointers may be long, so the bytes are bounded too. The first problem of a list is always
 * added. */
static bool is_full(const struct schema_report *r, uint32_t count, uint32_t max)
{
	return count >= max || (count != 0 && r->arena.used_bytes >= REPORT_BYTES_MAX);
}

bool report_is_full(const struct schema_report *r, uint32_t max)
{
	return is_full(r, r->problems_count, max);
}

enum result report_add(struct schema_report *r, const struct schema_problem *problem, uint32_t max)
{
	if (is_full(r, r->problems_count, max)) {
		r->problems_dropped++;
		return OK;
	}
	return add_to(&r->arena, &r->problems, &r->problems_count, problem);
}

enum result report_add_unchecked(struct schema_report *r, const struct schema_problem *problem,
				 uint32_t max)
{
	if (is_full(r, r->unchecked_count, max))
		return OK;
	return add_to(&r->arena, &r->unchecked, &r->unchecked_count, problem);
}

void schema_report_clear(struct schema_report *r)
{
	arena_clear(&r->arena);
	*r = (struct schema_report){.arena = ARENA_NULL};
}
