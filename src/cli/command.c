/* Dispatch: follows the words of the command line down the table until it finds a command that
 * runs. A group such as `secret` has subcommands and no function of its own; `backup` has both. */
#include "cli/command.h"

#include "cli/output.h"

#include <string.h>

/* The word to type after the group's name: "put" of "secret put". */
static const char *last_word(const struct command *command)
{
	const char *blank = strchr(command->name, ' ');

	return blank != NULL ? blank + 1 : command->name;
}

/* The help of a group. It borrows the example of its first subcommand, so that each help text ends
 * with a line to copy. */
static void print_list(enum print_to to, const struct command *command)
{
	const char *example = strstr(command->subcommands[0]->help, "Example: ");

	print_line(to, "Usage: reeve %s COMMAND …", command->name);
	print_line(to, "%s", "");
	print_line(to, "%s.", command->summary);
	print_line(to, "%s", "");
	for (unsigned i = 0; i < command->subcommands_count; i++)
		print_line(to, "  %-10s %s", last_word(command->subcommands[i]),
			   command->subcommands[i]->summary);
	print_line(to, "%s", "");
	if (command->help != NULL)
		print_text(to, slice_text(command->help));
	print_line(to, "Help on a command: reeve %s COMMAND --help", command->name);
	if (example != NULL)
		print_text(to, slice_text(example));
}

/* The depth is that of the table: a group and its subcommands. */
int command_run(const struct command *command, int argc, char **argv)
{
	for (unsigned i = 0; argc > 1 && i < command->subcommands_count; i++) {
		if (strcmp(argv[1], last_word(command->subcommands[i])) == 0)
			return command_run(command->subcommands[i], argc - 1, argv + 1);
	}
	if (command->run != NULL)
		return command->run(argc, argv);
	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		print_list(TO_STDOUT, command);
		return EXIT_DONE;
	}
	if (argc > 1) {
		print_line(TO_STDERR, "reeve %s: no such command: %s", command->name, argv[1]);
		print_line(TO_STDERR, "%s", "");
	}
	print_list(TO_STDERR, command);
	return EXIT_USAGE;
}
