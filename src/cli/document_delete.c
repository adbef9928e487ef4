/*
 * delete and undelete of any document, and delete, undelete and destroy of a secret. The commands
 * of a pair differ only in how the typed path becomes a request target: `reeve secret` takes the
 * path without "secrets/".
 *
 * A delete can be undone and a destroy cannot, which the summaries and the help texts must say.
 */
#include "cli/document_delete.h"

#include "cli/commands.h"
#include "cli/operands.h"
#include "cli/written.h"
#include "doc/json_member.h"
#include "net/url.h"

/* target_document() or target_secret() */
typedef bool target_fn(struct buf *ret, const struct command *command, const char *path,
		       const char *verb, int *ret_exit);

/* DELETE. `undelete` is the command that the output proposes. */
static int delete_document(const struct command *command, int argc, char **argv,
			   target_fn *make_target, const char *undelete)
{
	CLEANUP(session_clear) struct session s = SESSION_NULL;
	CLEANUP(buf_clear) struct buf target = BUF_NULL;
	const char *message = NULL;
	bool is_forced = false, is_dry_run = false;
	const struct option_row rows[] = {SESSION_OPTIONS(&s),
					  {"message", 'm', OPTION_TEXT, &message},
					  {"force", 0, OPTION_FLAG, &is_forced},
					  {"dry-run", 0, OPTION_FLAG, &is_dry_run}};
	struct client_request request = {.method = "DELETE"};
	struct operands operands;
	int code;

	if (!options_parse(&operands, command, argc, argv, OPTION_SET(rows), &code) ||
	    !session_output_is_text_or_json(&s, command, &code) ||
	    !make_target(&target, command, operands.items[0], NULL, &code))
		return code;
	url_append_query_text(&target, "message", message);
	url_append_query_text(&target, "force", is_forced ? "true" : NULL);
	url_append_query_text(&target, "dry_run", is_dry_run ? "true" : NULL);
	request.target = buf_slice(&target);
	code = session_open_and_call(&s, command, &request);
	if (code != EXIT_DONE || is_dry_run)
		return code == EXIT_DONE ? write_response_print(&s, command) : code;
	print_line(TO_STDOUT, "deleted %s in revision %llu (to undo it: reeve %s %s --versions N)",
		   operands.items[0], (unsigned long long)s.response.revision, undelete,
		   operands.items[0]);
	return EXIT_DONE;
}

static int run_delete(int argc, char **argv)
{
	return delete_document(&delete_command, argc, argv, target_document, "undelete");
}

const struct command delete_command = {
	.name = "delete",
	.summary = "Delete a document's current version (it can be undeleted)",
	.help = "Usage: reeve delete PATH\n\n"
		"Deletes the current version. Refused while other documents need it.\n\n"
		"  -m, --message TEXT   the reason, kept in the history\n"
		"  --force              also if other documents need it; needs the permission\n"
		"                       admin, and is recorded in the audit log\n"
		"  --dry-run            show what would change; change nothing\n"
		"  -o text|json         the form of the output of --dry-run\n" SESSION_HELP
		"\nExample: reeve delete profiles/orders/old -m 'replaced by nightly'\n",
	.operands_min = 1,
	.operands_max = 1,
	.run = run_delete};

static int run_secret_delete(int argc, char **argv)
{
	return delete_document(&secret_delete_command, argc, argv, target_secret,
			       "secret undelete");
}

const struct command secret_delete_command = {
	.name = "secret delete",
	.summary = "Delete a secret's current version (it can be undeleted)",
	.help = "Usage: reeve secret delete PATH\n\n"
		"Deletes the current version. Refused while profiles need it.\n\n"
		"  -m, --message TEXT   the reason, kept in the history\n"
		"  --force              also if profiles need it; needs the permission admin,\n"
		"                       and is recorded in the audit log\n"
		"  --dry-run            show what would change; change nothing\n"
		"  -o text|json         the form of the output of --dry-run\n" SESSION_HELP
		"\nExample: reeve secret delete orders/old\n",
	.operands_min = 1,
	.operands_max = 1,
	.run = run_secret_delete};

/* POST `path`:`verb` with {"versions": […]}. */
static int post_versions(const struct command *command, int argc, char **argv,
			 target_fn *make_target, const char *verb, bool may_force)
{
	CLEANUP(session_clear) struct session s = SESSION_NULL;
	CLEANUP(buf_clear) struct buf target = BUF_NULL, body = BUF_NULL;
	const char *versions = NULL, *message = NULL;
	bool is_forced = false;
	const struct option_row rows[] = {SESSION_OPTIONS(&s),
					  {"versions", 0, OPTION_TEXT, &versions},
					  {"message", 'm', OPTION_TEXT, &message},
					  {"force", 0, OPTION_FLAG, &is_forced}};
	/* The last row is --force. */
	const struct option_set options = {rows, ARRAY_SIZE(rows) - (may_force ? 0 : 1)};
	struct client_request request = {.method = "POST", .content_type = "application/json"};
	struct operands operands;
	int code;

	if (!options_parse(&operands, command, argc, argv, options, &code) ||
	    !session_output_is_text_or_json(&s, command, &code) ||
	    !make_target(&target, command, operands.items[0], verb, &code))
		return code;
	if (versions == NULL)
		return usage_error(command, "--versions is missing, such as --versions 3");
	buf_append_char(&body, '{');
	json_member(&body, "versions");
	if (!versions_append(&body, command, versions, &code))
		return code;
	buf_append_char(&body, '}');
	url_append_query_text(&target, "message", message);
	url_append_query_text(&target, "force", is_forced ? "true" : NULL);
	request.target = buf_slice(&target);
	request.body = buf_slice(&body);
	code = session_open_and_call(&s, command, &request);
	return code == EXIT_DONE ? write_response_print(&s, command) : code;
}

static int run_undelete(int argc, char **argv)
{
	return post_versions(&undelete_command, argc, argv, target_document, "undelete", true);
}

const struct command undelete_command = {
	.name = "undelete",
	.summary = "Restore deleted versions",
	.help = "Usage: reeve undelete PATH --versions N[,N…]\n\n"
		"The command `reeve history PATH` shows the versions.\n\n"
		"  -m, --message TEXT   the reason, kept in the history\n" FORCE_POLICY_HELP
		"  -o text|json\n" SESSION_HELP
		"\nExample: reeve undelete profiles/orders/old --versions 3\n",
	.operands_min = 1,
	.operands_max = 1,
	.run = run_undelete};

static int run_secret_undelete(int argc, char **argv)
{
	return post_versions(&secret_undelete_command, argc, argv, target_secret, "undelete",
			     false);
}

const struct command secret_undelete_command = {
	.name = "secret undelete",
	.summary = "Restore deleted versions",
	.help = "Usage: reeve secret undelete PATH --versions N[,N…]\n\n"
		"The command `reeve history secrets/PATH` shows the versions.\n\n"
		"  -m, --message TEXT   the reason, kept in the history\n"
		"  -o text|json\n" SESSION_HELP
		"\nExample: reeve secret undelete orders/old --versions 2\n",
	.operands_min = 1,
	.operands_max = 1,
	.run = run_secret_undelete};

static int run_secret_destroy(int argc, char **argv)
{
	return post_versions(&secret_destroy_command, argc, argv, target_secret, "destroy", true);
}

const struct command secret_destroy_command = {
	.name = "secret destroy",
	.summary = "Erase the content of versions for ever; older backups still hold it",
	.help = "Usage: reeve secret destroy PATH --versions N[,N…]\n\n"
		"The command `reeve history secrets/PATH` shows the versions.\n\n"
		"  -m, --message TEXT   the reason, kept in the history\n"
		"  --force              also if profiles need a version; needs the permission\n"
		"                       admin, and is recorded in the audit log\n"
		"  -o text|json\n" SESSION_HELP
		"\nExample: reeve secret destroy orders/old --versions 1,2\n",
	.operands_min = 1,
	.operands_max = 1,
	.run = run_secret_destroy};
