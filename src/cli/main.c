/* reeve: one table of commands. */
#include "cli/commands.h"

#include "base/memory.h"
#include "cli/output.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

const struct command *const commands[] = {
	&apply_command,	 &check_command,    &get_command,    &put_command,	  &edit_command,
	&delete_command, &undelete_command, &list_command,   &config_command,	  &history_command,
	&diff_command,	 &log_command,	    &show_command,   &revert_command,	  &rollback_command,
	&secret_command, &run_command_row,  &audit_command,  &token_command,	  &access_command,
	&status_command, &backup_command,   &schema_command, &completion_command,
};
const size_t commands_count = ARRAY_SIZE(commands);

static void print_commands(enum print_to to)
{
	static const struct slice head = SLICE_INIT(
		"Usage: reeve COMMAND …\n\n"
		"Configuration and secrets for data pipelines: layered, validated, versioned, audited.\n\n");
	static const struct slice foot = SLICE_INIT(
		"\nHelp on one: reeve COMMAND --help\n"
		"REEVE_ADDR names the server, REEVE_TOKEN_FILE or REEVE_TOKEN your token.\n"
		"Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 changes (--exit-code).\n"
		"Example: reeve config orders/production\n");

	print_text(to, head);
	for (size_t i = 0; i < commands_count; i++)
		print_line(to, "  %-10s  %s", commands[i]->name, commands[i]->summary);
	print_text(to, foot);
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < commands_count; i++) {
		if (strcmp(name, commands[i]->name) == 0)
			return commands[i];
	}
	return NULL;
}

static bool asks_for_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

int main(int argc, char **argv)
{
	static char help[] = "--help";
	const struct command *command;

	/* No core file and no other process of this user shows tokens and secrets; a command that we start is free of that again. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	/* A reader of our output that goes away is an ordinary failure to write. */
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2) {
		print_commands(TO_STDERR);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--version") == 0) {
		print_line(TO_STDOUT, "reeve " REEVE_VERSION);
		return output_finish(EXIT_DONE);
	}
	if (asks_for_help(argv[1]) && argc == 2) {
		print_commands(TO_STDOUT);
		return output_finish(EXIT_DONE);
	}
	/* "reeve help secret put" asks as "reeve secret put --help" does. */
	if (asks_for_help(argv[1])) {
		memmove(argv + 1, argv + 2, (size_t)(argc - 2) * sizeof *argv);
		argv[argc - 1] = help;
	}
	command = find(argv[1]);
	if (command != NULL)
		return output_finish(command_run(command, argc - 1, argv + 1));
	print_line(TO_STDERR, "reeve: no such command: %s", argv[1]);
	print_line(TO_STDERR, "%s", "");
	print_commands(TO_STDERR);
	return EXIT_USAGE;
}
