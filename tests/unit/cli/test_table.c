#include "cli/table.h"

#include "doc/read.h"

#include <criterion/criterion.h>

static void read_json(struct tree *ret, const char *json)
{
	struct error err = ERROR_NULL;

	cr_assert_eq(doc_read(ret, DOC_JSON, slice_text(json), &DOC_LIMITS_DEFAULT, NULL, &err), OK,
		     "%s", err.text);
}

Test(table, columns_are_as_wide_as_their_widest_cell)
{
	static const struct column columns[] = {{"PATH", "path"}, {"N", "n"}, {"BY", "by"}};
	struct tree tree = TREE_INIT(0, false);
	struct buf text = BUF_NULL;

	read_json(
		&tree,
		"[{\"path\":\"schemas/a\",\"n\":12,\"by\":\"m\303\274ller\"},{\"path\":\"b\",\"n\":3}]");
	table_write(&text, &tree.root, columns, ARRAY_SIZE(columns), "none");
	cr_expect_str_eq(text.data, "PATH       N   BY\n"
				    "schemas/a  12  m\303\274ller\n"
				    "b          3\n");
	buf_clear(&text);
	tree_clear(&tree);
}

Test(table, an_empty_list_says_so)
{
	static const struct column columns[] = {{"PATH", "path"}};
	struct tree tree = TREE_INIT(0, false);
	struct buf text = BUF_NULL;

	read_json(&tree, "[]");
	table_write(&text, &tree.root, columns, 1, "no versions");
	cr_expect_str_eq(text.data, "no versions\n");
	buf_clear(&text);
	tree_clear(&tree);
}

Test(table, stored_text_cannot_move_a_terminals_cursor)
{
	static const struct column columns[] = {{"MESSAGE", "message"}};
	struct tree tree = TREE_INIT(0, false);
	struct buf text = BUF_NULL;

	read_json(&tree, "[{\"message\":\"a\\u001b[2Jb\\n\"}]");
	table_write(&text, &tree.root, columns, 1, "");
	cr_expect_str_eq(text.data, "MESSAGE\na\\x1b[2Jb\\x0a\n");
	buf_clear(&text);
	tree_clear(&tree);
}

Test(table, a_difference_is_one_line_and_a_secret_shows_no_value)
{
	struct tree tree = TREE_INIT(0, false);
	struct buf text = BUF_NULL;

	read_json(&tree,
		  "[{\"op\":\"add\",\"pointer\":\"/a\",\"to\":1},"
		  "{\"op\":\"remove\",\"pointer\":\"/b\",\"from\":\"x\"},"
		  "{\"op\":\"replace\",\"pointer\":\"/c\",\"from\":1,\"to\":2,\"reload\":\"live\"},"
		  "{\"op\":\"replace\",\"pointer\":\"/d\",\"secret\":true}]");
	diff_write(&text, &tree.root, "  ");
	cr_expect_str_eq(text.data, "  + /a: 1\n"
				    "  - /b: \"x\"\n"
				    "  ~ /c: 1 -> 2  [live]\n"
				    "  ~ /d: (secret) -> (secret)\n");
	buf_clear(&text);
	tree_clear(&tree);
}

Test(table, an_added_map_is_shown_leaf_by_leaf)
{
	struct tree tree = TREE_INIT(0, false);
	struct buf text = BUF_NULL;

	read_json(
		&tree,
		"[{\"op\":\"add\",\"pointer\":\"\",\"to\":{\"a/b\":{\"c\":[1,{\"d\":2}],\"e\":{}},\"f\":null}},"
		"{\"op\":\"remove\",\"pointer\":\"/x\",\"from\":{\"y\":\"z\"},\"reload\":\"restart\"}]");
	diff_write(&text, &tree.root, "");
	cr_expect_str_eq(text.data, "+ /a~1b/c: [1,{\"d\":2}]\n"
				    "+ /a~1b/e: {}\n"
				    "+ /f: null\n"
				    "- /x/y: \"z\"  [restart]\n");
	buf_clear(&text);
	tree_clear(&tree);
}

/* One cell of a megabyte and ten thousand short ones. */
Test(table, one_wide_cell_does_not_widen_every_line)
{
	static const struct column columns[] = {{"PATH", "path"}, {"N", "n"}};
	struct tree tree = TREE_INIT(0, false);
	struct buf json = BUF_NULL, text = BUF_NULL;

	buf_append_text(&json, "[{\"n\":1,\"path\":\"");
	for (int i = 0; i < 500000; i++)
		buf_append_char(&json, 'x');
	buf_append_text(&json, "\"}");
	for (int i = 0; i < 1000; i++)
		buf_append_text(&json, ",{\"path\":\"y\",\"n\":2}");
	buf_append_char(&json, ']');
	read_json(&tree, json.data);
	table_write(&text, &tree.root, columns, 2, "none");
	cr_expect(text.len < 700000, "%zu", text.len);
	buf_clear(&json);
	buf_clear(&text);
	tree_clear(&tree);
}

/* A key of 500 KB with a thousand leaves would give 500 MB of lines. */
Test(table, the_output_of_a_difference_is_bounded)
{
	struct tree tree = TREE_INIT(0, false);
	struct buf json = BUF_NULL, text = BUF_NULL;

	buf_append_text(&json, "[{\"op\":\"add\",\"pointer\":\"\",\"to\":{\"");
	for (int i = 0; i < 500000; i++)
		buf_append_char(&json, 'x');
	buf_append_text(&json, "\":{\"k\":1");
	for (int i = 0; i < 1000; i++)
		buf_printf(&json, ",\"k%d\":1", i);
	buf_append_text(&json, "}}}]");
	read_json(&tree, json.data);
	diff_write(&text, &tree.root, "");
	cr_expect(text.len < 40000000, "%zu", text.len);
	cr_expect_not_null(strstr(text.data + text.len - 60, "-o json shows all of them\n"));
	buf_clear(&json);
	buf_clear(&text);
	tree_clear(&tree);
}
