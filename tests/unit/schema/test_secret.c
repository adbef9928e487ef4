/* x-secret, and opaque values. */
#include "support.h"

#include "doc/pointer.h"

#include <criterion/criterion.h>

/* Sets flags on the node at a pointer of the instance. */
static void flag(struct made *m, const char *pointer, uint8_t flags)
{
	struct tree_node *n =
		(struct tree_node *)(uintptr_t)pointer_get(&m->instance.root, slice_text(pointer));

	cr_assert_not_null(n);
	n->flags |= flags;
}

static enum result validate_opaque(struct made *m, const char *schema, const char *instance,
				   const char *pointer)
{
	made_compile(m, schema);
	m->instance = text_tree(instance);
	flag(m, pointer, TREE_IS_SECRET | TREE_IS_OPAQUE);
	return made_validate_tree(m, &m->instance.root);
}

Test(secret, a_literal_where_a_secret_must_be_is_refused_and_not_read)
{
	struct made m;

	made_compile(&m, "{'properties': {'password': {'x-secret': true, 'minLength': 20}}}");
	cr_expect_eq(made_validate(&m, "{'password': 'hunter2'}"), E_INVALID);
	cr_expect_eq(m.report.problems_count, 1);
	cr_expect_str_eq(made_problem(&m, 0),
			 "/password x-secret: must be a reference to a secret, such as "
			 "${secret:path#key}");
	made_clear(&m);
}

Test(secret, a_secret_that_may_be_read_is_validated_as_its_value)
{
	struct made m;

	made_compile(&m, "{'properties': {'password': {'x-secret': true, 'minLength': 4}}}");
	m.instance = text_tree("{'password': 'abc'}");
	flag(&m, "/password", TREE_IS_SECRET);
	cr_expect_eq(made_validate_tree(&m, &m.instance.root), E_INVALID);
	cr_expect_str_eq(made_problem(&m, 0),
			 "/password minLength: must have at least 4 characters");
	made_clear(&m);
}

Test(secret, what_looks_at_an_opaque_value_is_listed_and_does_not_refuse)
{
	static const char *const schemas[] = {
		"{'properties': {'a': {'minLength': 100}}}",
		"{'properties': {'a': {'not': {'minLength': 1}}}}",
		"{'properties': {'a': {'pattern': '^x'}}}",
		"{'properties': {'a': {'const': 'x'}}}",
		"{'properties': {'a': {'enum': ['x', 1]}}}",
		"{'properties': {'a': {'format': 'date'}}}",
		"{'properties': {'a': {'anyOf': [{'maxLength': 1}, {'type': 'null'}]}}}",
		"{'properties': {'a': {'oneOf': [{'maxLength': 1}, {'minLength': 4}]}}}",
		"{'properties': {'a': {'if': {'const': 'x'}, 'then': false}}}",
		"{'const': {'a': 'other'}}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(schemas); i++) {
		struct made m;

		cr_expect_eq(validate_opaque(&m, schemas[i], "{'a': 'hush'}", "/a"), OK, "%s",
			     schemas[i]);
		cr_expect_gt(m.report.unchecked_count, 0, "%s", schemas[i]);
		made_clear(&m);
	}
}

Test(secret, the_type_of_an_opaque_value_is_checked)
{
	struct made m;

	cr_expect_eq(validate_opaque(&m, "{'properties': {'a': {'type': 'integer'}}}",
				     "{'a': 'hush'}", "/a"),
		     E_INVALID);
	cr_expect_str_eq(made_problem(&m, 0), "/a type: must be an integer");
	made_clear(&m);
	cr_expect_eq(validate_opaque(&m, "{'properties': {'a': {'type': 'string', 'const': 1}}}",
				     "{'a': 'hush'}", "/a"),
		     E_INVALID);
	made_clear(&m);
}

Test(secret, what_is_decided_without_the_value_is_not_listed)
{
	struct made m;

	cr_expect_eq(
		validate_opaque(
			&m,
			"{'properties': {'a': {'anyOf': [{'minLength': 9}, {'type': 'string'}]}}}",
			"{'a': 'hush'}", "/a"),
		OK);
	cr_expect_eq(m.report.unchecked_count, 0);
	made_clear(&m);
	cr_expect_eq(validate_opaque(&m, "{'properties': {'b': {'type': 'string'}}}",
				     "{'a': 'x', 'b': 1}", "/a"),
		     E_INVALID);
	cr_expect_eq(m.report.unchecked_count, 0);
	made_clear(&m);
}

/* Three values: sure that it holds, sure that it does not, undecided, which refuses nothing and is
 * listed. */
Test(secret, if_and_contains_decide_what_they_can_without_the_value)
{
	static const char condition[] = "{'properties': {'a': {'const': 'x'}}}";
	static const struct {
		const char *schema; /* `@` is the condition */
		const char *instance, *pointer;
		enum result result;
		bool is_listed;
	} cases[] = {
		{"{'if': @, 'then': {'required': ['b']}, 'else': {'required': ['c']}}",
		 "{'a': 'x'}", "/a", E_INVALID, true},
		{"{'if': @, 'then': {'required': ['b']}, 'else': {'required': ['c']}}",
		 "{'a': 'x', 'b': 1}", "/a", OK, true},
		{"{'if': @, 'then': {'required': ['b']}, 'else': {'required': ['c']}}",
		 "{'a': 'x', 'c': 1}", "/a", OK, true},
		{"{'not': {'if': @, 'then': {'required': ['b']}, 'else': {'required': ['c']}}}",
		 "{'a': 'x', 'c': 1}", "/a", OK, true},
		{"{'not': {'if': @, 'then': {'required': ['b']}, 'else': {'required': ['c']}}}",
		 "{'a': 'x', 'b': 1, 'c': 1}", "/a", E_INVALID, false},
		{"{'not': {'if': @, 'then': {'required': ['b']}, 'else': {'required': ['c']}}}",
		 "{'a': 'x'}", "/a", OK, false},
		{"{'not': {'if': @, 'then': {'required': ['b']}}}", "{'a': 'x'}", "/a", OK, true},
		{"{'not': {'if': @, 'else': {'required': ['b']}}}", "{'a': 'x'}", "/a", OK, true},
		{"{'if': {'required': ['a']}, 'then': {'required': ['b']}}", "{'a': 'x'}", "/a",
		 E_INVALID, false},
		{"{'contains': {'const': 'x'}}", "['x', 1]", "/0", OK, true},
		{"{'not': {'contains': {'const': 'x'}}}", "['x', 1]", "/0", OK, true},
		{"{'contains': {'const': 'x'}, 'minContains': 2}", "['x', 1]", "/0", E_INVALID,
		 true},
		{"{'not': {'contains': {'const': 'x'}, 'minContains': 2}}", "['x', 1]", "/0", OK,
		 false},
		{"{'contains': {'type': 'integer'}}", "['x', 1]", "/0", OK, false},
		{"{'not': {'contains': {'type': 'integer'}}}", "['x', 1]", "/0", E_INVALID, false},
		{"{'not': {'contains': {'type': 'null'}}}", "['x', 1]", "/0", OK, false},
		{"{'contains': {'minLength': 1}, 'maxContains': 1}", "['x', 1]", "/0", OK, true},
		{"{'not': {'contains': {'minLength': 1}, 'maxContains': 1}}", "['x', 1]", "/0", OK,
		 true},
		{"{'contains': {'minLength': 1}, 'maxContains': 1}", "['x', 1, 2]", "/0", E_INVALID,
		 true},
		{"{'not': {'contains': {'minLength': 1}, 'maxContains': 2}}", "['x', 1]", "/0",
		 E_INVALID, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf schema = BUF_NULL;
		struct made m;

		for (const char *c = cases[i].schema; *c != '\0'; c++) {
			if (*c == '@')
				buf_append_text(&schema, condition);
			else
				buf_append_char(&schema, *c);
		}
		cr_expect_eq(validate_opaque(&m, schema.data, cases[i].instance, cases[i].pointer),
			     cases[i].result, "%s on %s", cases[i].schema, cases[i].instance);
		cr_expect_eq(m.report.unchecked_count != 0, cases[i].is_listed, "%s on %s",
			     cases[i].schema, cases[i].instance);
		made_clear(&m);
		buf_clear(&schema);
	}
}

Test(secret, no_text_of_a_report_holds_the_value)
{
	static const char *const schemas[] = {
		"{'properties': {'a': {'maxLength': 2}}}",
		"{'properties': {'a': {'const': 'x'}}}",
		"{'properties': {'a': {'pattern': '^q'}}}",
		"{'properties': {'a': {'format': 'ipv4'}}}",
		"{'properties': {'a': {'not': {'minLength': 1}}}}",
		"{'properties': {'a': {'type': 'null'}}}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(schemas); i++) {
		struct made m;

		made_compile(&m, schemas[i]);
		cr_expect_eq(made_validate(&m, "{'a': 'canary-5f1e'}"), E_INVALID);
		cr_expect_null(strstr(m.report.problems[0].message, "canary"));
		cr_expect_null(strstr(m.err.text, "canary"));
		made_clear(&m);
	}
}

Test(reload, the_nearest_place_decides_and_the_strictest_of_several)
{
	static const struct {
		const char *pointer;
		enum schema_reload reload;
	} cases[] = {
		{"", RELOAD_NEXT_RUN},
		{"/spark", RELOAD_RESTART},
		{"/spark/memory", RELOAD_RESTART},
		{"/spark/log", RELOAD_LIVE},
		{"/spark/log/level", RELOAD_LIVE},
		{"/both", RELOAD_RESTART},
		{"/list/3", RELOAD_LIVE},
		{"/x-1", RELOAD_LIVE},
		{"/elsewhere", RELOAD_NEXT_RUN},
	};
	struct made m;

	made_compile(
		&m,
		"{'properties': {'spark': {'x-reload': 'restart', 'properties': {'log': {'$ref': "
		"'#/$defs/live'}}},'both': {'x-reload': 'live', 'anyOf': [{'x-reload': 'restart'}]},"
		"'list': {'items': {'x-reload': 'live'}}}, 'patternProperties': {'^x-': {'x-reload': "
		"'live'}}, '$defs': {'live': {'x-reload': 'live'}}}");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		enum schema_reload reload;

		cr_expect(schema_reload_at(m.schema, slice_text(cases[i].pointer), &reload));
		cr_expect_eq(reload, cases[i].reload, "%s", cases[i].pointer);
	}
	made_clear(&m);
}
