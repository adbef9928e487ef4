#include "schema/explain/explain.h"
#include "schema/compile/keyword.h"
#include "schema/price.h"

#define SAVED_STEPS_MAX (UINT32_C(1) << 22)

/* A rule that speaks of one kind of value passes over all others, and cannot tell about one that may not be looked at. */
#define ANY_KIND 0xff

static const struct {
	enum result (*evaluate)(struct run *r, const struct rule *rule, const struct tree_node *n,
				struct marks *marks, enum verdict *ret);
	uint8_t kind;
} evaluators[RULES] = {
	[RULE_FALSE] = {evaluate_false, ANY_KIND},
	[RULE_SECRET] = {evaluate_secret, ANY_KIND},
	[RULE_TYPE] = {evaluate_types, ANY_KIND},
	[RULE_CONST] = {evaluate_enum, ANY_KIND},
	[RULE_ENUM] = {evaluate_enum, ANY_KIND},
	[RULE_MAXIMUM] = {evaluate_bound, TREE_NUMBER},
	[RULE_EXCLUSIVE_MAXIMUM] = {evaluate_bound, TREE_NUMBER},
	[RULE_MINIMUM] = {evaluate_bound, TREE_NUMBER},
	[RULE_EXCLUSIVE_MINIMUM] = {evaluate_bound, TREE_NUMBER},
	[RULE_MULTIPLE_OF] = {evaluate_bound, TREE_NUMBER},
	[RULE_MAX_LENGTH] = {evaluate_length, TREE_STRING},
	[RULE_MIN_LENGTH] = {evaluate_length, TREE_STRING},
	[RULE_MAX_ITEMS] = {evaluate_count, TREE_ARRAY},
	[RULE_MIN_ITEMS] = {evaluate_count, TREE_ARRAY},
	[RULE_MAX_PROPERTIES] = {evaluate_count, TREE_OBJECT},
	[RULE_MIN_PROPERTIES] = {evaluate_count, TREE_OBJECT},
	[RULE_PATTERN] = {evaluate_pattern, TREE_STRING},
	[RULE_FORMAT] = {evaluate_format, TREE_STRING},
	[RULE_REQUIRED] = {evaluate_required, TREE_OBJECT},
	[RULE_DEPENDENT_REQUIRED] = {evaluate_required, TREE_OBJECT},
	[RULE_PROPERTIES] = {evaluate_properties, TREE_OBJECT},
	[RULE_PATTERN_PROPERTIES] = {evaluate_pattern_properties, TREE_OBJECT},
	[RULE_ADDITIONAL_PROPERTIES] = {evaluate_additional_properties, TREE_OBJECT},
	[RULE_PROPERTY_NAMES] = {evaluate_property_names, TREE_OBJECT},
	[RULE_DEPENDENT_SCHEMAS] = {evaluate_dependent_schemas, TREE_OBJECT},
	[RULE_PREFIX_ITEMS] = {evaluate_prefix_items, TREE_ARRAY},
	[RULE_ITEMS] = {evaluate_items, TREE_ARRAY},
	[RULE_CONTAINS] = {evaluate_contains, TREE_ARRAY},
	[RULE_UNIQUE_ITEMS] = {evaluate_unique_items, TREE_ARRAY},
	[RULE_REF] = {evaluate_ref, ANY_KIND},
	[RULE_DYNAMIC_REF] = {evaluate_dynamic_ref, ANY_KIND},
	[RULE_ALL_OF] = {evaluate_all_of, ANY_KIND},
	[RULE_ANY_OF] = {evaluate_some_of, ANY_KIND},
	[RULE_ONE_OF] = {evaluate_some_of, ANY_KIND},
	[RULE_NOT] = {evaluate_not, ANY_KIND},
	[RULE_IF] = {evaluate_if, ANY_KIND},
	[RULE_UNEVALUATED_ITEMS] = {evaluate_unevaluated, TREE_ARRAY},
	[RULE_UNEVALUATED_PROPERTIES] = {evaluate_unevaluated, TREE_OBJECT},
};

enum result explain_charge(struct run *r)
{
	uint64_t used = r->steps - r->paid, most = r->schema->limits.steps_max;

	r->paid = r->steps;
	if (!budget_spend(r->budget, used))
		return budget_result(r->budget, r->err);
	if (r->steps > most)
		return fail(r->err, E_LIMIT, "validation takes more than %llu steps",
			    (unsigned long long)most);
	r->granted = most - r->steps < BUDGET_CHECK_STEPS ? most : r->steps + BUDGET_CHECK_STEPS;
	return OK;
}

enum result evaluate_match(struct run *r, uint32_t pattern, struct slice text, bool *ret)
{
	const struct matcher *m = &r->schema->matchers[pattern];
	uint64_t most = r->schema->limits.regex_steps_max;
	uint64_t allowed = r->schema->limits.steps_max - r->steps, left;
	enum result rc, paid;

	if (allowed > most)
		allowed = most;
	if (r->budget != NULL && allowed > r->budget->steps)
		allowed = r->budget->steps;
	left = allowed;
	rc = matcher_match(m, text, &left, ret, r->err);
	paid = evaluate_charge(r, 1 + allowed - left);
	return paid != OK ? paid : rc;
}

struct checkpoint evaluate_checkpoint(const struct run *r)
{
	return (struct checkpoint){r->problems.count, r->unchecked.count, r->saved_path.count,
				   r->saved_trail.count};
}

void evaluate_forget_problems(struct run *r, struct checkpoint to)
{
	r->problems.count = to.problems;
	if (r->unchecked.count == to.unchecked) {
		r->saved_path.count = to.saved_path;
		r->saved_trail.count = to.saved_trail;
	}
}

void evaluate_forget_unchecked(struct run *r, struct checkpoint to)
{
	r->unchecked.count = to.unchecked;
}

/* Copies the way to where the run stands. */
static enum result save_way(struct run *r, struct finding *f)
{
	f->path = r->saved_path.count;
	f->path_len = r->path.count;
	for (uint32_t i = 0; i < r->path.count; i++) {
		uint32_t *position = vec_push(&r->saved_path, sizeof *position);

		if (position == NULL)
			return fail(r->err, E_MEMORY, "out of memory");
		*position = VEC_AT(&r->path, uint32_t, i);
	}
	f->trail = r->saved_trail.count;
	f->trail_len = r->trail.count;
	for (uint32_t i = 0; i < r->trail.count; i++) {
		struct step *step = vec_push(&r->saved_trail, sizeof *step);

		if (step == NULL)
			return fail(r->err, E_MEMORY, "out of memory");
		*step = VEC_AT(&r->trail, struct step, i);
	}
	return OK;
}

static enum result note(struct run *r, struct vec *list, struct finding *f)
{
	struct finding *made;
	enum result rc;

	if (list->count >= r->schema->limits.problems_max ||
	    r->saved_trail.count >= SAVED_STEPS_MAX) {
		r->dropped += list == &r->problems;
		return OK;
	}
	rc = evaluate_charge(r, (r->path.count + r->trail.count) / 4);
	if (rc == OK)
		rc = save_way(r, f);
	if (rc != OK)
		return rc;
	made = vec_push(list, sizeof *made);
	if (made == NULL)
		return fail(r->err, E_MEMORY, "out of memory");
	*made = *f;
	return OK;
}

enum result evaluate_fail(struct run *r, const struct rule *rule, const struct tree_node *n,
			  uint32_t detail, uint32_t other, enum verdict *ret)
{
	struct finding f = {.rule = (uint32_t)(rule - r->program->rules),
			    .detail = detail,
			    .other = other,
			    .node = n};

	*ret = VERDICT_NO;
	return r->is_collecting ? note(r, &r->problems, &f) : OK;
}

enum result evaluate_doubt(struct run *r, const struct rule *rule, const struct tree_node *n,
			   enum verdict *ret)
{
	struct finding f = {.rule = (uint32_t)(rule - r->program->rules), .node = n};

	*ret = VERDICT_MAYBE;
	return r->is_listing ? note(r, &r->unchecked, &f) : OK;
}

static enum result run_rule(struct run *r, const struct rule *rule, const struct tree_node *n,
			    struct marks *marks, enum verdict *ret)
{
	uint8_t kind = evaluators[rule->op].kind;
	enum result rc = evaluate_charge(r, 1);

	*ret = VERDICT_YES;
	if (rc != OK || (kind != ANY_KIND && kind != n->kind))
		return rc;
	if (kind != ANY_KIND && (n->flags & TREE_IS_OPAQUE) != 0)
		return evaluate_doubt(r, rule, n, ret);
	rc = evaluators[rule->op].evaluate(r, rule, n, marks, ret);
	if (rc == E_LIMIT && !r->is_placed) {
		r->is_placed = true;
		(void)wrap(r->err, rc, "`%s`", keywords[rule->keyword].name);
	}
	return rc;
}

static enum result run_rules(struct run *r, const struct subschema *s, const struct tree_node *n,
			     struct marks *marks, enum verdict *ret)
{
	enum verdict verdict = VERDICT_YES;

	for (uint32_t i = 0; i < s->rules; i++) {
		const struct rule *rule = &r->program->rules[s->first_rule + i];
		enum verdict v;
		enum result rc = run_rule(r, rule, n, marks, &v);

		if (rc != OK)
			return rc;
		verdict = verdict_and(verdict, v);
		/* No keyword reads a value that should have been a secret. */
		if (v == VERDICT_NO && (!r->is_collecting || rule->op == RULE_SECRET))
			break;
	}
	*ret = verdict;
	return OK;
}

static enum result run_marked(struct run *r, const struct subschema *s, const struct tree_node *n,
			      struct marks *marks, enum verdict *ret)
{
	CLEANUP(marks_clear) struct marks own = MARKS_NULL;
	enum result rc = evaluate_charge(r, n->count / 64);

	if (rc != OK)
		return rc;
	if (!marks_init(&own, n->count))
		return fail(r->err, E_MEMORY, "out of memory");
	rc = run_rules(r, s, n, &own, ret);
	if (rc == OK && marks != NULL)
		marks_merge(marks, &own, true);
	return rc;
}

enum result evaluate(struct run *r, uint32_t subschema, const struct tree_node *n,
		     struct marks *marks, enum verdict *ret)
{
	const struct subschema *s = &r->program->subschemas[subschema];
	struct scope scope = {s->resource, r->scope};
	enum result rc = evaluate_charge(r, 1);

	if (rc != OK)
		return rc;
	if (r->depth >= r->schema->limits.depth_max)
		return fail(r->err, E_LIMIT, "validation goes deeper than %u subschemas",
			    (unsigned)r->schema->limits.depth_max);
	r->depth++;
	if (r->scope == NULL || r->scope->resource != s->resource)
		r->scope = &scope;
	if ((s->flags & SUBSCHEMA_HAS_UNEVALUATED) != 0 &&
	    (n->kind == TREE_OBJECT || n->kind == TREE_ARRAY))
		rc = run_marked(r, s, n, marks, ret);
	else
		rc = run_rules(r, s, n, marks, ret);
	if (r->scope == &scope)
		r->scope = scope.outer;
	r->depth--;
	return rc;
}

enum result evaluate_step(struct run *r, const struct rule *rule, uint32_t index,
			  uint32_t subschema, const struct tree_node *n, struct marks *marks,
			  enum verdict *ret)
{
	struct step *step = vec_push(&r->trail, sizeof *step);
	enum result rc;

	if (step == NULL)
		return fail(r->err, E_MEMORY, "out of memory");
	*step = (struct step){(uint32_t)(rule - r->program->rules), index};
	rc = evaluate(r, subschema, n, marks, ret);
	r->trail.count--;
	return rc;
}

enum result evaluate_at(struct run *r, const struct rule *rule, uint32_t index, uint32_t subschema,
			uint32_t position, const struct tree_node *n, enum verdict *ret)
{
	uint32_t *at = vec_push(&r->path, sizeof *at);
	enum result rc;

	if (at == NULL)
		return fail(r->err, E_MEMORY, "out of memory");
	*at = position;
	rc = evaluate_charge(r, 1);
	if (rc == OK)
		rc = evaluate_step(r, rule, index, subschema, n, NULL, ret);
	r->path.count--;
	return rc;
}

enum result evaluate_silently(struct run *r, const struct rule *rule, uint32_t index,
			      uint32_t subschema, const struct tree_node *n, struct marks *marks,
			      enum verdict *ret)
{
	bool was_collecting = r->is_collecting;
	enum result rc;

	r->is_collecting = false;
	rc = evaluate_step(r, rule, index, subschema, n, marks, ret);
	r->is_collecting = was_collecting;
	return rc;
}
