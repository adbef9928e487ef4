#include "doc/read.h"
#include "doc/write.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

static enum result read_within(struct tree *ret, struct slice text, struct doc_limits limits,
			       struct error *err)
{
	return doc_read(ret, DOC_YAML, text, &limits, NULL, err);
}

static enum result read_text(struct tree *ret, const char *text, struct error *err)
{
	return read_within(ret, slice_text(text), DOC_LIMITS_DEFAULT, err);
}

static void expect_json(const char *text, const char *json)
{
	CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);
	CLEANUP(buf_clear) struct buf out = BUF_NULL;
	struct error err = ERROR_NULL;

	cr_expect_eq(read_text(&t, text, &err), OK, "%s: %u:%u %s", text, err.line, err.column,
		     err.text);
	json_write(&out, &t.root);
	cr_expect_str_eq(buf_slice(&out).data, json);
}

Test(yaml, maps_lists_and_scalars_become_the_tree_that_json_gives)
{
	static const struct {
		const char *yaml, *json;
	} cases[] = {
		{"", "null"},
		{"# nothing\n", "null"},
		{"---\n...\n", "null"},
		{"a: 1", "{\"a\":1}"},
		{"a:\n  - 1\n  - {b: c}\n  - [x, 'y']\n",
		 "{\"a\":[1,{\"b\":\"c\"},[\"x\",\"y\"]]}"},
		{"--- {}\n", "{}"},
		{"[]", "[]"},
		{"{\"a\": \"b\", \"c\": [1, 2.5, true, null]}",
		 "{\"a\":\"b\",\"c\":[1,2.5,true,null]}"},
		{"a:\nb: ~\nc: ''\n", "{\"a\":null,\"b\":null,\"c\":\"\"}"},
		{"t: |\n  one\n  two\n", "{\"t\":\"one\\ntwo\\n\"}"},
		{"t: >-\n  one\n  two\n", "{\"t\":\"one two\"}"},
		{"'it''s': \"\\u00fc\\x41\\n\"", "{\"it's\":\"\xc3\xbc"
						 "A\\n\"}"},
		{"\xef\xbb\xbf"
		 "a: 1\n",
		 "{\"a\":1}"},
		{"a: 1\r\nb: 2\r\n", "{\"a\":1,\"b\":2}"},
		{"text with spaces", "\"text with spaces\""},
		{"url: jdbc:postgresql://${warehouse.host}/orders",
		 "{\"url\":\"jdbc:postgresql://${warehouse.host}/orders\"}"},
		{"[{a: 1}, b: 2]", "[{\"a\":1},{\"b\":2}]"},
		{"? a\n: b\n", "{\"a\":\"b\"}"},
		{"%YAML 1.2\n---\na: 1\n", "{\"a\":1}"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		expect_json(cases[i].yaml, cases[i].json);
}

Test(yaml, plain_scalars_resolve_by_the_core_schema)
{
	static const struct {
		const char *yaml, *json;
	} cases[] = {
		{"null", "null"},
		{"Null", "null"},
		{"NULL", "null"},
		{"~", "null"},
		{"nULL", "\"nULL\""},
		{"true", "true"},
		{"True", "true"},
		{"TRUE", "true"},
		{"tRUE", "\"tRUE\""},
		{"false", "false"},
		{"FALSE", "false"},
		{"no", "\"no\""},
		{"yes", "\"yes\""},
		{"on", "\"on\""},
		{"Off", "\"Off\""},
		{"n", "\"n\""},
		{"0", "0"},
		{"-0", "-0"},
		{"+12", "12"},
		{"-12", "-12"},
		{"007", "7"},
		{"0755", "755"},
		{"000", "0"},
		{"0o17", "15"},
		{"0o", "\"0o\""},
		{"0o8", "\"0o8\""},
		{"0x1F", "31"},
		{"0xff", "255"},
		{"-0x1F", "\"-0x1F\""},
		{"0b11", "\"0b11\""},
		{"1_000", "\"1_000\""},
		{"12:30", "\"12:30\""},
		{".5", "0.5"},
		{"-.5", "-0.5"},
		{"+.5", "0.5"},
		{"1.", "1.0"},
		{"1.e3", "1.0e3"},
		{"01.50", "1.50"},
		{"1e3", "1e3"},
		{"1E+3", "1E+3"},
		{"1.5e-10", "1.5e-10"},
		{"1e", "\"1e\""},
		{".", "\".\""},
		{"-", "[null]"},
		{"+", "\"+\""},
		{"1.2.3", "\"1.2.3\""},
		{".e3", "\".e3\""},
		{"+-1", "\"+-1\""},
		{"2026-01-01", "\"2026-01-01\""},
		{"0xffffffffffffffffffff", "1208925819614629174706175"},
		{"0o7777777777777777777777777", "37778931862957161709567"},
		{"123456789012345678901234567890", "123456789012345678901234567890"},
		{"'12'", "\"12\""},
		{"\"true\"", "\"true\""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		expect_json(cases[i].yaml, cases[i].json);
}

Test(yaml, core_tags_are_honoured)
{
	static const struct {
		const char *yaml, *json;
	} cases[] = {
		{"!!str 12", "\"12\""},
		{"!!str", "\"\""},
		{"! 12", "\"12\""},
		{"!!int \"12\"", "12"},
		{"!!float 1", "1"},
		{"!!float '1.5'", "1.5"},
		{"!!bool 'true'", "true"},
		{"!!null ''", "null"},
		{"!!map {a: 1}", "{\"a\":1}"},
		{"!!seq [1]", "[1]"},
		{"!!str a: 1", "{\"a\":1}"},
		{"!<tag:yaml.org,2002:str> 5", "\"5\""},
		{"%TAG ! tag:yaml.org,2002:\n---\n!int 5", "5"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		expect_json(cases[i].yaml, cases[i].json);
}

Test(yaml, aliases_stand_for_their_anchors)
{
	static const struct {
		const char *yaml, *json;
	} cases[] = {
		{"a: &x [1, 2]\nb: *x\n", "{\"a\":[1,2],\"b\":[1,2]}"},
		{"[&a 1, *a, &a 2, *a]", "[1,1,2,2]"},
		{"&k key: *k", "{\"key\":\"key\"}"},
		{"a: &a {b: &b {c: 1}, d: *b}\ne: [*a, *b]",
		 "{\"a\":{\"b\":{\"c\":1},\"d\":{\"c\":1}},\"e\":[{\"b\":{\"c\":1},\"d\":{\"c\":1}},"
		 "{\"c\":1}]}"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		expect_json(cases[i].yaml, cases[i].json);
}

Test(yaml, what_is_refused_is_refused_with_its_place_and_a_reason)
{
	static const struct {
		const char *text;
		uint32_t line, column;
		const char *reason;
	} cases[] = {
		{"a: 1\nb: 2\na: 3\n", 3, 1, "twice"},
		{"'1': x\n1: y\n", 2, 1, "twice"},
		{"{a: 1, \"a\": 2}", 1, 8, "twice"},
		{"<<: {a: 1}", 1, 1, "$extends"},
		{"base: &b {a: 1}\nuse:\n  <<: *b\n", 3, 3, "$extends"},
		{"!!merge x: {}", 1, 1, "$extends"},
		{"a: !!python/object:os.system x", 1, 4, "tag"},
		{"a: !!binary aGk=", 1, 4, "tag"},
		{"a: !mine x", 1, 4, "tag"},
		{"!!set {a, b}", 1, 1, "tag"},
		{"a: !!int x", 1, 4, "tag"},
		{"a: !!bool yes", 1, 4, "tag"},
		{"a: !!map [1]", 1, 4, "tag"},
		{"!!int 1: a", 1, 1, "key is text"},
		{"? [a]\n: 1\n", 1, 3, "key is text"},
		{"? {a: b}\n: 1\n", 1, 3, "key is text"},
		{"- &a x\n- *a : 1\n", 2, 3, "alias"},
		{"a: *nowhere", 1, 4, "no anchor"},
		{"&a [*a]", 1, 5, "inside"},
		{"a: &x {b: {c: *x}}", 1, 15, "inside"},
		{"a: .inf", 1, 4, "infinity"},
		{"- -.INF", 1, 3, "infinity"},
		{"a: .nan", 1, 4, "infinity"},
		{"!!float .nan", 1, 1, "infinity"},
		{"a: 1\n---\nb: 2\n", 2, 1, "second document"},
		{"{u: ${x}}", 1, 6, "quote a reference"},
		{"list: [${a}, b]", 1, 9, "quote a reference"},
		{"a: b: c", 1, 5, "':'"},
		{"a:\n\tb: 1\n", 2, 1, "quote"},
		{"a: @x", 1, 4, "quote"},
		{"a: 'open\n", 2, 1, "never closed"},
		{"a: \"\\q\"", 1, 5, "escape"},
		{"a: [1, 2", 2, 1, "']'"},
		{"a: 1\n b: 2\n", 2, 3, "':'"},
		{"a:\n  - 1\n b: 2\n", 3, 2, "indentation"},
		{"a: \xff", 1, 4, "UTF-8"},
		{"\xc3\xbc: \x01", 1, 4, "character"},
		{"a: \"\xe2\x80\xa8\"", 1, 5, "separator"},
		{"\xff\xfe"
		 "a",
		 1, 1, "UTF-8"},
		{"%YAML 2.0\n---\na: 1\n", 1, 1, "1.2"},
		{"a: !x!y z", 1, 4, "handle"},
		{"a: 1e1000000000", 1, 4, "exponent"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);
		struct error err = ERROR_NULL;
		enum result rc = read_text(&t, cases[i].text, &err);

		cr_expect(rc == E_MALFORMED || rc == E_LIMIT, "%s", cases[i].text);
		cr_expect(err.line == cases[i].line && err.column == cases[i].column,
			  "%s: %u:%u %s", cases[i].text, err.line, err.column, err.text);
		cr_expect(strstr(err.text, cases[i].reason) != NULL, "%s: %s", cases[i].text,
			  err.text);
	}
}

Test(yaml, utf_16_is_refused_and_not_taken_for_an_empty_document)
{
	CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);

	cr_expect_eq(read_within(&t, slice_make("\xff\xfe", 2), DOC_LIMITS_DEFAULT, NULL),
		     E_MALFORMED);
	cr_expect_eq(read_within(&t, slice_make("a\0:\0 \0b\0", 8), DOC_LIMITS_DEFAULT, NULL),
		     E_MALFORMED);
}

Test(yaml, no_error_quotes_the_input)
{
	static const char *const cases[] = {
		"p: [hunter2",		 "p: {hunter2: ${hunter2}}", "p: @hunter2",
		"p: hunter2: hunter2",	 "p: \"hunter2\\q\"",	     "p: *hunter2",
		"p: !hunter2 hunter2",	 "p: !!int hunter2",	     "- hunter2\nhunter2: x",
		"%hunter2 x\n---\na: b", "p: !hunter2!x y",	     "p: 'hunter2",
		"p: \x01hunter2",	 "&hunter2 [*hunter2]",	     "? [hunter2]\n: x",
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);
		struct error err = ERROR_NULL;

		cr_expect_neq(read_text(&t, cases[i], &err), OK, "%s", cases[i]);
		cr_expect(err.text[0] != '\0' && strstr(err.text, "hunter") == NULL, "%s: %s",
			  cases[i], err.text);
	}
}

Test(yaml, every_node_and_key_knows_its_line_and_column)
{
	CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);
	const struct tree_member *m;
	const struct tree_node *list;

	cr_assert_eq(read_text(&t, "# first\n\xc3\xbc: \xe2\x82\xac\nk:\n  - 1\n  -   {a: b}\n",
			       NULL),
		     OK);
	cr_expect(t.root.line == 2 && t.root.column == 1);
	m = tree_get_member(&t.root, SLICE_LITERAL("\xc3\xbc"));
	cr_assert_not_null(m);
	cr_expect(m->line == 2 && m->column == 1);
	cr_expect(m->value.line == 2 && m->value.column == 4);
	list = TREE_GET(&t.root, "k");
	cr_assert_not_null(list);
	cr_expect(list->line == 4 && list->column == 3);
	cr_expect(list->of.items[1].line == 5 && list->of.items[1].column == 7);
	cr_expect(list->of.items[1].of.members[0].value.column == 11);
}

Test(yaml, a_byte_order_mark_moves_no_column)
{
	CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);

	cr_assert_eq(read_text(&t, "\xef\xbb\xbfk: v\n", NULL), OK);
	cr_expect_eq(t.root.of.members[0].column, 1);
	cr_expect_eq(t.root.of.members[0].value.column, 4);
}

Test(yaml, bounds_count_what_aliases_expand_to)
{
	struct doc_limits limits = DOC_LIMITS_DEFAULT;
	CLEANUP(buf_clear) struct buf laughs = BUF_NULL;
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	struct error err = ERROR_NULL;

	buf_append_text(&laughs, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 10; i++) {
		buf_printf(&laughs, "a%d: &a%d [", i, i);
		for (int k = 0; k < 9; k++)
			buf_printf(&laughs, "*a%d, ", i - 1);
		buf_printf(&laughs, "*a%d]\n", i - 1);
	}
	buf_append_text(&text, "a: &a ");
	for (int i = 0; i < 1000; i++)
		buf_append_text(&text, "xxxxxxxxxx");
	buf_append_text(&text, "\nb: [");
	for (int i = 0; i < 1000; i++)
		buf_append_text(&text, "*a, ");
	buf_append_text(&text, "x]\n");

	CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);
	cr_expect_eq(read_within(&t, buf_slice(&laughs), limits, &err), E_LIMIT);
	cr_expect(strstr(err.text, "values") != NULL, "%s", err.text);
	cr_expect_eq(read_within(&t, buf_slice(&text), limits, &err), E_LIMIT);
	cr_expect(strstr(err.text, "aliases") != NULL, "%s", err.text);
	limits.depth_max = 3;
	cr_expect_eq(read_within(&t, slice_text("[&a [[1]], [*a]]"), limits, &err), E_LIMIT);
	cr_expect_eq(read_within(&t, slice_text("[&a [[1]], *a]"), limits, &err), OK);
}

Test(yaml, depth_nodes_bytes_and_anchors_are_bounded)
{
	CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);
	CLEANUP(buf_clear) struct buf deep = BUF_NULL;
	CLEANUP(buf_clear) struct buf anchors = BUF_NULL;
	struct doc_limits limits = {30, 3, 4, NULL};

	cr_expect_eq(read_within(&t, slice_text("[1, 2, 3]"), limits, NULL), OK);
	cr_expect_eq(read_within(&t, slice_text("[1, 2, 3, 4]"), limits, NULL), E_LIMIT);
	cr_expect_eq(read_within(&t, slice_text("a:\n b:\n  c: 1\n"), limits, NULL), OK);
	cr_expect_eq(read_within(&t, slice_text("a:\n b:\n  c:\n   d: 1"), limits, NULL), E_LIMIT);
	cr_expect_eq(read_within(&t, slice_text("a: 0123456789012345678901234567890"), limits,
				 NULL),
		     E_TOO_LARGE);
	for (int i = 0; i < 200000; i++)
		buf_append_char(&deep, '[');
	cr_expect_eq(read_within(&t, buf_slice(&deep), DOC_LIMITS_DEFAULT, NULL), E_LIMIT);
	for (int i = 0; i < 1001; i++)
		buf_printf(&anchors, "- &a%d x\n", i);
	cr_expect_eq(read_within(&t, buf_slice(&anchors), DOC_LIMITS_DEFAULT, NULL), E_LIMIT);
}

Test(yaml, directives_are_bounded_wherever_they_stand)
{
	static const char *const begins[] = {"", "a: 1\n...\n"};

	for (size_t i = 0; i < ARRAY_SIZE(begins); i++) {
		CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);
		CLEANUP(buf_clear) struct buf text = BUF_NULL;
		struct error err = ERROR_NULL;

		buf_append_text(&text, begins[i]);
		for (int k = 0; k < 101; k++)
			buf_printf(&text, "%%TAG !%d! x\n", k);
		buf_append_text(&text, "---\na: 1\n");
		cr_expect_eq(read_within(&t, buf_slice(&text), DOC_LIMITS_DEFAULT, &err), E_LIMIT);
		cr_expect(strstr(err.text, "%TAG") != NULL && err.line == (i == 0 ? 101 : 103),
			  "%u %s", err.line, err.text);
	}
	expect_json("a: '%TAG !a! x'\nb: \"\n %TAG\"\n", "{\"a\":\"%TAG !a! x\",\"b\":\" %TAG\"}");
}

Test(yaml, what_yaml_1_1_reads_otherwise_is_warned_of_with_its_place)
{
	static const struct {
		const char *text;
		uint32_t warnings, line, column;
	} cases[] = {
		{"a: no", 1, 1, 4},
		{"a: Yes", 1, 1, 4},
		{"a: off", 1, 1, 4},
		{"a: y", 1, 1, 4},
		{"a: 0755", 1, 1, 4},
		{"a: 089", 1, 1, 4},
		{"a: 0o17", 1, 1, 4},
		{"a: 12:30", 1, 1, 4},
		{"a: 1:30:15.5", 1, 1, 4},
		{"a: 1_000", 1, 1, 4},
		{"a: 1_0.5", 1, 1, 4},
		{"a: 0b11", 1, 1, 4},
		{"a: -0x1F", 1, 1, 4},
		{"a: 1e3", 1, 1, 4},
		{"a: 1.5e3", 1, 1, 4},
		{"on: push", 1, 1, 1},
		{"1: x", 1, 1, 1},
		{"true: x", 1, 1, 1},
		{"%YAML 1.1\n---\na: b", 1, 1, 1},
		{"x: [1, no,\n yes]", 2, 1, 8},
		{"a: 'no'", 0, 0, 0},
		{"a: !!str no", 0, 0, 0},
		{"a: 0", 0, 0, 0},
		{"a: 1.0e+3", 0, 0, 0},
		{"a: 755", 0, 0, 0},
		{"a: -12", 0, 0, 0},
		{"a: 0x1F", 0, 0, 0},
		{"a: true", 0, 0, 0},
		{"a: none", 0, 0, 0},
		{"a: 127.0.0.1:80", 0, 0, 0},
		{"a: http://x:80", 0, 0, 0},
		{"'on': push", 0, 0, 0},
		{"a: 1.5", 0, 0, 0},
		{"a: snake_case", 0, 0, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);
		struct doc_limits limits = DOC_LIMITS_DEFAULT;
		struct doc_warnings warnings = {.count = 77};

		cr_expect_eq(doc_read(&t, DOC_YAML, slice_text(cases[i].text), &limits, &warnings,
				      NULL),
			     OK);
		cr_expect_eq(warnings.count, cases[i].warnings, "%s", cases[i].text);
		if (warnings.count == 0 || cases[i].warnings == 0)
			continue;
		cr_expect(warnings.items[0].line == cases[i].line &&
				  warnings.items[0].column == cases[i].column,
			  "%s", cases[i].text);
		cr_expect(strlen(warnings.items[0].text) > 20);
	}
}

Test(yaml, warnings_beyond_the_bound_are_counted)
{
	CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	struct doc_limits limits = DOC_LIMITS_DEFAULT;
	struct doc_warnings warnings;

	for (int i = 0; i < DOC_WARNINGS_MAX + 5; i++)
		buf_append_text(&text, "- no\n");
	cr_assert_eq(doc_read(&t, DOC_YAML, buf_slice(&text), &limits, &warnings, NULL), OK);
	cr_expect_eq(warnings.count, DOC_WARNINGS_MAX);
	cr_expect_eq(warnings.dropped, 5);
}

Test(yaml, a_scalar_alone_resolves_as_a_plain_one)
{
	static const struct {
		const char *text;
		enum tree_kind kind;
	} cases[] = {
		{"", TREE_NULL},       {"null", TREE_NULL},  {"12", TREE_NUMBER},
		{"1.5", TREE_NUMBER},  {"true", TREE_BOOL},  {"no", TREE_STRING},
		{"a: b", TREE_STRING}, {"[1]", TREE_STRING}, {"#x", TREE_STRING},
		{"0x10", TREE_NUMBER}, {" 12", TREE_STRING},
	};
	CLEANUP(arena_clear) struct arena a = ARENA_NULL;
	struct tree_node n;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cr_expect_eq(doc_read_scalar(&n, &a, slice_text(cases[i].text), NULL), OK);
		cr_expect_eq(n.kind, cases[i].kind, "%s", cases[i].text);
	}
	cr_expect_eq(doc_read_scalar(&n, &a, SLICE_LITERAL(".inf"), NULL), E_MALFORMED);
	cr_expect_eq(doc_read_scalar(&n, &a, SLICE_LITERAL("\xff"), NULL), E_MALFORMED);
}
