#include "cli/command.h"

#include <stdio.h>
#include <string.h>

/* The second word of "secret put". */
static const char *last_word(const struct command *command)
{
	const char *blank = strchr(command->name, ' ');

	return blank != NULL ? blank + 1 : command->name;
}

static void print_list(FILE *to, const struct command *command)
{
	const char *example = strstr(command->subcommands[0]->help, "Example: ");

	fprintf(to, "Usage: reeve %s COMMAND …\n\n%s.\n\n", command->name, command->summary);
	for (unsigned i = 0; i < command->subcommands_count; i++)
		fprintf(to, "  %-10s %s\n", last_word(command->subcommands[i]),
			command->subcommands[i]->summary);
	if (command->help != NULL)
		fprintf(to, "\n%s", command->help);
	fprintf(to, "\nHelp on one: reeve %s COMMAND --help\n", command->name);
	if (example != NULL)
		fputs(example, to);
}

int command_run(const struct command *command, int argc, char **argv)
{
	if (command->subcommands == NULL)
		return command->run(argc, argv);
	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		print_list(stdout, command);
		return EXIT_DONE;
	}
	for (unsigned i = 0; argc > 1 && i < command->subcommands_count; i++) {
		if (strcmp(argv[1], last_word(command->subcommands[i])) == 0)
			return command_run(command->subcommands[i], argc - 1, argv + 1);
	}
	if (argc > 1)
		fprintf(stderr, "reeve %s: no such command: %s\n\n", command->name, argv[1]);
	print_list(stderr, command);
	return EXIT_USAGE;
}
