/*
 * Prints the responses to writes, which have three forms (docs/api.md):
 *
 *   one write   {"path", "version", "changed", …, "warnings", "unchecked"}
 *   a batch     {"revision", "items": [{"path", "version", "changed", …}], "warnings", "unchecked"}
 *   a dry run   {"dry_run": true, "changes", "effective", "errors", "warnings", "unchecked"}
 *
 * A dry run succeeds on the server although the write would fail, so its errors decide the exit
 * code here. The changes go to standard output; warnings of a write go to standard error, so that a
 * script can use the output.
 */
#include "cli/written.h"

#include "cli/table.h"
#include "doc/write.h"

/* " (profiles/orders/base:3:12)": the place of the value that the finding is about. */
static void origin_append(struct buf *ret, const struct tree_node *item)
{
	const struct tree_node *origin = TREE_GET(item, "origin");

	if (origin == NULL || json_text(origin, "path").len == 0)
		return;
	buf_append_text(ret, " (");
	plain_append(ret, json_text(origin, "path"));
	if (json_number(origin, "line") != 0)
		buf_printf(ret, ":%llu:%llu", (unsigned long long)json_number(origin, "line"),
			   (unsigned long long)json_number(origin, "column"));
	buf_append_char(ret, ')');
}

/* "error: orders/production /spark/cores: must be … (profiles/orders/base:3:12)". An entry may also
 * be a plain text. */
static void findings_write(struct buf *ret, const struct tree_node *list, const char *label)
{
	for (uint32_t i = 0; list != NULL && i < list->count; i++) {
		const struct tree_node *item = &list->of.items[i];

		buf_printf(ret, "%s: ", label);
		if (item->kind == TREE_STRING) {
			plain_append(ret, tree_text(item));
		} else {
			plain_append(ret, json_text(item, "profile"));
			if (json_text(item, "profile").len != 0)
				buf_append_char(ret, ' ');
			plain_append(ret, json_text(item, "pointer"));
			if (json_text(item, "pointer").len != 0)
				buf_append_text(ret, ": ");
			plain_append(ret, json_text(item, "message"));
			origin_append(ret, item);
		}
		buf_append_char(ret, '\n');
	}
}

/* The response to a write has the member `changed`, that to a dry run `action`. */
static bool is_unchanged(const struct tree_node *item)
{
	const struct tree_node *changed = TREE_GET(item, "changed");

	return (changed != NULL && changed->kind == TREE_BOOL && !changed->of.truth) ||
	       slice_is_text(json_text(item, "action"), "unchanged");
}

/* A document's change in a dry run: its action and path, then the differences. */
static void change_write(struct buf *ret, const struct tree_node *item, bool is_markdown)
{
	buf_append_text(ret, is_markdown ? "* " : "");
	plain_append(ret, json_text(item, "action"));
	buf_append_text(ret, is_markdown ? " `" : " ");
	plain_append(ret, json_text(item, "path"));
	buf_append_text(ret, is_markdown ? "`\n" : "\n");
	/* The difference of a new document would only repeat its text. */
	if (slice_is_text(json_text(item, "action"), "create"))
		return;
	if (is_markdown)
		buf_append_text(ret, "\n  ```diff\n");
	diff_write(ret, json_array(item, "diff"), "  ");
	if (is_markdown)
		buf_append_text(ret, "  ```\n");
}

/* The differences of an effective configuration, which may come from another document. A
 * configuration without differences is left out. */
static void effective_write(struct buf *ret, const struct tree_node *item, bool is_markdown)
{
	const struct tree_node *diff = json_array(item, "diff");

	if (diff == NULL || diff->count == 0)
		return;
	buf_append_text(ret, is_markdown ? "\n**" : "");
	plain_append(ret, json_text(item, "config"));
	buf_append_text(ret, is_markdown ? "**\n\n```diff\n" : " becomes:\n");
	diff_write(ret, diff, is_markdown ? "" : "  ");
	if (is_markdown)
		buf_append_text(ret, "```\n");
}

void dry_run_write(struct buf *ret, const struct tree_node *root, bool is_markdown)
{
	const struct tree_node *changes = json_array(root, "changes");
	const struct tree_node *effective = json_array(root, "effective");

	if (is_markdown)
		buf_append_text(ret, "### Configuration changes\n\n");
	if (!write_response_has_changes(root))
		buf_append_text(ret, "no changes\n");
	for (uint32_t i = 0; changes != NULL && i < changes->count; i++) {
		if (!is_unchanged(&changes->of.items[i]))
			change_write(ret, &changes->of.items[i], is_markdown);
	}
	for (uint32_t i = 0; effective != NULL && i < effective->count; i++)
		effective_write(ret, &effective->of.items[i], is_markdown);
	if (is_markdown && write_response_has_errors(root))
		buf_append_text(ret, "\n**Refused:**\n\n");
	findings_write(ret, json_array(root, "errors"), is_markdown ? "* error" : "error");
	findings_write(ret, json_array(root, "warnings"), is_markdown ? "* warning" : "warning");
	findings_write(ret, json_array(root, "unchecked"),
		       is_markdown ? "* unchecked" : "unchecked");
}

bool write_response_has_errors(const struct tree_node *root)
{
	const struct tree_node *errors = json_array(root, "errors");

	return errors != NULL && errors->count != 0;
}

bool write_response_has_changes(const struct tree_node *root)
{
	const struct tree_node *list = json_array(root, "changes");

	/* A dry run lists `changes`, a batch `items`; the response to one write has neither. */
	if (list == NULL)
		list = json_array(root, "items");
	for (uint32_t i = 0; list != NULL && i < list->count; i++) {
		if (!is_unchanged(&list->of.items[i]))
			return true;
	}
	return false;
}

/* The response to :undelete and :destroy lists the versions. */
static void versions_write(struct buf *ret, const struct tree_node *item)
{
	const struct tree_node *versions = json_array(item, "versions");

	buf_append_text(ret, versions->count == 1 ? ": version" : ": versions");
	for (uint32_t i = 0; i < versions->count; i++) {
		buf_append_text(ret, i != 0 ? ", " : " ");
		json_write(ret, &versions->of.items[i]);
	}
	buf_append_text(ret, slice_is_text(json_text(item, "state"), "destroyed") ? " destroyed"
										  : " restored");
}

static void action_append(struct buf *ret, const struct tree_node *item)
{
	buf_append_text(ret, ": ");
	plain_append(ret, json_text(item, "action"));
}

/* One line for one document: "profiles/orders/base is now version 3". */
static void written_write(struct buf *ret, const struct tree_node *item)
{
	plain_append(ret, json_text(item, "path"));
	if (is_unchanged(item))
		buf_append_text(ret, " is unchanged");
	else if (json_array(item, "versions") != NULL)
		versions_write(ret, item);
	else if (json_text(item, "action").len != 0 &&
		 !slice_is_text(json_text(item, "action"), "put"))
		action_append(ret, item);
	else
		buf_printf(ret, " is now version %llu",
			   (unsigned long long)json_number(item, "version"));
	buf_append_char(ret, '\n');
}

void written_write_markdown(struct buf *ret, const struct tree_node *root)
{
	const struct tree_node *items = json_array(root, "items");

	buf_printf(ret, "### Revision %llu\n\n", (unsigned long long)json_number(root, "revision"));
	if (!write_response_has_changes(root))
		buf_append_text(ret, "no changes\n");
	for (uint32_t i = 0; items != NULL && i < items->count; i++) {
		if (is_unchanged(&items->of.items[i]))
			continue;
		buf_append_text(ret, "* ");
		written_write(ret, &items->of.items[i]);
	}
	findings_write(ret, json_array(root, "warnings"), "* warning");
	findings_write(ret, json_array(root, "unchecked"), "* unchecked");
}

int write_response_print(struct session *s, const struct command *command)
{
	CLEANUP(tree_clearp) struct tree tree = TREE_INIT(0, false);
	CLEANUP(buf_clear) struct buf text = BUF_NULL, findings = BUF_NULL;
	const struct tree_node *items;
	int code;

	if (s->response.body.len == 0)
		return EXIT_DONE;
	if (!session_read_json(s, command, &tree))
		return EXIT_REFUSED;
	if (session_is_json(s)) {
		code = print_content_line(buf_slice(&s->response.body));
		return code == EXIT_DONE && write_response_has_errors(&tree.root) ? EXIT_REFUSED
										  : code;
	}
	if (json_is_true(&tree.root, "dry_run")) {
		dry_run_write(&text, &tree.root, false);
		code = print_text(TO_STDOUT, buf_slice(&text));
		return code == EXIT_DONE && write_response_has_errors(&tree.root) ? EXIT_REFUSED
										  : code;
	}
	items = json_array(&tree.root, "items");
	if (items == NULL)
		written_write(&text, &tree.root);
	for (uint32_t i = 0; items != NULL && i < items->count; i++)
		written_write(&text, &items->of.items[i]);
	findings_write(&findings, json_array(&tree.root, "warnings"), "warning");
	findings_write(&findings, json_array(&tree.root, "unchecked"), "unchecked");
	if (!buf_is_failed(&findings) && findings.len != 0)
		print_text(TO_STDERR, buf_slice(&findings));
	return print_text(TO_STDOUT, buf_slice(&text));
}
