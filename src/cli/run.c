/* run: a command with its configuration. */
#include "agent/supervise.h"
#include "agent/variable.h"

#include "base/clock.h"
#include "cli/commands.h"
#include "cli/session.h"
#include "cli/request.h"

#include <signal.h>
#include <unistd.h>

#define SPLAY_MS_MAX (24 * 3600 * INT64_C(1000))

struct words {
	const char *config, *on_change, *splay, *grace, *env_all;
	struct option_list picks, allowed;
	bool is_unsafe;
};

static bool read_words(struct run_options *ret, const struct words *w, int *ret_exit)
{
	*ret_exit = EXIT_USAGE;
	if (w->on_change == NULL || strcmp(w->on_change, "restart") == 0) {
		ret->on_change = ON_CHANGE_RESTART;
	} else if (strncmp(w->on_change, "signal:", 7) == 0 &&
		   signal_parse(w->on_change + 7, &ret->signal)) {
		ret->on_change = ON_CHANGE_SIGNAL;
	} else {
		usage_error(&run_command_row, "--on-change is restart or signal:HUP");
		return false;
	}
	if (!duration_parse(slice_text(w->splay), SPLAY_MS_MAX, &ret->splay_ms) ||
	    !duration_parse(slice_text(w->grace), SPLAY_MS_MAX, &ret->grace_ms)) {
		usage_error(&run_command_row, "--splay and --grace are durations such as 30s");
		return false;
	}
	for (size_t i = 0; i < w->allowed.count; i++) {
		if (!variable_is_pattern(w->allowed.items[i])) {
			usage_error(&run_command_row, "--env-allow is a name in which * may stand "
						      "for any characters, such as DB_*");
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
	struct words w = {.splay = "0s", .grace = "10s"};
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
	options.target = target.data;
	options.argv = operands.items;
	code = session_open(&s, &run_command_row);
	if (code != EXIT_DONE)
		return code;
	rc = run_command(&code, steal(&s.client), &options, &err);
	if (rc != OK)
		code = print_failure(&run_command_row, rc, &err);
	/* The poller may sit in a long poll for half a minute: the process ends under it. */
	_exit(output_finish(code));
}

const struct command run_command_row = {
	.name = "run",
	.summary = "Run a command with its configuration, and have it take on changes",
	.help = "Usage: reeve run --config APP/PROFILE [OPTIONS] -- COMMAND [ARGUMENT…]\n\n"
		"The command finds its effective configuration, secrets revealed, as JSON in the file that\n"
		"REEVE_CONFIG_FILE names: 0600, on a memory file system. When the configuration changes the file\n"
		"is replaced and the command restarted or signalled. Signals are passed on; the exit code is\n"
		"the command's.\n\n"
		"  --env NAME=/pointer    also give this value as an environment variable; may be repeated\n"
		"  --env-unsafe           also under a NAME that steers programs, such as PATH, HTTPS_PROXY,\n"
		"                         JAVA_TOOL_OPTIONS; refused otherwise\n"
		"  --env-all PREFIX       give every value: PREFIX and its pointer in capitals; names that steer\n"
		"                         programs are left out, and said\n"
		"  --env-allow PATTERN    of them only names such as 'DB_*'; may be repeated; needed where\n"
		"                         PREFIX is \"\"\n"
		"  --on-change restart|signal:HUP\n"
		"  --splay DURATION       wait a random part of it before taking on a change (0s)\n"
		"  --grace DURATION       between SIGTERM and SIGKILL at a restart (10s)\n" SESSION_HELP
		"\nExample: reeve run --config orders/production --env DB_PASSWORD=/warehouse/password -- ./orders\n",
	.operands_min = 1,
	.operands_max = OPERANDS_END_OPTIONS,
	.run = run_run};
