#include "support.h"

#include <criterion/criterion.h>

struct problem_case {
	const char *schema, *instance, *problem;
};

static void check(const struct problem_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct made m;

		made_compile(&m, cases[i].schema);
		cr_expect_eq(made_validate(&m, cases[i].instance), E_INVALID, "%s",
			     cases[i].schema);
		cr_expect_str_eq(made_problem(&m, 0), cases[i].problem);
		made_clear(&m);
	}
}

#define CHECK(cases) check((cases), ARRAY_SIZE(cases))

Test(problems, a_sentence_says_what_a_value_must_be_without_showing_it)
{
	static const struct problem_case cases[] = {
		{"{'type': 'string'}", "1", " type: must be a string"},
		{"{'type': ['integer', 'null']}", "'x'", " type: must be null or an integer"},
		{"{'type': ['number', 'integer', 'array']}", "'x'",
		 " type: must be a number or an array"},
		{"{'maximum': 1000}", "1001", " maximum: must be at most 1000"},
		{"{'minimum': 0.5}", "0", " minimum: must be at least 0.5"},
		{"{'exclusiveMaximum': 10}", "10", " exclusiveMaximum: must be less than 10"},
		{"{'exclusiveMinimum': 10}", "10", " exclusiveMinimum: must be greater than 10"},
		{"{'multipleOf': 5}", "7", " multipleOf: must be a multiple of 5"},
		{"{'maxLength': 1}", "'ab'", " maxLength: must have at most 1 character"},
		{"{'minLength': 3}", "'ab'", " minLength: must have at least 3 characters"},
		{"{'maxItems': 2}", "[1, 2, 3]", " maxItems: must have at most 2 items"},
		{"{'minItems': 1}", "[]", " minItems: must have at least 1 item"},
		{"{'maxProperties': 0}", "{'a': 1}", " maxProperties: must have at most 0 keys"},
		{"{'minProperties': 1}", "{}", " minProperties: must have at least 1 key"},
		{"{'pattern': '^a'}", "'b'", " pattern: must match the pattern ^a"},
		{"{'const': 'csv'}", "'x'", " const: must be csv"},
		{"{'enum': ['csv', 'parquet', 3]}", "'x'",
		 " enum: must be one of: csv, parquet, 3"},
		{"{'uniqueItems': true}", "[1, 2, 1.0]",
		 " uniqueItems: must not contain equal items, but items 0 and 2 are equal"},
		{"{'not': {'type': 'string'}}", "'x'", " not: must not be a string"},
		{"{'not': {'required': ['a']}}", "{'a': 1}", " not: must not have the key `a`"},
		{"false", "1", " : is not allowed: the schema here is `false`"},
	};

	CHECK(cases);
}

Test(problems, a_key_that_is_not_allowed_is_named_with_the_nearest_that_is)
{
	static const struct problem_case cases[] = {
		{"{'properties': {'delimiter': {}}, 'additionalProperties': false}",
		 "{'delimter': 1}",
		 " additionalProperties: has a key that is not allowed: `delimter` (did you mean "
		 "`delimiter`?)"},
		{"{'properties': {'a': {}}, 'additionalProperties': false}", "{'unlike': 1}",
		 " additionalProperties: has a key that is not allowed: `unlike`"},
		{"{'allOf': [{'properties': {'a': {}}}], 'unevaluatedProperties': false}",
		 "{'a': 1, 'b': 1}", " unevaluatedProperties: has a key that is not allowed: `b`"},
		{"{'allOf': [{'$ref': '#/$defs/csv'}], 'unevaluatedProperties': false, '$defs': {'csv': "
		 "{'properties': {'delimiter': {}}}}}",
		 "{'delimter': 1}",
		 " unevaluatedProperties: has a key that is not allowed: `delimter` (did you mean `delimiter`?)"},
		{"{'properties': {'a': false}}", "{'a': 1}", "/a properties: must not be set"},
		{"{'propertyNames': {'maxLength': 2}}", "{'abc': 1}",
		 "/abc maxLength: must have at most 2 characters"},
		{"{'required': ['a', 'b']}", "{'a': 1}", " required: must have the key `b`"},
		{"{'dependentRequired': {'a': ['b']}}", "{'a': 1}",
		 " dependentRequired: must have the key `b` because it has `a`"},
	};

	CHECK(cases);
}

Test(problems, the_pointer_leads_to_the_value)
{
	static const struct problem_case cases[] = {
		{"{'items': {'properties': {'a/b': {'type': 'string'}}}}", "[{}, {'a/b': 1}]",
		 "/1/a~1b type: must be a string"},
		{"{'prefixItems': [true, {'type': 'null'}]}", "[1, 2]", "/1 type: must be null"},
		{"{'prefixItems': [true], 'items': false}", "[1, 2]",
		 "/1 items: is one item too many: at most 1 is allowed"},
		{"{'contains': {'type': 'null'}, 'minContains': 2}", "[null]",
		 " contains: must have at least 2 items that match `contains`"},
	};

	CHECK(cases);
}

Test(problems, of_several_branches_the_useful_one_speaks)
{
	static const struct problem_case cases[] = {
		/* the branch for this type */
		{"{'anyOf': [{'type': 'string'}, {'type': 'object', 'properties': {'a': {'maximum': 1}}}]}",
		 "{'a': 2}", "/a maximum: must be at most 1"},
		/* the branch with this tag */
		{"{'oneOf': [{'properties': {'kind': {'const': 'csv'}, 'sep': {'maxLength': 1}}},"
		 "{'properties': {'kind': {'const': 'parquet'}, 'rows': {'type': 'integer'}}}]}",
		 "{'kind': 'parquet', 'rows': 'x'}", "/rows type: must be an integer"},
		/* no branch has this tag */
		{"{'oneOf': [{'properties': {'kind': {'const': 'csv'}}, 'required': ['sep']},"
		 "{'properties': {'kind': {'enum': ['parquet', 'orc']}}}]}",
		 "{'kind': 'json'}", "/kind enum: must be one of: csv, parquet, orc"},
		/* nor has an inner branch */
		{"{'anyOf': [{'type': 'null'}, {'oneOf': [{'properties': {'k': {'const': 1}}}, {'properties': "
		 "{'k': {'const': 2}}}]}]}",
		 "{'k': 3}", "/k const: must be one of: 1, 2"},
		/* no branch is for this type: lists the types */
		{"{'anyOf': [{'type': 'string'}, {'type': 'array'}]}", "1",
		 " anyOf: must be a string or an array"},
		{"{'oneOf': [{'const': 'a'}, {'const': 'b'}]}", "'c'",
		 " oneOf: must be one of: a, b"},
		{"{'oneOf': [{'minimum': 1}, {'minimum': 2}]}", "3",
		 " oneOf: must match exactly one of the 2 forms, but matches numbers 1 and 2"},
	};

	CHECK(cases);
}

Test(problems, all_are_listed_up_to_a_bound)
{
	struct schema_options options = {.limits = SCHEMA_LIMITS_DEFAULT};
	struct made m;

	options.limits.problems_max = 3;
	cr_assert_eq(made_compile_with(&m, "{'items': {'type': 'string'}}", &options), OK);
	cr_expect_eq(made_validate(&m, "[1, 'a', 2, 3, 4, 5]"), E_INVALID);
	cr_expect_eq(m.report.problems_count, 3);
	cr_expect_eq(m.report.problems_dropped, 2);
	cr_expect_str_eq(made_problem(&m, 2), "/3 type: must be a string");
	made_clear(&m);
}

Test(problems, places_in_the_schema_are_told_through_references)
{
	struct made m;

	made_compile(
		&m,
		"{'$id': 'https://example.org/root', 'properties': {'a': {'$ref': '#/$defs/n'}},"
		"'$defs': {'n': {'$id': 'n', 'maximum': 3}}}");
	cr_expect_eq(made_validate(&m, "{'a': 4}"), E_INVALID);
	cr_assert_eq(m.report.problems_count, 1);
	cr_expect(slice_is_text(m.report.problems[0].schema_location,
				"https://example.org/n#/maximum"));
	cr_expect(
		slice_is_text(m.report.problems[0].evaluation_path, "/properties/a/$ref/maximum"));
	made_clear(&m);
}

Test(problems, the_line_and_column_are_those_of_the_value_at_fault)
{
	struct made m;

	made_compile(&m,
		     "{'properties': {'a': {'type': 'string'}}, 'additionalProperties': false}");
	cr_expect_eq(made_validate(&m, "{\n 'a': 1,\n  'b': 2}"), E_INVALID);
	cr_assert_eq(m.report.problems_count, 2);
	cr_expect_eq(m.report.problems[0].node->line, 2);
	cr_expect_eq(m.report.problems[0].node->column, 7);
	cr_expect_eq(m.report.problems[1].node->line, 3);
	made_clear(&m);
}

Test(problems, output_formats_are_those_of_the_specification)
{
	struct made m;
	struct buf out = BUF_NULL;

	made_compile(&m, "{'allOf': [{'minimum': 5}, {'multipleOf': 2}]}");
	cr_expect_eq(made_validate(&m, "3"), E_INVALID);
	cr_expect_eq(schema_write_output(&out, SCHEMA_OUTPUT_FLAG, false, &m.report, NULL), OK);
	cr_expect_str_eq(out.data, "{\"valid\":false}");
	buf_reset(&out);
	cr_expect_eq(schema_write_output(&out, SCHEMA_OUTPUT_BASIC, false, &m.report, NULL), OK);
	cr_expect_str_eq(
		out.data,
		"{\"valid\":false,\"errors\":[{\"valid\":false,\"keywordLocation\":\"/allOf/0/minimum\","
		"\"absoluteKeywordLocation\":\"#/allOf/0/minimum\",\"instanceLocation\":\"\","
		"\"error\":\"must be at least 5\"},{\"valid\":false,\"keywordLocation\":\"/allOf/1/"
		"multipleOf\",\"absoluteKeywordLocation\":\"#/allOf/1/multipleOf\","
		"\"instanceLocation\":\"\",\"error\":\"must be a multiple of 2\"}]}");
	buf_reset(&out);
	cr_expect_eq(schema_write_output(&out, SCHEMA_OUTPUT_DETAILED, false, &m.report, NULL), OK);
	cr_expect_str_eq(
		out.data,
		"{\"valid\":false,\"errors\":[{\"valid\":false,\"keywordLocation\":\"/allOf\","
		"\"errors\":[{\"valid\":false,\"keywordLocation\":\"/allOf/0/minimum\","
		"\"absoluteKeywordLocation\":\"#/allOf/0/minimum\",\"instanceLocation\":\"\","
		"\"error\":\"must be at least 5\"},{\"valid\":false,\"keywordLocation\":\"/allOf/1/"
		"multipleOf\",\"absoluteKeywordLocation\":\"#/allOf/1/multipleOf\","
		"\"instanceLocation\":\"\",\"error\":\"must be a multiple of 2\"}]}]}");
	buf_clear(&out);
	made_clear(&m);
}
