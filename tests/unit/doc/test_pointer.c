#include "doc/pointer.h"

#include "helpers.h"

Test(pointer, the_examples_of_rfc_6901_lead_where_it_says)
{
	static const struct {
		const char *pointer, *json;
	} cases[] = {
		{"/foo", "[\"bar\",\"baz\"]"},
		{"/foo/0", "\"bar\""},
		{"/", "0"},
		{"/a~1b", "1"},
		{"/c%d", "2"},
		{"/e^f", "3"},
		{"/g|h", "4"},
		{"/i\\j", "5"},
		{"/k\"l", "6"},
		{"/ ", "7"},
		{"/m~0n", "8"},
		{"/x/y~01/2", "true"},
	};
	CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);

	must_read(&t, "{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,\"g|h\":4,"
		      "\"i\\\\j\":5,\"k\\\"l\":6,\" \":7,\"m~n\":8,\"x\":{\"y~1\":[0,1,true]}}");
	cr_expect_eq(pointer_get(&t.root, SLICE_LITERAL("")), &t.root);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(buf_clear) struct buf out = BUF_NULL;
		const struct tree_node *n = pointer_get(&t.root, slice_text(cases[i].pointer));

		cr_assert_not_null(n, "%s", cases[i].pointer);
		json_write(&out, n);
		expect_written(&out, cases[i].json);
	}
}

Test(pointer, what_is_not_there_is_null)
{
	static const char *const nowhere[] = {
		"/x",
		"/foo/2",
		"/foo/-",
		"/foo/00",
		"/foo/01",
		"/foo/+1",
		"/foo/",
		"/foo/0/",
		"/foo/0/bar",
		"/foo/ 1",
		"/foo/4294967296",
		"/n/0",
		"//",
		"/a~0b",
		"/foo/1e0",
		"/foo/a",
		"/foo/99999999999999999999",
	};
	CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);

	must_read(&t, "{\"foo\":[\"bar\",\"baz\"],\"a/b\":1,\"n\":null}");
	for (size_t i = 0; i < ARRAY_SIZE(nowhere); i++)
		cr_expect_null(pointer_get(&t.root, slice_text(nowhere[i])), "%s", nowhere[i]);
}

Test(pointer, a_long_key_with_escapes_is_found)
{
	CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);
	CLEANUP(buf_clear) struct buf json = BUF_NULL;
	CLEANUP(buf_clear) struct buf pointer = BUF_NULL;

	for (int len = 200; len < 300; len++) {
		buf_reset(&json);
		buf_reset(&pointer);
		buf_append_text(&json, "{\"other\":1,\"~");
		for (int i = 0; i < len; i++)
			buf_append_char(&json, i % 5 == 0 ? '/' : 'x');
		buf_append_text(&json, "\":true}");
		tree_clear(&t);
		must_read(&t, json.data);
		pointer_append_key(&pointer, tree_key(&t.root.of.members[1]));
		cr_expect_eq(pointer_get(&t.root, buf_slice(&pointer)), &t.root.of.members[1].value,
			     "%d", len);
		buf_append_char(&pointer, 'y');
		cr_expect_null(pointer_get(&t.root, buf_slice(&pointer)));
	}
}

Test(pointer, only_rfc_6901s_form_is_valid)
{
	static const struct {
		const char *text;
		bool is_valid;
	} cases[] = {
		{"", true},    {"/", true},   {"//", true},   {"/a~0~1", true}, {"a", false},
		{"#/", false}, {"/~", false}, {"/~2", false}, {"/a~/b", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_eq(pointer_is_valid(slice_text(cases[i].text)), cases[i].is_valid, "%s",
			     cases[i].text);
}

Test(pointer, what_is_appended_is_taken_off_again)
{
	static const char *const keys[] = {"a", "", "a/b", "~", "~1", "x~0y/z", "gr\xc3\xbc"};
	CLEANUP(buf_clear) struct buf pointer = BUF_NULL;
	CLEANUP(buf_clear) struct buf token = BUF_NULL;
	struct slice rest;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		pointer_append_key(&pointer, slice_text(keys[i]));
	pointer_append_index(&pointer, 4294967295);
	cr_expect_str_eq(pointer.data, "/a//a~1b/~0/~01/x~00y~1z/gr\xc3\xbc/4294967295");
	cr_expect(pointer_is_valid(buf_slice(&pointer)));
	rest = buf_slice(&pointer);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		cr_assert(pointer_next_token(&rest, &token));
		cr_expect_str_eq(buf_slice(&token).data, keys[i]);
	}
	cr_assert(pointer_next_token(&rest, &token));
	cr_expect_str_eq(token.data, "4294967295");
	cr_expect_not(pointer_next_token(&rest, &token));
}
