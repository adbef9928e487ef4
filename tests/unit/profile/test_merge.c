#include "fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define FIXTURE(name) CLEANUP(fixture_freep) struct fixture *name = fixture_new()

#define LAYERS_MAX 4

/* Layers from the farthest to the profile itself; each extends the one before it. */
struct merge_case {
	const char *layers[LAYERS_MAX];
	const char *comes_to;
};

static const char *put_layers(struct fixture *f, const char *const layers[LAYERS_MAX])
{
	static const char *const paths[] = {"profiles/a/l0", "profiles/a/l1", "profiles/a/l2",
					    "profiles/a/l3"};
	const char *last = NULL;

	for (int i = 0; i < LAYERS_MAX && layers[i] != NULL; i++) {
		char json[2048];

		if (i == 0)
			snprintf(json, sizeof json, "%s", layers[i]);
		else
			snprintf(json, sizeof json, "{'$extends': 'l%d'%s%s", i - 1,
				 layers[i][1] == '}' ? "" : ", ", layers[i] + 1);
		fixture_put(f, paths[i], json);
		last = paths[i];
	}
	return last;
}

static void expect_merged(const struct merge_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		FIXTURE(f);
		const char *path = put_layers(f, cases[i].layers);

		cr_expect_str_eq(fixture_json(f, path), cases[i].comes_to);
	}
}

Test(profile_merge, maps_merge_and_all_else_replaces)
{
	static const struct merge_case cases[] = {
		{{"{}"}, "{}"},
		{{"{'a': 1}"}, "{'a':1}"},
		{{"{'a': 1}", "{'b': 2}"}, "{'a':1,'b':2}"},
		{{"{'a': 1}", "{'a': 2}"}, "{'a':2}"},
		{{"{'a': {'x': 1}}", "{'a': {'y': 2}}", "{'a': {'x': 3}}"}, "{'a':{'x':3,'y':2}}"},
		{{"{'a': [1, 2]}", "{'a': [3]}"}, "{'a':[3]}"},
		{{"{'a': {'x': 1}}", "{'a': 5}"}, "{'a':5}"},
		{{"{'a': 5}", "{'a': {'x': 1}}"}, "{'a':{'x':1}}"},
		{{"{'a': [1]}", "{'a': {'x': 1}}"}, "{'a':{'x':1}}"},
		{{"{'a': {'x': 1}}", "{'a': 5}", "{'a': {'y': 1}}"}, "{'a':{'y':1}}"},
		{{"{'a': {}}", "{}"}, "{'a':{}}"},
		{{"{'a': 1.50}"}, "{'a':1.50}"},
	};

	expect_merged(cases, ARRAY_SIZE(cases));
}

Test(profile_merge, null_removes_a_key)
{
	static const struct merge_case cases[] = {
		{{"{'a': 1, 'b': 2}", "{'a': null}"}, "{'b':2}"},
		{{"{'a': null}"}, "{}"},
		{{"{'a': {'x': 1, 'y': null}}"}, "{'a':{'x':1}}"},
		{{"{'a': {'x': 1}}", "{'a': {'x': null}}"}, "{'a':{}}"},
		{{"{'a': {'x': 1}}", "{'a': null}", "{'a': {'y': 2}}"}, "{'a':{'y':2}}"},
		{{"{'a': 1}", "{'b': null}"}, "{'a':1}"},
		/* A list is a value: what is in it stays, as in RFC 7396. */
		{{"{'a': [null, {'x': null}]}"}, "{'a':[null,{'x':null}]}"},
	};

	expect_merged(cases, ARRAY_SIZE(cases));
}

Test(profile_merge, value_sets_what_stands_under_it)
{
	static const struct merge_case cases[] = {
		{{"{'a': 1}", "{'a': {'$value': null}}"}, "{'a':null}"},
		{{"{'a': {'$value': null}}", "{'a': null}"}, "{}"},
		{{"{'a': {'x': 1}}", "{'a': {'$value': {'y': 2}}}"}, "{'a':{'y':2}}"},
		{{"{'a': {'$value': {'y': null}}}"}, "{'a':{'y':null}}"},
		{{"{'a': {'$value': {'$$y': {'$$value': 1}}}}"}, "{'a':{'$y':{'$value':1}}}"},
		{{"{'a': {'$value': {'y': null, 'z': {'q': 1}}}}",
		  "{'a': {'x': 1, 'z': {'r': 2}}}"},
		 "{'a':{'y':null,'z':{'q':1,'r':2},'x':1}}"},
		{{"{'a': {'$value': {'y': null}}}", "{'a': {'y': null}}"}, "{'a':{}}"},
		{{"{'a': {'$value': [1]}}", "{'a': {'$append': [2]}}"}, "{'a':[1,2]}"},
	};

	expect_merged(cases, ARRAY_SIZE(cases));
}

Test(profile_merge, two_dollars_are_a_key_with_one)
{
	static const struct merge_case cases[] = {
		{{"{'$$schema': 1}", "{'$$schema': 2}"}, "{'$schema':2}"},
		{{"{'a': {'$$append': [1]}}"}, "{'a':{'$append':[1]}}"},
		{{"{'a': [{'$$x': {'$$$y': 1}}]}"}, "{'a':[{'$x':{'$$y':1}}]}"},
	};

	expect_merged(cases, ARRAY_SIZE(cases));
}

Test(profile_merge, lists_are_edited)
{
	static const struct merge_case cases[] = {
		{{"{'a': [1]}", "{'a': {'$append': [2, 3]}}"}, "{'a':[1,2,3]}"},
		{{"{'a': [1]}", "{'a': {'$prepend': [2, 3]}}"}, "{'a':[2,3,1]}"},
		{{"{'a': [1, 2, 1, 3]}", "{'a': {'$remove': [1]}}"}, "{'a':[2,3]}"},
		{{"{'a': [1]}", "{'a': {'$remove': [9]}}"}, "{'a':[1]}"},
		{{"{'a': {'$append': [1]}}"}, "{'a':[1]}"},
		{{"{'a': {'$remove': [1]}}"}, "{'a':[]}"},
		{{"{'a': [1]}", "{'a': null}", "{'a': {'$append': [2]}}"}, "{'a':[2]}"},
		{{"{'a': [1]}", "{'a': {'$append': [2]}}", "{'a': {'$prepend': [0]}}"},
		 "{'a':[0,1,2]}"},
		{{"{'a': [1, 2]}", "{'a': {'$append': [4], '$prepend': [0], '$remove': [1]}}"},
		 "{'a':[0,2,4]}"},
		/* What is removed and added again stands at its new place. */
		{{"{'a': [1, 2]}", "{'a': {'$remove': [1], '$append': [1]}}"}, "{'a':[2,1]}"},
		{{"{'a': [1, 1.0, 1e0, '1']}", "{'a': {'$remove': [1]}}"}, "{'a':['1']}"},
		{{"{'a': [{'x': 1, 'y': 2}, {'x': 1}]}", "{'a': {'$remove': [{'y': 2, 'x': 1}]}}"},
		 "{'a':[{'x':1}]}"},
		{{"{'a': [{'$$x': 1}]}", "{'a': {'$remove': [{'$$x': 1}]}}"}, "{'a':[]}"},
		{{"{'a': {'$append': [1]}}", "{'a': [7]}"}, "{'a':[7]}"},
		{{"{'a': {'$append': [1]}}", "{'a': {'x': 1}}"}, "{'a':{'x':1}}"},
	};

	expect_merged(cases, ARRAY_SIZE(cases));
}

Test(profile_merge, an_edit_of_what_is_no_list_is_refused_with_both_places)
{
	static const char *const inherited[] = {
		"5", "{'x': 1}", "'t'", "{'$value': null}", "{'$value': {'x': 1}}", "true"};

	for (size_t i = 0; i < ARRAY_SIZE(inherited); i++) {
		char json[64];
		FIXTURE(f);

		snprintf(json, sizeof json, "{'m':\n {'a': %s}}", inherited[i]);
		fixture_put(f, "profiles/a/base", json);
		fixture_put(f, "profiles/a/x",
			    "{'$extends': 'base',\n\n'm': {'a': {'$append': [1]}}}");
		cr_expect_eq(fixture_resolve(f, "profiles/a/x"), E_INVALID);
		cr_assert_eq(f->problems.count, 1);
		cr_expect_str_eq(fixture_pointer(f), "/m/a");
		cr_expect_not_null(strstr(fixture_problem(f), "profiles/a/base, line 2, column"),
				   "%s", fixture_problem(f));
		cr_expect_eq(f->problems.items[0].node->source, 1);
		cr_expect_eq(f->problems.items[0].node->line, 3);
		cr_expect_eq(f->err.line, 3);
	}
}

Test(profile_merge, all_that_is_wrong_is_found_at_once)
{
	FIXTURE(f);

	fixture_put(f, "profiles/a/base", "{'p': 1, 'q': 2, 'r': 3, '$vars': {'v': 1}}");
	fixture_put(f, "profiles/a/x",
		    "{'$extends': 'base', 'p': {'$append': []}, 'r': {'$remove': []},"
		    " '$vars': {'v': {'$append': [1]}}}");
	cr_expect_eq(fixture_resolve(f, "profiles/a/x"), E_INVALID);
	cr_assert_eq(f->problems.count, 3);
	cr_expect_str_eq(f->problems.items[0].pointer.data, "");
	cr_expect_str_eq(f->problems.items[0].message,
			 "var:/v edits a list, but what it inherits from profiles/a/base, line 1, "
			 "column 41, is no list but of type number");
	cr_expect_str_eq(f->problems.items[1].pointer.data, "/p");
	cr_expect_str_eq(f->problems.items[2].pointer.data, "/r");
}

Test(profile_merge, every_value_knows_who_wrote_it_and_where)
{
	const struct tree_node *root, *n;
	FIXTURE(f);

	fixture_put(f, "profiles/a/base", "{'a': 1,\n 'm': {'x': 1,\n  'y': 2},\n 'l': [1,\n 2]}");
	fixture_put(f, "profiles/a/x",
		    "{'$extends': 'base',\n 'm': {\n  'y': 3},\n 'l': {'$append':\n [4]}}");
	cr_assert_str_eq(fixture_json(f, "profiles/a/x"), "{'a':1,'m':{'x':1,'y':3},'l':[1,2,4]}");
	cr_assert_eq(f->effective.sources_count, 2);
	cr_expect(slice_is_text(f->effective.sources[0].path, "profiles/a/base"));
	cr_expect(slice_is_text(f->effective.sources[1].path, "profiles/a/x"));
	cr_expect_eq(f->effective.sources[1].version, 2);

	root = &f->effective.tree.root;
	n = TREE_GET(root, "a");
	cr_expect(n->source == 0 && n->line == 1 && n->column == 7);
	n = TREE_GET(root, "m");
	cr_expect(n->source == 1 && n->line == 2, "a merged map: the last writer");
	cr_expect(TREE_GET(n, "x")->source == 0 && TREE_GET(n, "x")->line == 2);
	cr_expect(TREE_GET(n, "y")->source == 1 && TREE_GET(n, "y")->line == 3);
	n = TREE_GET(root, "l");
	cr_expect(n->source == 1 && n->line == 4);
	cr_expect(n->of.items[1].source == 0 && n->of.items[1].line == 5);
	cr_expect(n->of.items[2].source == 1 && n->of.items[2].line == 5);
}

Test(profile_merge, vars_merge_like_any_map_and_are_no_part_of_the_result)
{
	FIXTURE(f);

	fixture_put(f, "profiles/a/base",
		    "{'$vars': {'n': 1, 'l': [1], 'm': {'x': 1}, 'gone': 1}, 'n': '${var:n}',"
		    " 'l': '${var:l}', 'm': '${var:m}', 'g': '${var:gone:-none}'}");
	fixture_put(f, "profiles/a/x",
		    "{'$extends': 'base', '$vars': {'n': 2, 'l': {'$append': [2]}, 'm': {'y': 2}, "
		    "'gone': null}}");
	cr_expect_str_eq(fixture_json(f, "profiles/a/x"),
			 "{'n':2,'l':[1,2],'m':{'x':1,'y':2},'g':'none'}");
}

Test(profile_merge, the_latest_schema_of_the_chain_is_inherited)
{
	FIXTURE(f);

	fixture_put(f, "profiles/a/A", "{'$schema': 'one', '$abstract': true}");
	fixture_put(f, "profiles/a/B", "{'$extends': 'A', '$schema': 'two'}");
	fixture_put(f, "profiles/a/C", "{'$extends': 'B'}");
	cr_expect_str_eq(fixture_json(f, "profiles/a/C"), "{}");
	cr_expect(slice_is_text(f->effective.schema, "schemas/two"));
	cr_expect_eq(f->effective.warnings.count, 0);
}

Test(profile_merge, no_schema_in_the_chain_is_a_warning)
{
	FIXTURE(f);

	fixture_put(f, "profiles/a/A", "{'a': 1}");
	cr_expect_str_eq(fixture_json(f, "profiles/a/A"), "{'a':1}");
	cr_expect_eq(f->effective.schema.len, 0);
	cr_assert_eq(f->effective.warnings.count, 1);
	cr_expect_eq(f->effective.warnings.items[0].line, 1);
	cr_expect_str_eq(f->effective.warnings.items[0].text,
			 "has no $schema: it is stored unchecked");
}

Test(profile_merge, an_effective_configuration_outlives_its_layers)
{
	struct effective e;
	FIXTURE(f);

	fixture_put(f, "profiles/a/x",
		    "{'$schema': 's', 'text': 'abc', 'n': 12, 's': '${secret:p/q#k}'}");
	fixture_json(f, "profiles/a/x");
	e = f->effective;
	f->effective = (struct effective){.tree = TREE_INIT(0, false)};
	for (uint32_t i = 0; i < f->count; i++)
		tree_clear(&f->trees[i]);
	arena_clear(&f->arena);
	cr_expect_str_eq(fixture_node_json(f, &e.tree.root),
			 "{'text':'abc','n':12,'s':'${secret:p/q#k}'}");
	cr_expect(slice_is_text(e.sources[0].path, "profiles/a/x"));
	cr_expect(slice_is_text(e.secrets[0].path, "secrets/p/q"));
	cr_expect(slice_is_text(e.schema, "schemas/s"));
	effective_clear(&e);
}

/* Layers times keys would be 256 * 50,000 here. */
Test(profile_merge, many_layers_over_a_wide_map_cost_what_they_hold)
{
	static char paths[31][32];
	CLEANUP(buf_clear) struct buf json = BUF_NULL;
	FIXTURE(f);

	buf_append_text(&json, "{'l': [");
	for (int i = 0; i < 20000; i++)
		buf_printf(&json, "%s%d", i != 0 ? "," : "", i);
	buf_append_text(&json, "]");
	for (int i = 0; i < 20000; i++)
		buf_printf(&json, ",'k%d':%d", i, i);
	buf_append_text(&json, "}");
	for (int i = 0; i < 31; i++) {
		char layer[96];

		snprintf(paths[i], sizeof paths[i], "profiles/a/p%d", i);
		snprintf(layer, sizeof layer,
			 "{'$extends': 'p%d', 'k%d': null, 'l': {'$append': [1], '$remove': [%d]}}",
			 i - 1, i, i + 5);
		fixture_put(f, paths[i], i == 0 ? json.data : layer);
	}
	cr_expect_eq(fixture_resolve(f, paths[30]), OK, "%s", f->err.text);
	cr_expect_eq(f->effective.tree.root.count, 20001 - 30);
	/* 30 are taken away and 30 ones put behind. */
	cr_expect_eq(TREE_GET(&f->effective.tree.root, "l")->count, 20000);
}

#define CHOSEN_KEYS  1500
#define CHOSEN_SLOTS 4096 /* of a table for so many keys */

/* Keys that all want one place in a table, as anybody can find them: the hash has no secret. */
Test(profile_merge, keys_that_were_chosen_to_collide_are_refused)
{
	CLEANUP(buf_clear) struct buf json = BUF_NULL;
	uint32_t found = 0;
	FIXTURE(f);

	buf_append_text(&json, "{'m': {");
	for (uint32_t i = 0; found < CHOSEN_KEYS; i++) {
		char key[16];
		int len = snprintf(key, sizeof key, "%u", i);

		if ((hash_bytes(key, (size_t)len) & (CHOSEN_SLOTS - 1)) == 0)
			buf_printf(&json, "%s'%s':1", found++ != 0 ? "," : "", key);
	}
	buf_append_text(&json, "}}");
	fixture_put(f, "profiles/a/x", json.data);
	cr_expect_eq(fixture_resolve(f, "profiles/a/x"), E_LIMIT);
	cr_expect_str_eq(f->err.text, "holds too many keys or items of one hash");
}

Test(profile_merge, as_many_keys_as_a_document_holds_are_merged)
{
	CLEANUP(buf_clear) struct buf json = BUF_NULL;
	FIXTURE(f);

	buf_append_text(&json, "{'m': {");
	for (int i = 0; i < 60000; i++)
		buf_printf(&json, "%s'k%d':%d", i != 0 ? "," : "", i, i);
	buf_append_text(&json, "}}");
	fixture_put(f, "profiles/a/base", json.data);
	fixture_put(f, "profiles/a/x",
		    "{'$extends': 'base', 'm': {'k7': null, 'n': '${m.k59999}'}}");
	cr_expect_eq(fixture_resolve(f, "profiles/a/x"), OK, "%s", f->err.text);
	cr_expect_eq(TREE_GET(&f->effective.tree.root, "m")->count, 60000);
}
