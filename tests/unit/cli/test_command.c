#include "base/memory.h"
#include "cli/commands.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <string.h>

static int ran; /* which row, and how many words it saw */

static int run_first(int argc, char **argv)
{
	ran = 10 + argc;
	cr_expect_str_eq(argv[0], "first");
	return EXIT_CHANGES;
}

static int run_second(int argc, char **argv)
{
	(void)argv;
	ran = 20 + argc;
	return EXIT_REFUSED;
}

static const struct command first = {.name = "probe first",
				     .summary = "The first",
				     .help = "Usage\n\nExample: reeve probe first\n",
				     .run = run_first};
static const struct command second = {.name = "probe second",
				      .summary = "The second",
				      .help = "Usage\n",
				      .run = run_second};
static const struct command *const rows[] = {&first, &second};
static const struct command probe = {.name = "probe",
				     .summary = "Two probes",
				     .subcommands = rows,
				     .subcommands_count = ARRAY_SIZE(rows)};

static void redirect(void)
{
	cr_redirect_stdout();
	cr_redirect_stderr();
}

TestSuite(command, .init = redirect);

Test(command, the_second_word_chooses)
{
	char words[][8] = {"probe", "first", "x"};
	char *argv[] = {words[0], words[1], words[2], NULL};

	cr_expect_eq(command_run(&probe, 3, argv), EXIT_CHANGES);
	cr_expect_eq(ran, 12);
}

Test(command, a_missing_or_unknown_word_is_wrong_usage)
{
	char words[][8] = {"probe", "third"};
	char *argv[] = {words[0], words[1], NULL};

	cr_expect_eq(command_run(&probe, 1, argv), EXIT_USAGE);
	cr_expect_eq(command_run(&probe, 2, argv), EXIT_USAGE);
	cr_expect_eq(ran, 0);
}

Test(command, help_lists_them_with_an_example)
{
	char words[][8] = {"probe", "--help"};
	char *argv[] = {words[0], words[1], NULL};

	cr_expect_eq(command_run(&probe, 2, argv), EXIT_DONE);
	fflush(stdout);
	cr_expect_stdout_eq_str("Usage: reeve probe COMMAND …\n\nTwo probes.\n\n"
				"  first      The first\n"
				"  second     The second\n"
				"\nHelp on a command: reeve probe COMMAND --help\n"
				"Example: reeve probe first\n");
}
