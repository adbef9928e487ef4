/* The keywords that look at an object's members. */
#include "schema/compile.h"

static enum result add_child_rule(struct compiler *c, const struct compile_place *at,
				  enum rule_op op, const struct tree_node *value)
{
	uint32_t child;
	struct rule *r;
	enum result rc = compile_child(c, value, &child);

	if (rc != OK)
		return rc;
	r = compile_add_rule(c, at, op);
	if (r == NULL)
		return E_MEMORY;
	r->a = child;
	r->b = r->c = NONE;
	return OK;
}

enum result compile_required(struct compiler *c, const struct compile_place *at,
			     const struct tree_node *value)
{
	uint32_t first, count;
	struct rule *r;
	enum result rc = compile_names(c, at, value, &first, &count);

	if (rc != OK || count == UINT32_MAX)
		return rc;
	r = compile_add_rule(c, at, RULE_REQUIRED);
	if (r == NULL)
		return E_MEMORY;
	r->a = first;
	r->b = count;
	return OK;
}

static enum result add_dependent_names(struct compiler *c, const struct compile_place *at,
				       const struct tree_member *m)
{
	uint32_t first, count;
	struct name key, *made;
	struct rule *r;
	enum result rc = compile_name(c, tree_key(m), &key);

	if (rc == OK)
		rc = compile_names(c, at, &m->value, &first, &count);
	if (rc != OK || count == UINT32_MAX)
		return rc;
	made = vec_push(&c->names, sizeof *made);
	r = compile_add_rule(c, at, RULE_DEPENDENT_REQUIRED);
	if (made == NULL || r == NULL)
		return E_MEMORY;
	*made = key;
	r->a = first;
	r->b = count;
	r->c = c->names.count - 1;
	return OK;
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

/* Members whose value is a list are left out: they are dependencies by name. */
static enum result add_properties(struct compiler *c, const struct compile_place *at,
				  enum rule_op op, const struct tree_node *value)
{
	uint32_t first = c->properties.count;
	struct rule *r;
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
	r = compile_add_rule(c, at, op);
	if (r == NULL)
		return E_MEMORY;
	r->a = first;
	r->b = c->properties.count - first;
	return OK;
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

enum result compile_pattern_properties(struct compiler *c, const struct compile_place *at,
				       const struct tree_node *value)
{
	uint32_t first = c->pattern_properties.count;
	struct rule *r;

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
	r = compile_add_rule(c, at, RULE_PATTERN_PROPERTIES);
	if (r == NULL)
		return E_MEMORY;
	r->a = first;
	r->b = c->pattern_properties.count - first;
	return OK;
}

enum result compile_additional_properties(struct compiler *c, const struct compile_place *at,
					  const struct tree_node *value)
{
	struct subschema *s = &VEC_AT(&c->subschemas, struct subschema, at->subschema);
	uint32_t properties = NONE, patterns = NONE;
	struct rule *r;
	enum result rc;

	for (uint32_t i = s->first_rule; i < c->rules.count; i++) {
		r = &VEC_AT(&c->rules, struct rule, i);
		if (r->op == RULE_PROPERTIES)
			properties = i;
		if (r->op == RULE_PATTERN_PROPERTIES)
			patterns = i;
	}
	rc = add_child_rule(c, at, RULE_ADDITIONAL_PROPERTIES, value);
	if (rc != OK)
		return rc;
	r = &VEC_AT(&c->rules, struct rule, c->rules.count - 1);
	r->b = properties;
	r->c = patterns;
	return OK;
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
