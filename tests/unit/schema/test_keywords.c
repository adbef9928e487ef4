/* For each keyword what it accepts and what it refuses, in corner cases that the official suite
 * lacks. */
#include "support.h"

#include <criterion/criterion.h>

struct keyword_case {
	const char *schema, *valid, *invalid;
};

static void check(const struct keyword_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		cr_expect(is_valid(cases[i].schema, cases[i].valid), "%s should accept %s",
			  cases[i].schema, cases[i].valid);
		if (cases[i].invalid != NULL)
			cr_expect_not(is_valid(cases[i].schema, cases[i].invalid),
				      "%s should refuse %s", cases[i].schema, cases[i].invalid);
	}
}

#define CHECK(cases) check((cases), ARRAY_SIZE(cases))

Test(keywords, numbers_are_compared_exactly_whatever_their_size)
{
	static const struct keyword_case cases[] = {
		{"{'maximum': 9007199254740993}", "9007199254740993", "9007199254740994"},
		{"{'maximum': 9223372036854775807}", "9223372036854775807", "9223372036854775808"},
		{"{'minimum': -9223372036854775808}", "-9223372036854775808",
		 "-9223372036854775809"},
		{"{'exclusiveMaximum': 1e400}", "9e399", "1e400"},
		{"{'exclusiveMinimum': 0.1}", "0.10000000000000000001", "0.1"},
		{"{'minimum': 0.5}", "1", "0"},
		{"{'maximum': -0.5}", "-1", "0"},
		{"{'maximum': 3, 'minimum': 1}", "2.5", "3.0000000000000000000001"},
		{"{'exclusiveMaximum': 9223372036854775807}", "9223372036854775806",
		 "9223372036854775807"},
		{"{'exclusiveMinimum': 9223372036854775807}", "9223372036854775808",
		 "9223372036854775807"},
		{"{'multipleOf': 0.01}", "19.99", "19.999"},
		{"{'multipleOf': 3}", "123456789012345678901234567890",
		 "123456789012345678901234567891"},
		{"{'multipleOf': 1e-8}", "1.00000001", "1.000000001"},
		{"{'const': 1}", "1.0", "1.00000000000000000000001"},
		{"{'enum': [100, 2.5]}", "1e2", "25"},
		{"{'type': 'integer'}", "1e400", "1.5"},
		{"{'type': 'integer'}", "12.0", "'12'"},
	};

	CHECK(cases);
}

Test(keywords, what_a_keyword_does_not_speak_of_passes)
{
	static const struct keyword_case cases[] = {
		{"{'maximum': 1}", "'x'", NULL},
		{"{'minLength': 9}", "1", NULL},
		{"{'required': ['a']}", "[]", NULL},
		{"{'items': false}", "{}", NULL},
		{"{'minItems': 3}", "{'a': 1}", NULL},
		{"{'pattern': '^x'}", "null", NULL},
		{"{'additionalProperties': false}", "[1]", NULL},
		{"{'uniqueItems': true}", "'aa'", NULL},
		{"{'format': 'date'}", "12", NULL},
		{"{'propertyNames': false}", "3", NULL},
	};

	CHECK(cases);
}

Test(keywords, lengths_count_code_points)
{
	static const struct keyword_case cases[] = {
		{"{'maxLength': 2}", "'\xc3\xa9\xf0\x9f\x98\x80'", "'abc'"},
		{"{'minLength': 3}", "'\xc3\xa9\xc3\xa9\xc3\xa9'", "'\xf0\x9f\x98\x80'"},
		{"{'minLength': 1.0}", "'a'", "''"},
		{"{'minLength': 10, 'maxLength': 10}", "'abc\xc3\xa9stuvw\xf0\x9f\x98\x80'",
		 "'abc\xc3\xa9stuv\xf0\x9f\x98\x80'"},
		{"{'maxLength': 1e30}", "'a'", NULL},
	};

	CHECK(cases);
}

Test(keywords, objects_are_checked_in_whatever_order_their_keys_come)
{
	static const struct keyword_case cases[] = {
		{"{'properties': {'a': {'type': 'null'}, 'b': {'type': 'string'}}, 'required': ['b', 'a']}",
		 "{'b': 'x', 'a': null}", "{'b': 'x'}"},
		{"{'required': ['a', 'a']}", "{'a': 1}", "{'b': 1}"},
		{"{'required': ['a'], 'additionalProperties': {'type': 'string'}}", "{'a': 'x'}",
		 "{'a': 1}"},
		{"{'required': ['a'], 'additionalProperties': false}", "[]", "{'a': 1}"},
		{"{'patternProperties': {'^x-': {'type': 'string'}}, 'additionalProperties': false}",
		 "{'x-1': 'v'}", "{'y-1': 'v'}"},
		{"{'properties': {'x-1': {'maxLength': 3}}, 'patternProperties': {'^x-': {'minLength': 2}}}",
		 "{'x-1': 'abc'}", "{'x-1': 'a'}"},
		{"{'propertyNames': {'pattern': '^[a-z]+$'}}", "{'abc': 1}", "{'a1': 1}"},
		{"{'dependentSchemas': {'a': {'required': ['b']}}}", "{'a': 1, 'b': 2}",
		 "{'a': 1}"},
		{"{'minProperties': 1, 'maxProperties': 2}", "{'a': 1}",
		 "{'a': 1, 'b': 2, 'c': 3}"},
		{"{'properties': {'': {'type': 'null'}}}", "{'': null}", "{'': 1}"},
		{"{'properties': {'a\\u0000b': {'type': 'null'}}}", "{'a\\u0000c': 1}",
		 "{'a\\u0000b': 1}"},
	};

	CHECK(cases);
}

Test(keywords, an_object_with_many_keys_is_looked_up_rather_than_walked)
{
	struct buf text = BUF_NULL;

	buf_append_text(&text, "{'k0': 0");
	for (int i = 1; i < 200; i++)
		buf_printf(&text, ", 'k%d': %d", i, i);
	buf_append_text(&text, "}");
	cr_expect(is_valid("{'properties': {'k150': {'const': 150}}, 'required': ['k7']}",
			   text.data));
	cr_expect_not(is_valid("{'properties': {'k150': {'const': 151}}}", text.data));
	cr_expect_not(is_valid("{'required': ['k200']}", text.data));
	buf_clear(&text);
}

Test(keywords, arrays_are_checked_item_by_item)
{
	static const struct keyword_case cases[] = {
		{"{'prefixItems': [{'type': 'null'}], 'items': {'type': 'string'}}", "[null, 'a']",
		 "[null, 1]"},
		{"{'$schema': 'http://json-schema.org/draft-07/schema#', 'items': [{'type': 'null'}], "
		 "'additionalItems': false}",
		 "[null]", "[null, 1]"},
		{"{'$schema': 'http://json-schema.org/draft-07/schema#', 'items': {'type': 'null'}, "
		 "'additionalItems': false}",
		 "[null, null]", "[1]"},
		{"{'contains': {'type': 'null'}, 'minContains': 0}", "[1]", NULL},
		{"{'contains': {'type': 'null'}, 'maxContains': 1}", "[1, null]", "[null, null]"},
		{"{'uniqueItems': true}", "[1, true, '1', [1], {'a': 1}]",
		 "[{'a': 1, 'b': 2}, {'b': 2, 'a': 1.0}]"},
		{"{'uniqueItems': true}", "['a', 'b']", "['a', 'b', 'a']"},
		{"{'unevaluatedItems': false, 'prefixItems': [true], 'contains': {'type': 'null'}}",
		 "[1, null]", "[1, 2]"},
	};

	CHECK(cases);
}

Test(keywords, branches_are_told_apart_by_type_and_by_tag)
{
	static const struct keyword_case cases[] = {
		{"{'oneOf': [{'properties': {'k': {'const': 'a'}, 'v': {'type': 'string'}}, 'required': ['k']}, "
		 "{'properties': {'k': {'const': 'b'}, 'v': {'type': 'null'}}, 'required': ['k']}]}",
		 "{'v': null, 'k': 'b'}", "{'k': 'b', 'v': 'x'}"},
		/* without the key both branches match where none requires it */
		{"{'anyOf': [{'properties': {'k': {'const': 1}}}, {'properties': {'k': {'const': 2}}}]}",
		 "{}", "{'k': 3}"},
		{"{'oneOf': [{'properties': {'k': {'const': 1}}}, {'properties': {'k': {'const': 2}}}]}",
		 "{'k': 2.0}", "{}"},
		/* one branch has no tag */
		{"{'oneOf': [{'properties': {'k': {'const': true}}, 'required': ['k']}, {'properties': {'k': "
		 "{'const': 'x'}}, 'required': ['k']}, {'required': ['other']}]}",
		 "{'k': 5, 'other': 1}", "{'k': true, 'other': 1}"},
		{"{'oneOf': [{'type': 'string'}, {'type': 'integer'}, {'type': 'number'}]}", "1.5",
		 "1"},
		{"{'not': {'anyOf': [{'type': 'null'}, {'minimum': 3}]}}", "2", "3"},
		{"{'if': {'type': 'string'}, 'then': {'minLength': 2}, 'else': {'type': 'null'}}",
		 "'ab'", "'a'"},
		{"{'then': false, 'else': false}", "1", NULL},
	};

	CHECK(cases);
}

Test(keywords, unevaluated_members_are_those_that_no_branch_that_holds_looked_at)
{
	static const struct keyword_case cases[] = {
		{"{'anyOf': [{'properties': {'a': {'type': 'null'}}}, {'properties': {'b': true}}], "
		 "'unevaluatedProperties': false}",
		 "{}", "{'c': 1}"},
		{"{'if': {'required': ['a']}, 'then': {'properties': {'a': true}}, 'unevaluatedProperties': false}",
		 "{'a': 1}", "{'b': 1}"},
		{"{'allOf': [{'$ref': '#/$defs/x'}], 'unevaluatedProperties': {'type': 'string'}, '$defs': {'x': "
		 "{'properties': {'n': {'type': 'integer'}}, 'patternProperties': {'^x-': true}}}}",
		 "{'n': 1, 'x-1': 2, 'other': 'text'}", "{'other': 2}"},
		{"{'dependentSchemas': {'a': {'properties': {'a': true, 'b': true}}}, 'unevaluatedProperties': false}",
		 "{'a': 1, 'b': 2}", "{'b': 2}"},
		{"{'not': {'not': {'properties': {'a': true}}}, 'unevaluatedProperties': false}",
		 "{}", "{'a': 1}"},
	};

	/* the first branch fails for `a`, so that only `b` counts */
	cr_expect_not(is_valid(cases[0].schema, "{'a': 1}"));
	check(cases + 1, ARRAY_SIZE(cases) - 1);
}

Test(keywords, references_may_go_round_through_the_instance)
{
	static const struct keyword_case cases[] = {
		{"{'type': 'object', 'properties': {'next': {'$ref': '#'}}, 'additionalProperties': false}",
		 "{'next': {'next': {}}}", "{'next': {'next': {'x': 1}}}"},
		{"{'$dynamicAnchor': 'node', 'properties': {'children': {'items': {'$dynamicRef': '#node'}}}, "
		 "'unevaluatedProperties': false}",
		 "{'children': [{'children': []}]}", "{'children': [{'daat': 1}]}"},
		{"{'$ref': '#/$defs/a%25b~1c', '$defs': {'a%b/c': {'type': 'null'}}}", "null", "1"},
		{"{'$defs': {'x': {'$id': 'https://example.org/x', '$defs': {'y': {'$anchor': 'y', 'type': 'null'}}}}, "
		 "'$ref': 'https://example.org/x#y'}",
		 "null", "1"},
	};

	CHECK(cases);
}

/* The fast pass counts characters only where the number of bytes does not decide: characters of
 * every size, on both sides of every bound. */
Test(keywords, lengths_are_of_characters_however_many_bytes_they_have)
{
	static const char *const characters[] = {"a", "\xc3\xa9", "\xe2\x82\xac",
						 "\xf0\x9f\x98\x80"};

	for (size_t size = 0; size < ARRAY_SIZE(characters); size++) {
		for (unsigned length = 0; length <= 18; length++) {
			struct buf text = BUF_NULL, schema = BUF_NULL;

			buf_append_char(&text, '\'');
			for (unsigned i = 0; i < length; i++)
				buf_append_text(&text, characters[size]);
			buf_append_char(&text, '\'');
			for (unsigned bound = 0; bound <= 18; bound++) {
				buf_reset(&schema);
				buf_printf(&schema, "{'minLength': %u}", bound);
				cr_expect_eq(is_valid(schema.data, text.data), length >= bound,
					     "%u bytes, %u of at least %u", (unsigned)size + 1,
					     length, bound);
				buf_reset(&schema);
				buf_printf(&schema, "{'maxLength': %u}", bound);
				cr_expect_eq(is_valid(schema.data, text.data), length <= bound,
					     "%u bytes, %u of at most %u", (unsigned)size + 1,
					     length, bound);
			}
			buf_clear(&text);
			buf_clear(&schema);
		}
	}
}
