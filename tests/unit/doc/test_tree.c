#include "helpers.h"

#include <stdio.h>

Test(tree, a_member_is_found_in_small_and_large_objects)
{
	for (int count = 0; count < 300; count += count < 20 ? 1 : 93) {
		CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);
		CLEANUP(buf_clear) struct buf text = BUF_NULL;

		buf_append_char(&text, '{');
		for (int i = 0; i < count; i++)
			buf_printf(&text, "%s\"key%d\":%d", i != 0 ? "," : "", i, i);
		buf_append_char(&text, '}');
		must_read(&t, text.data);
		cr_assert_eq(t.root.count, count);
		cr_expect_eq(t.root.as.index != NULL, count > TREE_INDEX_MIN);
		for (int i = 0; i < count; i++) {
			char key[32];
			const struct tree_node *n;

			snprintf(key, sizeof key, "key%d", i);
			n = tree_get(&t.root, slice_text(key));
			cr_assert_not_null(n, "%s of %d", key, count);
			cr_expect_eq(n->as.integer, i);
		}
		cr_expect_null(TREE_GET(&t.root, "key"));
		cr_expect_null(TREE_GET(&t.root, "key300"));
		cr_expect_null(TREE_GET(&t.root, ""));
	}
}

Test(tree, what_is_no_object_has_no_members)
{
	CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);

	must_read(&t, "[\"a\",1]");
	cr_expect_null(TREE_GET(&t.root, "a"));
	cr_expect_null(TREE_GET(&t.root.of.items[0], "a"));
	cr_expect_null(TREE_GET(NULL, "a"));
}

/* Keys of one chosen hash: what an attacker who can compute it would send. */
Test(tree, keys_that_collide_are_told_apart_by_length_and_bytes)
{
	enum { COUNT = 2000 };
	CLEANUP(arena_clear) struct arena a = ARENA_NULL;
	struct tree_member *members = arena_alloc_array(&a, COUNT, sizeof *members);
	struct tree_node object = {0};

	for (uint32_t i = 0; i < COUNT; i++) {
		char key[32];

		snprintf(key, sizeof key, "k%u", i * 7919 % COUNT);
		members[i] = (struct tree_member){
			.key = arena_text(&a, slice_text(key)),
			.key_len = (uint32_t)strlen(key),
			.hash = 42,
		};
		cr_assert(tree_copy_integer(&members[i].value, &a, i));
	}
	cr_assert_eq(tree_set_object(&object, &a, members, COUNT, NULL), OK);
	for (uint32_t i = 0; i < COUNT; i++) {
		const struct tree_node *n = tree_get_hashed(&object, tree_key(&members[i]), 42);

		cr_assert_not_null(n);
		cr_expect_eq(n->as.integer, i);
	}
	cr_expect_null(tree_get_hashed(&object, SLICE_LITERAL("k"), 42));
	cr_expect_null(tree_get_hashed(&object, SLICE_LITERAL("k1"), 43));
}

Test(tree, duplicates_are_found_whether_the_object_is_small_or_large)
{
	for (uint32_t count = 2; count <= 40; count++) {
		CLEANUP(arena_clear) struct arena a = ARENA_NULL;
		struct tree_member members[40] = {0};
		struct tree_node object = {0};
		struct error err = ERROR_NULL;

		for (uint32_t i = 0; i < count; i++) {
			char key[16];

			snprintf(key, sizeof key, "k%u", i == count - 1 ? 0 : i);
			members[i].key = arena_text(&a, slice_text(key));
			members[i].key_len = (uint32_t)strlen(key);
			members[i].line = i + 1;
			members[i].column = 3;
		}
		cr_expect_eq(tree_set_object(&object, &a, members, count, &err), E_INVALID);
		cr_expect_eq(err.line, count);
		cr_expect_eq(err.column, 3);
		cr_expect(strstr(err.text, "\"k0\"") != NULL && strstr(err.text, "line 1") != NULL);
	}
}

Test(tree, equality_is_by_value)
{
	static const struct {
		const char *a, *b;
		bool is_equal;
	} cases[] = {
		{"null", "null", true},
		{"null", "false", false},
		{"true", "true", true},
		{"true", "false", false},
		{"1", "true", false},
		{"1", "\"1\"", false},
		{"1", "1.0", true},
		{"\"a\"", "\"\\u0061\"", true},
		{"\"a\"", "\"b\"", false},
		{"\"a\\u0000b\"", "\"a\"", false},
		{"[1,2]", "[1,2.0]", true},
		{"[1,2]", "[2,1]", false},
		{"[1,2]", "[1,2,3]", false},
		{"[]", "{}", false},
		{"{\"a\":1,\"b\":[{}]}", "{\"b\":[{}],\"a\":1e0}", true},
		{"{\"a\":1,\"b\":2}", "{\"a\":1,\"c\":2}", false},
		{"{\"a\":1}", "{\"a\":1,\"b\":2}", false},
		{"{\"a\":{\"b\":null}}", "{\"a\":{}}", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(tree_clear) struct tree a = TREE_INIT(0, false);
		CLEANUP(tree_clear) struct tree b = TREE_INIT(0, false);

		must_read(&a, cases[i].a);
		must_read(&b, cases[i].b);
		cr_expect_eq(tree_is_equal(&a.root, &b.root), cases[i].is_equal, "%s %s",
			     cases[i].a, cases[i].b);
		cr_expect_eq(tree_is_equal(&b.root, &a.root), cases[i].is_equal);
		cr_expect_eq(tree_hash(&a.root) == tree_hash(&b.root), cases[i].is_equal, "%s %s",
			     cases[i].a, cases[i].b);
	}
}

Test(tree, what_is_opaque_equals_nothing_but_itself)
{
	struct tree_node a, b;

	tree_set_string(&a, SLICE_LITERAL(""));
	a.flags = TREE_IS_SECRET | TREE_IS_OPAQUE;
	b = a;
	cr_expect(tree_is_equal(&a, &a));
	cr_expect_not(tree_is_equal(&a, &b));
}

Test(tree, integers_are_written_as_text)
{
	static const struct {
		int64_t value;
		const char *text;
	} cases[] = {
		{0, "0"},
		{-1, "-1"},
		{1234567890, "1234567890"},
		{INT64_MAX, "9223372036854775807"},
		{INT64_MIN, "-9223372036854775808"},
	};
	CLEANUP(arena_clear) struct arena a = ARENA_NULL;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct tree_node n, again;

		cr_assert(tree_copy_integer(&n, &a, cases[i].value));
		cr_expect_str_eq(n.of.text, cases[i].text);
		cr_assert(tree_set_number(&again, tree_text(&n)));
		cr_expect_eq(again.as.integer, cases[i].value);
		cr_expect_eq(again.flags, n.flags);
	}
}

Test(tree, a_copy_needs_nothing_of_what_it_was_copied_from)
{
	static const char text[] =
		"{\"s\":\"text\\u0000\",\"n\":-1.50,\"l\":[null,true,[]],\"o\":{},"
		"\"1\":1,\"2\":1,\"3\":1,\"4\":1,\"5\":1,\"6\":1,\"7\":1,\"8\":1,\"9\":1,\"10\":1,"
		"\"11\":1,\"12\":1,\"13\":1,\"14\":1}";
	CLEANUP(tree_clear) struct tree copy = TREE_INIT(0, false);
	CLEANUP(buf_clear) struct buf out = BUF_NULL;
	struct tree t = TREE_INIT(0, true);
	const struct tree_node *n;

	must_read(&t, text);
	t.root.source = 7;
	cr_assert_eq(tree_copy(&copy.root, &copy.arena, &t.root, NULL), OK);
	tree_clear(&t);
	cr_expect_eq(t.root.count, 0);
	json_write(&out, &copy.root);
	expect_written(&out, text);
	cr_expect_eq(copy.root.source, 7);
	n = TREE_GET(&copy.root, "n");
	cr_assert_not_null(n);
	cr_expect(n->line == 1 && n->column == 23, "%u", n->column);
}

Test(tree, kinds_have_the_names_of_json)
{
	cr_expect_str_eq(tree_kind_name(TREE_NULL), "null");
	cr_expect_str_eq(tree_kind_name(TREE_BOOL), "boolean");
	cr_expect_str_eq(tree_kind_name(TREE_OBJECT), "object");
}
