/*
 * log, show, revert: the store's revisions. A revision is one write, of one document or of a batch;
 * its number belongs to the whole store. Versions, by contrast, count the changes of one document
 * (document_read.c).
 */
#include "cli/commands.h"
#include "cli/session.h"
#include "cli/table.h"
#include "cli/operands.h"
#include "cli/written.h"
#include "net/url.h"

static int run_log(int argc, char **argv)
{
	CLEANUP(session_clear) struct session s = SESSION_NULL;
	CLEANUP(buf_clear) struct buf target = BUF_NULL, text = BUF_NULL;
	CLEANUP(tree_clearp) struct tree tree = TREE_INIT(0, false);
	const char *path = NULL, *limit = "20";
	const struct option_row rows[] = {SESSION_OPTIONS(&s),
					  {"path", 0, OPTION_TEXT, &path},
					  {"limit", 'n', OPTION_TEXT, &limit}};
	static const struct column columns[] = {{"REVISION", "revision"},
						{"AT", "time"},
						{"BY", "author"},
						{"MESSAGE", "message"},
						{"SOURCE", "source"}};
	struct operands operands;
	int code;

	if (!options_parse(&operands, &log_command, argc, argv, OPTION_SET(rows), &code) ||
	    !session_output_is_text_or_json(&s, &log_command, &code))
		return code;
	buf_append_text(&target, "/v1/revisions");
	url_append_query_text(&target, "path", path);
	url_append_query_text(&target, "limit", limit);
	code = session_open_and_get(&s, &log_command, buf_slice(&target));
	if (code != EXIT_DONE)
		return code;
	if (session_is_json(&s))
		return print_content_line(buf_slice(&s.response.body));
	if (!session_read_json(&s, &log_command, &tree))
		return EXIT_REFUSED;
	table_write(&text, json_array(&tree.root, "items"), columns, ARRAY_SIZE(columns),
		    "no revisions");
	/* One page only: `log` is read from the newest revision on, and seldom to its end. */
	if (s.response.next[0] != '\0')
		buf_append_text(&text, "more revisions exist; show them with -n N\n");
	return print_text(TO_STDOUT, buf_slice(&text));
}

const struct command log_command = {
	.name = "log",
	.summary = "List the store's revisions, newest first",
	.help = "Usage: reeve log [--path PATH] [-n N]\n\n"
		"Lists the revisions of the store, newest first.\n\n"
		"  --path PATH      only revisions that changed PATH, or a document below it if\n"
		"                   PATH ends in /\n"
		"  -n, --limit N    at most N revisions (20)\n"
		"  -o text|json\n" SESSION_HELP "\nExample: reeve log --path profiles/orders/\n",
	.run = run_log};

/* `verb` is "" or begins with a colon: /v1/revisions/12:revert. */
static bool target_revision(struct buf *target, const struct command *command, const char *number,
			    const char *verb, int *ret_exit)
{
	uint64_t revision;

	if (!number_parse(command, "the revision", number, &revision, ret_exit))
		return false;
	buf_printf(target, "/v1/revisions/%llu%s", (unsigned long long)revision, verb);
	return true;
}

/* "update profiles/orders/base (version 3)", then its differences, indented. */
static void change_write(struct buf *ret, const struct tree_node *item)
{
	plain_append(ret, json_text(item, "action"));
	buf_append_char(ret, ' ');
	plain_append(ret, json_text(item, "path"));
	buf_printf(ret, " (version %llu)\n", (unsigned long long)json_number(item, "version"));
	diff_write(ret, json_array(item, "diff"), "  ");
}

/* The head, then one part for each document. All texts are escaped: the author of a message must
 * not control the reader's terminal. */
static void revision_write(struct buf *ret, const struct tree_node *root)
{
	const struct tree_node *changes = json_array(root, "changes");

	buf_printf(ret, "revision %llu\n", (unsigned long long)json_number(root, "revision"));
	buf_append_text(ret, "at       ");
	plain_append(ret, json_text(root, "time"));
	buf_append_text(ret, "\nby       ");
	plain_append(ret, json_text(root, "author"));
	buf_append_text(ret, "\nmessage  ");
	plain_append(ret, json_text(root, "message"));
	if (json_text(root, "source").len != 0) {
		buf_append_text(ret, "\nsource   ");
		plain_append(ret, json_text(root, "source"));
	}
	buf_append_text(ret, "\n\n");
	for (uint32_t i = 0; changes != NULL && i < changes->count; i++)
		change_write(ret, &changes->of.items[i]);
}

static int run_show(int argc, char **argv)
{
	CLEANUP(session_clear) struct session s = SESSION_NULL;
	CLEANUP(buf_clear) struct buf target = BUF_NULL, text = BUF_NULL;
	CLEANUP(tree_clearp) struct tree tree = TREE_INIT(0, false);
	const struct option_row rows[] = {SESSION_OPTIONS(&s)};
	struct operands operands;
	int code;

	if (!options_parse(&operands, &show_command, argc, argv, OPTION_SET(rows), &code) ||
	    !session_output_is_text_or_json(&s, &show_command, &code) ||
	    !target_revision(&target, &show_command, operands.items[0], "", &code))
		return code;
	code = session_open_and_get(&s, &show_command, buf_slice(&target));
	if (code != EXIT_DONE)
		return code;
	if (session_is_json(&s))
		return print_content_line(buf_slice(&s.response.body));
	if (!session_read_json(&s, &show_command, &tree))
		return EXIT_REFUSED;
	revision_write(&text, &tree.root);
	return print_text(TO_STDOUT, buf_slice(&text));
}

const struct command show_command = {
	.name = "show",
	.summary = "Show one revision and what it changed",
	.help = "Usage: reeve show N\n\n"
		"Shows the author, the time, the message and the changes "
		"of revision N.\n\n"
		"  -o text|json\n" SESSION_HELP "\nExample: reeve show 12\n",
	.operands_min = 1,
	.operands_max = 1,
	.run = run_show};

static int run_revert(int argc, char **argv)
{
	CLEANUP(session_clear) struct session s = SESSION_NULL;
	CLEANUP(buf_clear) struct buf target = BUF_NULL;
	const char *message = NULL;
	bool is_dry_run = false, is_forced = false;
	const struct option_row rows[] = {SESSION_OPTIONS(&s),
					  {"force", 0, OPTION_FLAG, &is_forced},
					  {"message", 'm', OPTION_TEXT, &message},
					  {"dry-run", 0, OPTION_FLAG, &is_dry_run}};
	struct client_request request = {.method = "POST",
					 .content_type = "application/json",
					 .body = SLICE_LITERAL("{}")};
	struct operands operands;
	int code;

	if (!options_parse(&operands, &revert_command, argc, argv, OPTION_SET(rows), &code) ||
	    !session_output_is_text_or_json(&s, &revert_command, &code) ||
	    !target_revision(&target, &revert_command, operands.items[0], ":revert", &code))
		return code;
	url_append_query_text(&target, "message", message);
	url_append_query_text(&target, "dry_run", is_dry_run ? "true" : NULL);
	url_append_query_text(&target, "force", is_forced ? "true" : NULL);
	request.target = buf_slice(&target);
	code = session_open_and_call(&s, &revert_command, &request);
	return code == EXIT_DONE ? write_response_print(&s, &revert_command) : code;
}

const struct command revert_command = {
	.name = "revert",
	.summary = "Undo a revision by a new revision",
	.help = "Usage: reeve revert N\n\n"
		"Stores the content again that each changed document had before revision N.\n"
		"Refused, with a list, if later revisions changed some of them.\n\n"
		"  -m, --message TEXT   the reason, kept in the history\n"
		"  --dry-run            show what would change; change nothing\n"
		"  --force              also if other documents need a removed one, or if no\n"
		"                       token could administer the store afterwards; recorded\n"
		"                       in the audit log\n"
		"  -o text|json\n" SESSION_HELP
		"\nExample: reeve revert 12 -m 'orders fail since then'\n",
	.operands_min = 1,
	.operands_max = 1,
	.run = run_revert};
