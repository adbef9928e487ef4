#include "cli/schema_command.h"

#include "base/memory.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} subcommands[] = {
	{"test", schema_test_run},
	{"check", schema_check_run},
	{"bench", schema_bench_run},
};

static bool is_help_asked(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

static int run(int argc, char **argv)
{
	if (is_help_asked(argc, argv)) {
		fputs(schema_command.help, stdout);
		return EXIT_DONE;
	}
	for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(subcommands); i++)
		if (strcmp(argv[1], subcommands[i].name) == 0)
			return subcommands[i].run(argc - 1, argv + 1);
	fputs(schema_command.help, stderr);
	return EXIT_USAGE;
}

const struct command schema_command = {
	.name = "schema",
	.summary = "test schemas, check files against one, time it; needs no server",
	.help = "Usage: reeve schema test FILE... [--remotes DIR] [--draft 7|2020-12] "
		"[--format-assertion]\n"
		"       reeve schema check --schema S FILE... [--output flag|basic|detailed]\n"
		"                          [--schemas DIR] [--draft D] [--strict] "
		"[--no-format-assertion]\n"
		"       reeve schema check --batch FILE...\n"
		"       reeve schema bench --schema S --instances FILE.jsonl [--schemas DIR]\n"
		"\n"
		"test   runs files in the form of the official JSON Schema test suite. --remotes is "
		"what\n"
		"       stands for http://localhost:1234/. Ends with \"N passed, N failed\".\n"
		"check  validates YAML or JSON files and prints file:line:column: pointer: message.\n"
		"       --schemas is what stands for reeve:///schemas/; --strict refuses unknown "
		"keywords as\n"
		"       storing does. --batch reads lines {\"schema\": ..., \"instance\": ...} and "
		"prints valid,\n"
		"       invalid, refused (the schema) or limit for each.\n"
		"bench  prints the time to compile and to validate one instance, already parsed.\n"
		"\n"
		"Ends with 0 when all is well, 1 when something is invalid or failed, 2 when the call "
		"is wrong or\n"
		"an input cannot be read.\n"
		"\n"
		"Example: reeve schema check --schema pipeline.schema.json orders/production.yaml\n",
	.run = run,
};
