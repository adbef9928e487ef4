#include "cli/written.h"

#include <criterion/criterion.h>

static void read_json(struct tree *ret, const char *text)
{
	struct error err = ERROR_NULL;

	cr_assert(doc_read(ret, DOC_JSON, slice_text(text), &DOC_LIMITS_DEFAULT, NULL, &err) == OK,
		  "%s", err.text);
}

Test(write_response, a_dry_run_says_what_would_change_and_why_it_would_be_refused)
{
	static const struct {
		const char *name, *response, *text, *markdown;
	} cases[] = {
		{"nothing",
		 "{\"dry_run\":true,\"changes\":[{\"path\":\"profiles/a/b\",\"action\":\"unchanged\",\"diff\":[]}]}",
		 "no changes\n", "### Configuration changes\n\nno changes\n"},
		{"new: its content is not repeated",
		 "{\"dry_run\":true,\"changes\":[{\"path\":\"profiles/a/b\",\"action\":\"create\","
		 "\"diff\":[{\"op\":\"add\",\"pointer\":\"\",\"to\":{\"x\":1}}]}]}",
		 "create profiles/a/b\n", "### Configuration changes\n\n* create `profiles/a/b`\n"},
		{"refused",
		 "{\"dry_run\":true,\"changes\":[],\"errors\":[{\"profile\":\"a/b\",\"pointer\":\"/x\","
		 "\"message\":\"must be a number\",\"origin\":{\"path\":\"profiles/a/base\",\"line\":3,\"column\":4}}]}",
		 "no changes\nerror: a/b /x: must be a number (profiles/a/base:3:4)\n",
		 "### Configuration changes\n\nno changes\n\n**Refused:**\n\n"
		 "* error: a/b /x: must be a number (profiles/a/base:3:4)\n"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct tree tree = TREE_INIT(0, false);
		struct buf text = BUF_NULL, markdown = BUF_NULL;

		read_json(&tree, cases[i].response);
		dry_run_write(&text, &tree.root, false);
		dry_run_write(&markdown, &tree.root, true);
		cr_expect_str_eq(text.data, cases[i].text, "%s: %s", cases[i].name, text.data);
		cr_expect_str_eq(markdown.data, cases[i].markdown, "%s: %s", cases[i].name,
				 markdown.data);
		buf_clear(&text);
		buf_clear(&markdown);
		tree_clear(&tree);
	}
}

Test(write_response, a_batch_in_markdown_lists_what_changed)
{
	struct tree tree = TREE_INIT(0, false);
	struct buf text = BUF_NULL;

	read_json(
		&tree,
		"{\"revision\":7,\"items\":[{\"path\":\"profiles/a/b\",\"version\":2,\"changed\":true},"
		"{\"path\":\"profiles/a/c\",\"version\":1,\"changed\":false}]}");
	cr_expect(write_response_has_changes(&tree.root));
	written_write_markdown(&text, &tree.root);
	cr_expect_str_eq(text.data, "### Revision 7\n\n* profiles/a/b is now version 2\n");
	buf_clear(&text);
	tree_clear(&tree);
}
