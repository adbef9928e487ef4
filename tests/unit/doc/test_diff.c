#include "doc/diff.h"

#include "helpers.h"

static enum result note(void *ctx, enum diff_op op, struct slice pointer,
			const struct tree_node *from, const struct tree_node *to, struct error *err)
{
	struct buf *out = ctx;

	(void)err;
	buf_printf(out, "%s %.*s", diff_op_name(op), SLICE_ARGS(pointer));
	if (from != NULL) {
		buf_append_char(out, ' ');
		json_write(out, from);
	}
	if (to != NULL) {
		buf_append_text(out, " -> ");
		json_write(out, to);
	}
	buf_append_char(out, '\n');
	return OK;
}

Test(diff, differences_come_in_order_with_their_pointers)
{
	static const struct {
		const char *from, *to, *expected;
	} cases[] = {
		{"{}", "{}", ""},
		{"1", "1.0", ""},
		{"{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", ""},
		{"1", "2", "replace  1 -> 2\n"},
		{"{\"a\":1}", "{\"a\":2}", "replace /a 1 -> 2\n"},
		{"{\"a\":1}", "{\"a\":\"1\"}", "replace /a 1 -> \"1\"\n"},
		{"{\"a\":{}}", "{\"a\":[]}", "replace /a {} -> []\n"},
		{"{\"a/b\":{\"~\":1}}", "{\"a/b\":{\"~\":2}}", "replace /a~1b/~0 1 -> 2\n"},
		{"[1,2,3]", "[1,4]", "replace /1 2 -> 4\nremove /2 3\n"},
		{"[1]", "[1,[2]]", "add /1 -> [2]\n"},
		{"{\"x\":1,\"a\":1,\"y\":{},\"b\":1,\"z\":0}", "{\"n\":0,\"a\":1,\"b\":2}",
		 "add /n -> 0\nremove /x 1\nremove /y {}\nreplace /b 1 -> 2\nremove /z 0\n"},
		{"{\"a\":{\"b\":{\"c\":1,\"d\":2}}}", "{\"a\":{\"b\":{\"d\":2}}}",
		 "remove /a/b/c 1\n"},
		{"{\"a\":null}", "{}", "remove /a null\n"},
		{"{}", "{\"a\":{\"b\":1}}", "add /a -> {\"b\":1}\n"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(tree_clear) struct tree from = TREE_INIT(0, false);
		CLEANUP(tree_clear) struct tree to = TREE_INIT(0, false);
		CLEANUP(buf_clear) struct buf out = BUF_NULL;

		must_read(&from, cases[i].from);
		must_read(&to, cases[i].to);
		cr_expect_eq(diff_trees(&from.root, &to.root, note, &out, NULL, NULL), OK);
		expect_written(&out, cases[i].expected);
	}
}

Test(diff, a_missing_side_is_all_added_or_all_removed)
{
	CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);
	CLEANUP(buf_clear) struct buf out = BUF_NULL;

	must_read(&t, "{\"a\":1}");
	cr_expect_eq(diff_trees(NULL, &t.root, note, &out, NULL, NULL), OK);
	cr_expect_eq(diff_trees(&t.root, NULL, note, &out, NULL, NULL), OK);
	cr_expect_eq(diff_trees(NULL, NULL, note, &out, NULL, NULL), OK);
	expect_written(&out, "add  -> {\"a\":1}\nremove  {\"a\":1}\n");
}

static enum result stop_at_second(void *ctx, enum diff_op op, struct slice pointer,
				  const struct tree_node *from, const struct tree_node *to,
				  struct error *err)
{
	int *calls = ctx;

	(void)op, (void)pointer, (void)from, (void)to;
	return ++*calls == 2 ? fail(err, E_LIMIT, "enough") : OK;
}

Test(diff, the_callers_failure_ends_it)
{
	CLEANUP(tree_clear) struct tree from = TREE_INIT(0, false);
	CLEANUP(tree_clear) struct tree to = TREE_INIT(0, false);
	int calls = 0;

	must_read(&from, "{\"a\":[1,2,3],\"b\":1}");
	must_read(&to, "{\"a\":[4,5,6],\"b\":2}");
	cr_expect_eq(diff_trees(&from.root, &to.root, stop_at_second, &calls, NULL, NULL), E_LIMIT);
	cr_expect_eq(calls, 2);
}

Test(merge_patch, the_cases_of_rfc_7396_come_out_as_it_says)
{
	/* Appendix A, and what a patch does to the order of members. */
	static const struct {
		const char *target, *patch, *expected;
	} cases[] = {
		{"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
		{"{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"},
		{"{\"a\":\"b\"}", "{\"a\":null}", "{}"},
		{"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"},
		{"{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
		{"{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}"},
		{"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}",
		 "{\"a\":{\"b\":\"d\"}}"},
		{"{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"},
		{"[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]"},
		{"{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]"},
		{"{\"a\":\"foo\"}", "null", "null"},
		{"{\"a\":\"foo\"}", "\"bar\"", "\"bar\""},
		{"{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}"},
		{"[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}"},
		{"{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}"},
		{"{\"z\":1,\"y\":2,\"x\":3}", "{\"w\":0,\"x\":4,\"y\":null}",
		 "{\"z\":1,\"x\":4,\"w\":0}"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(tree_clear) struct tree target = TREE_INIT(0, false);
		CLEANUP(tree_clear) struct tree patch = TREE_INIT(0, false);
		CLEANUP(buf_clear) struct buf out = BUF_NULL;
		struct tree_node merged;

		must_read(&target, cases[i].target);
		must_read(&patch, cases[i].patch);
		cr_assert_eq(merge_patch(&merged, &target.arena, &target.root, &patch.root, NULL),
			     OK);
		json_write(&out, &merged);
		expect_written(&out, cases[i].expected);
	}
}

Test(merge_patch, without_a_target_nulls_are_left_out)
{
	CLEANUP(tree_clear) struct tree patch = TREE_INIT(0, false);
	CLEANUP(buf_clear) struct buf out = BUF_NULL;
	struct tree_node merged;

	must_read(&patch, "{\"a\":null,\"b\":{\"c\":null,\"d\":[null]}}");
	cr_assert_eq(merge_patch(&merged, &patch.arena, NULL, &patch.root, NULL), OK);
	json_write(&out, &merged);
	expect_written(&out, "{\"b\":{\"d\":[null]}}");
}
