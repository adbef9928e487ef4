/* What is refused when a schema is stored. */
#include "support.h"

#include <criterion/criterion.h>

static enum result store(struct made *m, const char *schema)
{
	struct schema_options options = {.base_uri = SLICE_LITERAL("reeve:///schemas/orders"),
					 .is_format_asserted = true,
					 .is_strict = true,
					 .limits = SCHEMA_LIMITS_DEFAULT};

	return made_compile_with(m, schema, &options);
}

static void expect_refusal(const char *schema, const char *problem)
{
	struct made m;

	cr_expect_eq(store(&m, schema), E_INVALID, "%s", schema);
	cr_expect_str_eq(made_problem(&m, 0), problem);
	made_clear(&m);
}

Test(strict, a_mistyped_keyword_is_refused_with_the_nearest)
{
	expect_refusal(
		"{'properties': {'a': {'maxLenght': 3}}}",
		"/properties/a/maxLenght maxLenght: is not a keyword (did you mean `maxLength`?)");
	expect_refusal(
		"{'entirelyOther': 3}",
		"/entirelyOther entirelyOther: is not a keyword of draft 2020-12; begin the name of an extension with x-");
	expect_refusal(
		"{'$schema': 'http://json-schema.org/draft-07/schema#', 'prefixItems': [true]}",
		"/prefixItems prefixItems: is not a keyword of draft 7; begin the name of an extension with x-");
}

Test(strict, extensions_and_what_is_no_schema_are_left_alone)
{
	static const char *const schemas[] = {
		"{'x-owner': 'data', 'x-anything': {'maxLenght': 1}}",
		"{'const': {'maxLenght': 1}, 'default': {'foo': 1}, 'examples': [{'foo': 1}]}",
		"{'properties': {'maxLenght': {'type': 'string'}}}",
		"{'x-secret': true, 'x-reload': 'next-run'}",
		"true",
		"{'$schema': 'https://json-schema.org/draft-07/schema', 'items': [true]}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(schemas); i++) {
		struct made m;

		cr_expect_eq(store(&m, schemas[i]), OK, "%s: %s", schemas[i], m.err.text);
		made_clear(&m);
	}
}

Test(strict, a_schema_is_checked_against_its_metaschema)
{
	expect_refusal(
		"{'properties': {'a': {'type': 'strin'}}}",
		"/properties/a/type enum: must be one of: array, boolean, integer, null, number, object, "
		"string");
	expect_refusal("{'minLength': -1}", "/minLength minimum: must be at least 0");
	expect_refusal("{'required': 'a'}", "/required type: must be an array");
	expect_refusal("{'$schema': 'http://json-schema.org/draft-07/schema#', 'items': [3]}",
		       "/items/0 type: must be true or false or an object");
}

Test(strict, reeves_own_keywords_have_their_own_values)
{
	expect_refusal("{'x-secret': 'yes'}", "/x-secret x-secret: must be true or false");
	expect_refusal("{'x-reload': 'now'}",
		       "/x-reload x-reload: must be one of: live, next-run, restart");
}

Test(strict, a_reference_to_nowhere_is_refused_with_its_place_even_where_nothing_leads_to_it)
{
	expect_refusal("{'$defs': {'a': {'$ref': '#/$defs/b'}}}",
		       "/$defs/a/$ref $ref: refers to a place that does not exist: /$defs/b");
	expect_refusal("{'$ref': '#nowhere'}",
		       "/$ref $ref: refers to an anchor that does not exist: nowhere");
	expect_refusal(
		"{'$ref': 'https://example.org/x.json'}",
		"/$ref $ref: refers to a schema that does not exist here, and nothing is fetched "
		"from the network: "
		"https://example.org/x.json");
	expect_refusal("{'$schema': 'https://example.org/own'}",
		       " $schema: `$schema` must be draft 2020-12, draft 7 or a stored metaschema; "
		       "https://example.org/own is not known");
}

Test(strict, a_regular_expression_that_cannot_be_is_refused)
{
	struct made m;

	cr_expect_eq(store(&m, "{'properties': {'a': {'pattern': '('}}}"), E_INVALID);
	cr_assert_eq(m.report.problems_count, 1);
	cr_expect(slice_is_text(m.report.problems[0].pointer, "/properties/a/pattern"));
	made_clear(&m);
	cr_expect_eq(store(&m, "{'patternProperties': {'[z-a]': true}}"), E_INVALID);
	made_clear(&m);
}

struct stored {
	const char *uri, *schema;
	struct tree tree;
};

static struct stored stored[] = {
	{.uri = "reeve:///schemas/port", .schema = "{'type': 'integer', 'maximum': 65535}"},
	{.uri = "reeve:///schemas/old",
	 .schema =
		 "{'$schema': 'http://json-schema.org/draft-07/schema#', 'items': [{'type': 'null'}]}"},
	{.uri = "reeve:///schemas/own",
	 .schema =
		 "{'$schema': 'https://json-schema.org/draft/2020-12/schema', '$id': 'reeve:///schemas/own',"
		 "'$vocabulary': {'https://json-schema.org/draft/2020-12/vocab/core': true,"
		 "'https://json-schema.org/draft/2020-12/vocab/applicator': true}, '$dynamicAnchor': 'meta',"
		 "'allOf': [{'$ref': 'https://json-schema.org/draft/2020-12/meta/core'},"
		 "{'$ref': 'https://json-schema.org/draft/2020-12/meta/applicator'}], 'properties': {'description': false}}"},
};

static enum result load(void *ctx, struct slice uri, const struct tree_node **ret,
			struct error *err)
{
	(void)ctx;
	(void)err;
	for (size_t i = 0; i < ARRAY_SIZE(stored); i++) {
		if (!slice_is_text(uri, stored[i].uri))
			continue;
		if (stored[i].tree.arena.last == NULL)
			stored[i].tree = text_tree(stored[i].schema);
		*ret = &stored[i].tree.root;
		return OK;
	}
	return E_NOT_FOUND;
}

static const struct schema_options stored_options = {
	.base_uri = {"reeve:///schemas/orders", 23},
	.is_strict = true,
	.load = load,
	.limits = {50000000, 512, 1000000, 100},
};

static void clear_stored(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(stored); i++)
		tree_clear(&stored[i].tree);
}

Test(strict, a_stored_schema_may_refer_to_another_also_of_another_draft, .fini = clear_stored)
{
	struct made m;

	cr_assert_eq(made_compile_with(&m,
				       "{'properties': {'port': {'$ref': 'port'}, 'old': {'$ref': "
				       "'reeve:///schemas/old'}}}",
				       &stored_options),
		     OK, "%s", m.err.text);
	cr_expect_eq(made_validate(&m, "{'port': 70000}"), E_INVALID);
	cr_expect(slice_is_text(m.report.problems[0].schema_location,
				"reeve:///schemas/port#/maximum"));
	cr_expect_eq(made_validate(&m, "{'old': [1]}"), E_INVALID);
	cr_expect_eq(made_validate(&m, "{'port': 80, 'old': [null, 1]}"), OK);
	made_clear(&m);
}

Test(strict, a_metaschema_of_ones_own_decides_which_keywords_count, .fini = clear_stored)
{
	struct made m;

	cr_expect_eq(made_compile_with(&m,
				       "{'$schema': 'reeve:///schemas/own', 'description': 'x'}",
				       &stored_options),
		     E_INVALID);
	cr_expect_str_eq(made_problem(&m, 0), "/description properties: must not be set");
	made_clear(&m);
	cr_assert_eq(
		made_compile_with(
			&m,
			"{'$schema': 'reeve:///schemas/own', 'title': 'x', 'properties': {'a': false, "
			"'b': {'maximum': 3}}}",
			&stored_options),
		OK, "%s", m.err.text);
	cr_expect_eq(made_validate(&m, "{'b': 4}"), OK);
	cr_expect_eq(made_validate(&m, "{'a': 4}"), E_INVALID);
	made_clear(&m);
}

static enum result list(void *ctx, struct slice uri, struct error *err)
{
	(void)err;
	buf_append_slice(ctx, uri);
	buf_append_char(ctx, ' ');
	return OK;
}

Test(references, every_document_outside_is_told_once)
{
	struct tree tree = text_tree(
		"{'$schema': 'reeve:///schemas/own', 'properties': {'a': {'$ref': 'port#/x'}, 'b': {'$ref': "
		"'reeve:///schemas/port'}, 'c': {'$ref': '#/properties/a'}, 'd': {'$ref': 'team/other#y'}, 'e': {'$ref': "
		"'https://json-schema.org/draft/2020-12/schema'}}, 'const': {'$ref': 'no'}}");
	struct buf out = BUF_NULL;

	cr_expect_eq(schema_each_reference(&tree.root, SLICE_LITERAL("reeve:///schemas/orders"),
					   list, &out, NULL, NULL),
		     OK);
	cr_expect_str_eq(out.data,
			 "reeve:///schemas/own reeve:///schemas/port reeve:///schemas/team/other ");
	buf_clear(&out);
	tree_clear(&tree);
}

/* Every document is the same here. */
static enum result load_any(void *ctx, struct slice uri, const struct tree_node **ret,
			    struct error *err)
{
	(void)uri;
	(void)err;
	*ret = &((struct tree *)ctx)->root;
	return OK;
}

static enum result compile_closed(struct made *m, const char *schema, struct tree *other,
				  bool is_listed_only)
{
	struct schema_options options = {.base_uri = SLICE_LITERAL("reeve:///schemas/orders"),
					 .is_listed_only = is_listed_only,
					 .load = load_any,
					 .load_ctx = other,
					 .limits = SCHEMA_LIMITS_DEFAULT};

	return made_compile_with(m, schema, &options);
}

Test(strict, another_document_is_referred_to_only_where_a_schema_stands)
{
	static const struct {
		const char *schema;
		bool is_stray;
	} cases[] = {
		{"{'$ref': '#/x-a', 'x-a': {'$ref': 'other'}}", true},
		{"{'$ref': '#/const', 'const': {'not': {'$ref': 'other#/$defs/b'}}}", true},
		{"{'$ref': '#/x-a', 'x-a': {'$id': 'c', '$schema': 'other'}}", true},
		{"{'$ref': 'other#/x-a'}", true},
		{"{'$ref': '#/x-a', 'x-a': {'$ref': '#/$defs/b'}, '$defs': {'b': {'$ref': 'other'}}}",
		 false},
		{"{'$ref': '#/x-a', 'x-a': {'$ref': 'https://json-schema.org/draft/2020-12/schema'}}",
		 false},
		{"{'$ref': '#/properties', 'properties': {'not': {'$ref': 'other'}}}", false},
	};
	struct tree other = text_tree("{'x-a': {'$ref': 'third'}, '$defs': {'b': true}}");

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct made m;

		cr_expect_eq(compile_closed(&m, cases[i].schema, &other, true),
			     cases[i].is_stray ? E_INVALID : OK, "%s", cases[i].schema);
		made_clear(&m);
		cr_expect_eq(compile_closed(&m, cases[i].schema, &other, false), OK, "%s: %s",
			     cases[i].schema, m.err.text);
		made_clear(&m);
	}
	tree_clear(&other);
}
