/*
 * run: runs a command with its configuration. Checks the options here, before a connection is made
 * and a child exists; agent/ does the rest. The process ends here: the poller's thread cannot be
 * stopped in the middle of a long poll.
 */
#include "agent/supervise.h"
#include "agent/variable.h"

#include "base/clock.h"
#include "cli/commands.h"
#include "cli/session.h"
#include "cli/operands.h"

#include <signal.h>
#include <unistd.h>

/* A day, for --grace too: longer times are most likely a mistake in the unit. */
#define SPLAY_MS_MAX (24 * 3600 * INT64_C(1000))

/* The options as typed. */
struct run_words {
	const char *config, *on_change, *splay, *grace, *env_all;
	struct option_list picks, allowed;
	bool is_unsafe;
};

/* Turns the words into `ret`, which borrows from argv and from `w`. Prints an error and sets
 * `*ret_exit` where it returns false. */
static bool read_words(struct run_options *ret, const struct run_words *w, int *ret_exit)
{
	*ret_exit = EXIT_USAGE;
	if (w->on_change == NULL || strcmp(w->on_change, "restart") == 0) {
		ret->on_change = ON_CHANGE_RESTART;
	} else if (strncmp(w->on_change, "signal:", 7) == 0 &&
		   signal_parse(w->on_change + 7, &ret->signal)) {
		ret->on_change = ON_CHANGE_SIGNAL;
	} else {
		usage_error(&run_command_row,
			    "--on-change must be restart or a signal, such as signal:HUP");
		return false;
	}
	if (!duration_parse(slice_text(w->splay), SPLAY_MS_MAX, &ret->splay_ms) ||
	    !duration_parse(slice_text(w->grace), SPLAY_MS_MAX, &ret->grace_ms)) {
		usage_error(&run_command_row, "--splay and --grace must be durations, such as 30s");
		return false;
	}
	for (size_t i = 0; i < w->allowed.count; i++) {
		if (!variable_is_pattern(w->allowed.items[i])) {
			usage_error(&run_command_row,
				    "--env-allow must be a variable's name, in which * "
				    "matches any characters, such as DB_*");
			return false;
		}
	}
	if (w->allowed.count != 0 && w->env_all == NULL) {
		usage_error(&run_command_row, "--env-allow needs --env-all");
		return false;
	}
	ret->request.allowed = w->allowed.items;
	ret->request.allowed_count = w->allowed.count;
	ret->request.is_unsafe = w->is_unsafe;
	ret->request.picks = w->picks.items;
	ret->request.picks_count = w->picks.count;
	ret->request.all_prefix = w->env_all;
	return true;
}

static int run_run(int argc, char **argv)
{
	CLEANUP(session_clear) struct session s = SESSION_NULL;
	CLEANUP(buf_clear) struct buf target = BUF_NULL;
	struct run_words w = {.splay = "0s", .grace = "10s"};
	struct run_options options = {0};
	const struct option_row rows[] = {SESSION_CONNECTION(&s),
					  {"config", 0, OPTION_TEXT, &w.config},
					  {"env", 0, OPTION_LIST, &w.picks},
					  {"env-all", 0, OPTION_TEXT, &w.env_all},
					  {"env-allow", 0, OPTION_LIST, &w.allowed},
					  {"env-unsafe", 0, OPTION_FLAG, &w.is_unsafe},
					  {"on-change", 0, OPTION_TEXT, &w.on_change},
					  {"splay", 0, OPTION_TEXT, &w.splay},
					  {"grace", 0, OPTION_TEXT, &w.grace}};
	struct operands operands;
	struct error err = ERROR_NULL;
	enum result rc;
	int code;

	if (!options_parse(&operands, &run_command_row, argc, argv, OPTION_SET(rows), &code) ||
	    !read_words(&options, &w, &code))
		return code;
	if (w.config == NULL)
		return usage_error(&run_command_row, "--config APP/PROFILE is missing");
	if (!target_config(&target, &run_command_row, w.config, NULL, &code))
		return code;
	/* `target` and argv live as long as the process, which ends in this function. */
	options.target = target.data;
	options.argv = operands.items;
	code = session_open(&s, &run_command_row);
	if (code != EXIT_DONE)
		return code;
	rc = run_command(&code, steal(&s.client), &options, &err);
	if (rc != OK)
		code = print_failure(&run_command_row, rc, &err);
	/* Does not wait for the poller's thread, whose long poll may last half a minute. */
	_exit(output_finish(code));
}

const struct command run_command_row = {
	.name = "run",
	.summary = "Run a command with its configuration and apply later changes to it",
	.help = "Usage: reeve run --config APP/PROFILE [OPTIONS] -- COMMAND [ARGUMENT…]\n\n"
		"Runs COMMAND with the environment variable REEVE_CONFIG_FILE. It names a JSON\n"
		"file with the effective configuration, including the values of secrets (mode\n"
		"0600, on a memory file system). When the configuration changes, reeve replaces\n"
		"the file, then restarts or signals the command. Signals are passed on to the\n"
		"command; reeve exits with its exit code.\n\n"
		"  --env NAME=/pointer    also set a variable to the value at this JSON\n"
		"                         pointer; may be repeated\n"
		"  --env-unsafe           allow a NAME that controls programs, such as PATH,\n"
		"                         HTTPS_PROXY or JAVA_TOOL_OPTIONS; refused otherwise\n"
		"  --env-all PREFIX       set a variable for every value, named PREFIX and the\n"
		"                         pointer in capitals; names that control programs are\n"
		"                         left out with a warning\n"
		"  --env-allow PATTERN    limit --env-all to names such as 'DB_*'; may be\n"
		"                         repeated; required if PREFIX is \"\"\n"
		"  --on-change restart|signal:NAME\n"
		"                         what to do with the command after a change (restart);\n"
		"                         NAME is a signal such as HUP\n"
		"  --splay DURATION       apply a change after a random part of DURATION, so\n"
		"                         that many hosts do not restart at once (0s)\n"
		"  --grace DURATION       from SIGTERM to SIGKILL at a restart (10s)\n" SESSION_HELP
		"\nExample: reeve run --config orders/production "
		"--env DB_PASSWORD=/warehouse/password -- ./orders\n",
	.operands_min = 1,
	.operands_max = OPERANDS_END_OPTIONS,
	.run = run_run};
