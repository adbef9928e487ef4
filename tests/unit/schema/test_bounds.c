/* Hostile schemas and instances end within their bounds, and are never found valid by them. */
#include "support.h"

#include "base/memory.h"

#include <criterion/criterion.h>

Test(bounds, a_schema_that_only_refers_to_itself_ends)
{
	static const char *const schemas[] = {
		"{'$ref': '#'}",
		"{'not': {'$ref': '#'}}",
		"{'allOf': [{'$ref': '#'}, {'$ref': '#'}]}",
		"{'anyOf': [{'$ref': '#/$defs/a'}], '$defs': {'a': {'$ref': '#/$defs/b'}, 'b': {'$ref': '#/$defs/a'}}}",
		"{'if': {'$ref': '#'}, 'then': true, 'else': true}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(schemas); i++) {
		struct made m;

		made_compile(&m, schemas[i]);
		cr_expect_eq(made_validate(&m, "1"), E_LIMIT, "%s", schemas[i]);
		made_clear(&m);
	}
}

Test(bounds, references_that_double_at_each_step_run_out_of_steps)
{
	struct schema_options options = {.limits = SCHEMA_LIMITS_DEFAULT};
	struct buf text = BUF_NULL;
	struct made m;

	options.limits.steps_max = 100000;
	buf_append_text(&text, "{'$ref': '#/$defs/d0', '$defs': {");
	for (int i = 0; i < 60; i++)
		buf_printf(&text,
			   "'d%d': {'anyOf': [{'$ref': '#/$defs/d%d'}, {'$ref': '#/$defs/d%d'}]}, ",
			   i, i + 1, i + 1);
	buf_append_text(&text, "'d60': {'minimum': 5, 'maxLength': 3, 'multipleOf': 7}}}");
	cr_assert_eq(made_compile_with(&m, text.data, &options), OK, "%s", m.err.text);
	cr_expect_eq(made_validate(&m, "3"), E_LIMIT);
	made_clear(&m);
	buf_clear(&text);
}

Test(bounds, a_pattern_that_runs_out_is_no_verdict_even_under_not)
{
	struct schema_options options = {.limits = SCHEMA_LIMITS_DEFAULT};
	struct made m;

	options.limits.regex_steps_max = 1000;
	cr_assert_eq(made_compile_with(&m, "{'not': {'pattern': '^(a|a)*(a|b|ab)*\\\\1c$'}}",
				       &options),
		     OK, "%s", m.err.text);
	cr_expect_eq(made_validate(&m, "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!c'"),
		     E_LIMIT);
	made_clear(&m);
}

Test(bounds, a_long_array_of_distinct_items_is_not_compared_pair_by_pair)
{
	struct schema_options options = {.limits = SCHEMA_LIMITS_DEFAULT};
	struct buf text = BUF_NULL;
	struct made m;

	options.limits.steps_max = 2000000;
	buf_append_text(&text, "[0");
	for (int i = 1; i < 40000; i++)
		buf_printf(&text, ", %d", i);
	buf_append_text(&text, "]");
	cr_assert_eq(made_compile_with(&m, "{'uniqueItems': true}", &options), OK);
	cr_expect_eq(made_validate(&m, text.data), OK);
	made_clear(&m);
	buf_clear(&text);
}

static bool fail_countdown(void *ctx)
{
	unsigned *left = ctx;

	return (*left)-- != 0;
}

static const char *const faulty_schema =
	"{'$id': 'https://example.org/r', 'type': 'object', 'required': ['a'], 'properties': {'a': {'$ref': '#/$defs/t'},"
	"'b': {'enum': ['x', 'y', 1, [2], {'k': null}]}, 'c': {'anyOf': [{'type': 'string', 'pattern': '^a.*b$'}, "
	"{'items': {'minimum': 3}, 'uniqueItems': true}]}, 'd': {'oneOf': [{'properties': {'k': {'const': 'p'}}}, "
	"{'properties': {'k': {'const': 'q'}}}]}}, 'patternProperties': {'^x-': true}, 'unevaluatedProperties': false,"
	"'$defs': {'t': {'format': 'date'}, 'u': {'$dynamicRef': '#m'}, 'm': {'$dynamicAnchor': 'm'}}}";

static enum result run_faulty(unsigned fail_at, const struct tree_node *schema,
			      const struct tree_node *instance)
{
	struct schema_options options = {.is_format_asserted = true,
					 .is_strict = true,
					 .limits = SCHEMA_LIMITS_DEFAULT};
	struct schema_report report = {.arena = ARENA_NULL};
	struct schema *compiled = NULL;
	struct buf out = BUF_NULL;
	enum result rc;

	alloc_hook_set(fail_countdown, &fail_at);
	rc = schema_compile(&compiled, schema, &options, &report, NULL);
	if (rc == OK)
		rc = schema_validate(compiled, instance, NULL, &report, NULL);
	if (rc == E_INVALID) {
		enum result written =
			schema_write_output(&out, SCHEMA_OUTPUT_DETAILED, false, &report, NULL);

		if (written != OK)
			rc = written;
	}
	alloc_hook_set(NULL, NULL);
	schema_unref(compiled);
	schema_report_clear(&report);
	buf_clear(&out);
	return rc;
}

Test(bounds, every_allocation_may_fail_and_the_response_says_so)
{
	struct tree schema = text_tree(faulty_schema);
	struct tree instance = text_tree(
		"{'a': '2026-02-30', 'b': 3, 'c': [1, 1], 'd': {'k': 'z'}, 'x-1': 1, 'unknown': 1}");
	enum result rc = E_MEMORY;
	unsigned n = 0;

	for (; rc == E_MEMORY && n < 20000; n += 1 + n / 200)
		rc = run_faulty(n, &schema.root, &instance.root);
	cr_expect_eq(rc, E_INVALID, "%s at %u", result_name(rc), n);
	cr_expect_gt(n, 100);
	tree_clear(&schema);
	tree_clear(&instance);
}
