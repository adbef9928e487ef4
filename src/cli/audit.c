/* audit list, and the table of the subcommands of audit. All filters are the server's: this file
 * only passes them on. One call gives one page; --after INDEX continues. */
#include "cli/audit_verify.h"
#include "cli/commands.h"
#include "cli/session.h"
#include "cli/table.h"
#include "net/url.h"

extern const struct command audit_list_command;

/* The documents that the entry is about: " secrets/orders/warehouse@1". A path without a version,
 * such as that of a token, has no "@". */
static void touched_append(struct buf *ret, const struct tree_node *entry)
{
	const struct tree_node *touched = json_array(entry, "touched");

	for (uint32_t i = 0; touched != NULL && i < touched->count; i++) {
		const struct tree_node *item = &touched->of.items[i];

		buf_append_char(ret, ' ');
		plain_append(ret, json_text(item, "path"));
		if (json_number(item, "version") != 0)
			buf_printf(ret, "@%llu", (unsigned long long)json_number(item, "version"));
	}
}

/* One line: "7 2026-11-21T17:52:20.196Z administrator secret.read ok secrets/orders/warehouse@1
 * (dry run)". Texts of the log are escaped, since some of them come from clients. */
static void entry_write(struct buf *ret, const struct tree_node *entry)
{
	buf_printf(ret, "%llu ", (unsigned long long)json_number(entry, "index"));
	plain_append(ret, json_text(entry, "time"));
	buf_append_char(ret, ' ');
	plain_append(ret, json_text(entry, "actor"));
	buf_append_char(ret, ' ');
	plain_append(ret, json_text(entry, "action"));
	buf_append_char(ret, ' ');
	plain_append(ret, json_text(entry, "outcome"));
	touched_append(ret, entry);
	if (json_text(entry, "reason").len != 0) {
		buf_append_text(ret, " (");
		plain_append(ret, json_text(entry, "reason"));
		buf_append_char(ret, ')');
	}
	buf_append_char(ret, '\n');
}

static int print_entries(struct session *s)
{
	CLEANUP(tree_clearp) struct tree tree = TREE_INIT(0, false);
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	const struct tree_node *items;

	if (session_is_json(s))
		return print_content_line(buf_slice(&s->response.body));
	if (!session_read_json(s, &audit_list_command, &tree))
		return EXIT_REFUSED;
	items = json_array(&tree.root, "items");
	for (uint32_t i = 0; items != NULL && i < items->count; i++)
		entry_write(&text, &items->of.items[i]);
	if (text.len == 0)
		buf_append_text(&text, "no entries\n");
	return print_text(TO_STDOUT, buf_slice(&text));
}

static int run_list(int argc, char **argv)
{
	CLEANUP(session_clear) struct session s = SESSION_NULL;
	CLEANUP(buf_clear) struct buf target = BUF_NULL;
	const char *actor = NULL, *action = NULL, *path = NULL, *outcome = NULL, *from = NULL;
	const char *to = NULL, *after = NULL, *limit = NULL;
	const struct option_row rows[] = {SESSION_OPTIONS(&s),
					  {"actor", 0, OPTION_TEXT, &actor},
					  {"action", 0, OPTION_TEXT, &action},
					  {"path", 0, OPTION_TEXT, &path},
					  {"outcome", 0, OPTION_TEXT, &outcome},
					  {"from", 0, OPTION_TEXT, &from},
					  {"to", 0, OPTION_TEXT, &to},
					  {"after", 0, OPTION_TEXT, &after},
					  {"limit", 'n', OPTION_TEXT, &limit}};
	static const char *const outputs[] = {"text", "json", "jsonl"};
	struct client_request request = {.method = "GET"};
	struct operands operands;
	int code;

	if (!options_parse(&operands, &audit_list_command, argc, argv, OPTION_SET(rows), &code) ||
	    !session_output_is_valid(&s, &audit_list_command, outputs, ARRAY_SIZE(outputs), &code))
		return code;
	buf_append_text(&target, "/v1/audit");
	url_append_query_text(&target, "actor", actor);
	url_append_query_text(&target, "action", action);
	url_append_query_text(&target, "path", path);
	url_append_query_text(&target, "outcome", outcome);
	url_append_query_text(&target, "from", from);
	url_append_query_text(&target, "to", to);
	url_append_query_text(&target, "after", after);
	url_append_query_text(&target, "limit", limit);
	request.target = buf_slice(&target);
	if (s.output != NULL && strcmp(s.output, "jsonl") == 0)
		request.accept = "application/x-ndjson";
	code = session_open_and_call(&s, &audit_list_command, &request);
	if (code != EXIT_DONE)
		return code;
	return request.accept != NULL ? print_content(buf_slice(&s.response.body))
				      : print_entries(&s);
}

const struct command audit_list_command = {
	.name = "audit list",
	.summary = "List entries of the audit log",
	.help = "Usage: reeve audit list [--actor NAME] [--action WORD] [--path PATH] …\n\n"
		"Lists the entries that match all the given options, oldest first.\n\n"
		"  --actor NAME     entries of this principal\n"
		"  --action WORD    such as secret.read, or secret.* for all actions on secrets\n"
		"  --path PATH      entries about PATH, or about all below it if PATH ends in /\n"
		"  --outcome WORD   ok, forbidden, invalid …\n"
		"  --from TIME      such as 2026-11-20T00:00:00Z\n"
		"  --to TIME\n"
		"  --after INDEX    entries from this index on\n"
		"  -n, --limit N    at most N entries\n"
		"  -o text|json|jsonl\n" SESSION_HELP
		"\nExample: reeve audit list --path secrets/orders/ --from 2026-11-20T00:00:00Z\n",
	.run = run_list};

static const struct command *const audit_rows[] = {&audit_list_command, &audit_verify_command};

const struct command audit_command = {.name = "audit",
				      .summary = "List and verify the audit log",
				      .subcommands = audit_rows,
				      .subcommands_count = ARRAY_SIZE(audit_rows)};
