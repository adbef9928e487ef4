/*
 * list, get, history, diff: read documents. Lists are printed page by page as they arrive: only one
 * page is in memory, and each page has its own column widths. For "config/APP/PROFILE", history and
 * diff are about an effective configuration instead of a document.
 */
#include "cli/commands.h"
#include "cli/session.h"
#include "cli/table.h"
#include "cli/operands.h"
#include "net/url.h"
#include "doc/path.h"
#include "doc/write.h"

/* Follows `Link: rel="next"` and prints each page, until the server gives no next one. With -o json
 * each page is a line of its own. `none` is the text for an empty list. */
static int print_pages(struct session *s, const struct command *command, struct buf *target,
		       const struct column *columns, size_t count, const char *none)
{
	bool is_first = true;

	for (;;) {
		CLEANUP(tree_clearp) struct tree tree = TREE_INIT(0, false);
		CLEANUP(buf_clear) struct buf text = BUF_NULL;
		const struct tree_node *items;
		int code = session_get(s, command, buf_slice(target));

		if (code != EXIT_DONE)
			return code;
		if (session_is_json(s)) {
			code = print_content_line(buf_slice(&s->response.body));
		} else {
			if (!session_read_json(s, command, &tree))
				return EXIT_REFUSED;
			items = json_array(&tree.root, "items");
			if (is_first || (items != NULL && items->count != 0))
				table_write(&text, items, columns, count, none);
			code = print_text(TO_STDOUT, buf_slice(&text));
		}
		if (code != EXIT_DONE || s->response.next[0] == '\0')
			return code;
		is_first = false;
		buf_reset(target);
		buf_append_text(target, s->response.next);
	}
}

static int run_list(int argc, char **argv)
{
	CLEANUP(session_clear) struct session s = SESSION_NULL;
	CLEANUP(buf_clear) struct buf target = BUF_NULL;
	const struct option_row rows[] = {SESSION_OPTIONS(&s)};
	static const struct column columns[] = {{"PATH", "path"},
						{"VERSION", "version"},
						{"CHANGED", "created_at"},
						{"BY", "created_by"},
						{"MESSAGE", "message"}};
	struct operands operands;
	struct slice rest, kind = SLICE_NULL;
	enum doc_kind ignored;
	int code;

	if (!options_parse(&operands, &list_command, argc, argv, OPTION_SET(rows), &code) ||
	    !session_output_is_text_or_json(&s, &list_command, &code))
		return code;
	rest = slice_text(operands.items[0]);
	if (!slice_next_part(&rest, '/', &kind) || !kind_parse(kind, &ignored))
		return usage_error(
			&list_command,
			"the prefix must begin with schemas, profiles, policies or secrets");
	buf_append_text(&target, "/v1/");
	url_append_path(&target, kind);
	if (rest.len != 0)
		url_append_query(&target, "prefix", rest);
	code = session_open(&s, &list_command);
	if (code != EXIT_DONE)
		return code;
	return print_pages(&s, &list_command, &target, columns, ARRAY_SIZE(columns),
			   "no documents");
}

const struct command list_command = {
	.name = "list",
	.summary = "List documents",
	.help = "Usage: reeve list KIND[/PREFIX]\n\n"
		"Lists the documents of a kind (schemas, profiles, policies or secrets) that\n"
		"you have the right to list.\n\n"
		"  -o text|json\n" SESSION_HELP "\nExample: reeve list profiles/orders/\n",
	.operands_min = 1,
	.operands_max = 1,
	.run = run_list};

static int run_get(int argc, char **argv)
{
	CLEANUP(session_clear) struct session s = SESSION_NULL;
	CLEANUP(buf_clear) struct buf target = BUF_NULL;
	const char *version = NULL, *revision = NULL, *at = NULL;
	const struct option_row rows[] = {SESSION_OPTIONS(&s),
					  {"version", 0, OPTION_TEXT, &version},
					  {"revision", 0, OPTION_TEXT, &revision},
					  {"at", 0, OPTION_TEXT, &at}};
	static const char *const outputs[] = {"source", "json", "yaml"};
	struct client_request request = {.method = "GET"};
	struct operands operands;
	int code;

	if (!options_parse(&operands, &get_command, argc, argv, OPTION_SET(rows), &code) ||
	    !session_output_is_valid(&s, &get_command, outputs, ARRAY_SIZE(outputs), &code) ||
	    !target_document(&target, &get_command, operands.items[0], NULL, &code))
		return code;
	url_append_query_text(&target, "version", version);
	url_append_query_text(&target, "revision", revision);
	url_append_query_text(&target, "at", at);
	request.target = buf_slice(&target);
	/* The response to YAML is the stored source, whatever its format; "source" is the
	 * default. */
	request.accept = session_is_json(&s) ? "application/json" : "application/yaml";
	code = session_open_and_call(&s, &get_command, &request);
	if (code != EXIT_DONE)
		return code;
	/* A file gets exactly the stored bytes, so that storing it again changes nothing. */
	return is_output_terminal() || session_is_json(&s)
		       ? print_content_line(buf_slice(&s.response.body))
		       : print_content(buf_slice(&s.response.body));
}

const struct command get_command = {
	.name = "get",
	.summary = "Print a document as it was written",
	.help = "Usage: reeve get PATH [--version N | --revision N | --at TIME]\n\n"
		"Prints a document's source, comments included; with -o json its version,\n"
		"author and content. Reading a secret is recorded in the audit log.\n\n"
		"  --version N        version N of the document\n"
		"  --revision N       the document after revision N of the store\n"
		"  --at TIME          the document at that time, such as 2026-11-20T12:00:00Z\n"
		"  -o source|json\n" SESSION_HELP
		"\nExample: reeve get profiles/orders/production --version 3\n",
	.operands_min = 1,
	.operands_max = 1,
	.run = run_get};

static int run_history(int argc, char **argv)
{
	CLEANUP(session_clear) struct session s = SESSION_NULL;
	CLEANUP(buf_clear) struct buf target = BUF_NULL;
	const struct option_row rows[] = {SESSION_OPTIONS(&s)};
	static const struct column versions[] = {{"VERSION", "version"}, {"REVISION", "revision"},
						 {"STATE", "state"},	 {"AT", "created_at"},
						 {"BY", "created_by"},	 {"MESSAGE", "message"}};
	static const struct column revisions[] = {{"REVISION", "revision"},
						  {"AT", "time"},
						  {"BY", "author"},
						  {"MESSAGE", "message"}};
	struct operands operands;
	bool is_config, is_good;
	int code;

	if (!options_parse(&operands, &history_command, argc, argv, OPTION_SET(rows), &code) ||
	    !session_output_is_text_or_json(&s, &history_command, &code))
		return code;
	/* A configuration has revisions instead of versions, so other columns. */
	is_config = strncmp(operands.items[0], "config/", 7) == 0;
	is_good = is_config ? target_config(&target, &history_command, operands.items[0],
					    "versions", &code)
			    : target_document(&target, &history_command, operands.items[0],
					      "versions", &code);
	if (!is_good)
		return code;
	code = session_open(&s, &history_command);
	if (code != EXIT_DONE)
		return code;
	return print_pages(&s, &history_command, &target, is_config ? revisions : versions,
			   is_config ? ARRAY_SIZE(revisions) : ARRAY_SIZE(versions), "no versions");
}

const struct command history_command = {
	.name = "history",
	.summary = "Show the versions of a document or configuration",
	.help = "Usage: reeve history PATH | config/APP/PROFILE\n\n"
		"Lists the versions of a document, newest first, or the revisions that changed\n"
		"an effective configuration.\n\n"
		"  -o text|json\n" SESSION_HELP
		"\nExample: reeve history config/orders/production\n",
	.operands_min = 1,
	.operands_max = 1,
	.run = run_history};

/* The response lists differences; for a secret it has only pointers, never values. */
static int print_diff(struct session *s, const struct command *command)
{
	CLEANUP(tree_clearp) struct tree tree = TREE_INIT(0, false);
	CLEANUP(buf_clear) struct buf text = BUF_NULL;

	if (session_is_json(s))
		return print_content_line(buf_slice(&s->response.body));
	if (!session_read_json(s, command, &tree))
		return EXIT_REFUSED;
	diff_write(&text, json_array(&tree.root, "diff"), "");
	if (text.len == 0)
		buf_append_text(&text, "no differences\n");
	return print_text(TO_STDOUT, buf_slice(&text));
}

static int run_diff(int argc, char **argv)
{
	CLEANUP(session_clear) struct session s = SESSION_NULL;
	CLEANUP(buf_clear) struct buf target = BUF_NULL;
	const char *from = NULL, *to = NULL;
	const struct option_row rows[] = {SESSION_OPTIONS(&s),
					  {"from", 0, OPTION_TEXT, &from},
					  {"to", 0, OPTION_TEXT, &to}};
	struct operands operands;
	bool is_good;
	int code;

	if (!options_parse(&operands, &diff_command, argc, argv, OPTION_SET(rows), &code) ||
	    !session_output_is_text_or_json(&s, &diff_command, &code))
		return code;
	if (strncmp(operands.items[0], "config/", 7) == 0)
		is_good = target_config(&target, &diff_command, operands.items[0], "diff", &code);
	else
		is_good = target_document(&target, &diff_command, operands.items[0], "diff", &code);
	if (!is_good)
		return code;
	url_append_query_text(&target, "from", from);
	url_append_query_text(&target, "to", to);
	code = session_open_and_get(&s, &diff_command, buf_slice(&target));
	return code == EXIT_DONE ? print_diff(&s, &diff_command) : code;
}

const struct command diff_command = {
	.name = "diff",
	.summary = "Show what changed between two versions",
	.help = "Usage: reeve diff PATH [--from N] [--to N]\n"
		"       reeve diff config/APP/PROFILE [--from REVISION] [--to REVISION]\n\n"
		"Without --to, compares with the current version; without --from, with the\n"
		"version before it. For a secret, shows which keys changed but never a value.\n\n"
		"  -o text|json\n" SESSION_HELP
		"\nExample: reeve diff profiles/orders/base --from 2 --to 4\n",
	.operands_min = 1,
	.operands_max = 1,
	.run = run_diff};
