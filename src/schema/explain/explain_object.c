/*
 * Rules for the members of an object, and for unevaluated members and items.
 *
 * A member is marked as evaluated also where its value is invalid: the rule fails then anyway, and
 * a second problem about the same member would only repeat that. Each look-up and each key read is
 * charged for, because both the schema and the instance may be large.
 */
#include "schema/explain/explain.h"
#include "schema/price.h"

static enum result charge_look_up(struct explain_pass *pass, const struct name *name,
				  const struct tree_node *n)
{
	return explain_charge(pass, price_look_up(n, name->text.len));
}

/* `required`, and one key of dependentRequired. */
enum result explain_required(struct explain_pass *pass, const struct rule *rule,
			     const struct tree_node *n, struct marks *marks, enum verdict *ret)
{
	const struct name *key =
		rule->op == RULE_DEPENDENT_REQUIRED ? &pass->program->names[rule->c] : NULL;
	enum result rc = key != NULL ? charge_look_up(pass, key, n) : OK;

	(void)marks;
	if (rc != OK)
		return rc;
	if (key != NULL &&
	    tree_get_hashed(n, program_text(pass->program, key->text), key->hash) == NULL)
		return OK;
	for (uint32_t i = 0; rc == OK && i < rule->b; i++) {
		const struct name *name = &pass->program->names[rule->a + i];

		rc = charge_look_up(pass, name, n);
		if (rc == OK &&
		    tree_get_hashed(n, program_text(pass->program, name->text), name->hash) == NULL)
			rc = explain_fail(pass, rule, n, rule->a + i, 0, ret);
	}
	return rc;
}

static const struct tree_node *find_property(const struct explain_pass *pass,
					     const struct property *p, const struct tree_node *n)
{
	return tree_get_hashed(n, program_text(pass->program, p->name.text), p->name.hash);
}

/* 2020-12 core, section 10.3.2.1. Members without a subschema here are not evaluated by it. */
enum result explain_properties(struct explain_pass *pass, const struct rule *rule,
			       const struct tree_node *n, struct marks *marks, enum verdict *ret)
{
	enum result rc = OK;

	for (uint32_t i = 0; rc == OK && i < rule->b; i++) {
		const struct property *p = &pass->program->properties[rule->a + i];
		const struct tree_node *value = find_property(pass, p, n);
		enum verdict v;

		rc = charge_look_up(pass, &p->name, n);
		if (rc != OK || value == NULL)
			continue;
		rc = explain_at(pass, (struct applied){rule, i, p->subschema},
				marks_position(n, value), value, &v);
		if (rc != OK)
			break;
		if (marks != NULL)
			marks_set(marks, marks_position(n, value), true);
		if (explain_may_stop(pass, v, ret))
			break;
	}
	return rc;
}

/* 2020-12 core, section 10.3.2.2: a member must match the subschemas of all patterns that match its
 * key. */
enum result explain_pattern_properties(struct explain_pass *pass, const struct rule *rule,
				       const struct tree_node *n, struct marks *marks,
				       enum verdict *ret)
{
	for (uint32_t i = 0; i < n->count; i++) {
		const struct tree_member *m = &n->of.members[i];

		for (uint32_t k = 0; k < rule->b; k++) {
			const struct pattern_property *p =
				&pass->program->pattern_properties[rule->a + k];
			enum verdict v;
			bool is_match;
			enum result rc = explain_match(pass, p->pattern, tree_key(m), &is_match);

			if (rc == OK && is_match)
				rc = explain_at(pass, (struct applied){rule, k, p->subschema}, i,
						&m->value, &v);
			if (rc != OK)
				return rc;
			if (!is_match)
				continue;
			if (marks != NULL)
				marks_set(marks, i, true);
			if (explain_may_stop(pass, v, ret))
				return OK;
		}
	}
	return OK;
}

/* Whether `properties` beside the rule has the key. */
static bool is_property(const struct explain_pass *pass, uint32_t properties,
			const struct tree_member *m)
{
	const struct rule *rule;

	if (properties == NONE)
		return false;
	rule = &pass->program->rules[properties];
	for (uint32_t i = 0; i < rule->b; i++) {
		const struct name *name = &pass->program->properties[rule->a + i].name;

		if (name->hash == m->hash &&
		    slice_is_equal(program_text(pass->program, name->text), tree_key(m)))
			return true;
	}
	return false;
}

/* Whether patternProperties beside the rule has a pattern for the key. */
static enum result is_patterned(struct explain_pass *pass, uint32_t patterns,
				const struct tree_member *m, bool *ret)
{
	const struct rule *rule;
	enum result rc = OK;

	*ret = false;
	if (patterns == NONE)
		return OK;
	rule = &pass->program->rules[patterns];
	for (uint32_t i = 0; rc == OK && !*ret && i < rule->b; i++)
		rc = explain_match(pass, pass->program->pattern_properties[rule->a + i].pattern,
				   tree_key(m), ret);
	return rc;
}

/* The schema `false`, which stands for "no such key" in most schemas. */
static bool is_never(const struct program *p, uint32_t subschema)
{
	const struct subschema *s = &p->subschemas[subschema];

	return s->rules == 1 && p->rules[s->first_rule].op == RULE_FALSE;
}

/* A key that is not allowed is a failure of the object: the sentence names the key. */
static enum result check_extra(struct explain_pass *pass, const struct rule *rule,
			       const struct tree_node *n, uint32_t i, enum verdict *ret)
{
	if (is_never(pass->program, rule->a))
		return explain_fail(pass, rule, n, i, 0, ret);
	return explain_at(pass, (struct applied){rule, NONE, rule->a}, i, &n->of.members[i].value,
			  ret);
}

/* 2020-12 core, section 10.3.2.3: members that neither properties nor patternProperties of the same
 * subschema know. */
enum result explain_additional_properties(struct explain_pass *pass, const struct rule *rule,
					  const struct tree_node *n, struct marks *marks,
					  enum verdict *ret)
{
	for (uint32_t i = 0; i < n->count; i++) {
		const struct tree_member *m = &n->of.members[i];
		enum verdict v = VERDICT_YES;
		bool is_known = is_property(pass, rule->b, m);
		enum result rc = explain_charge(
			pass, 1 + price_bytes(m->key_len) +
				      (rule->b == NONE ? 0 : pass->program->rules[rule->b].b / 8));

		if (rc == OK && !is_known)
			rc = is_patterned(pass, rule->c, m, &is_known);
		if (rc == OK && !is_known)
			rc = check_extra(pass, rule, n, i, &v);
		if (rc != OK)
			return rc;
		if (is_known)
			continue;
		if (marks != NULL)
			marks_set(marks, i, true);
		if (explain_may_stop(pass, v, ret))
			return OK;
	}
	return OK;
}

/* 2020-12 core, section 10.3.2.4: each key must match as a string. */
enum result explain_property_names(struct explain_pass *pass, const struct rule *rule,
				   const struct tree_node *n, struct marks *marks,
				   enum verdict *ret)
{
	(void)marks;
	for (uint32_t i = 0; i < n->count; i++) {
		const struct tree_member *m = &n->of.members[i];
		struct tree_node key = {.kind = TREE_STRING,
					.source = m->value.source,
					.count = m->key_len,
					.line = m->line,
					.column = m->column};
		struct checkpoint before = explain_checkpoint(pass);
		enum verdict v;
		enum result rc;

		key.of.text = m->key;
		key.as.hash = m->hash;
		rc = explain_at(pass, (struct applied){rule, NONE, rule->a}, i, &key, &v);
		if (rc != OK)
			return rc;
		/* The node of the key ends here, so findings about the key get the node of its
		 * value. */
		for (uint32_t k = before.problems; k < pass->problems.count; k++)
			VEC_AT(&pass->problems, struct finding, k).node = &m->value;
		if (explain_may_stop(pass, v, ret))
			return OK;
	}
	return OK;
}

/* 2020-12 core, section 10.2.2.4: where the key is present, the whole object must match. */
enum result explain_dependent_schemas(struct explain_pass *pass, const struct rule *rule,
				      const struct tree_node *n, struct marks *marks,
				      enum verdict *ret)
{
	for (uint32_t i = 0; i < rule->b; i++) {
		const struct property *p = &pass->program->properties[rule->a + i];
		enum verdict v;
		enum result rc = charge_look_up(pass, &p->name, n);

		if (rc != OK)
			return rc;
		if (find_property(pass, p, n) == NULL)
			continue;
		rc = explain_step(pass, (struct applied){rule, i, p->subschema}, n, marks, &v);
		if (rc != OK)
			return rc;
		if (explain_may_stop(pass, v, ret))
			return OK;
	}
	return OK;
}

/* A member or item that no rule evaluated. Where an opaque value may have let a rule evaluate it, a
 * failure is undecided. */
static enum result check_left_over(struct explain_pass *pass, const struct rule *rule,
				   const struct tree_node *n, uint32_t i, bool is_undecided,
				   enum verdict *ret)
{
	struct checkpoint before = explain_checkpoint(pass);
	enum result rc = n->kind == TREE_OBJECT
				 ? check_extra(pass, rule, n, i, ret)
				 : explain_at(pass, (struct applied){rule, NONE, rule->a}, i,
					      &n->of.items[i], ret);

	if (rc == OK && *ret == VERDICT_NO && is_undecided) {
		*ret = VERDICT_MAYBE;
		explain_drop_problems(pass, before);
	}
	return rc;
}

/* Runs after all other rules of the subschema, so `marks` is complete. */
enum result explain_unevaluated(struct explain_pass *pass, const struct rule *rule,
				const struct tree_node *n, struct marks *marks, enum verdict *ret)
{
	enum result charged = explain_charge(pass, n->count / 4);

	if (charged != OK)
		return charged;
	for (uint32_t i = 0; i < n->count; i++) {
		enum verdict v = VERDICT_YES;
		enum result rc = OK;

		if (!marks_has(marks, i))
			rc = check_left_over(pass, rule, n, i, marks_has_maybe(marks, i), &v);
		if (rc != OK)
			return rc;
		if (explain_may_stop(pass, v, ret))
			return OK;
	}
	marks_set_all(marks);
	return OK;
}
