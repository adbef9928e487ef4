/*
 * access: asks the server for the decision on one permission. The exit code is the answer, so that
 * a script can ask before it acts; the output names the rule for people. The server decides by the
 * token that makes the call.
 */
#include "cli/commands.h"
#include "cli/operands.h"
#include "cli/session.h"

extern const struct command access_check_command;

static void print_decision(const struct tree_node *root)
{
	const struct tree_node *rule = TREE_GET(root, "rule");
	const char *word = json_is_true(root, "allowed") ? "allowed" : "refused";

	if (rule != NULL && rule->kind == TREE_OBJECT)
		print_line(TO_STDOUT, "%s: rule %llu of policies/%.*s (line %llu)", word,
			   (unsigned long long)json_number(rule, "rule"),
			   SLICE_ARGS(json_text(rule, "policy")),
			   (unsigned long long)json_number(rule, "line"));
	else
		print_line(TO_STDOUT, "%s: no rule allows it", word);
}

static int run_check(int argc, char **argv)
{
	CLEANUP(session_clear) struct session s = SESSION_NULL;
	CLEANUP(buf_clear) struct buf body = BUF_NULL;
	CLEANUP(tree_clearp) struct tree tree = TREE_INIT(0, false);
	const struct option_row rows[] = {SESSION_OPTIONS(&s)};
	struct client_request request = {.method = "POST",
					 .target = SLICE_LITERAL("/v1/access:check"),
					 .content_type = "application/json"};
	struct operands operands;
	int code;

	if (!options_parse(&operands, &access_check_command, argc, argv, OPTION_SET(rows), &code) ||
	    !session_output_is_text_or_json(&s, &access_check_command, &code))
		return code;
	buf_append_char(&body, '{');
	member_append_text(&body, "permission", operands.items[0]);
	member_append_text(&body, "path", operands.items[1]);
	buf_append_char(&body, '}');
	request.body = buf_slice(&body);
	code = session_open_and_call(&s, &access_check_command, &request);
	if (code != EXIT_DONE || !session_read_json(&s, &access_check_command, &tree))
		return EXIT_REFUSED;
	if (session_is_json(&s)) {
		code = print_content_line(buf_slice(&s.response.body));
	} else {
		print_decision(&tree.root);
	}
	return json_is_true(&tree.root, "allowed") ? EXIT_DONE : EXIT_REFUSED;
}

const struct command access_check_command = {
	.name = "access check",
	.summary = "Show whether you have a permission, and which rule decides",
	.help = "Usage: reeve access check PERMISSION PATH\n\n"
		"Exits with 0 if the permission is granted, with 1 if not.\n\n"
		"  -o text|json\n" SESSION_HELP
		"\nExample: reeve access check read secrets/orders/production/warehouse\n",
	.operands_min = 2,
	.operands_max = 2,
	.run = run_check};

static const struct command *const access_rows[] = {&access_check_command};

const struct command access_command = {.name = "access",
				       .summary = "Check your permissions",
				       .subcommands = access_rows,
				       .subcommands_count = ARRAY_SIZE(access_rows)};
