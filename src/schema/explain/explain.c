/*
 * The loop over the rules of a subschema, and the findings.
 *
 * What must hold:
 * - `path` is the way from the instance's root to the current value, `trail` the way through the
 *   schema to the current rule. A function that pushes to them pops before it returns, also on
 *   failure.
 * - A finding copies both ways to `saved_path` and `saved_trail`, because findings outlive the
 *   position of the pass. Dropping findings shrinks these again, to the size in a struct
 *   checkpoint.
 * - With `is_collecting` a subschema goes on after a failure, else it stops. The verdict is the
 *   same.
 * - Recursion is bounded by depth_max and all work by steps_max.
 */
#include "schema/explain/explain.h"

#include "schema/compile/keyword.h"
#include "schema/price.h"

#define SAVED_STEPS_MAX (UINT32_C(1) << 22)

/* A rule with a kind holds for all values of other kinds, and is undecided for an opaque value. */
#define ANY_KIND 0xff

static const struct {
	enum result (*check)(struct explain_pass *pass, const struct rule *rule,
			     const struct tree_node *n, struct marks *marks, enum verdict *ret);
	uint8_t kind;
} checks[RULES] = {
	[RULE_FALSE] = {explain_false, ANY_KIND},
	[RULE_SECRET] = {explain_secret, ANY_KIND},
	[RULE_TYPE] = {explain_types, ANY_KIND},
	[RULE_CONST] = {explain_enum, ANY_KIND},
	[RULE_ENUM] = {explain_enum, ANY_KIND},
	[RULE_MAXIMUM] = {explain_bound, TREE_NUMBER},
	[RULE_EXCLUSIVE_MAXIMUM] = {explain_bound, TREE_NUMBER},
	[RULE_MINIMUM] = {explain_bound, TREE_NUMBER},
	[RULE_EXCLUSIVE_MINIMUM] = {explain_bound, TREE_NUMBER},
	[RULE_MULTIPLE_OF] = {explain_bound, TREE_NUMBER},
	[RULE_MAX_LENGTH] = {explain_length, TREE_STRING},
	[RULE_MIN_LENGTH] = {explain_length, TREE_STRING},
	[RULE_MAX_ITEMS] = {explain_count, TREE_ARRAY},
	[RULE_MIN_ITEMS] = {explain_count, TREE_ARRAY},
	[RULE_MAX_PROPERTIES] = {explain_count, TREE_OBJECT},
	[RULE_MIN_PROPERTIES] = {explain_count, TREE_OBJECT},
	[RULE_PATTERN] = {explain_pattern, TREE_STRING},
	[RULE_FORMAT] = {explain_format, TREE_STRING},
	[RULE_REQUIRED] = {explain_required, TREE_OBJECT},
	[RULE_DEPENDENT_REQUIRED] = {explain_required, TREE_OBJECT},
	[RULE_PROPERTIES] = {explain_properties, TREE_OBJECT},
	[RULE_PATTERN_PROPERTIES] = {explain_pattern_properties, TREE_OBJECT},
	[RULE_ADDITIONAL_PROPERTIES] = {explain_additional_properties, TREE_OBJECT},
	[RULE_PROPERTY_NAMES] = {explain_property_names, TREE_OBJECT},
	[RULE_DEPENDENT_SCHEMAS] = {explain_dependent_schemas, TREE_OBJECT},
	[RULE_PREFIX_ITEMS] = {explain_prefix_items, TREE_ARRAY},
	[RULE_ITEMS] = {explain_items, TREE_ARRAY},
	[RULE_CONTAINS] = {explain_contains, TREE_ARRAY},
	[RULE_UNIQUE_ITEMS] = {explain_unique_items, TREE_ARRAY},
	[RULE_REF] = {explain_ref, ANY_KIND},
	[RULE_DYNAMIC_REF] = {explain_dynamic_ref, ANY_KIND},
	[RULE_ALL_OF] = {explain_all_of, ANY_KIND},
	[RULE_ANY_OF] = {explain_some_of, ANY_KIND},
	[RULE_ONE_OF] = {explain_some_of, ANY_KIND},
	[RULE_NOT] = {explain_not, ANY_KIND},
	[RULE_IF] = {explain_if, ANY_KIND},
	[RULE_UNEVALUATED_ITEMS] = {explain_unevaluated, TREE_ARRAY},
	[RULE_UNEVALUATED_PROPERTIES] = {explain_unevaluated, TREE_OBJECT},
};

/* The limit of the schema is checked after the budget, so that the budget is charged for all work
 * that was done. */
enum result explain_charge_budget(struct explain_pass *pass)
{
	uint64_t used = pass->steps - pass->charged, most = pass->schema->limits.steps_max;

	pass->charged = pass->steps;
	if (!budget_spend(pass->budget, used))
		return budget_result(pass->budget, pass->err);
	if (pass->steps > most)
		return fail(pass->err, E_LIMIT, "validation takes more than %llu steps",
			    (unsigned long long)most);
	pass->granted =
		most - pass->steps < BUDGET_CHECK_STEPS ? most : pass->steps + BUDGET_CHECK_STEPS;
	return OK;
}

/* The bound of a match is that of one pattern, or the steps left where these are fewer. */
enum result explain_match(struct explain_pass *pass, uint32_t pattern, struct slice text, bool *ret)
{
	const struct matcher *m = &pass->schema->matchers[pattern];
	uint64_t most = pass->schema->limits.regex_steps_max;
	uint64_t allowed = pass->schema->limits.steps_max - pass->steps, left;
	enum result rc, charged;

	if (allowed > most)
		allowed = most;
	if (pass->budget != NULL && allowed > pass->budget->steps)
		allowed = pass->budget->steps;
	left = allowed;
	rc = matcher_match(m, text, &left, ret, pass->err);
	charged = explain_charge(pass, 1 + allowed - left);
	return charged != OK ? charged : rc;
}

struct checkpoint explain_checkpoint(const struct explain_pass *pass)
{
	return (struct checkpoint){pass->problems.count, pass->unchecked.count,
				   pass->saved_path.count, pass->saved_trail.count};
}

void explain_drop_problems(struct explain_pass *pass, struct checkpoint to)
{
	pass->problems.count = to.problems;
	if (pass->unchecked.count == to.unchecked) {
		pass->saved_path.count = to.saved_path;
		pass->saved_trail.count = to.saved_trail;
	}
}

void explain_drop_unchecked(struct explain_pass *pass, struct checkpoint to)
{
	pass->unchecked.count = to.unchecked;
}

/* Copies the current path and trail to the finding. */
static enum result save_way(struct explain_pass *pass, struct finding *f)
{
	f->path = pass->saved_path.count;
	f->path_len = pass->path.count;
	for (uint32_t i = 0; i < pass->path.count; i++) {
		uint32_t *position = vec_push(&pass->saved_path, sizeof *position);

		if (position == NULL)
			return fail(pass->err, E_MEMORY, "out of memory");
		*position = VEC_AT(&pass->path, uint32_t, i);
	}
	f->trail = pass->saved_trail.count;
	f->trail_len = pass->trail.count;
	for (uint32_t i = 0; i < pass->trail.count; i++) {
		struct step *step = vec_push(&pass->saved_trail, sizeof *step);

		if (step == NULL)
			return fail(pass->err, E_MEMORY, "out of memory");
		*step = VEC_AT(&pass->trail, struct step, i);
	}
	return OK;
}

/* Adds a finding to a list, unless the list is full: then it is counted only. */
static enum result note(struct explain_pass *pass, struct vec *list, struct finding *f)
{
	struct finding *made;
	enum result rc;

	if (list->count >= pass->schema->limits.problems_max ||
	    pass->saved_trail.count >= SAVED_STEPS_MAX) {
		pass->dropped += list == &pass->problems;
		return OK;
	}
	rc = explain_charge(pass, (pass->path.count + pass->trail.count) / 4);
	if (rc == OK)
		rc = save_way(pass, f);
	if (rc != OK)
		return rc;
	made = vec_push(list, sizeof *made);
	if (made == NULL)
		return fail(pass->err, E_MEMORY, "out of memory");
	*made = *f;
	return OK;
}

enum result explain_fail(struct explain_pass *pass, const struct rule *rule,
			 const struct tree_node *n, uint32_t detail, uint32_t other,
			 enum verdict *ret)
{
	struct finding f = {.rule = (uint32_t)(rule - pass->program->rules),
			    .detail = detail,
			    .other = other,
			    .node = n};

	*ret = VERDICT_NO;
	return pass->is_collecting ? note(pass, &pass->problems, &f) : OK;
}

enum result explain_undecided(struct explain_pass *pass, const struct rule *rule,
			      const struct tree_node *n, enum verdict *ret)
{
	struct finding f = {.rule = (uint32_t)(rule - pass->program->rules), .node = n};

	*ret = VERDICT_MAYBE;
	return pass->is_listing ? note(pass, &pass->unchecked, &f) : OK;
}

/* Checks one rule, if it is one for this kind of value. */
static enum result check_rule(struct explain_pass *pass, const struct rule *rule,
			      const struct tree_node *n, struct marks *marks, enum verdict *ret)
{
	uint8_t kind = checks[rule->op].kind;
	enum result rc = explain_charge(pass, 1);

	*ret = VERDICT_YES;
	if (rc != OK || (kind != ANY_KIND && kind != n->kind))
		return rc;
	if (kind != ANY_KIND && (n->flags & TREE_IS_OPAQUE) != 0)
		return explain_undecided(pass, rule, n, ret);
	rc = checks[rule->op].check(pass, rule, n, marks, ret);
	if (rc == E_LIMIT && !pass->is_keyword_named) {
		pass->is_keyword_named = true;
		(void)wrap(pass->err, rc, "`%s`", keywords[rule->keyword].name);
	}
	return rc;
}

/* All rules of a subschema must hold. */
static enum result check_rules(struct explain_pass *pass, const struct subschema *s,
			       const struct tree_node *n, struct marks *marks, enum verdict *ret)
{
	enum verdict verdict = VERDICT_YES;

	for (uint32_t i = 0; i < s->rules; i++) {
		const struct rule *rule = &pass->program->rules[s->first_rule + i];
		enum verdict v;
		enum result rc = check_rule(pass, rule, n, marks, &v);

		if (rc != OK)
			return rc;
		verdict = verdict_and(verdict, v);
		/* After `x-secret` has failed no other keyword may read the value. */
		if (v == VERDICT_NO && (!pass->is_collecting || rule->op == RULE_SECRET))
			break;
	}
	*ret = verdict;
	return OK;
}

/* As check_rules() for a subschema with unevaluatedItems or unevaluatedProperties, whose other
 * rules mark what they evaluate. */
static enum result check_marked(struct explain_pass *pass, const struct subschema *s,
				const struct tree_node *n, struct marks *marks, enum verdict *ret)
{
	CLEANUP(marks_clear) struct marks own = MARKS_NULL;
	enum result rc = explain_charge(pass, n->count / 64);

	if (rc != OK)
		return rc;
	if (!marks_init(&own, n->count))
		return fail(pass->err, E_MEMORY, "out of memory");
	rc = check_rules(pass, s, n, &own, ret);
	if (rc == OK && marks != NULL)
		marks_merge(marks, &own, true);
	return rc;
}

/* Enters the subschema's resource, where it is a new one, and leaves it again. */
enum result explain_subschema(struct explain_pass *pass, uint32_t subschema,
			      const struct tree_node *n, struct marks *marks, enum verdict *ret)
{
	const struct subschema *s = &pass->program->subschemas[subschema];
	struct scope scope = {s->resource, pass->scope};
	enum result rc = explain_charge(pass, 1);

	if (rc != OK)
		return rc;
	if (pass->depth >= pass->schema->limits.depth_max)
		return fail(pass->err, E_LIMIT, "validation goes deeper than %u subschemas",
			    (unsigned)pass->schema->limits.depth_max);
	pass->depth++;
	if (pass->scope == NULL || pass->scope->resource != s->resource)
		pass->scope = &scope;
	if ((s->flags & SUBSCHEMA_HAS_UNEVALUATED) != 0 &&
	    (n->kind == TREE_OBJECT || n->kind == TREE_ARRAY))
		rc = check_marked(pass, s, n, marks, ret);
	else
		rc = check_rules(pass, s, n, marks, ret);
	if (pass->scope == &scope)
		pass->scope = scope.outer;
	pass->depth--;
	return rc;
}

enum result explain_step(struct explain_pass *pass, struct applied a, const struct tree_node *n,
			 struct marks *marks, enum verdict *ret)
{
	struct step *step = vec_push(&pass->trail, sizeof *step);
	enum result rc;

	if (step == NULL)
		return fail(pass->err, E_MEMORY, "out of memory");
	*step = (struct step){(uint32_t)(a.rule - pass->program->rules), a.index};
	rc = explain_subschema(pass, a.subschema, n, marks, ret);
	pass->trail.count--;
	return rc;
}

enum result explain_at(struct explain_pass *pass, struct applied a, uint32_t position,
		       const struct tree_node *n, enum verdict *ret)
{
	uint32_t *at = vec_push(&pass->path, sizeof *at);
	enum result rc;

	if (at == NULL)
		return fail(pass->err, E_MEMORY, "out of memory");
	*at = position;
	rc = explain_charge(pass, 1);
	if (rc == OK)
		rc = explain_step(pass, a, n, NULL, ret);
	pass->path.count--;
	return rc;
}

enum result explain_silently(struct explain_pass *pass, struct applied a, const struct tree_node *n,
			     struct marks *marks, enum verdict *ret)
{
	bool was_collecting = pass->is_collecting;
	enum result rc;

	pass->is_collecting = false;
	rc = explain_step(pass, a, n, marks, ret);
	pass->is_collecting = was_collecting;
	return rc;
}
