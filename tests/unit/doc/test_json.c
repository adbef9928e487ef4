#include "../skip.h"
#include "doc/read.h"
#include "doc/write.h"

#include "base/file.h"
#include "base/memory.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

static enum result read_within(struct tree *ret, struct slice text, struct doc_limits limits,
			       struct error *err)
{
	return doc_read(ret, DOC_JSON, text, &limits, NULL, err);
}

static enum result read_text(struct tree *ret, const char *text, struct error *err)
{
	return read_within(ret, slice_text(text), DOC_LIMITS_DEFAULT, err);
}

static void expect_rewritten(const char *text, const char *expected)
{
	CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);
	CLEANUP(buf_clear) struct buf out = BUF_NULL;
	struct error err = ERROR_NULL;

	cr_assert_eq(read_text(&t, text, &err), OK, "%s: %s", text, err.text);
	json_write(&out, &t.root);
	cr_assert_not(buf_is_failed(&out));
	cr_expect_str_eq(buf_slice(&out).data, expected);
}

Test(json, what_was_read_is_written_again)
{
	static const char *const same[] = {
		"null",
		"true",
		"false",
		"0",
		"-0",
		"\"\"",
		"[]",
		"{}",
		"[[],{},[{}]]",
		"{\"a\":1,\"b\":[true,false,null],\"\":\"x\"}",
		"1.0",
		"1e3",
		"-1.5E+10",
		"123456789012345678901234567890.123456789",
		"\"\\\"\\\\\\b\\f\\n\\r\\t\\u0000\\u001f\"",
		"\"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80\"",
	};

	for (size_t i = 0; i < ARRAY_SIZE(same); i++)
		expect_rewritten(same[i], same[i]);
	expect_rewritten(" {\t\"a\" :\r\n[ 1 , 2 ] } ", "{\"a\":[1,2]}");
	expect_rewritten("\"\\u00fc\\u20AC\\ud83d\\uDE00\\/\\u0041\"",
			 "\"\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80/A\"");
	expect_rewritten(
		"{\"a long key with \\\"escapes\\\" inside\":\"and a \\n long value behind\"}",
		"{\"a long key with \\\"escapes\\\" inside\":\"and a \\n long value behind\"}");
}

Test(json, what_rfc_8259_does_not_know_is_refused_with_its_place)
{
	static const struct {
		const char *text;
		uint32_t line, column;
		const char *reason;
	} cases[] = {
		{"", 1, 1, "empty"},
		{" \n ", 2, 2, "empty"},
		{"{", 1, 2, "too early"},
		{"[1", 1, 3, "too early"},
		{"[1,]", 1, 4, "value is expected"},
		{"[,1]", 1, 2, "value is expected"},
		{"{\"a\":1,}", 1, 8, "key in double quotes"},
		{"{a:1}", 1, 2, "key in double quotes"},
		{"{'a':1}", 1, 2, "double quotes"},
		{"{\"a\" 1}", 1, 6, "':'"},
		{"{\"a\":}", 1, 6, "value is expected"},
		{"[1}", 1, 3, "']'"},
		{"{\"a\":1]", 1, 7, "'}'"},
		{"[1] 2", 1, 5, "behind"},
		{"[1, // no\n2]", 1, 5, "comments"},
		{"[\n\n  tru]", 3, 3, "value is expected"},
		{"NaN", 1, 1, "value is expected"},
		{"+1", 1, 1, "value is expected"},
		{"01", 1, 1, "not a number"},
		{"1.", 1, 1, "not a number"},
		{".5", 1, 1, "value is expected"},
		{"1e", 1, 1, "not a number"},
		{"-", 1, 1, "not a number"},
		{"\"a", 1, 3, "no end"},
		{"\"a\\", 1, 3, "no end"},
		{"\"\\x\"", 1, 2, "escape"},
		{"\"\\u12g4\"", 1, 2, "hexadecimal"},
		{"\"\\ud800\"", 1, 2, "surrogate"},
		{"\"\\udc00\"", 1, 2, "surrogate"},
		{"\"\\ud800\\ud800\"", 1, 2, "surrogate"},
		{"\"tab\there\"", 1, 5, "control character"},
		{"\"\xff\"", 1, 2, "UTF-8"},
		{"\"\xc0\x80\"", 1, 2, "UTF-8"},
		{"\"\xed\xa0\x80\"", 1, 2, "UTF-8"},
		{"\"\xe2\x82\"", 1, 2, "UTF-8"},
		{"\xef\xbb\xbf{}", 1, 1, "byte order mark"},
		{"[\"\xe2\x82\xac\xe2\x82\xac\", x]", 1, 8, "value is expected"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);
		struct error err = ERROR_NULL;

		cr_expect_eq(read_text(&t, cases[i].text, &err), E_MALFORMED, "%s", cases[i].text);
		cr_expect_eq(err.line, cases[i].line, "%s: line %u", cases[i].text, err.line);
		cr_expect_eq(err.column, cases[i].column, "%s: column %u", cases[i].text,
			     err.column);
		cr_expect(strstr(err.text, cases[i].reason) != NULL, "%s: %s", cases[i].text,
			  err.text);
	}
}

Test(json, a_nul_byte_is_refused_wherever_it_stands)
{
	const struct slice cases[] = {
		SLICE_LITERAL("1\0"),	   SLICE_LITERAL("[1\0]"),    SLICE_LITERAL("\0"),
		SLICE_LITERAL("\"a\0b\""), SLICE_LITERAL("\"\\\0\""), SLICE_LITERAL("{}\0"),
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);

		cr_expect_eq(read_within(&t, cases[i], DOC_LIMITS_DEFAULT, NULL), E_MALFORMED);
	}
}

Test(json, a_duplicate_key_is_refused_with_its_place)
{
	static const struct {
		const char *text;
		uint32_t line, column;
	} cases[] = {
		{"{\"a\":1,\n \"a\":1}", 2, 2},
		{"{\"a\":1,\"b\":2,\"\\u0061\":3}", 1, 14},
		{"[{\"x\":{\"\":1,\"\":2}}]", 1, 13},
		{"{\"1\":0,\"2\":0,\"3\":0,\"4\":0,\"5\":0,\"6\":0,\"7\":0,\"8\":0,\"9\":0,\"10\":0,"
		 "\"11\":0,\"12\":0,\"13\":0,\"14\":0,\"15\":0,\"16\":0,\n\"17\":0,\"3\":1}",
		 2, 8},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);
		struct error err = ERROR_NULL;

		cr_expect_eq(read_text(&t, cases[i].text, &err), E_MALFORMED, "%s", cases[i].text);
		cr_expect(err.line == cases[i].line && err.column == cases[i].column, "%u:%u",
			  err.line, err.column);
		cr_expect(strstr(err.text, "twice") != NULL && strstr(err.text, "line 1") != NULL,
			  "%s", err.text);
	}
}

Test(json, a_duplicate_keys_name_is_cut_and_its_control_characters_are_escaped)
{
	CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	struct error err = ERROR_NULL;

	buf_append_char(&text, '{');
	for (int i = 0; i < 2; i++) {
		buf_append_text(&text, i == 0 ? "\"\\u001b[2J" : ",\"\\u001b[2J");
		for (int k = 0; k < 1000; k++)
			buf_append_text(&text, "\xc3\xa9");
		buf_append_text(&text, "\":1");
	}
	buf_append_char(&text, '}');
	cr_expect_eq(read_text(&t, text.data, &err), E_MALFORMED);
	cr_expect(strlen(err.text) < 200);
	cr_expect(strchr(err.text, '\x1b') == NULL && strstr(err.text, "\\u001b") != NULL);
	cr_expect(strstr(err.text, "\xc3\xa9...\"") != NULL, "%s", err.text);
}

Test(json, every_node_and_key_knows_its_line_and_column)
{
	CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);
	const struct tree_member *m;
	const struct tree_node *list;

	cr_assert_eq(read_text(&t, "\n {\"\xc3\xbc\": \"\xe2\x82\xac\", \"k\" :\n\t[1,\r\n  {}]}",
			       NULL),
		     OK);
	cr_expect(t.root.line == 2 && t.root.column == 2);
	m = tree_get_member(&t.root, SLICE_LITERAL("k"));
	cr_assert_not_null(m);
	cr_expect(m->line == 2 && m->column == 13, "%u:%u", m->line, m->column);
	list = &m->value;
	cr_expect(list->line == 3 && list->column == 2);
	cr_assert_eq(list->count, 2);
	cr_expect(list->of.items[0].line == 3 && list->of.items[0].column == 3);
	cr_expect(list->of.items[1].line == 4 && list->of.items[1].column == 3);
	cr_expect_eq(list->of.items[1].source, 0);
}

Test(json, keys_and_strings_are_hashed_as_lookups_hash)
{
	CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);
	const struct tree_node *n;

	cr_assert_eq(read_text(&t, "{\"na\\u006de\":\"va\\u006cue\"}", NULL), OK);
	n = TREE_GET(&t.root, "name");
	cr_assert_not_null(n);
	cr_expect(tree_is_text(n, "value"));
	cr_expect_eq(n->as.hash, slice_hash(SLICE_LITERAL("value")));
	cr_expect_eq(n->of.text[n->count], '\0');
}

static void fill_nested(struct buf *b, const char *open, const char *close, int depth)
{
	for (int i = 0; i < depth; i++)
		buf_append_text(b, open);
	buf_append_char(b, '1');
	for (int i = 0; i < depth; i++)
		buf_append_text(b, close);
}

Test(json, bounds_are_kept_and_what_passes_them_is_refused)
{
	struct doc_limits limits = {20, 3, 4, NULL}; /* bytes, depth, nodes */
	static const struct {
		const char *text;
		enum result rc;
	} cases[] = {
		{"[1,2,3]", OK},
		{"[1,2,3,4]", E_LIMIT},
		{"[[[1]]]", OK},
		{"[[[[]]]]", E_LIMIT},
		{"{\"a\":{\"b\":{}}}", OK},
		{"{\"a\":{\"b\":{\"c\":{}}}}", E_LIMIT},
		{"         [1]        ", OK},
		{"          [1]        ", E_TOO_LARGE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);
		struct error err = ERROR_NULL;

		cr_expect_eq(read_within(&t, slice_text(cases[i].text), limits, &err), cases[i].rc,
			     "%s: %s", cases[i].text, err.text);
		if (cases[i].rc == E_LIMIT)
			cr_expect(err.line == 1 && err.column != 0);
	}
}

Test(json, no_limit_lets_a_reader_go_deeper_than_the_ceiling)
{
	struct doc_limits limits = {DOC_BYTES_MAX, UINT32_MAX, DOC_NODES_MAX, NULL};
	CLEANUP(buf_clear) struct buf at = BUF_NULL;
	CLEANUP(buf_clear) struct buf over = BUF_NULL;
	CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);

	fill_nested(&at, "{\"a\":", "}", DOC_DEPTH_CEILING);
	fill_nested(&over, "{\"a\":", "}", DOC_DEPTH_CEILING + 1);
	cr_expect_eq(read_within(&t, buf_slice(&at), limits, NULL), OK);
	cr_expect_eq(read_within(&t, buf_slice(&over), limits, NULL), E_LIMIT);
}

Test(json, the_arenas_bound_is_a_limit_and_no_memory_fault)
{
	CLEANUP(tree_clear) struct tree t = TREE_INIT(4096, false);
	CLEANUP(buf_clear) struct buf text = BUF_NULL;

	buf_append_char(&text, '[');
	for (int i = 0; i < 500; i++)
		buf_append_text(&text, "1,");
	buf_append_text(&text, "1]");
	cr_expect_eq(read_text(&t, text.data, NULL), E_LIMIT);
}

Test(json, a_number_too_long_is_a_limit)
{
	CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);
	struct error err = ERROR_NULL;
	char text[NUMBER_BYTES_MAX + 2];

	memset(text, '1', sizeof text);
	text[sizeof text - 1] = '\0';
	cr_expect_eq(read_text(&t, text, &err), E_LIMIT);
	cr_expect_eq(err.column, 1);
	cr_expect_eq(read_text(&t, "[1e1000000000]", &err), E_LIMIT);
	cr_expect_eq(err.column, 2);
}

static bool is_duplicate_case(const char *name)
{
	return strncmp(name, "y_object_duplicated_key", strlen("y_object_duplicated_key")) == 0;
}

/* y_: must be accepted (we refuse duplicate keys on purpose); n_: must be refused; i_: either. */
static bool run_suite_file(const char *folder, const char *name)
{
	CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	struct error err = ERROR_NULL;
	char path[4096];
	enum result rc;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	cr_assert_eq(file_read(&text, path, DOC_BYTES_MAX, &err), OK, "%s", err.text);
	rc = read_within(&t, buf_slice(&text), DOC_LIMITS_DEFAULT, &err);
	if (name[0] == 'y')
		cr_expect_eq(rc == OK, !is_duplicate_case(name), "%s: %s", name, err.text);
	if (name[0] == 'n')
		cr_expect_neq(rc, OK, "%s was accepted", name);
	if (rc != OK)
		cr_expect(err.line != 0 && err.column != 0, "%s: no place", name);
	return name[0] == 'y' || name[0] == 'n';
}

Test(json, the_parsing_suite_is_passed)
{
	char folder[2048];
	int count = 0;

	find_suite_or_skip("json-parsing/test_parsing", folder, sizeof folder);

	DIR *dir = opendir(folder);
	cr_assert_not_null(dir, "%s", folder);
	for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
		if (strstr(entry->d_name, ".json") != NULL)
			count += run_suite_file(folder, entry->d_name);
	}
	closedir(dir);
	cr_expect_eq(count, 283, "%d files", count);
}
