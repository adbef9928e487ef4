/* put, delete, undelete, rollback: one document, one revision. */
#include "base/file.h"
#include "cli/commands.h"
#include "cli/session.h"
#include "cli/table.h"
#include "cli/request.h"
#include "cli/write_response.h"
#include "net/url.h"
#include "doc/path.h"

#include <stdio.h>
#include <unistd.h>

static const char *const text_or_json[] = {"text", "json"};

#define SOURCE_BYTES_MAX (8 * 1024 * 1024)

#define FORCE_POLICY_HELP \
	"  --force              of a policy: even if nobody could administer then; recorded\n"

static const char *type_of(const char *file, const char *given)
{
	size_t len = strlen(file);

	if (given != NULL)
		return strcmp(given, "json") == 0 ? "application/json" : "application/yaml";
	if (len > 5 && strcmp(file + len - 5, ".json") == 0)
		return "application/json";
	return "application/yaml";
}

static bool set_condition(struct client_request *request, char *etag, size_t size,
			  const struct command *command, const char *if_version, int *ret_exit)
{
	uint64_t version;

	if (if_version == NULL)
		return true;
	if (strcmp(if_version, "new") == 0) {
		request->if_none_match = "*";
		return true;
	}
	if (!number_parse(command, "--if-version", if_version, &version, ret_exit))
		return false;
	snprintf(etag, size, "\"v%llu\"", (unsigned long long)version);
	request->if_match = etag;
	return true;
}

static int run_put(int argc, char **argv)
{
	CLEANUP(session_clear) struct session s = SESSION_NULL;
	CLEANUP(buf_clear) struct buf target = BUF_NULL, source = BUF_NULL;
	const char *message = NULL, *if_version = NULL, *type = NULL, *file;
	bool is_dry_run = false, is_forced = false;
	const struct option_row rows[] = {SESSION_OPTIONS(&s),
					  {"message", 'm', OPTION_TEXT, &message},
					  {"if-version", 0, OPTION_TEXT, &if_version},
					  {"type", 0, OPTION_TEXT, &type},
					  {"force", 0, OPTION_FLAG, &is_forced},
					  {"dry-run", 0, OPTION_FLAG, &is_dry_run}};
	struct client_request request = {.method = "PUT"};
	struct operands operands;
	struct error err = ERROR_NULL;
	char etag[32];
	enum result rc;
	int code;

	if (!options_parse(&operands, &put_command, argc, argv, rows, ARRAY_SIZE(rows), 1, 2,
			   &code) ||
	    !session_output_is_valid(&s, &put_command, text_or_json, 2, &code) ||
	    !target_document(&target, &put_command, operands.items[0], NULL, &code) ||
	    !set_condition(&request, etag, sizeof etag, &put_command, if_version, &code))
		return code;
	if (type != NULL && strcmp(type, "yaml") != 0 && strcmp(type, "json") != 0)
		return usage_error(&put_command, "--type is yaml or json");
	file = operands.count > 1 ? operands.items[1] : "-";
	rc = strcmp(file, "-") == 0
		     ? file_read_fd(&source, STDIN_FILENO, "standard input", SOURCE_BYTES_MAX, &err)
		     : file_read(&source, file, SOURCE_BYTES_MAX, &err);
	if (rc != OK) {
		say_failure(&put_command, rc, &err);
		return EXIT_USAGE;
	}
	url_append_query_text(&target, "message", message);
	url_append_query_text(&target, "force", is_forced ? "true" : NULL);
	url_append_query_text(&target, "dry_run", is_dry_run ? "true" : NULL);
	request.target = buf_slice(&target);
	request.body = buf_slice(&source);
	request.content_type = type_of(file, type);
	code = session_open(&s, &put_command);
	if (code == EXIT_DONE)
		code = session_call(&s, &put_command, &request);
	return code == EXIT_DONE ? write_response_print(&s, &put_command) : code;
}

const struct command put_command = {
	.name = "put",
	.summary = "Store a document",
	.help = "Usage: reeve put PATH [FILE|-]\n\n"
		"Stores FILE (standard input where there is none) as the next version of PATH, after it and\n"
		"every profile that it affects were validated. YAML unless FILE ends in .json.\n\n"
		"  -m, --message TEXT   why\n"
		"  --if-version N|new   only if N is the current version, or if there is none yet\n"
		"  --type yaml|json\n" FORCE_POLICY_HELP
		"  --dry-run            say what would happen, change nothing\n"
		"  -o text|json\n" SESSION_HELP
		"\nExample: reeve put profiles/orders/production production.yaml -m 'more executors'\n",
	.run = run_put};

typedef bool target_fn(struct buf *ret, const struct command *command, const char *path,
		       const char *verb, int *ret_exit);

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

	if (!options_parse(&operands, command, argc, argv, rows, ARRAY_SIZE(rows), 1, 1, &code) ||
	    !session_output_is_valid(&s, command, text_or_json, 2, &code) ||
	    !make_target(&target, command, operands.items[0], NULL, &code))
		return code;
	url_append_query_text(&target, "message", message);
	url_append_query_text(&target, "force", is_forced ? "true" : NULL);
	url_append_query_text(&target, "dry_run", is_dry_run ? "true" : NULL);
	request.target = buf_slice(&target);
	code = session_open(&s, command);
	if (code == EXIT_DONE)
		code = session_call(&s, command, &request);
	if (code != EXIT_DONE || is_dry_run)
		return code == EXIT_DONE ? write_response_print(&s, command) : code;
	print_line(TO_STDOUT,
		   "deleted %s in revision %llu (it can be undeleted: reeve %s %s --versions N)",
		   operands.items[0], (unsigned long long)s.response.revision, undelete,
		   operands.items[0]);
	return EXIT_DONE;
}

static int run_delete(int argc, char **argv)
{
	return delete_document(&delete_command, argc, argv, target_document, "undelete");
}

int secret_delete_run(int argc, char **argv)
{
	return delete_document(&secret_delete_command, argc, argv, target_secret,
			       "secret undelete");
}

const struct command delete_command = {
	.name = "delete",
	.summary = "Delete a document's current version (it can be undeleted)",
	.help = "Usage: reeve delete PATH\n\n"
		"Refused while other documents need it.\n\n"
		"  -m, --message TEXT   why\n"
		"  --force              even so; needs the permission admin and is recorded\n"
		"  --dry-run            say what would happen, change nothing\n"
		"  -o text|json         of --dry-run\n" SESSION_HELP
		"\nExample: reeve delete profiles/orders/old -m 'no longer run'\n",
	.run = run_delete};

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
	const size_t rows_count = ARRAY_SIZE(rows) - (may_force ? 0 : 1);
	struct client_request request = {.method = "POST", .content_type = "application/json"};
	struct operands operands;
	int code;

	if (!options_parse(&operands, command, argc, argv, rows, rows_count, 1, 1, &code) ||
	    !session_output_is_valid(&s, command, text_or_json, 2, &code) ||
	    !make_target(&target, command, operands.items[0], verb, &code))
		return code;
	if (versions == NULL)
		return usage_error(command, "--versions is missing, such as --versions 3");
	buf_append_text(&body, "{\"versions\":");
	if (!versions_append(&body, command, versions, &code))
		return code;
	buf_append_char(&body, '}');
	url_append_query_text(&target, "message", message);
	url_append_query_text(&target, "force", is_forced ? "true" : NULL);
	request.target = buf_slice(&target);
	request.body = buf_slice(&body);
	code = session_open(&s, command);
	if (code == EXIT_DONE)
		code = session_call(&s, command, &request);
	return code == EXIT_DONE ? write_response_print(&s, command) : code;
}

static int run_undelete(int argc, char **argv)
{
	return post_versions(&undelete_command, argc, argv, target_document, "undelete", true);
}

const struct command undelete_command = {
	.name = "undelete",
	.summary = "Bring deleted versions back",
	.help = "Usage: reeve undelete PATH --versions N[,N…]\n\n"
		"reeve history PATH shows the versions.\n\n"
		"  -m, --message TEXT   why\n" FORCE_POLICY_HELP "  -o text|json\n" SESSION_HELP
		"\nExample: reeve undelete profiles/orders/old --versions 3\n",
	.run = run_undelete};

int secret_undelete_run(int argc, char **argv)
{
	return post_versions(&secret_undelete_command, argc, argv, target_secret, "undelete",
			     false);
}

int secret_destroy_run(int argc, char **argv)
{
	return post_versions(&secret_destroy_command, argc, argv, target_secret, "destroy", true);
}

static int run_rollback(int argc, char **argv)
{
	CLEANUP(session_clear) struct session s = SESSION_NULL;
	CLEANUP(buf_clear) struct buf target = BUF_NULL, body = BUF_NULL;
	const char *to = NULL, *message = NULL;
	bool is_dry_run = false, is_forced = false;
	const struct option_row rows[] = {SESSION_OPTIONS(&s),
					  {"to", 0, OPTION_TEXT, &to},
					  {"message", 'm', OPTION_TEXT, &message},
					  {"force", 0, OPTION_FLAG, &is_forced},
					  {"dry-run", 0, OPTION_FLAG, &is_dry_run}};
	struct client_request request = {.method = "POST", .content_type = "application/json"};
	struct operands operands;
	uint64_t version;
	int code;

	if (!options_parse(&operands, &rollback_command, argc, argv, rows, ARRAY_SIZE(rows), 1, 1,
			   &code) ||
	    !session_output_is_valid(&s, &rollback_command, text_or_json, 2, &code) ||
	    !target_document(&target, &rollback_command, operands.items[0], "rollback", &code))
		return code;
	if (to == NULL)
		return usage_error(&rollback_command, "--to is missing, such as --to 3");
	if (!number_parse(&rollback_command, "--to", to, &version, &code))
		return code;
	buf_printf(&body, "{\"version\":%llu}", (unsigned long long)version);
	url_append_query_text(&target, "message", message);
	url_append_query_text(&target, "force", is_forced ? "true" : NULL);
	url_append_query_text(&target, "dry_run", is_dry_run ? "true" : NULL);
	request.target = buf_slice(&target);
	request.body = buf_slice(&body);
	code = session_open(&s, &rollback_command);
	if (code == EXIT_DONE)
		code = session_call(&s, &rollback_command, &request);
	return code == EXIT_DONE ? write_response_print(&s, &rollback_command) : code;
}

const struct command rollback_command = {
	.name = "rollback",
	.summary = "Give a document an old content again, as a new version",
	.help = "Usage: reeve rollback PATH --to N\n\n"
		"Validated as any write; needs the permission rollback and no right to read.\n\n"
		"  -m, --message TEXT   why\n" FORCE_POLICY_HELP
		"  --dry-run            say what would happen, change nothing\n"
		"  -o text|json\n" SESSION_HELP
		"\nExample: reeve rollback profiles/orders/production --to 2\n",
	.run = run_rollback};
