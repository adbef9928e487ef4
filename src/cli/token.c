/*
 * token: makes, lists and revokes tokens. A token is shown once, when it is created; afterwards
 * only its accessor is known, which names it and gives no rights. Where a token may be in memory,
 * the tree is one that is wiped.
 */
#include "base/file.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/session.h"
#include "cli/table.h"
#include "cli/operands.h"
#include "doc/json_member.h"
#include "net/url.h"

#include <unistd.h>

extern const struct command token_create_command, token_list_command, token_revoke_command,
	token_self_command;

/* Writes the comma first: there is always a member before it. */
static void append_list(struct buf *json, const char *name, const struct option_list *list)
{
	if (list->count == 0)
		return;
	buf_printf(json, ",\"%s\":[", name);
	for (size_t i = 0; i < list->count; i++) {
		if (i != 0)
			buf_append_char(json, ',');
		json_append_string(json, slice_text(list->items[i]));
	}
	buf_append_char(json, ']');
}

/* The options of token create, as typed. */
struct create_words {
	const char *name, *ttl, *uses, *save_file;
	struct option_list policies, addresses;
};

/* {"name": …, "policies": […], "ttl": …, "addresses": […], "uses": N}; members without an option
 * are left out, and the server has their defaults. */
static bool build_create(struct buf *body, const struct create_words *w, int *ret_exit)
{
	uint64_t count;

	buf_append_char(body, '{');
	member_append_text(body, "name", w->name);
	append_list(body, "policies", &w->policies);
	member_append_text(body, "ttl", w->ttl);
	append_list(body, "addresses", &w->addresses);
	if (w->uses != NULL) {
		if (!number_parse(&token_create_command, "--uses", w->uses, &count, ret_exit))
			return false;
		json_member_u64(body, "uses", count);
	}
	buf_append_char(body, '}');
	return true;
}

/* Prints only the token to standard output, or writes it to a file of mode 0600. The token exists
 * on the server by now: if it cannot be written, the text says how to revoke it. */
static int show_token(const struct tree_node *root, const char *save_file)
{
	CLEANUP(buf_clear) struct buf line = BUF_NULL;
	struct slice accessor = json_text(root, "accessor"), token = json_text(root, "token");
	struct error err = ERROR_NULL;
	enum result rc;

	if (save_file == NULL) {
		print_line(TO_STDERR, "accessor %.*s; the token, which is not shown again:",
			   SLICE_ARGS(accessor));
		return print_content_line(token);
	}
	buf_append_slice(&line, token);
	buf_append_char(&line, '\n');
	rc = buf_check(&line, &err);
	if (rc == OK)
		rc = file_create(save_file, buf_slice(&line), 0600, &err);
	if (rc == OK) {
		print_line(TO_STDERR, "accessor %.*s; the token is in %s", SLICE_ARGS(accessor),
			   save_file);
		return EXIT_DONE;
	}
	print_failure(&token_create_command, rc, &err);
	print_line(TO_STDERR, "the token is lost; revoke it: reeve token revoke %.*s",
		   SLICE_ARGS(accessor));
	return EXIT_REFUSED;
}

static int run_create(int argc, char **argv)
{
	CLEANUP(session_clear) struct session s = SESSION_NULL;
	CLEANUP(buf_clear) struct buf body = BUF_NULL;
	CLEANUP(tree_clearp) struct tree tree = TREE_INIT(0, true);
	struct create_words w = {0};
	const struct option_row rows[] = {SESSION_OPTIONS(&s),
					  {"name", 0, OPTION_TEXT, &w.name},
					  {"policy", 0, OPTION_LIST, &w.policies},
					  {"ttl", 0, OPTION_TEXT, &w.ttl},
					  {"address", 0, OPTION_LIST, &w.addresses},
					  {"uses", 0, OPTION_TEXT, &w.uses},
					  {"save", 0, OPTION_TEXT, &w.save_file}};
	struct client_request request = {.method = "POST",
					 .target = SLICE_LITERAL("/v1/tokens"),
					 .content_type = "application/json"};
	struct operands operands;
	int code;

	if (!options_parse(&operands, &token_create_command, argc, argv, OPTION_SET(rows), &code) ||
	    !session_output_is_text_or_json(&s, &token_create_command, &code))
		return code;
	if (w.name == NULL || w.policies.count == 0)
		return usage_error(&token_create_command, "--name and --policy are needed");
	/* Before the request: afterwards the token exists and could not be stored. */
	if (w.save_file != NULL && (session_is_json(&s) || access(w.save_file, F_OK) == 0))
		return usage_error(&token_create_command,
				   "--save needs a file that does not exist, and excludes -o json");
	if (!build_create(&body, &w, &code))
		return code;
	request.body = buf_slice(&body);
	code = session_open_and_call(&s, &token_create_command, &request);
	if (code != EXIT_DONE)
		return code;
	if (session_is_json(&s))
		return print_content_line(buf_slice(&s.response.body));
	if (!session_read_json(&s, &token_create_command, &tree))
		return EXIT_REFUSED;
	return show_token(&tree.root, w.save_file);
}

const struct command token_create_command = {
	.name = "token create",
	.summary = "Create a token",
	.help = "Usage: reeve token create --name NAME --policy POLICY [--policy …]\n\n"
		"Prints the token to standard output, or writes it to a file that only you can\n"
		"read.\n\n"
		"  --name NAME        the principal's name in the history and the audit log\n"
		"  --policy POLICY    may be repeated\n"
		"  --ttl DURATION     lifetime, such as 1h or 30d; at most that of your own\n"
		"                     token\n"
		"  --address RANGE    accept the token only from these addresses, such as\n"
		"                     10.0.0.0/8; may be repeated\n"
		"  --uses N           accept the token for N requests\n"
		"  --save FILE        write the token to FILE (mode 0600), which must not exist\n"
		"  -o text|json\n" SESSION_HELP
		"\nExample: reeve token create --name nightly --policy runtime --ttl 12h "
		"--save nightly.token\n",
	.run = run_create};

static int run_list(int argc, char **argv)
{
	CLEANUP(session_clear) struct session s = SESSION_NULL;
	CLEANUP(tree_clearp) struct tree tree = TREE_INIT(0, false);
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	const struct option_row rows[] = {SESSION_OPTIONS(&s)};
	static const struct column columns[] = {{"ACCESSOR", "accessor"},
						{"NAME", "name"},
						{"POLICIES", "policies"},
						{"EXPIRES", "expires_at"},
						{"BY", "created_by"}};
	struct operands operands;
	int code;

	if (!options_parse(&operands, &token_list_command, argc, argv, OPTION_SET(rows), &code) ||
	    !session_output_is_text_or_json(&s, &token_list_command, &code))
		return code;
	code = session_open_and_get(&s, &token_list_command, SLICE_LITERAL("/v1/tokens"));
	if (code != EXIT_DONE)
		return code;
	if (session_is_json(&s))
		return print_content_line(buf_slice(&s.response.body));
	if (!session_read_json(&s, &token_list_command, &tree))
		return EXIT_REFUSED;
	table_write(&text, json_array(&tree.root, "items"), columns, ARRAY_SIZE(columns),
		    "no tokens");
	return print_text(TO_STDOUT, buf_slice(&text));
}

const struct command token_list_command = {.name = "token list",
					   .summary = "List tokens",
					   .help = "Usage: reeve token list\n\n"
						   "The list shows each token's accessor, "
						   "never the token itself.\n\n"
						   "  -o text|json\n" SESSION_HELP
						   "\nExample: reeve token list\n",
					   .run = run_list};

static int run_revoke(int argc, char **argv)
{
	CLEANUP(session_clear) struct session s = SESSION_NULL;
	CLEANUP(buf_clear) struct buf target = BUF_NULL;
	bool is_forced = false;
	const struct option_row rows[] = {SESSION_CONNECTION(&s),
					  {"force", 0, OPTION_FLAG, &is_forced}};
	struct client_request request = {.method = "DELETE"};
	struct operands operands;
	int code;

	if (!options_parse(&operands, &token_revoke_command, argc, argv, OPTION_SET(rows), &code))
		return code;
	/* A token in a request target would end in the logs of proxies. */
	if (strncmp(operands.items[0], "rv_", 3) == 0)
		return usage_error(
			&token_revoke_command,
			"the accessor is needed, not the token; reeve token list shows it");
	buf_append_text(&target, "/v1/tokens/");
	url_append_path(&target, slice_text(operands.items[0]));
	url_append_query_text(&target, "force", is_forced ? "true" : NULL);
	request.target = buf_slice(&target);
	code = session_open_and_call(&s, &token_revoke_command, &request);
	if (code == EXIT_DONE)
		print_line(TO_STDOUT, "revoked %s and the tokens that were created with it",
			   operands.items[0]);
	return code;
}

const struct command token_revoke_command = {
	.name = "token revoke",
	.summary = "Revoke a token and the tokens that were created with it",
	.help = "Usage: reeve token revoke ACCESSOR [--force]\n\n"
		"  --force            also if it is the last token that can administer the\n"
		"                     store\n" SESSION_HELP
		"\nExample: reeve token revoke 7d8f0c2a\n",
	.operands_min = 1,
	.operands_max = 1,
	.run = run_revoke};

static int run_self(int argc, char **argv)
{
	CLEANUP(session_clear) struct session s = SESSION_NULL;
	const struct option_row rows[] = {SESSION_CONNECTION(&s)};
	struct operands operands;
	int code;

	if (!options_parse(&operands, &token_self_command, argc, argv, OPTION_SET(rows), &code))
		return code;
	code = session_open_and_get(&s, &token_self_command, SLICE_LITERAL("/v1/tokens/self"));
	return code == EXIT_DONE ? print_content_line(buf_slice(&s.response.body)) : code;
}

const struct command token_self_command = {
	.name = "token self",
	.summary = "Show your own token's name, policies and expiry",
	.help = "Usage: reeve token self\n\n" SESSION_HELP "\nExample: reeve token self\n",
	.run = run_self};

static const struct command *const token_rows[] = {&token_create_command, &token_list_command,
						   &token_revoke_command, &token_self_command};

const struct command token_command = {.name = "token",
				      .summary = "Create, list and revoke tokens",
				      .subcommands = token_rows,
				      .subcommands_count = ARRAY_SIZE(token_rows)};
