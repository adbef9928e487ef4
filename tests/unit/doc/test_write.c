#include "helpers.h"

Test(json_write, pretty_is_indented_by_two_and_ends_with_a_newline)
{
	CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);
	CLEANUP(buf_clear) struct buf out = BUF_NULL;

	must_read(&t, "{\"a\":[1,{\"b\":null}],\"e\":{},\"l\":[]}");
	json_write_pretty(&out, &t.root);
	expect_written(&out, "{\n  \"a\": [\n    1,\n    {\n      \"b\": null\n    }\n  ],\n"
			     "  \"e\": {},\n  \"l\": []\n}\n");
}

Test(json_write, sorted_members_stand_in_the_order_of_their_bytes)
{
	CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);
	CLEANUP(buf_clear) struct buf out = BUF_NULL;

	must_read(&t,
		  "{\"b\":1.0,\"a\":{\"d\":[],\"c\":2},\"\xc3\xbc\":3,\"aa\":4,\"\":5,\"Z\":6}");
	json_write_sorted(&out, &t.root);
	expect_written(&out, "{\"\":5,\"Z\":6,\"a\":{\"c\":2,\"d\":[]},\"aa\":4,\"b\":1.0,"
			     "\"\xc3\xbc\":3}");
}

Test(json_write, what_is_opaque_is_written_as_null)
{
	CLEANUP(buf_clear) struct buf out = BUF_NULL;
	struct tree_node n;

	tree_set_string(&n, SLICE_LITERAL("never seen"));
	n.flags = TREE_IS_SECRET | TREE_IS_OPAQUE;
	json_write(&out, &n);
	yaml_write(&out, &n);
	raw_write(&out, &n);
	expect_written(&out, "nullnull\n");
}

Test(raw_write, scalars_are_bare_and_containers_json)
{
	static const struct {
		const char *json, *raw;
	} cases[] = {
		{"\"it's \\\"x\\\"\\n\"", "it's \"x\"\n"},
		{"null", ""},
		{"true", "true"},
		{"1.50", "1.50"},
		{"{\"a\":[1]}", "{\"a\":[1]}"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);
		CLEANUP(buf_clear) struct buf out = BUF_NULL;

		must_read(&t, cases[i].json);
		raw_write(&out, &t.root);
		expect_written(&out, cases[i].raw);
	}
}

static void expect_yaml(const char *json, const char *yaml)
{
	CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);
	CLEANUP(tree_clear) struct tree again = TREE_INIT(0, false);
	CLEANUP(buf_clear) struct buf out = BUF_NULL;
	struct doc_limits limits = DOC_LIMITS_DEFAULT;
	struct doc_warnings warnings;
	struct error err = ERROR_NULL;

	must_read(&t, json);
	yaml_write(&out, &t.root);
	if (yaml != NULL)
		expect_written(&out, yaml);
	cr_assert_eq(doc_read(&again, DOC_YAML, buf_slice(&out), &limits, &warnings, &err), OK,
		     "%s: %u:%u %s", out.data, err.line, err.column, err.text);
	cr_expect(tree_is_equal(&t.root, &again.root), "%s", out.data);
	cr_expect_eq(warnings.count, 0, "%s", out.data);
}

Test(yaml_write, maps_and_lists_are_written_as_blocks)
{
	static const struct {
		const char *json, *yaml;
	} cases[] = {
		{"{}", "{}\n"},
		{"[]", "[]\n"},
		{"null", "null\n"},
		{"\"text\"", "text\n"},
		{"{\"a\":1,\"b\":{\"c\":[true,null]}}", "a: 1\nb:\n  c:\n    - true\n    - null\n"},
		{"[{\"a\":1,\"b\":{\"c\":2}},[1,[2,3]],{},[]]",
		 "- a: 1\n  b:\n    c: 2\n- - 1\n  - - 2\n    - 3\n- {}\n- []\n"},
		{"{\"t\":\"one\\ntwo\\n\"}", "t: |\n  one\n  two\n"},
		{"{\"t\":\"one\\n\\n  two\"}", "t: |-\n  one\n\n    two\n"},
		{"[\"one\\ntwo\\n\\n\",1]", "- |+\n  one\n  two\n\n- 1\n"},
		{"\"one\\ntwo\"", "|-\n  one\n  two\n"},
		{"{\"t\":\" one\\ntwo\"}", "t: \" one\\ntwo\"\n"},
		{"{\"t\":\"one \\ntwo\"}", "t: \"one \\ntwo\"\n"},
		{"{\"t\":\"\\n\"}", "t: \"\\n\"\n"},
		{"{\"url\":\"jdbc:postgresql://${warehouse.host}/orders\"}",
		 "url: jdbc:postgresql://${warehouse.host}/orders\n"},
		{"{\"r\":\"${var:executors}\"}", "r: ${var:executors}\n"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		expect_yaml(cases[i].json, cases[i].yaml);
}

/* What YAML 1.1's resolvers (PyYAML, SnakeYAML) or syntax would take for something else. */
Test(yaml_write, text_that_a_reader_could_take_for_something_else_is_quoted)
{
	static const char *const quoted[] = {
		"",
		"null",
		"Null",
		"~",
		"true",
		"False",
		"yes",
		"No",
		"on",
		"OFF",
		"y",
		"N",
		"1",
		"-1",
		"+1",
		"0755",
		"0o17",
		"0x1F",
		"0b11",
		"1_000",
		"1.5",
		".5",
		"1.",
		"1e3",
		"1.0e+3",
		".inf",
		"-.INF",
		".nan",
		"12:30",
		"1:30:15.5",
		"2026-01-01",
		"2026-01-01T10:00:00Z",
		"2026-01-01 10:00:00.5 +1",
		"=",
		"<<",
		"-",
		"---",
		"...",
		"- x",
		"? x",
		": x",
		"x: y",
		"x:",
		"x #y",
		"#x",
		"&x",
		"*x",
		"!x",
		"|",
		">",
		"'x'",
		"\\\"x\\\"",
		"%x",
		"@x",
		"`x`",
		"[x]",
		"{x}",
		" x",
		"x ",
		"x\\ty",
		"x\\r",
		"\\u007f",
		"\\u0085",
		"\\u2028",
		"\\ufeff",
		"\\uffff",
		"\\u0000",
		"a\\u2029b",
		",x",
		"10.0.0.1",
	};
	static const char *const plain[] = {
		"x",
		"a b",
		"a:b",
		"a#b",
		"x-y_z.1",
		"10g",
		"4 cores",
		"nope",
		"/a/b",
		"$x",
		"${a}",
		"o'k",
		"gr\xc3\xbc\xc3\x9f",
		"\xe2\x82\xac",
		"http://x/",
		"10.0.0.y",
		"none",
	};

	for (size_t i = 0; i < ARRAY_SIZE(quoted); i++) {
		CLEANUP(buf_clear) struct buf json = BUF_NULL;
		CLEANUP(buf_clear) struct buf yaml = BUF_NULL;

		buf_printf(&json, "{\"k\":[\"%s\"],\"%s\":0}", quoted[i], quoted[i]);
		expect_yaml(json.data, NULL);
		/* What must be escaped is written in JSON's way, in lower case. */
		buf_printf(&yaml, "\"%s\"\n", quoted[i]);
		json.len = 0;
		buf_printf(&json, "\"%s\"", quoted[i]);
		expect_yaml(json.data, yaml.data);
	}
	for (size_t i = 0; i < ARRAY_SIZE(plain); i++) {
		CLEANUP(buf_clear) struct buf json = BUF_NULL;
		CLEANUP(buf_clear) struct buf yaml = BUF_NULL;

		buf_printf(&json, "{\"%s\":\"%s\"}", plain[i], plain[i]);
		buf_printf(&yaml, "%s: %s\n", plain[i], plain[i]);
		expect_yaml(json.data, yaml.data);
	}
}

Test(yaml_write, exponents_are_written_as_yaml_1_1_reads_them)
{
	expect_yaml("[1e3,1E5,1.5e3,-2e-3,1.0e+3,12,-0,1.50,123456789012345678901]",
		    "- 1.0e+3\n- 1.0E+5\n- 1.5e+3\n- -2.0e-3\n- 1.0e+3\n- 12\n- -0\n- 1.50\n"
		    "- 123456789012345678901\n");
}

Test(yaml_write, long_keys_are_written_so_that_readers_find_their_end)
{
	for (int len = 100; len < 3000; len += 290) {
		CLEANUP(buf_clear) struct buf json = BUF_NULL;

		for (int variant = 0; variant < 3; variant++) {
			buf_reset(&json);
			buf_append_text(&json, "[{\"");
			for (int i = 0; i < len; i++)
				buf_append_text(&json, variant == 2 ? "\\u0001" : "k");
			buf_append_text(&json, variant == 1 ? "\":{\"a\":[1]},\"b\":2}]"
							    : "\":\"v\",\"b\":2}]");
			expect_yaml(json.data, NULL);
		}
	}
}

Test(yaml_write, deep_containers_read_back)
{
	CLEANUP(buf_clear) struct buf json = BUF_NULL;

	for (int i = 0; i < 31; i++)
		buf_append_text(&json, "[{\"k\":");
	buf_append_text(&json, "[\"one\\ntwo\"]");
	for (int i = 0; i < 31; i++)
		buf_append_text(&json, "}]");
	expect_yaml(json.data, NULL);
}
