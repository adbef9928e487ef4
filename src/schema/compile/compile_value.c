/*
 * The keywords for one value by itself, and Reeve's own.
 *
 * A value of the wrong type is refused, never ignored: a schema that says "maximum": "10" would
 * otherwise accept every number, and its author would not notice.
 */
#include "schema/compile/compile.h"

static const struct {
	const char *name;
	uint32_t types;
} types[] = {
	{"null", TYPE_NULL},
	{"boolean", TYPE_BOOLEAN},
	{"integer", TYPE_INTEGER},
	{"string", TYPE_STRING},
	{"array", TYPE_ARRAY},
	{"object", TYPE_OBJECT},
	{"number", TYPE_NUMBER | TYPE_INTEGER},
};

static uint32_t find_type(const struct tree_node *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (tree_is_text(name, types[i].name))
			return types[i].types;
	}
	return 0;
}

static enum result refuse_type(struct compiler *c, const struct compile_place *at,
			       const struct tree_node *value)
{
	return compile_refuse(c, at, value, SLICE_NULL,
			      "must be a type or a list of types: null, boolean, integer, number, "
			      "string, array, object");
}

/* A set of types. `number` includes integers (2020-12 validation, section 6.1.1). */
enum result compile_type(struct compiler *c, const struct compile_place *at,
			 const struct tree_node *value)
{
	uint32_t bits = find_type(value);

	if (value->kind == TREE_ARRAY) {
		for (uint32_t i = 0; i < value->count; i++) {
			uint32_t one = find_type(&value->of.items[i]);

			if (one == 0)
				return refuse_type(c, at, &value->of.items[i]);
			bits |= one;
		}
	} else if (bits == 0) {
		return refuse_type(c, at, value);
	}
	return compile_rule(c, at, RULE_TYPE, bits, 0, 0);
}

static enum result add_constants(struct compiler *c, const struct compile_place *at,
				 enum rule_op op, const struct tree_node *values, uint32_t count)
{
	uint32_t first;
	enum result rc = compile_constants(c, values, count, &first);

	if (rc != OK)
		return rc;
	return compile_rule(c, at, op, first, count, 0);
}

enum result compile_const(struct compiler *c, const struct compile_place *at,
			  const struct tree_node *value)
{
	return add_constants(c, at, RULE_CONST, value, 1);
}

enum result compile_enum(struct compiler *c, const struct compile_place *at,
			 const struct tree_node *value)
{
	if (value->kind != TREE_ARRAY)
		return compile_refuse(c, at, value, SLICE_NULL, "must be a list of values");
	return add_constants(c, at, RULE_ENUM, value->of.items, value->count);
}

/* multipleOf must be greater than 0 (2020-12 validation, section 6.2.1). */
enum result compile_number(struct compiler *c, const struct compile_place *at,
			   const struct tree_node *value)
{
	enum rule_op op = at->keyword == KEYWORD_MAXIMUM	     ? RULE_MAXIMUM
			  : at->keyword == KEYWORD_EXCLUSIVE_MAXIMUM ? RULE_EXCLUSIVE_MAXIMUM
			  : at->keyword == KEYWORD_MINIMUM	     ? RULE_MINIMUM
			  : at->keyword == KEYWORD_EXCLUSIVE_MINIMUM ? RULE_EXCLUSIVE_MINIMUM
								     : RULE_MULTIPLE_OF;
	struct tree_node zero;

	if (value->kind != TREE_NUMBER)
		return compile_refuse(c, at, value, SLICE_NULL, "must be a number");
	if (op == RULE_MULTIPLE_OF && tree_set_number(&zero, SLICE_LITERAL("0")) &&
	    number_compare(value, &zero) <= 0)
		return compile_refuse(c, at, value, SLICE_NULL, "must be a number greater than 0");
	return add_constants(c, at, op, value, 1);
}

/* Bounds of lengths and numbers of items: non-negative integers; 2.0 is one too. */
enum result compile_count(struct compiler *c, const struct compile_place *at,
			  const struct tree_node *value)
{
	static const struct {
		enum keyword_id keyword;
		enum rule_op op;
	} ops[] = {
		{KEYWORD_MAX_LENGTH, RULE_MAX_LENGTH},
		{KEYWORD_MIN_LENGTH, RULE_MIN_LENGTH},
		{KEYWORD_MAX_ITEMS, RULE_MAX_ITEMS},
		{KEYWORD_MIN_ITEMS, RULE_MIN_ITEMS},
		{KEYWORD_MAX_PROPERTIES, RULE_MAX_PROPERTIES},
		{KEYWORD_MIN_PROPERTIES, RULE_MIN_PROPERTIES},
	};
	size_t i = 0;

	if (value->kind != TREE_NUMBER || (value->flags & TREE_IS_INTEGER) == 0 ||
	    number_real(value) < 0)
		return compile_refuse(c, at, value, SLICE_NULL, "must be an integer of at least 0");
	while (ops[i].keyword != at->keyword)
		i++;
	/* A larger bound is cut, which changes nothing: no instance is that large. */
	return compile_rule(c, at, ops[i].op,
			    number_real(value) < UINT32_MAX ? (uint32_t)number_real(value)
							    : UINT32_MAX,
			    0, 0);
}

enum result compile_pattern(struct compiler *c, const struct compile_place *at,
			    const struct tree_node *value)
{
	uint32_t pattern;
	enum result rc;

	if (value->kind != TREE_STRING)
		return compile_refuse(c, at, value, SLICE_NULL, "must be a regular expression");
	rc = compile_matcher(c, at, value, tree_text(value), &pattern);
	if (rc != OK || pattern == NONE)
		return rc;
	return compile_rule(c, at, RULE_PATTERN, pattern, 0, 0);
}

/* An unknown format asserts nothing and needs no rule (2020-12 validation, section 7.2.1). */
enum result compile_format(struct compiler *c, const struct compile_place *at,
			   const struct tree_node *value)
{
	const struct dialect *d = index_dialect(&c->resource_index, at->place);
	struct format_entry entry, *made;
	enum result rc;

	if (value->kind != TREE_STRING)
		return compile_refuse(c, at, value, SLICE_NULL, "must be the name of a format");
	if (!c->options->is_format_asserted && (d->vocabularies & VOCABULARY_FORMAT_ASSERTION) == 0)
		return OK;
	if (format_find(tree_text(value)) == NULL)
		return OK;
	rc = compile_text(c, tree_text(value), &entry.name);
	if (rc != OK)
		return rc;
	made = vec_push(&c->formats, sizeof *made);
	if (made == NULL)
		return E_MEMORY;
	*made = entry;
	return compile_rule(c, at, RULE_FORMAT, c->formats.count - 1, 0, 0);
}

enum result compile_secret(struct compiler *c, const struct compile_place *at,
			   const struct tree_node *value)
{
	if (value->kind != TREE_BOOL)
		return c->options->is_strict
			       ? compile_refuse(c, at, value, SLICE_NULL, "must be true or false")
			       : OK;
	if (!value->of.truth)
		return OK;
	return compile_rule(c, at, RULE_SECRET, 0, 0, 0);
}

enum result compile_reload(struct compiler *c, const struct compile_place *at,
			   const struct tree_node *value)
{
	struct subschema *s = &VEC_AT(&c->subschemas, struct subschema, at->subschema);

	for (int i = RELOAD_NEXT_RUN; i <= RELOAD_RESTART; i++) {
		if (!tree_is_text(value, schema_reload_name((enum schema_reload)i)))
			continue;
		s->reload = (uint8_t)(i + 1);
		return OK;
	}
	if (!c->options->is_strict)
		return OK;
	return compile_refuse(c, at, value, SLICE_NULL, "must be one of: live, next-run, restart");
}
