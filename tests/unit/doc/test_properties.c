#include "helpers.h"

Test(properties, nested_keys_are_joined_and_escaped_for_java)
{
	static const struct {
		const char *json, *expected;
	} cases[] = {
		{"{}", ""},
		{"[]", ""},
		{"{\"a\":{\"b\":{\"c\":1}},\"d\":true}", "a.b.c=1\nd=true\n"},
		{"{\"l\":[1,{\"x\":2},[3]]}", "l[0]=1\nl[1].x=2\nl[2][0]=3\n"},
		{"[\"x\"]", "[0]=x\n"},
		{"{\"n\":null,\"e\":\"\",\"m\":{},\"q\":[]}", "n=\ne=\n"},
		{"{\"key with = : # !\":\"v = : # !\"}",
		 "key\\ with\\ \\=\\ \\:\\ \\#\\ \\!=v \\= \\: \\# \\!\n"},
		{"{\"a\":\"  two blanks\",\"b\":\"end \"}", "a=\\  two blanks\nb=end \n"},
		{"{\"a\":\"\\t\\n\\r\\f\\\\\\u0001\"}", "a=\\t\\n\\r\\f\\\\\\u0001\n"},
		{"{\"gr\xc3\xbc\xc3\x9f\":\"\xe2\x82\xac\xf0\x9f\x98\x80\"}",
		 "gr\\u00FC\\u00DF=\\u20AC\\uD83D\\uDE00\n"},
		{"{\"spark.speculation\":true,\"spark.speculation.interval\":\"100ms\"}",
		 "spark.speculation=true\nspark.speculation.interval=100ms\n"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);
		CLEANUP(buf_clear) struct buf out = BUF_NULL;

		must_read(&t, cases[i].json);
		cr_expect_eq(properties_write(&out, &t.root, NULL), OK);
		expect_written(&out, cases[i].expected);
	}
}

Test(properties, two_places_for_one_key_are_refused_with_both)
{
	CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);
	CLEANUP(buf_clear) struct buf out = BUF_NULL;
	struct error err = ERROR_NULL;

	must_read(&t, "{\"x\":0,\"a\":{\"b\":1},\n\"a.b\":2}");
	cr_expect_eq(properties_write(&out, &t.root, &err), E_CONFLICT);
	cr_expect(strstr(err.text, "\"/a/b\" and \"/a.b\"") != NULL, "%s", err.text);
	cr_expect(err.line == 2 && err.column == 7);
	cr_expect_eq(out.len, 0);
}

Test(properties, a_single_value_is_refused)
{
	CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);
	CLEANUP(buf_clear) struct buf out = BUF_NULL;

	must_read(&t, "\"x\"");
	cr_expect_eq(properties_write(&out, &t.root, NULL), E_INVALID);
}

Test(properties, names_that_multiply_are_a_limit)
{
	CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);
	CLEANUP(buf_clear) struct buf json = BUF_NULL;
	CLEANUP(buf_clear) struct buf out = BUF_NULL;

	buf_append_text(&json, "{\"");
	for (int i = 0; i < 100000; i++)
		buf_append_text(&json, "xxxx");
	buf_append_text(&json, "\":[");
	for (int i = 0; i < 1000; i++)
		buf_append_text(&json, "1,");
	buf_append_text(&json, "1]}");
	must_read(&t, json.data);
	cr_expect_eq(properties_write(&out, &t.root, NULL), E_LIMIT);
	cr_expect_eq(env_write(&out, &t.root, slice_text(""), NULL), E_LIMIT);
}
