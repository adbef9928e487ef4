#include "fixture.h"

#include <criterion/criterion.h>

#define FIXTURE(name) CLEANUP(fixture_freep) struct fixture *name = fixture_new()

Test(profile_header, a_document_without_dollar_keys_has_no_parents_and_no_schema)
{
	FIXTURE(f);

	fixture_put(f, "profiles/orders/base", "{'a': 1}");
	cr_expect_eq(f->headers[0].parents_count, 0);
	cr_expect_not(f->headers[0].has_schema);
	cr_expect_not(f->headers[0].is_abstract);
}

Test(profile_header, names_become_full_paths)
{
	FIXTURE(f);

	fixture_put(
		f, "profiles/orders/production",
		"{'$schema': 'team/pipeline', '$abstract': true, '$extends': ['base', '/shared/spark']}");
	cr_expect(slice_is_text(f->headers[0].schema, "schemas/team/pipeline"));
	cr_expect(f->headers[0].is_abstract);
	cr_assert_eq(f->headers[0].parents_count, 2);
	cr_expect(slice_is_text(f->headers[0].parents[0], "profiles/orders/base"));
	cr_expect(slice_is_text(f->headers[0].parents[1], "profiles/shared/spark"));
}

Test(profile_header, one_parent_needs_no_list)
{
	FIXTURE(f);

	fixture_put(f, "profiles/orders/production", "{'$extends': 'base'}");
	cr_assert_eq(f->headers[0].parents_count, 1);
	cr_expect(slice_is_text(f->headers[0].parents[0], "profiles/orders/base"));
}

Test(profile_header, what_is_allowed_passes)
{
	static const char *const cases[] = {
		"{'$$schema': 1, 'a': {'$$append': 2, '$$x': [{'$$y': 1}]}}",
		"{'a': {'$append': [1], '$prepend': [2], '$remove': [3]}}",
		"{'a': {'$value': {'$$append': null, 'b': [null]}}}",
		"{'$vars': {'l': {'$append': [1]}, 'm': {'$value': null}}}",
		"{'$extends': []}",
		"{'a': {'b': {'c': {'$value': 1}}}}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		FIXTURE(f);

		cr_expect_eq(fixture_try_put(f, "profiles/a/x", cases[i]), OK, "%s: %s", cases[i],
			     f->err.text);
	}
}

Test(profile_header, what_means_nothing_is_refused_with_its_place)
{
	static const struct {
		const char *json;
		uint32_t line, column;
		const char *says;
	} cases[] = {
		{"[]", 1, 1, "must be a map"},
		{"{'$shema': 'x'}", 1, 2, "did you mean `$schema`"},
		{"{\n '$extend': 'x'}", 2, 2, "did you mean `$extends`"},
		{"{'$zzzzzz': 1}", 1, 2, "unknown key `$zzzzzz`"},
		{"{'$append': [1]}", 1, 2, "cannot stand at the top"},
		{"{'a': {'$appendd': [1]}}", 1, 8, "did you mean `$append`"},
		{"{'a': {'$schema': 'x'}}", 1, 8, "only at the top"},
		{"{'a': {'$value': 1, 'b': 2}}", 1, 21, "cannot stand beside `$value`"},
		{"{'a': {'b': 2, '$value': 1}}", 1, 16, "cannot stand beside other keys"},
		{"{'a': {'$append': [1], '$value': 1}}", 1, 24,
		 "cannot stand beside other operators"},
		{"{'a': {'$append': [1], 'b': 1}}", 1, 24, "cannot stand beside operators"},
		{"{'a': {'$append': 1}}", 1, 19, "`$append` must be a list"},
		{"{'a': [{'$append': [1]}]}", 1, 9, "no meaning inside a list"},
		{"{'a': {'$value': {'$append': [1]}}}", 1, 19,
		 "no meaning inside a list or a `$value`"},
		{"{'$vars': 1}", 1, 11, "`$vars` must be a map"},
		{"{'$vars': null}", 1, 11, "`$vars` must be a map"},
		{"{'$vars': {'$value': {}}}", 1, 11, "`$vars` must be a map"},
		{"{'$vars': {'$extends': 1}}", 1, 12, "only at the top"},
		{"{'$schema': 1}", 1, 13, "must be the name of a schema"},
		{"{'$schema': '../x'}", 1, 13, "`$schema`"},
		{"{'$schema': ''}", 1, 13, "`$schema`"},
		{"{'$abstract': 'yes'}", 1, 15, "true or false"},
		{"{'$extends': 1}", 1, 14, "must be the name of a profile"},
		{"{'$extends': null}", 1, 14, "must be the name of a profile"},
		{"{'$extends': ['a', 1]}", 1, 20, "must be the name of a profile"},
		{"{'$extends': 'shared/spark'}", 1, 14, "written `/app/name`"},
		{"{'$extends': '/shared'}", 1, 14, "`$extends`"},
		{"{'$extends': '/a/b/c'}", 1, 14, "`$extends`"},
		{"{'$extends': '..'}", 1, 14, "`$extends`"},
		{"{'$extends': ['b', '/a/b']}", 1, 20, "names profiles/a/b twice"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		FIXTURE(f);

		cr_expect_eq(fixture_try_put(f, "profiles/a/x", cases[i].json), E_INVALID, "%s",
			     cases[i].json);
		cr_expect_not_null(strstr(f->err.text, cases[i].says), "%s: %s", cases[i].json,
				   f->err.text);
		cr_expect(f->err.line == cases[i].line && f->err.column == cases[i].column,
			  "%s: at %u:%u", cases[i].json, f->err.line, f->err.column);
	}
}

Test(profile_header, the_path_must_be_a_profiles)
{
	FIXTURE(f);

	cr_expect_eq(fixture_try_put(f, "schemas/x", "{}"), E_MALFORMED);
	cr_expect_eq(fixture_try_put(f, "profiles/x", "{}"), E_MALFORMED);
}

Test(profile_header, an_empty_document_is_no_profile)
{
	static const char *const yaml[] = {"", "# nothing yet\n", "null", "---\n..."};

	for (size_t i = 0; i < ARRAY_SIZE(yaml); i++) {
		CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);
		CLEANUP(arena_clear) struct arena arena = ARENA_NULL;
		struct error err = ERROR_NULL;
		struct profile_header h;

		cr_assert_eq(doc_read(&tree, DOC_YAML, slice_text(yaml[i]), &DOC_LIMITS_DEFAULT,
				      NULL, &err),
			     OK);
		cr_expect_eq(profile_read_header(&h, &arena, SLICE_LITERAL("profiles/a/b"),
						 &tree.root, &err),
			     E_INVALID);
		cr_expect_str_eq(err.text, "a profile must be a map of keys to values");
	}
}
