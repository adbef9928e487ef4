#include "cli/subcommand.h"

#include <stdio.h>
#include <string.h>

static void print_list(FILE *to, const struct command *command, const struct command *const *rows,
		       size_t count)
{
	const char *example = strstr(rows[0]->help, "Example: ");

	fprintf(to, "Usage: reeve %s COMMAND …\n\n%s.\n\n", command->name, command->summary);
	for (size_t i = 0; i < count; i++) {
		const char *word = strchr(rows[i]->name, ' ');

		fprintf(to, "  %-10s %s\n", word != NULL ? word + 1 : rows[i]->name,
			rows[i]->summary);
	}
	fprintf(to, "\nHelp on one: reeve %s COMMAND --help\n", command->name);
	if (example != NULL)
		fprintf(to, "%s", example);
}

int subcommand_run(const struct command *command, const struct command *const *rows, size_t count,
		   int argc, char **argv)
{
	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		print_list(stdout, command, rows, count);
		return EXIT_DONE;
	}
	for (size_t i = 0; argc > 1 && i < count; i++) {
		const char *word = strchr(rows[i]->name, ' ');

		if (word != NULL && strcmp(argv[1], word + 1) == 0)
			return rows[i]->run(argc - 1, argv + 1);
	}
	if (argc > 1)
		fprintf(stderr, "reeve %s: no such command: %s\n\n", command->name, argv[1]);
	print_list(stderr, command, rows, count);
	return EXIT_USAGE;
}
