#include "helpers.h"

#include <stdio.h>

Test(env, pointers_become_names_and_values_are_quoted_for_a_shell)
{
	static const struct {
		const char *json, *prefix, *expected;
	} cases[] = {
		{"{\"spark\":{\"shuffle.partitions\":400}}", "", "SPARK_SHUFFLE_PARTITIONS=400\n"},
		{"{\"a\":[1,{\"b\":2}]}", "", "A_0=1\nA_1_B=2\n"},
		{"{\"t\":true,\"f\":false,\"n\":null,\"m\":{},\"l\":[]}", "",
		 "T=true\nF=false\nN=\n"},
		{"{\"a\":{\"b\":1}}", "APP_", "APP_A_B=1\n"},
		{"5", "PORT", "PORT=5\n"},
		{"[1]", "", "_0=1\n"},
		{"[1]", "X", "X0=1\n"},
		{"{\"1st\":1,\"\":2}", "", "_1ST=1\n_=2\n"},
		{"{\"gr\xc3\xbc\xc3\x9f-ok\":1}", "", "GR___OK=1\n"},
		{"{\"a\":\"two words\",\"b\":\"it's\",\"c\":\"$(rm -rf /)\",\"d\":\"\"}", "",
		 "A='two words'\nB='it'\\''s'\nC='$(rm -rf /)'\nD=\n"},
		{"{\"a\":\"l1\\nl2\",\"b\":\"~\",\"c\":\"'\",\"d\":\"a;b\",\"e\":\"\xc3\xbc\"}", "",
		 "A='l1\nl2'\nB='~'\nC=''\\'''\nD='a;b'\nE='\xc3\xbc'\n"},
		{"{\"url\":\"jdbc:postgresql://h:5432/db\",\"m\":\"a@b.c,d+e%f=g\"}", "",
		 "URL=jdbc:postgresql://h:5432/db\nM=a@b.c,d+e%f=g\n"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);
		CLEANUP(buf_clear) struct buf out = BUF_NULL;
		struct error err = ERROR_NULL;

		must_read(&t, cases[i].json);
		cr_expect_eq(env_write(&out, &t.root, slice_text(cases[i].prefix), &err), OK, "%s",
			     err.text);
		expect_written(&out, cases[i].expected);
	}
}

Test(env, two_pointers_for_one_name_are_refused_with_both)
{
	CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);
	CLEANUP(buf_clear) struct buf out = BUF_NULL;
	struct error err = ERROR_NULL;

	must_read(&t, "{\"a-b\":1,\"x\":{\"y\":2},\"a\":[{\"z\":0}],\"A.b\":3}");
	cr_expect_eq(env_write(&out, &t.root, slice_text(""), &err), E_CONFLICT);
	cr_expect(strstr(err.text, "\"/a-b\" and \"/A.b\"") != NULL, "%s", err.text);
	cr_expect_eq(out.len, 0);
}

Test(env, what_no_variable_can_be_is_refused)
{
	CLEANUP(tree_clear) struct tree nul = TREE_INIT(0, false);
	CLEANUP(tree_clear) struct tree one = TREE_INIT(0, false);
	CLEANUP(buf_clear) struct buf out = BUF_NULL;
	struct error err = ERROR_NULL;

	must_read(&nul, "{\"key\":\"sec\\u0000ret\"}");
	cr_expect_eq(env_write(&out, &nul.root, slice_text(""), &err), E_INVALID);
	cr_expect(strstr(err.text, "KEY") != NULL && strstr(err.text, "sec") == NULL);
	must_read(&one, "{\"a\":1}");
	cr_expect_eq(env_write(&out, &one.root, slice_text("1X"), NULL), E_INVALID);
	cr_expect_eq(env_write(&out, &one.root, slice_text("A B"), NULL), E_INVALID);
	cr_expect_eq(env_write(&out, &one.root.of.members[0].value, slice_text(""), NULL),
		     E_INVALID);
}

static enum result collect(void *ctx, struct slice name, struct slice value, struct error *err)
{
	struct buf *out = ctx;

	buf_append_slice(out, name);
	buf_append_char(out, '<');
	buf_append_slice(out, value);
	buf_append_char(out, '>');
	return slice_is_text(name, "STOP") ? fail(err, E_BUSY, "stopped") : OK;
}

Test(env, each_gives_unquoted_values_until_it_is_told_to_stop)
{
	CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);
	CLEANUP(buf_clear) struct buf out = BUF_NULL;

	must_read(&t, "{\"a\":\"it's two\",\"b\":[true,null],\"stop\":1,\"c\":2}");
	cr_expect_eq(env_each(&t.root, slice_text(""), collect, &out, NULL), E_BUSY);
	expect_written(&out, "A<it's two>B_0<true>B_1<>STOP<1>");
}

/* The lines in a real shell: what it prints is what went in. */
Test(env, a_shell_reads_back_every_character)
{
	CLEANUP(tree_clear) struct tree t = TREE_INIT(0, false);
	CLEANUP(buf_clear) struct buf script = BUF_NULL;
	CLEANUP(buf_clear) struct buf value = BUF_NULL;
	char got[256] = "";
	struct tree_node node;
	struct tree_member member = {.key = "v", .key_len = 1};

	for (int c = 1; c < 127; c++)
		buf_append_char(&value, (char)c);
	tree_set_string(&member.value, buf_slice(&value));
	cr_assert_eq(tree_set_object(&node, &t.arena, &member, 1, NULL), OK);
	cr_assert_eq(env_write(&script, &node, slice_text(""), NULL), OK);

	buf_append_text(&script, "printf '%s' \"$V\"");

	FILE *shell = popen(script.data, "r");
	cr_assert_not_null(shell);
	cr_expect_eq(fread(got, 1, sizeof got, shell), value.len);
	cr_expect_eq(pclose(shell), 0);
	cr_expect(memcmp(got, value.data, value.len) == 0);
}
