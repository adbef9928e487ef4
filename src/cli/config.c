/* config: prints an effective configuration as the server formats it. The output env is meant for a
 * shell (`eval`), so variables that control programs get a warning on standard error. */
#include "agent/variable.h"
#include "cli/commands.h"
#include "cli/session.h"
#include "cli/operands.h"
#include "net/url.h"

/* The outputs, and the media types to accept for them. The query parameter `format` chooses the
 * form. */
static const struct {
	const char *word, *accept;
} formats[] = {
	{"json", "application/json"},	   {"yaml", "application/yaml"},
	{"properties", "text/plain, */*"}, {"env", "text/plain, */*"},
	{"raw", "text/plain, */*"},
};

/* NULL for a word that is no output. */
static const char *accept_of(const char *format)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		if (strcmp(format, formats[i].word) == 0)
			return formats[i].accept;
	}
	return NULL;
}

/* Whether the line ends inside a quoted value, which goes on in the next line. Values that need
 * quotes are in single quotes. */
static bool ends_quoted(struct slice line, bool is_quoted)
{
	for (size_t i = 0; i < line.len; i++) {
		if (line.data[i] == '\'')
			is_quoted = !is_quoted;
		else if (line.data[i] == '\\' && !is_quoted)
			i++;
	}
	return is_quoted;
}

static void warn_of_variable(struct slice line)
{
	const char *what = NULL;
	struct slice name;

	if (slice_next_part(&line, '=', &name) && line.data != NULL && variable_is_name(name))
		what = variable_steers(name);
	if (what != NULL)
		print_line(TO_STDERR,
			   "reeve config: warning: %.*s controls %s; check its value before you "
			   "load these lines into a shell",
			   SLICE_ARGS(name), what);
}

/* A shell that loads these lines lets the configuration's authors set its PATH, for example. */
static void warn_of_control_variables(struct slice lines)
{
	bool is_quoted = false;
	struct slice line;

	while (slice_next_part(&lines, '\n', &line)) {
		if (!is_quoted)
			warn_of_variable(line);
		is_quoted = ends_quoted(line, is_quoted);
	}
}

static int run_config(int argc, char **argv)
{
	CLEANUP(session_clear) struct session s = SESSION_NULL;
	CLEANUP(buf_clear) struct buf target = BUF_NULL;
	const char *key = NULL, *revision = NULL, *at = NULL, *format;
	bool is_revealed = false, is_explained = false;
	const struct option_row rows[] = {SESSION_OPTIONS(&s),
					  {"key", 0, OPTION_TEXT, &key},
					  {"revision", 0, OPTION_TEXT, &revision},
					  {"at", 0, OPTION_TEXT, &at},
					  {"reveal", 0, OPTION_FLAG, &is_revealed},
					  {"explain", 0, OPTION_FLAG, &is_explained}};
	struct client_request request = {.method = "GET"};
	struct operands operands;
	int code;

	if (!options_parse(&operands, &config_command, argc, argv, OPTION_SET(rows), &code) ||
	    !target_config(&target, &config_command, operands.items[0], NULL, &code))
		return code;
	format = s.output != NULL ? s.output : is_explained ? "json" : "yaml";
	request.accept = accept_of(format);
	if (request.accept == NULL)
		return usage_error(&config_command, "-o %s is not an output of this command",
				   format);
	url_append_query_text(&target, "format", format);
	url_append_query_text(&target, "key", key);
	url_append_query_text(&target, "revision", revision);
	url_append_query_text(&target, "at", at);
	url_append_query_text(&target, "reveal", is_revealed ? "true" : NULL);
	url_append_query_text(&target, "explain", is_explained ? "true" : NULL);
	request.target = buf_slice(&target);
	code = session_open_and_call(&s, &config_command, &request);
	if (code != EXIT_DONE)
		return code;
	if (strcmp(format, "env") == 0)
		warn_of_control_variables(buf_slice(&s.response.body));
	return print_content_line(buf_slice(&s.response.body));
}

const struct command config_command = {
	.name = "config",
	.summary = "Print the effective configuration of a profile",
	.help = "Usage: reeve config APP/PROFILE [--reveal | --explain] [--key POINTER]\n\n"
		"Prints a profile's configuration after inheritance, variables and references\n"
		"are resolved. Secrets stay references unless --reveal is given; revealing them\n"
		"is recorded in the audit log.\n\n"
		"  -o json|yaml|properties|env|raw\n"
		"  --key POINTER   print one value only, such as /spark/app_name\n"
		"  --reveal        include the values of secrets\n"
		"  --explain       show the document, version, line and column that set each\n"
		"                  value\n"
		"  --revision N    the configuration after revision N of the store\n"
		"  --at TIME       as it was then, such as 2026-11-20T12:00:00Z\n" SESSION_HELP
		"\nExample: reeve config orders/production -o env --reveal\n",
	.operands_min = 1,
	.operands_max = 1,
	.run = run_config};
