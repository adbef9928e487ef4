#include "cli/options.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>

struct probe {
	bool is_dry_run;
	const char *message;
	struct option_list picks;
	struct operands operands;
	int code;
};

static bool parse(struct probe *p, int argc, char **argv, int min, int max)
{
	const struct option_row rows[] = {{"dry-run", 0, OPTION_FLAG, &p->is_dry_run},
					  {"message", 'm', OPTION_TEXT, &p->message},
					  {"env", 0, OPTION_LIST, &p->picks}};

	const struct command command = {.name = "probe",
					.summary = "",
					.help = "Usage: reeve probe\n",
					.operands_min = min,
					.operands_max = max};

	return options_parse(&p->operands, &command, argc, argv, OPTION_SET(rows), &p->code);
}

/* The words live as long as the test: operands point to them. */
#define WORDS(name, ...)	  char *name[] = {"probe", __VA_ARGS__, NULL}
#define PARSE(p, words, min, max) parse((p), (int)ARRAY_SIZE(words) - 1, (words), (min), (max))

TestSuite(options, .init = cr_redirect_stderr);

Test(options, options_and_operands_mix)
{
	struct probe p = {0};

	WORDS(words_0, "a", "--dry-run", "-m", "why", "--env=X=/x", "b", "--env", "Y=/y");
	cr_assert(PARSE(&p, words_0, 1, 2));
	cr_expect(p.is_dry_run);
	cr_expect_str_eq(p.message, "why");
	cr_expect_eq(p.picks.count, 2);
	cr_expect_str_eq(p.picks.items[0], "X=/x");
	cr_expect_str_eq(p.picks.items[1], "Y=/y");
	cr_expect_eq(p.operands.count, 2);
	cr_expect_str_eq(p.operands.items[1], "b");
}

Test(options, two_dashes_end_the_options)
{
	struct probe p = {0};

	WORDS(words_1, "--dry-run", "--", "child", "--message", "its own");
	cr_assert(PARSE(&p, words_1, 1, -1));
	cr_expect_eq(p.operands.count, 3);
	cr_expect_str_eq(p.operands.items[1], "--message");
	cr_expect_null(p.message);
}

Test(options, wrong_use_is_exit_code_2)
{
	struct probe p = {0};

	WORDS(words_2, "--no-such");
	cr_expect_not(PARSE(&p, words_2, 0, 0));
	cr_expect_eq(p.code, EXIT_USAGE);
	WORDS(words_3, "--message");
	cr_expect_not(PARSE(&p, words_3, 0, 0));
	cr_expect_eq(p.code, EXIT_USAGE);
	WORDS(words_4, "one");
	cr_expect_not(PARSE(&p, words_4, 2, 2));
	cr_expect_eq(p.code, EXIT_USAGE);
	WORDS(words_5, "one", "two");
	cr_expect_not(PARSE(&p, words_5, 0, 1));
	cr_expect_eq(p.code, EXIT_USAGE);
}

Test(options, help_is_exit_code_0, .init = cr_redirect_stdout)
{
	struct probe p = {0};

	WORDS(words_6, "--help");
	cr_expect_not(PARSE(&p, words_6, 1, 1));
	cr_expect_eq(p.code, EXIT_DONE);
	fflush(stdout);
	cr_expect_stdout_eq_str("Usage: reeve probe\n");
}
