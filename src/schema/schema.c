/*
 * A compiled schema's life, and the way of a validation through the two passes.
 *
 * The fast pass decides almost always. Only where the caller wants reasons for a no, or where the
 * fast pass is undecided, the explaining pass runs as well. Both charge the same limit of steps:
 * the explaining pass starts with the steps that the fast pass has used.
 */
#include "schema/schema.h"

#include "schema/compile/compiled.h"
#include "schema/compile/report.h"
#include "schema/explain/explain.h"
#include "schema/fast/fast.h"

struct schema *schema_ref(struct schema *s)
{
	atomic_fetch_add_explicit(&s->references, 1, memory_order_relaxed);
	return s;
}

void schema_unref(struct schema *s)
{
	if (s == NULL || atomic_fetch_sub_explicit(&s->references, 1, memory_order_acq_rel) != 1)
		return;
	for (uint32_t i = 0; s->matchers != NULL && i < s->program.patterns_count; i++)
		matcher_clear(&s->matchers[i]);
	alloc_free(s->matchers);
	alloc_free(s->formats);
	alloc_free(s->image);
	alloc_free(s);
}

void schema_unrefp(struct schema **s)
{
	schema_unref(*s);
	*s = NULL;
}

static void clear_pass(struct explain_pass *r)
{
	vec_clear(&r->path);
	vec_clear(&r->trail);
	vec_clear(&r->problems);
	vec_clear(&r->unchecked);
	vec_clear(&r->saved_path);
	vec_clear(&r->saved_trail);
}

/* The result of an invalid instance, with the first reason in `err`. */
static enum result say_first(const struct schema_report *report, struct error *err)
{
	const struct schema_problem *p;

	if (report == NULL || report->problems_count == 0)
		return fail(err, E_INVALID, "does not match its schema");
	p = &report->problems[0];
	return fail_at(err, E_INVALID, p->node->line, p->node->column, "%.*s: %s",
		       SLICE_ARGS(p->pointer.len != 0 ? p->pointer : SLICE_LITERAL("the document")),
		       p->message);
}

/* A validation after its fast pass. */
struct validation {
	const struct schema *schema;
	const struct tree_node *instance;
	struct budget *budget;
	uint64_t steps;	 /* used by the fast pass */
	bool is_invalid; /* the fast pass has decided */
};

/* The verdict is known, but finding all reasons exceeds a bound: one problem says so. */
static enum result refuse_unexplained(const struct validation *v, struct schema_report *report,
				      struct error *err)
{
	const struct program *p = &v->schema->program;
	struct schema_problem problem = {
		.pointer = SLICE_LITERAL(""),
		.keyword = SLICE_LITERAL(""),
		.schema_location = program_text(p, p->subschemas[0].location),
		.evaluation_path = SLICE_LITERAL(""),
		.message = "does not match its schema; not all reasons are listed, because finding "
			   "them would exceed a limit",
		.node = v->instance};

	if (report_add(report, &problem, v->schema->limits.problems_max) != OK)
		return fail(err, E_MEMORY, "out of memory");
	return say_first(report, err);
}

/* Runs the explaining pass, and adds its findings to `report` unless that is NULL. */
static enum result explain_fully(const struct validation *v, struct schema_report *report,
				 struct error *err)
{
	CLEANUP(clear_pass)
	struct explain_pass pass = {.schema = v->schema,
				    .program = &v->schema->program,
				    .root = v->instance,
				    .err = err,
				    .steps = v->steps,
				    .budget = v->budget,
				    .is_collecting = report != NULL,
				    .is_listing = report != NULL};
	enum verdict verdict;
	enum result rc = explain_subschema(&pass, 0, v->instance, NULL, &verdict);

	if (rc == OK && report != NULL)
		rc = explain_write_report(&pass, report);
	if (rc == OK)
		rc = explain_charge_budget(&pass);
	if (rc == E_LIMIT && v->is_invalid)
		return refuse_unexplained(v, report, err);
	if (rc != OK)
		return rc;
	return verdict != VERDICT_NO ? OK : say_first(report, err);
}

/* One step is charged first, so that even an empty schema costs something. */
enum result schema_validate(const struct schema *s, const struct tree_node *instance,
			    struct budget *budget, struct schema_report *report, struct error *err)
{
	struct validation v = {.schema = s, .instance = instance, .budget = budget};
	enum result rc = E_INTERNAL;

	if (!budget_spend(budget, 1))
		return budget_result(budget, err);
	switch (fast_validate(s, instance, budget, &v.steps, &rc, err)) {
	case FAST_YES:
		return OK;
	case FAST_FAILED:
		return rc;
	case FAST_NO:
		if (report == NULL)
			return say_first(NULL, err);
		v.is_invalid = true;
		break;
	case FAST_UNDECIDED:
		break;
	}
	return explain_fully(&v, report, err);
}
