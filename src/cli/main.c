/* `reeve`: finds the command by its first word. */
#include "base/memory.h"
#include "cli/schema_command.h"

#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = {
	&schema_command,
};

static void print_help(FILE *out)
{
	fputs("usage: reeve COMMAND [ARGUMENTS]\n\n", out);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
	fputs("\nreeve COMMAND --help says more. reeve --version\n", out);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		print_help(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		print_help(stdout);
		return EXIT_DONE;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("reeve " REEVE_VERSION);
		return EXIT_DONE;
	}
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (strcmp(argv[1], commands[i]->name) == 0)
			return commands[i]->run(argc - 1, argv + 1);
	fprintf(stderr, "reeve: there is no command \"%s\"; see reeve --help\n", argv[1]);
	return EXIT_USAGE;
}
