/*
 * The keywords for the members of an object.
 *
 * Lists of names and properties become neighbours in their arrays, because a rule has only a first
 * position and a count. A function therefore adds a whole list before anything else adds to the
 * same array.
 */
#include "schema/compile/compile.h"

static enum result add_child_rule(struct compiler *c, const struct compile_place *at,
				  enum rule_op op, const struct tree_node *value)
{
	uint32_t child;
	enum result rc = compile_child(c, value, &child);

	return rc == OK ? compile_rule(c, at, op, child, 0, 0) : rc;
}

enum result compile_required(struct compiler *c, const struct compile_place *at,
			     const struct tree_node *value)
{
	uint32_t first, count;
	enum result rc = compile_names(c, at, value, &first, &count);

	if (rc != OK || count == UINT32_MAX)
		return rc;
	return compile_rule(c, at, RULE_REQUIRED, first, count, 0);
}

/* One rule for each key: the names that the object must have if it has the key. */
static enum result add_dependent_names(struct compiler *c, const struct compile_place *at,
				       const struct tree_member *m)
{
	uint32_t first, count;
	struct name key, *made;
	enum result rc = compile_name(c, tree_key(m), &key);

	if (rc == OK)
		rc = compile_names(c, at, &m->value, &first, &count);
	if (rc != OK || count == UINT32_MAX)
		return rc;
	made = vec_push(&c->names, sizeof *made);
	if (made == NULL)
		return E_MEMORY;
	*made = key;
	return compile_rule(c, at, RULE_DEPENDENT_REQUIRED, first, count, c->names.count - 1);
}

static enum result refuse_no_object(struct compiler *c, const struct compile_place *at,
				    const struct tree_node *value)
{
	return compile_refuse(c, at, value, SLICE_NULL, "must be an object");
}

enum result compile_dependent_required(struct compiler *c, const struct compile_place *at,
				       const struct tree_node *value)
{
	enum result rc = OK;

	if (value->kind != TREE_OBJECT)
		return refuse_no_object(c, at, value);
	for (uint32_t i = 0; rc == OK && i < value->count; i++)
		rc = add_dependent_names(c, at, &value->of.members[i]);
	return rc;
}

static enum result add_property(struct compiler *c, const struct tree_member *m)
{
	struct property made = {0}, *p;
	enum result rc = compile_name(c, tree_key(m), &made.name);

	if (rc == OK)
		rc = compile_child(c, &m->value, &made.subschema);
	if (rc != OK)
		return rc;
	p = vec_push(&c->properties, sizeof *p);
	if (p == NULL)
		return E_MEMORY;
	*p = made;
	return OK;
}

/* Leaves out members of `dependencies` whose value is a list: they are dependencies by name. */
static enum result add_properties(struct compiler *c, const struct compile_place *at,
				  enum rule_op op, const struct tree_node *value)
{
	uint32_t first = c->properties.count;
	enum result rc = OK;

	if (value->kind != TREE_OBJECT)
		return refuse_no_object(c, at, value);
	for (uint32_t i = 0; rc == OK && i < value->count; i++) {
		if (at->keyword != KEYWORD_DEPENDENCIES ||
		    value->of.members[i].value.kind != TREE_ARRAY)
			rc = add_property(c, &value->of.members[i]);
	}
	if (rc != OK)
		return rc;
	return compile_rule(c, at, op, first, c->properties.count - first, 0);
}

enum result compile_properties(struct compiler *c, const struct compile_place *at,
			       const struct tree_node *value)
{
	return add_properties(c, at, RULE_PROPERTIES, value);
}

enum result compile_dependent_schemas(struct compiler *c, const struct compile_place *at,
				      const struct tree_node *value)
{
	return add_properties(c, at, RULE_DEPENDENT_SCHEMAS, value);
}

/* Draft 7's keyword, which 2020-12 split into dependentRequired and dependentSchemas. */
enum result compile_dependencies(struct compiler *c, const struct compile_place *at,
				 const struct tree_node *value)
{
	enum result rc = OK;

	if (value->kind != TREE_OBJECT)
		return refuse_no_object(c, at, value);
	for (uint32_t i = 0; rc == OK && i < value->count; i++) {
		if (value->of.members[i].value.kind == TREE_ARRAY)
			rc = add_dependent_names(c, at, &value->of.members[i]);
	}
	return rc == OK ? add_properties(c, at, RULE_DEPENDENT_SCHEMAS, value) : rc;
}

/* A pattern that was refused has no number, but its schema is compiled, so that all errors are
 * reported. */
enum result compile_pattern_properties(struct compiler *c, const struct compile_place *at,
				       const struct tree_node *value)
{
	uint32_t first = c->pattern_properties.count;

	if (value->kind != TREE_OBJECT)
		return refuse_no_object(c, at, value);
	for (uint32_t i = 0; i < value->count; i++) {
		const struct tree_member *m = &value->of.members[i];
		struct pattern_property made, *p;
		enum result rc = compile_matcher(c, at, &m->value, tree_key(m), &made.pattern);

		if (rc == OK)
			rc = compile_child(c, &m->value, &made.subschema);
		if (rc != OK)
			return rc;
		p = vec_push(&c->pattern_properties, sizeof *p);
		if (p == NULL)
			return E_MEMORY;
		*p = made;
	}
	return compile_rule(c, at, RULE_PATTERN_PROPERTIES, first,
			    c->pattern_properties.count - first, 0);
}

/* It depends on the properties and patternProperties of the same subschema, which keyword.def puts
 * before it. */
enum result compile_additional_properties(struct compiler *c, const struct compile_place *at,
					  const struct tree_node *value)
{
	struct subschema *s = &VEC_AT(&c->subschemas, struct subschema, at->subschema);
	uint32_t properties = NONE, patterns = NONE, child;
	enum result rc;

	for (uint32_t i = s->first_rule; i < c->rules.count; i++) {
		const struct rule *r = &VEC_AT(&c->rules, struct rule, i);

		if (r->op == RULE_PROPERTIES)
			properties = i;
		if (r->op == RULE_PATTERN_PROPERTIES)
			patterns = i;
	}
	rc = compile_child(c, value, &child);
	if (rc != OK)
		return rc;
	return compile_rule(c, at, RULE_ADDITIONAL_PROPERTIES, child, properties, patterns);
}

enum result compile_property_names(struct compiler *c, const struct compile_place *at,
				   const struct tree_node *value)
{
	return add_child_rule(c, at, RULE_PROPERTY_NAMES, value);
}

enum result compile_unevaluated(struct compiler *c, const struct compile_place *at,
				const struct tree_node *value)
{
	VEC_AT(&c->subschemas, struct subschema, at->subschema).flags |= SUBSCHEMA_HAS_UNEVALUATED;
	return add_child_rule(c, at,
			      at->keyword == KEYWORD_UNEVALUATED_ITEMS
				      ? RULE_UNEVALUATED_ITEMS
				      : RULE_UNEVALUATED_PROPERTIES,
			      value);
}

enum result compile_not(struct compiler *c, const struct compile_place *at,
			const struct tree_node *value)
{
	return add_child_rule(c, at, RULE_NOT, value);
}
