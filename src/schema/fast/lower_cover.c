/*
 * unevaluatedProperties and unevaluatedItems. Where the members that the other keywords evaluate do
 * not depend on the instance, unevaluatedProperties means the same as additionalProperties, and
 * becomes an object plan of all evaluated keys. Otherwise fast_cover.c finds the evaluated members
 * for each instance.
 */
#include "schema/fast/lower.h"

/* Bounds of the search, each with a correct result beyond it: all subschemas count as covering
 * after COVER_ROUNDS_MAX rounds; where references are nested deeper than COVER_DEPTH_MAX, or a plan
 * would have more than COVER_ENTRIES_MAX keys, fast_cover.c walks the value. */
#define COVER_ROUNDS_MAX  16
#define COVER_DEPTH_MAX	  8
#define COVER_ENTRIES_MAX 256

static bool covers(const struct lowering *work, uint32_t subschema)
{
	return subschema != NONE &&
	       (work->rules.subschemas[subschema].flags & SUBSCHEMA_COVERS) != 0;
}

/* Whether a rule may evaluate members or items, itself or through a subschema. */
static bool rule_covers(const struct lowering *work, const struct rule *rule)
{
	bool any = false;

	switch ((enum rule_op)rule->op) {
	case RULE_PROPERTIES:
	case RULE_PATTERN_PROPERTIES:
	case RULE_ADDITIONAL_PROPERTIES:
	case RULE_PREFIX_ITEMS:
	case RULE_ITEMS:
	case RULE_CONTAINS:
	case RULE_UNEVALUATED_ITEMS:
	case RULE_UNEVALUATED_PROPERTIES:
		return true;
	case RULE_REF:
		return covers(work, rule->a);
	case RULE_ALL_OF:
	case RULE_ANY_OF:
	case RULE_ONE_OF:
		for (uint32_t i = 0; !any && i < rule->b; i++)
			any = covers(work, work->rules.links[rule->a + i]);
		return any;
	case RULE_DEPENDENT_SCHEMAS:
		for (uint32_t i = 0; !any && i < rule->b; i++)
			any = covers(work, work->rules.properties[rule->a + i].subschema);
		return any;
	case RULE_IF:
		return covers(work, rule->a) || covers(work, rule->b) || covers(work, rule->c);
	default:
		return false;
	}
}

/* Sets SUBSCHEMA_COVERS until nothing changes, for a bounded number of rounds. Where that does not
 * suffice all subschemas get the flag, which is slower but never wrong. */
void lower_mark_covering(struct lowering *work)
{
	bool is_changed = true;

	for (int round = 0; is_changed && round < COVER_ROUNDS_MAX; round++) {
		is_changed = false;
		for (uint32_t i = work->rules.subschemas_count; i-- > 0;) {
			struct subschema *s = &VEC_AT(&work->c->subschemas, struct subschema, i);

			for (uint32_t k = 0; !covers(work, i) && k < s->rules; k++) {
				if (!rule_covers(work, &work->rules.rules[s->first_rule + k]))
					continue;
				s->flags |= SUBSCHEMA_COVERS;
				is_changed = true;
			}
		}
	}
	for (uint32_t i = 0; is_changed && i < work->c->subschemas.count; i++)
		VEC_AT(&work->c->subschemas, struct subschema, i).flags |= SUBSCHEMA_COVERS;
}

/* Adds the keys that a subschema always evaluates to the plan; false where they depend on the
 * instance. */
static bool gather(struct lowering *work, uint32_t subschema, struct object_plan *plan,
		   bool *is_all, int depth);

/* Keys that are in the plan already are not added again. False where the plan is full or memory is
 * short: then the members are found for each instance. */
static bool gather_keys(struct lowering *work, const struct rule *rule,
			const struct object_plan *plan)
{
	for (uint32_t i = 0; i < rule->b; i++) {
		const struct name *name = &work->rules.properties[rule->a + i].name;

		work->effort += work->c->entries.count - plan->entry + 1;
		if (lower_find_entry(work, plan->entry, name) != NONE)
			continue;
		if (work->c->entries.count - plan->entry >= COVER_ENTRIES_MAX ||
		    lower_add_entry(work, name, NONE) != OK)
			return false;
	}
	return true;
}

/* Branches, dependentSchemas and conditions depend on the instance if they may evaluate
 * anything. */
static bool gather_rule(struct lowering *work, const struct rule *rule, struct object_plan *plan,
			bool *is_all, int depth)
{
	bool is_static = true;

	switch ((enum rule_op)rule->op) {
	case RULE_PROPERTIES:
		return gather_keys(work, rule, plan);
	case RULE_PATTERN_PROPERTIES:
		if (plan->patterns != 0)
			return false;
		plan->pattern = rule->a;
		plan->patterns = rule->b;
		return true;
	case RULE_ADDITIONAL_PROPERTIES:
		*is_all = true;
		return true;
	case RULE_UNEVALUATED_PROPERTIES:
		*is_all |= depth != COVER_DEPTH_MAX; /* not the one that is being lowered */
		return true;
	case RULE_REF:
		return gather(work, rule->a, plan, is_all, depth - 1);
	case RULE_ALL_OF:
		for (uint32_t i = 0; is_static && i < rule->b; i++)
			is_static = gather(work, work->rules.links[rule->a + i], plan, is_all,
					   depth - 1);
		return is_static;
	case RULE_ANY_OF:
	case RULE_ONE_OF:
	case RULE_DEPENDENT_SCHEMAS:
	case RULE_IF:
		return !rule_covers(work, rule);
	default:
		return true;
	}
}

static bool gather(struct lowering *work, uint32_t subschema, struct object_plan *plan,
		   bool *is_all, int depth)
{
	const struct subschema *s = &work->rules.subschemas[subschema];
	bool is_static = depth > 0 && ++work->effort < EFFORT_MAX;

	for (uint32_t i = 0; is_static && i < s->rules; i++)
		is_static = gather_rule(work, &work->rules.rules[s->first_rule + i], plan, is_all,
					depth);
	return is_static;
}

/* An object plan that accepts any value for the evaluated keys, and checks all other keys. */
static enum result add_closing_plan(struct lowering *work, struct object_plan *plan)
{
	enum result rc;

	plan->entries = work->c->entries.count - plan->entry;
	plan->pattern_target = work->c->targets.count;
	for (uint32_t k = 0; k < plan->patterns; k++) {
		uint32_t *target = vec_push(&work->c->targets, sizeof *target);

		if (target == NULL)
			return E_MEMORY;
		*target = NONE;
	}
	rc = lower_entry_slots(work, plan);
	if (rc != OK)
		return rc;
	return lower_emit_plan(work, OPERATION_OBJECT, &work->c->object_plans, plan, sizeof *plan);
}

/* `*ret` becomes true where a plan checks the unevaluated keys. */
static enum result close_keys(struct lowering *work, uint32_t subschema, uint32_t block, bool *ret)
{
	struct object_plan plan = {.entry = work->c->entries.count,
				   .most = UINT32_MAX,
				   .additional = block,
				   .names = NONE};
	bool is_all = false;

	*ret = gather(work, subschema, &plan, &is_all, COVER_DEPTH_MAX);
	if (*ret && !is_all)
		return add_closing_plan(work, &plan);
	work->c->entries.count = plan.entry;
	return OK;
}

/* Keys may become a plan; items always need the walk. */
enum result lower_unevaluated(struct lowering *work, uint32_t subschema)
{
	const struct subschema *s = &work->rules.subschemas[subschema];
	bool is_left = false;
	struct instruction *i;

	for (uint32_t k = 0; k < s->rules; k++) {
		const struct rule *rule = &work->rules.rules[s->first_rule + k];
		bool is_closed = false;
		uint32_t block;
		enum result rc = OK;

		if (rule->op != RULE_UNEVALUATED_ITEMS && rule->op != RULE_UNEVALUATED_PROPERTIES)
			continue;
		rc = lower_block(work, rule->a, &block);
		if (rc == OK && rule->op == RULE_UNEVALUATED_PROPERTIES)
			rc = close_keys(work, subschema, block, &is_closed);
		if (rc != OK)
			return rc;
		is_left |= !is_closed;
	}
	if (!is_left)
		return OK;
	i = lower_emit(work, OPERATION_UNEVALUATED);
	if (i == NULL)
		return E_MEMORY;
	i->a = subschema;
	return OK;
}
