#include "fixture.h"

#include "base/text.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define FIXTURE(name) CLEANUP(fixture_freep) struct fixture *name = fixture_new()

/* One profile, profiles/orders/production. */
struct reference_case {
	const char *json;
	const char *comes_to;
};

static void expect_resolved(const struct reference_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		FIXTURE(f);

		fixture_put(f, "profiles/orders/production", cases[i].json);
		cr_expect_str_eq(fixture_json(f, "profiles/orders/production"), cases[i].comes_to);
	}
}

Test(profile_references, the_example_of_the_design_resolves)
{
	FIXTURE(f);

	fixture_put_yaml(f, "profiles/shared/spark",
			 "$abstract: true\n"
			 "spark: {spark.sql.shuffle.partitions: 200, master: local}\n");
	fixture_put_yaml(f, "profiles/orders/base",
			 "$vars: {executors: 2}\n"
			 "spark: {master: yarn}\n"
			 "warehouse: {host: wh.example}\n"
			 "stages: [extract, load]\n"
			 "debug: no\n");
	fixture_put_yaml(f, "profiles/orders/production",
			 "$schema: pysetl-pipeline\n"
			 "$extends: [base, /shared/spark]\n"
			 "$vars: {executors: 12}\n"
			 "spark:\n"
			 "  app_name: orders-${reeve:profile}      # as asked for\n"
			 "  spark.executor.instances: ${var:executors}\n"
			 "warehouse:\n"
			 "  url: jdbc:postgresql://${warehouse.host}/orders\n"
			 "  password: ${secret:orders/${reeve:profile}/warehouse#password}\n"
			 "stages: {$append: [report]}\n"
			 "debug: null\n");
	fixture_put_yaml(f, "profiles/orders/canary", "$extends: production\n");
	cr_expect_str_eq(fixture_json(f, "profiles/orders/canary"),
			 "{'spark':{'master':'local','spark.sql.shuffle.partitions':200,"
			 "'app_name':'orders-canary','spark.executor.instances':12},"
			 "'warehouse':{'host':'wh.example',"
			 "'url':'jdbc:postgresql://wh.example/orders',"
			 "'password':'${secret:orders/canary/warehouse#password}'},"
			 "'stages':['extract','load','report']}");
	cr_expect(slice_is_text(f->effective.schema, "schemas/pysetl-pipeline"));
}

Test(profile_references, a_string_that_is_one_reference_takes_the_type)
{
	static const struct reference_case cases[] = {
		{"{'a': 1, 'b': '${a}'}", "{'a':1,'b':1}"},
		{"{'b': '${a}', 'a': 1.50}", "{'b':1.50,'a':1.50}"},
		{"{'a': true, 'b': '${a}'}", "{'a':true,'b':true}"},
		{"{'a': 'x', 'b': '${a}'}", "{'a':'x','b':'x'}"},
		{"{'a': {'$value': null}, 'b': '${a}'}", "{'a':null,'b':null}"},
		{"{'a': {'x': [1]}, 'b': '${a}'}", "{'a':{'x':[1]},'b':{'x':[1]}}"},
		{"{'a': {'x': '${c}'}, 'b': '${a}', 'c': 7}", "{'a':{'x':7},'b':{'x':7},'c':7}"},
		{"{'a': [1, '${a.0}', '${a.1}']}", "{'a':[1,1,1]}"},
		{"{'a': '${reeve:app}', 'b': '${reeve:profile}'}",
		 "{'a':'orders','b':'production'}"},
	};

	expect_resolved(cases, ARRAY_SIZE(cases));
}

Test(profile_references, in_other_text_scalars_stand_as_they_are_written)
{
	static const struct reference_case cases[] = {
		{"{'a': 1.50, 'b': 'v${a}'}", "{'a':1.50,'b':'v1.50'}"},
		{"{'a': true, 'b': '${a}${a}'}", "{'a':true,'b':'truetrue'}"},
		{"{'a': 'x', 'b': '-${a}-${c}-', 'c': 'y'}", "{'a':'x','b':'-x-y-','c':'y'}"},
		{"{'n': 'orders-${reeve:profile}'}", "{'n':'orders-production'}"},
		{"{'a': '', 'b': '${a}${a}'}", "{'a':'','b':''}"},
	};

	expect_resolved(cases, ARRAY_SIZE(cases));
}

Test(profile_references, dollars_that_begin_no_reference_are_themselves)
{
	static const struct reference_case cases[] = {
		{"{'a': '$'}", "{'a':'$'}"},
		{"{'a': '$x $$ }'}", "{'a':'$x $$ }'}"},
		{"{'a': '$${b}'}", "{'a':'${b}'}"},
		{"{'a': 'x$${'}", "{'a':'x${'}"},
		{"{'a': '$$${b}'}", "{'a':'$${b}'}"},
		{"{'a': '$${b}${b}', 'b': 1}", "{'a':'${b}1','b':1}"},
		{"{'a': '${b}$', 'b': 1}", "{'a':'1$','b':1}"},
		{"{'a': '{b}'}", "{'a':'{b}'}"},
		/* What a reference gives is not looked at again. */
		{"{'a': '$${b}', 'c': '${a}', 'd': 'x${a}', 'b': 1}",
		 "{'a':'${b}','c':'${b}','d':'x${b}','b':1}"},
	};

	expect_resolved(cases, ARRAY_SIZE(cases));
}

Test(profile_references, dots_walk_and_pointers_reach_every_key)
{
	static const struct reference_case cases[] = {
		{"{'a': {'b': {'c': 1}}, 'd': '${a.b.c}'}", "{'a':{'b':{'c':1}},'d':1}"},
		{"{'a': [{'b': 1}], 'd': '${a.0.b}'}", "{'a':[{'b':1}],'d':1}"},
		{"{'a': {'0': 1}, 'd': '${a.0}'}", "{'a':{'0':1},'d':1}"},
		{"{'a': {'b.c': 1}, 'd': '${/a/b.c}'}", "{'a':{'b.c':1},'d':1}"},
		{"{'a/b': {'~': 1}, 'd': '${/a~1b/~0}'}", "{'a/b':{'~':1},'d':1}"},
		{"{'': 1, 'd': '${/}'}", "{'':1,'d':1}"},
		{"{'a:b': 1, 'd': '${/a:b}'}", "{'a:b':1,'d':1}"},
		{"{'$$x': 1, 'd': '${$x}'}", "{'$x':1,'d':1}"},
		{"{'a': [5, 6], 'd': '${a.01:-no}'}", "{'a':[5,6],'d':'no'}"},
		{"{'a': [5, 6], 'd': '${a.2:-no}'}", "{'a':[5,6],'d':'no'}"},
		{"{'a': 1, 'd': '${a.b:-no}'}", "{'a':1,'d':'no'}"},
	};

	expect_resolved(cases, ARRAY_SIZE(cases));
}

Test(profile_references, a_way_leads_through_references_to_maps)
{
	static const struct reference_case cases[] = {
		{"{'a': '${b}', 'b': {'x': 1}, 'c': '${a.x}'}", "{'a':{'x':1},'b':{'x':1},'c':1}"},
		{"{'a': '${var:v}', '$vars': {'v': [7]}, 'c': '${a.0}'}", "{'a':[7],'c':7}"},
		{"{'a': '${b}', 'b': {'x': '${a.y}', 'y': 2}}",
		 "{'a':{'x':2,'y':2},'b':{'x':2,'y':2}}"},
		{"{'a': '${none:-${b}}', 'b': {'x': 1}, 'c': '${a.x}'}",
		 "{'a':{'x':1},'b':{'x':1},'c':1}"},
		{"{'a': {'x': '${a.y}', 'y': 1}}", "{'a':{'x':1,'y':1}}"},
		{"{'a': '${reeve:app}', 'c': '${a.x:-no}'}", "{'a':'orders','c':'no'}"},
	};

	expect_resolved(cases, ARRAY_SIZE(cases));
}

Test(profile_references, variables_may_refer)
{
	static const struct reference_case cases[] = {
		{"{'$vars': {'x': {'y': 3}}, 'a': '${var:x.y}'}", "{'a':3}"},
		{"{'$vars': {'p': '${var:q}', 'q': '${reeve:app}'}, 'a': '${var:p}'}",
		 "{'a':'orders'}"},
		{"{'$vars': {'p': '${b}-1'}, 'b': 'k', 'a': '${var:p}'}", "{'b':'k','a':'k-1'}"},
		{"{'$vars': {'unused': '${nothing}'}, 'a': 1}", "{'a':1}"},
	};

	expect_resolved(cases, ARRAY_SIZE(cases));
}

Test(profile_references, defaults_stand_for_what_is_missing)
{
	static const struct reference_case cases[] = {
		{"{'a': '${b:-12}'}", "{'a':12}"},
		{"{'a': '${b:-true}'}", "{'a':true}"},
		{"{'a': '${b:-no}'}", "{'a':'no'}"},
		{"{'a': '${b:-}'}", "{'a':null}"},
		{"{'a': 'x${b:-012}'}", "{'a':'x012'}"},
		{"{'a': 'x${b:-}y'}", "{'a':'xy'}"},
		{"{'a': '${b:-2}', 'b': 1}", "{'a':1,'b':1}"},
		{"{'a': '${b:-2}', 'b': {'$value': null}}", "{'a':null,'b':null}"},
		{"{'a': '${b:-${c}}', 'c': [1]}", "{'a':[1],'c':[1]}"},
		{"{'a': '${b:-${c:-${d:-4}}}'}", "{'a':4}"},
		{"{'a': '${b:-x${c}y}', 'c': 1}", "{'a':'x1y','c':1}"},
		{"{'a': '${b:-$${c}'}", "{'a':'${c'}"},
		{"{'a': '${b:-p:-q}'}", "{'a':'p:-q'}"},
		{"{'a': '${var:b:-1}', 'c': '${/x/y:-2}'}", "{'a':1,'c':2}"},
		/* A default that is not needed is not looked at. */
		{"{'a': '${b:-${nothing}}', 'b': 1}", "{'a':1,'b':1}"},
		{"{'a': '${b:-${a}}', 'b': 1}", "{'a':1,'b':1}"},
	};

	expect_resolved(cases, ARRAY_SIZE(cases));
}

Test(profile_references, what_cannot_be_resolved_is_refused)
{
	static const struct {
		const char *json, *pointer, *says;
	} cases[] = {
		{"{'a': '${b}'}", "/a", "refers to `b`, which is not there"},
		{"{'a': 'x${b}'}", "/a", "refers to `b`, which is not there"},
		{"{'a': '${hosst}', 'host': 1}", "/a", "did you mean `host`?"},
		{"{'a': '${m.hosst}', 'm': {'host': 1}}", "/a", "did you mean `host`?"},
		{"{'a': '${/m/x}', 'm': {}}", "/a", "`/m/x`, which is not there"},
		{"{'a': '${var:executers}', '$vars': {'executors': 1}}", "/a",
		 "`var:executers`, which is not there and has no default (did you mean `executors`?)"},
		{"{'a': {'b': ['${x']}}", "/a/b/0", "has no `}`"},
		{"{'a': '${'}", "/a", "has no `}`"},
		{"{'a': '${x:-${y}'}", "/a", "has no `}`"},
		{"{'a': '${}'}", "/a", "empty"},
		{"{'a': '${:-x}'}", "/a", "empty"},
		{"{'a': '${var:}'}", "/a", "empty"},
		{"{'a': '${x..y}'}", "/a", "empty part"},
		{"{'a': '${/x~2}'}", "/a", "no JSON pointer"},
		{"{'a': '${sercet:x#y:-1}'}", "/a", "did you mean `secret:`?"},
		{"{'a': '${reeve:profil}'}", "/a", "did you mean `profile`?"},
		{"{'a': '${x.${y}}'}", "/a", "only in a secret's path"},
		{"{'a': '${a}'}", "/a", "refers to itself: /a → /a"},
		{"{'a': 'x${a}'}", "/a", "refers to itself: /a → /a"},
		{"{'a': '${b}', 'b': '${c}', 'c': '${a}'}", "/c",
		 "refers to itself: /a → /b → /c → /a"},
		{"{'x': '${a}', 'a': '${b}', 'b': '${a}'}", "/b", "refers to itself: /a → /b → /a"},
		{"{'a': {'x': '${a}'}}", "/a/x", "refers to itself: /a → /a/x → /a"},
		{"{'a': '${a.x}'}", "/a", "refers to itself: /a → /a"},
		{"{'a': '${b.x}', 'b': '${a.y}'}", "/a", "refers to itself: /b → /a → /b"},
		{"{'a': '${var:p}', '$vars': {'p': '${var:q}', 'q': '${var:p}'}}", "/a",
		 "refers to itself: var:/p → var:/q → var:/p"},
		{"{'a': '${b:-.inf}'}", "/a", "a default: JSON has no infinity"},
		{"{'a': '-${b}', 'b': {'x': 1}}", "/a", "refers to a map inside other text"},
		{"{'a': '-${b}', 'b': [1]}", "/a", "refers to a list inside other text"},
		{"{'a': '-${b}', 'b': {'$value': null}}", "/a", "refers to null inside other text"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		FIXTURE(f);

		fixture_put(f, "profiles/a/x", cases[i].json);
		cr_expect_eq(fixture_resolve(f, "profiles/a/x"), E_INVALID, "%s", cases[i].json);
		cr_expect_eq(f->problems.count, 1, "%s: %u", cases[i].json, f->problems.count);
		cr_expect_str_eq(fixture_pointer(f), cases[i].pointer, "%s: %s", cases[i].json,
				 fixture_pointer(f));
		cr_expect_not_null(strstr(fixture_problem(f), cases[i].says), "%s: %s",
				   cases[i].json, fixture_problem(f));
	}
}

Test(profile_references, a_problem_has_the_place_of_the_string_that_refers)
{
	FIXTURE(f);

	fixture_put(f, "profiles/a/base", "{'a':\n  '${none}', '$vars': {'v':\n\n '${gone}'}}");
	fixture_put(f, "profiles/a/x", "{'$extends': 'base', 'm': {'b': '${var:v}'}}");
	cr_expect_eq(fixture_resolve(f, "profiles/a/x"), E_INVALID);
	cr_assert_eq(f->problems.count, 2);
	cr_expect_eq(f->problems.items[0].node->source, 0);
	cr_expect_eq(f->problems.items[0].node->line, 2);
	cr_expect_eq(f->problems.items[0].node->column, 3);
	/* A variable has no pointer of its own: the key that uses it, and the variable's place. */
	cr_expect_str_eq(f->problems.items[1].pointer.data, "/m/b");
	cr_expect_eq(f->problems.items[1].node->source, 0);
	cr_expect_eq(f->problems.items[1].node->line, 4);
	cr_expect_str_eq(f->err.text,
			 "/a: refers to `none`, which is not there and has no default");
	cr_expect(f->err.line == 2 && f->err.column == 3);
}

Test(profile_references, a_resolved_value_has_the_place_of_its_reference)
{
	const struct tree_node *b;
	FIXTURE(f);

	fixture_put(f, "profiles/a/base", "{'a': {\n'x': 1}}");
	fixture_put(f, "profiles/a/x", "{'$extends': 'base',\n\n'b': '${a}'}");
	cr_assert_eq(fixture_resolve(f, "profiles/a/x"), OK);
	b = TREE_GET(&f->effective.tree.root, "b");
	cr_expect(b->source == 1 && b->line == 3 && b->column == 6);
	cr_expect(TREE_GET(b, "x")->source == 0 && TREE_GET(b, "x")->line == 2);
}

Test(profile_references, many_problems_are_counted_and_some_told)
{
	CLEANUP(buf_clear) struct buf json = BUF_NULL;
	FIXTURE(f);

	buf_append_text(&json, "{'a': [");
	for (int i = 0; i < PROFILE_PROBLEMS_MAX + 20; i++)
		buf_printf(&json, "%s'${x%d}'", i != 0 ? "," : "", i);
	buf_append_text(&json, "]}");
	fixture_put(f, "profiles/a/x", json.data);
	cr_expect_eq(fixture_resolve(f, "profiles/a/x"), E_INVALID);
	cr_expect_eq(f->problems.count, PROFILE_PROBLEMS_MAX);
	cr_expect_eq(f->problems.dropped, 20);
}

static enum result resolve_doubling(const char *pattern, const char *first, int steps)
{
	CLEANUP(buf_clear) struct buf json = BUF_NULL;
	FIXTURE(f);

	buf_printf(&json, "{'k0': %s", first);
	for (int i = 1; i <= steps; i++) {
		buf_printf(&json, ",'k%d': ", i);
		for (const char *p = pattern; *p != '\0'; p++) {
			if (*p == '@')
				buf_printf(&json, "${k%d}", i - 1);
			else
				buf_append_char(&json, *p);
		}
	}
	buf_append_text(&json, "}");
	fixture_put(f, "profiles/a/x", json.data);
	return fixture_resolve(f, "profiles/a/x");
}

Test(profile_references, doubling_ends_at_a_bound_and_not_in_memory)
{
	cr_expect_eq(resolve_doubling("'@@'", "'x'", 10), OK);
	cr_expect_eq(resolve_doubling("'@@'", "'x'", 60), E_LIMIT);
	cr_expect_eq(resolve_doubling("['@', '@']", "1", 10), OK);
	cr_expect_eq(resolve_doubling("['@', '@']", "1", 60), E_LIMIT);
	/* Values without bytes. */
	cr_expect_eq(resolve_doubling("['@', '@']", "true", 14), OK);
	cr_expect_eq(resolve_doubling("['@', '@']", "true", 16), E_LIMIT);
	cr_expect_eq(resolve_doubling("{'a': '@', 'b': '@'}", "'${secret:a/b#c}'", 60), E_LIMIT);
	cr_expect_eq(resolve_doubling("'@@'", "'${secret:a/b#c}'", 60), E_LIMIT);
	cr_expect_eq(resolve_doubling("'${none:-@}@'", "'x'", 60), E_LIMIT);
	/* A list in a list for each step: too deep, though small. */
	cr_expect_eq(resolve_doubling("['@']", "1", 63), OK);
	cr_expect_eq(resolve_doubling("['@']", "1", 64), E_LIMIT);
}

Test(profile_references, work_on_strings_that_come_to_nothing_is_bounded_too)
{
	CLEANUP(buf_clear) struct buf json = BUF_NULL;
	FIXTURE(f);

	buf_append_text(&json, "{'$vars': {'v0': '");
	for (int i = 0; i < 1000; i++)
		buf_append_char(&json, 'x');
	buf_append_text(&json, "', 'v1': '");
	for (int i = 0; i < 2000; i++)
		buf_append_text(&json, "${var:v0}");
	buf_append_text(&json, "'}, 'l': ['${var:v1}${gone}'");
	for (int i = 0; i < 10; i++)
		buf_append_text(&json, ", '${var:v1}${gone}'");
	buf_append_text(&json, "]}");
	fixture_put(f, "profiles/a/x", json.data);
	cr_expect_eq(fixture_resolve(f, "profiles/a/x"), E_LIMIT);
}

static enum result resolve_line(int count, bool is_reversed)
{
	CLEANUP(buf_clear) struct buf json = BUF_NULL;
	FIXTURE(f);

	buf_append_text(&json, "{");
	for (int i = 0; i < count; i++) {
		int n = is_reversed ? count - i : i + 1;

		buf_printf(&json, "'k%d': '${k%d}',", n, n - 1);
	}
	buf_append_text(&json, "'k0': 1}");
	fixture_put(f, "profiles/a/x", json.data);
	return fixture_resolve(f, "profiles/a/x");
}

Test(profile_references, a_line_of_references_is_bounded_in_whatever_order_it_stands)
{
	cr_expect_eq(resolve_line(200, false), OK);
	cr_expect_eq(resolve_line(200, true), OK);
	cr_expect_eq(resolve_line(300, false), E_LIMIT);
	cr_expect_eq(resolve_line(300, true), E_LIMIT);
	cr_expect_eq(resolve_line(20000, false), E_LIMIT);
	cr_expect_eq(resolve_line(20000, true), E_LIMIT);
}

/* Each step into the next map follows the one before it three times. */
Test(profile_references, ways_that_meet_again_are_followed_once)
{
	CLEANUP(buf_clear) struct buf json = BUF_NULL;
	FIXTURE(f);

	buf_append_text(&json, "{'e0': {'y': {'y': {'y': 1}}}");
	for (int i = 1; i < 60; i++)
		buf_printf(&json, ",'m%d': {'y': '${e%d}'},'e%d': '${m%d.y.y:-${m%d.y}}'", i, i - 1,
			   i, i, i);
	buf_append_text(&json, "}");
	fixture_put(f, "profiles/a/x", json.data);
	cr_expect_neq(fixture_resolve(f, "profiles/a/x"), E_INTERNAL);
}

Test(profile_references, defaults_are_bounded_in_depth)
{
	CLEANUP(buf_clear) struct buf json = BUF_NULL;
	FIXTURE(f);

	buf_append_text(&json, "{'a': '");
	for (int i = 0; i < 20; i++)
		buf_append_text(&json, "${x:-");
	for (int i = 0; i < 20; i++)
		buf_append_text(&json, "}");
	buf_append_text(&json, "'}");
	fixture_put(f, "profiles/a/x", json.data);
	cr_expect_eq(fixture_resolve(f, "profiles/a/x"), E_INVALID);
	cr_expect_not_null(strstr(fixture_problem(f), "nested deeper"), "%s", fixture_problem(f));
}

Test(profile_references, what_is_too_long_to_tell_is_cut_between_characters)
{
	FIXTURE(f);

	for (int shift = 0; shift < 3; shift++) {
		CLEANUP(buf_clear) struct buf json = BUF_NULL;
		static const char *const paths[] = {"profiles/a/x", "profiles/a/y", "profiles/a/z"};
		struct slice message;

		buf_printf(&json, "{'%.*s", shift, "aa");
		for (int i = 0; i < 600; i++)
			buf_append_text(&json, "ü");
		buf_append_text(&json, "': {'k': '${/nothing/");
		buf_printf(&json, "%.*s", shift, "aa");
		for (int i = 0; i < 600; i++)
			buf_append_text(&json, "→");
		buf_printf(&json, "}', 's': '${%.*s", shift, "aa");
		for (int i = 0; i < 600; i++)
			buf_append_text(&json, "→");
		buf_append_text(&json, ":x}'}}");
		fixture_put(f, paths[shift], json.data);
		cr_expect_eq(fixture_resolve(f, paths[shift]), E_INVALID);
		cr_assert_eq(f->problems.count, 2);
		for (uint32_t i = 0; i < 2; i++) {
			message = slice_text(f->problems.items[i].message);
			cr_expect_eq(utf8_check(message), SIZE_MAX, "%s", message.data);
		}
		cr_expect_eq(utf8_check(slice_text(f->err.text)), SIZE_MAX, "%s", f->err.text);
	}
}

Test(profile_references, a_cycle_of_long_names_is_cut_between_characters)
{
	CLEANUP(buf_clear) struct buf json = BUF_NULL;
	CLEANUP(buf_clear) struct buf key = BUF_NULL;
	FIXTURE(f);

	for (int i = 0; i < 300; i++)
		buf_append_text(&key, i % 2 != 0 ? "ü" : "→");
	buf_printf(&json, "{'%s': '${/%s}', 'x%s': '${/x%s}', 'yy%s': '${/yy%s}'}", key.data,
		   key.data, key.data, key.data, key.data, key.data);
	fixture_put(f, "profiles/a/x", json.data);
	cr_expect_eq(fixture_resolve(f, "profiles/a/x"), E_INVALID);
	cr_assert_eq(f->problems.count, 3);
	for (uint32_t i = 0; i < 3; i++)
		cr_expect_eq(utf8_check(slice_text(f->problems.items[i].message)), SIZE_MAX);
}
