/*
 * reeve: finds the command that the first word names, and runs it. Sets the state of the process
 * here, before a token or a secret is read: no core dumps, and SIGPIPE ignored. A command that
 * writes to standard output ends in output_finish(), so that lost output is never a success.
 *
 * The table lists the commands in the order of the help text. completion.c reads it too.
 */
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
		"Configuration and secrets for data pipelines: layered, validated, versioned,\n"
		"audited.\n\n");
	static const struct slice foot = SLICE_INIT(
		"\nHelp on a command: reeve COMMAND --help\n"
		"REEVE_ADDR is the server's address; REEVE_TOKEN_FILE names a file that holds\n"
		"your token, or REEVE_TOKEN holds the token itself. Exit codes: 0 success, 1\n"
		"refused or failed, 2 wrong usage, 3 changes found (--exit-code).\n"
		"Example: reeve config orders/production\n");

	print_text(to, head);
	for (size_t i = 0; i < commands_count; i++)
		print_line(to, "  %-10s  %s", commands[i]->name, commands[i]->summary);
	print_text(to, foot);
}

/* NULL where no command has that name. */
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

	/* Keeps tokens and secrets out of core files and away from other processes of this user. A
	 * command that we start is not affected. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	/* When the reader of our output goes away, the write fails with EPIPE instead. */
	signal(SIGPIPE, SIG_IGN);
	output_start();
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
	/* "reeve help secret put" means "reeve secret put --help". */
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
