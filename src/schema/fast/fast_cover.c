/*
 * unevaluatedProperties and unevaluatedItems (2020-12 core, section 11), where the evaluated
 * members depend on the instance.
 *
 * This runs after all other rules of a subschema are known to hold for a value. A walk over these
 * rules marks the members or items that they evaluated; what is not marked is then checked. Only
 * branches that can mark something (SUBSCHEMA_COVERS) are validated a second time. Schemas without
 * these keywords pay nothing.
 *
 * It runs on the rules, not on instructions, but its verdict is that of the fast pass: without it
 * the two cases of bench/schema that use these keywords take three to four times as long.
 */
#include "schema/fast/fast_pass.h"

static bool cover(struct fast_pass *pass, uint32_t subschema, const struct tree_node *n,
		  struct marks *marks);

/* A member that is present is evaluated; that it matches is known. */
static bool cover_properties(struct fast_pass *pass, const struct rule *rule,
			     const struct tree_node *n, struct marks *marks)
{
	if (!charge(pass, rule->b))
		return false;
	for (uint32_t i = 0; i < rule->b; i++) {
		const struct name *name = &pass->program->properties[rule->a + i].name;
		const struct tree_node *value;

		debit(pass, price_look_up(n, name->text.len));
		value = fast_find_member(n, pass->texts + name->text.at, name->text.len,
					 name->hash);

		if (value != NULL)
			marks_set(marks, marks_position(n, value), true);
	}
	return true;
}

/* One matching pattern is enough to evaluate a member. */
static bool cover_patterns(struct fast_pass *pass, const struct rule *rule,
			   const struct tree_node *n, struct marks *marks)
{
	for (uint32_t i = 0; i < n->count; i++) {
		bool is_match = false;

		if (!charge(pass, 1 + rule->b))
			return false;
		for (uint32_t k = 0; !is_match && k < rule->b; k++) {
			if (!fast_match(pass,
					pass->program->pattern_properties[rule->a + k].pattern,
					tree_key(&n->of.members[i]), &is_match))
				return false;
		}
		if (is_match)
			marks_set(marks, i, true);
	}
	return true;
}

/* additionalProperties, with properties and patternProperties beside it, evaluates every member. */
static bool cover_additional(struct fast_pass *pass, const struct tree_node *n, struct marks *marks)
{
	marks_set_all(marks);
	return charge(pass, n->count);
}

/* Only matching items are evaluated (2020-12 core, section 10.3.1.3). */
static bool cover_contains(struct fast_pass *pass, const struct rule *rule,
			   const struct tree_node *n, struct marks *marks)
{
	uint32_t block = pass->program->subschemas[rule->a].block;

	if (!charge(pass, n->count))
		return false;
	for (uint32_t i = 0; i < n->count; i++) {
		if (enter(pass, block, &n->of.items[i]))
			marks_set(marks, i, true);
		if (pass->is_stopped)
			return false;
	}
	return true;
}

/* The rules about items. unevaluatedItems of an inner subschema has evaluated all. */
static bool cover_array(struct fast_pass *pass, const struct rule *rule, const struct tree_node *n,
			struct marks *marks)
{
	switch ((enum rule_op)rule->op) {
	case RULE_PREFIX_ITEMS:
		for (uint32_t i = 0; i < rule->b && i < n->count; i++)
			marks_set(marks, i, true);
		return charge(pass, rule->b);
	case RULE_ITEMS:
		for (uint32_t i = rule->b; i < n->count; i++)
			marks_set(marks, i, true);
		return charge(pass, n->count);
	case RULE_CONTAINS:
		return cover_contains(pass, rule, n, marks);
	case RULE_UNEVALUATED_ITEMS:
		marks_set_all(marks);
		return true;
	default:
		return true;
	}
}

/* The rules about members. dependentSchemas apply where their key is present. */
static bool cover_object(struct fast_pass *pass, const struct rule *rule, const struct tree_node *n,
			 struct marks *marks)
{
	switch ((enum rule_op)rule->op) {
	case RULE_PROPERTIES:
		return cover_properties(pass, rule, n, marks);
	case RULE_PATTERN_PROPERTIES:
		return cover_patterns(pass, rule, n, marks);
	case RULE_ADDITIONAL_PROPERTIES:
	case RULE_UNEVALUATED_PROPERTIES:
		return cover_additional(pass, n, marks);
	case RULE_DEPENDENT_SCHEMAS:
		debit(pass, rule->b);
		for (uint32_t i = 0; i < rule->b; i++) {
			const struct property *p = &pass->program->properties[rule->a + i];

			debit(pass, price_look_up(n, p->name.text.len));
			if (fast_find_member(n, pass->texts + p->name.text.at, p->name.text.len,
					     p->name.hash) != NULL &&
			    !cover(pass, p->subschema, n, marks))
				return false;
		}
		return true;
	default:
		return true;
	}
}

/* A branch marks members only if it holds. */
static bool cover_branch(struct fast_pass *pass, uint32_t subschema, const struct tree_node *n,
			 struct marks *marks, bool *ret_holds)
{
	const struct subschema *s = &pass->program->subschemas[subschema];

	*ret_holds = enter(pass, s->block, n);
	if (pass->is_stopped)
		return false;
	return !*ret_holds || cover(pass, subschema, n, marks);
}

/* The condition marks members if it holds, and then `then` applies, else `else`. */
static bool cover_if(struct fast_pass *pass, const struct rule *rule, const struct tree_node *n,
		     struct marks *marks)
{
	uint32_t branch;
	bool holds;

	if (!cover_branch(pass, rule->a, n, marks, &holds))
		return false;
	branch = holds ? rule->b : rule->c;
	return branch == NONE || cover(pass, branch, n, marks);
}

/* Rules that apply other subschemas to the same value. */
static bool cover_in_place(struct fast_pass *pass, const struct rule *rule,
			   const struct tree_node *n, struct marks *marks)
{
	const struct program *p = pass->program;
	bool holds;

	switch ((enum rule_op)rule->op) {
	case RULE_REF:
		return cover(pass, rule->a, n, marks);
	case RULE_ALL_OF:
		for (uint32_t i = 0; i < rule->b; i++) {
			if (!cover(pass, p->links[rule->a + i], n, marks))
				return false;
		}
		return true;
	case RULE_ANY_OF:
	case RULE_ONE_OF:
		debit(pass, rule->b);
		for (uint32_t i = 0; i < rule->b; i++) {
			uint32_t branch = p->links[rule->a + i];

			if ((p->subschemas[branch].flags & SUBSCHEMA_COVERS) != 0 &&
			    !cover_branch(pass, branch, n, marks, &holds))
				return false;
		}
		return true;
	case RULE_IF:
		return cover_if(pass, rule, n, marks);
	default:
		return true;
	}
}

/* Marks what a subschema that holds evaluates. False only where the pass stopped. */
static bool cover(struct fast_pass *pass, uint32_t subschema, const struct tree_node *n,
		  struct marks *marks)
{
	const struct subschema *s = &pass->program->subschemas[subschema];
	bool goes_on = charge(pass, s->rules);

	if ((s->flags & SUBSCHEMA_COVERS) == 0)
		return goes_on;
	if (pass->depth == 0)
		return fast_stop_at_depth(pass);
	pass->depth--;
	for (uint32_t i = 0; goes_on && i < s->rules; i++) {
		const struct rule *rule = &pass->program->rules[s->first_rule + i];

		goes_on = (n->kind == TREE_OBJECT ? cover_object(pass, rule, n, marks)
						  : cover_array(pass, rule, n, marks)) &&
			  cover_in_place(pass, rule, n, marks);
	}
	pass->depth++;
	return goes_on;
}

/* Checks the members or items that have no mark. */
static bool check_rest(struct fast_pass *pass, uint32_t block, const struct tree_node *n,
		       const struct marks *marks)
{
	if (!charge(pass, n->count))
		return false;
	for (uint32_t i = 0; i < n->count; i++) {
		const struct tree_node *value =
			n->kind == TREE_OBJECT ? &n->of.members[i].value : &n->of.items[i];

		if (!marks_has(marks, i) && !enter(pass, block, value))
			return false;
	}
	return true;
}

/* The marks of one subschema do not count for subschemas outside of it, so each call starts without
 * marks. */
bool fast_unevaluated(struct fast_pass *pass, uint32_t subschema, const struct tree_node *n)
{
	CLEANUP(marks_clear) struct marks marks = MARKS_NULL;
	const struct subschema *s = &pass->program->subschemas[subschema];
	uint8_t op = n->kind == TREE_OBJECT ? RULE_UNEVALUATED_PROPERTIES : RULE_UNEVALUATED_ITEMS;
	const struct rule *asked = NULL;

	if (n->kind != TREE_OBJECT && n->kind != TREE_ARRAY)
		return true;
	for (uint32_t i = 0; i < s->rules; i++) {
		const struct rule *rule = &pass->program->rules[s->first_rule + i];

		if (rule->op == op)
			asked = rule;
	}
	if (asked == NULL || n->count == 0)
		return true;
	debit(pass, s->rules + n->count / 64);
	if (!marks_init(&marks, n->count))
		return fast_stop(pass, fail(pass->err, E_MEMORY, "out of memory"));
	for (uint32_t i = 0; i < s->rules; i++) {
		const struct rule *rule = &pass->program->rules[s->first_rule + i];

		if (rule->op == RULE_UNEVALUATED_ITEMS || rule->op == RULE_UNEVALUATED_PROPERTIES)
			continue;
		if (!(n->kind == TREE_OBJECT ? cover_object(pass, rule, n, &marks)
					     : cover_array(pass, rule, n, &marks)) ||
		    !cover_in_place(pass, rule, n, &marks))
			return false;
	}
	return check_rest(pass, pass->program->subschemas[asked->a].block, n, &marks);
}
