/* config: the effective configuration. */
#include "cli/commands.h"
#include "cli/session.h"
#include "cli/target.h"
#include "client/url.h"

static const struct {
	const char *word, *accept;
} formats[] = {
	{"json", "application/json"},	   {"yaml", "application/yaml"},
	{"properties", "text/plain, */*"}, {"env", "text/plain, */*"},
	{"raw", "text/plain, */*"},
};

static const char *accept_of(const char *format)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		if (strcmp(format, formats[i].word) == 0)
			return formats[i].accept;
	}
	return NULL;
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

	if (!options_parse(&operands, &config_command, argc, argv, rows, ARRAY_SIZE(rows), 1, 1,
			   &code) ||
	    !target_config(&target, &config_command, operands.items[0], NULL, &code))
		return code;
	format = s.output != NULL ? s.output : is_explained ? "json" : "yaml";
	request.accept = accept_of(format);
	if (request.accept == NULL)
		return usage_error(&config_command, "no such output: %s", format);
	url_append_query_text(&target, "format", format);
	url_append_query_text(&target, "key", key);
	url_append_query_text(&target, "revision", revision);
	url_append_query_text(&target, "at", at);
	url_append_query_text(&target, "reveal", is_revealed ? "true" : NULL);
	url_append_query_text(&target, "explain", is_explained ? "true" : NULL);
	request.target = buf_slice(&target);
	code = session_open(&s, &config_command);
	if (code == EXIT_DONE)
		code = session_call(&s, &config_command, &request);
	return code == EXIT_DONE ? print_content_line(buf_slice(&s.response.body)) : code;
}

const struct command config_command = {
	.name = "config",
	.summary = "Print the effective configuration of a profile",
	.help = "Usage: reeve config APP/PROFILE [--reveal | --explain] [--key POINTER]\n\n"
		"Prints what a profile comes to after inheritance, variables and references. Secrets stay\n"
		"references unless they are revealed, which is recorded in the audit log.\n\n"
		"  -o json|yaml|properties|env|raw\n"
		"  --key POINTER   one value, such as /spark/app_name\n"
		"  --reveal        with the values of its secrets\n"
		"  --explain       with the document, version, line and column that set each value\n"
		"  --revision N    as it was after the store's n-th revision\n"
		"  --at TIME       as it was then, such as 2026-11-20T12:00:00Z\n" SESSION_HELP
		"\nExample: reeve config orders/production -o env --reveal\n",
	.run = run_config};
