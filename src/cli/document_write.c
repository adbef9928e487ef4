/*
 * put, rollback: write one document as one revision. The server validates; this file only reads the
 * source and sets the conditions. A rollback copies on the server, so its content does not pass
 * through the client, which needs no right to read it.
 */
#include "base/file.h"
#include "cli/commands.h"
#include "cli/session.h"
#include "cli/table.h"
#include "cli/operands.h"
#include "cli/written.h"
#include "net/url.h"
#include "doc/path.h"

#include <stdio.h>
#include <unistd.h>

/* More than any server accepts (document_max is at most 1 MiB), so that the server's error, which
 * names its own bound, is the one that the user sees. */
#define SOURCE_BYTES_MAX (8 * 1024 * 1024)

/* `given` is the value of --type, which was checked, or NULL. */
static const char *type_of(const char *file, const char *given)
{
	size_t len = strlen(file);

	if (given != NULL)
		return strcmp(given, "json") == 0 ? "application/json" : "application/yaml";
	if (len > 5 && strcmp(file + len - 5, ".json") == 0)
		return "application/json";
	return "application/yaml";
}

/* --if-version 3 becomes If-Match: "v3", the entity tag of version 3; --if-version new becomes
 * If-None-Match: * (RFC 9110, sections 13.1.1 and 13.1.2). `etag` must live as long as the request;
 * 32 bytes hold the longest number. */
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

	if (!options_parse(&operands, &put_command, argc, argv, OPTION_SET(rows), &code) ||
	    !session_output_is_text_or_json(&s, &put_command, &code) ||
	    !target_document(&target, &put_command, operands.items[0], NULL, &code) ||
	    !set_condition(&request, etag, sizeof etag, &put_command, if_version, &code))
		return code;
	if (type != NULL && strcmp(type, "yaml") != 0 && strcmp(type, "json") != 0)
		return usage_error(&put_command, "--type must be yaml or json");
	file = operands.count > 1 ? operands.items[1] : "-";
	rc = strcmp(file, "-") == 0
		     ? file_read_fd(&source, STDIN_FILENO, "standard input", SOURCE_BYTES_MAX, &err)
		     : file_read(&source, file, SOURCE_BYTES_MAX, &err);
	if (rc != OK) {
		print_failure(&put_command, rc, &err);
		return EXIT_USAGE;
	}
	url_append_query_text(&target, "message", message);
	url_append_query_text(&target, "force", is_forced ? "true" : NULL);
	url_append_query_text(&target, "dry_run", is_dry_run ? "true" : NULL);
	request.target = buf_slice(&target);
	request.body = buf_slice(&source);
	request.content_type = type_of(file, type);
	code = session_open_and_call(&s, &put_command, &request);
	return code == EXIT_DONE ? write_response_print(&s, &put_command) : code;
}

const struct command put_command = {
	.name = "put",
	.summary = "Store a document",
	.help = "Usage: reeve put PATH [FILE|-]\n\n"
		"Stores FILE, or standard input without FILE, as the next version of PATH. The\n"
		"server first validates it and every profile that it affects.\n\n"
		"  -m, --message TEXT   the reason, kept in the history\n"
		"  --if-version N|new   only if N is the current version, or if PATH does not\n"
		"                       exist\n"
		"  --type yaml|json     default: json for *.json, else yaml\n" FORCE_POLICY_HELP
		"  --dry-run            show what would change; change nothing\n"
		"  -o text|json\n" SESSION_HELP
		"\nExample: reeve put profiles/orders/production production.yaml "
		"-m 'more executors'\n",
	.operands_min = 1,
	.operands_max = 2,
	.run = run_put};

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

	if (!options_parse(&operands, &rollback_command, argc, argv, OPTION_SET(rows), &code) ||
	    !session_output_is_text_or_json(&s, &rollback_command, &code) ||
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
	code = session_open_and_call(&s, &rollback_command, &request);
	return code == EXIT_DONE ? write_response_print(&s, &rollback_command) : code;
}

const struct command rollback_command = {
	.name = "rollback",
	.summary = "Store an old version of a document again, as a new version",
	.help = "Usage: reeve rollback PATH --to N\n\n"
		"The old content is validated like every write. Needs the permission rollback,\n"
		"but not read.\n\n"
		"  --to N               the version whose content to store\n"
		"  -m, --message TEXT   the reason, kept in the history\n" FORCE_POLICY_HELP
		"  --dry-run            show what would change; change nothing\n"
		"  -o text|json\n" SESSION_HELP
		"\nExample: reeve rollback profiles/orders/production --to 2\n",
	.operands_min = 1,
	.operands_max = 1,
	.run = run_rollback};
