#include "app/flags.h"

#include "base/memory.h"

#include <criterion/criterion.h>

static const struct flag_row rows[] = {{"data", false}, {"keep-tokens", true}, {"from", false}};

#define ROWS ARRAY_SIZE(rows)

static enum result parse(struct slice values[static ROWS], bool *is_help, const char *const *argv,
			 struct error *err)
{
	int argc = 0;

	while (argv[argc] != NULL)
		argc++;
	return flags_parse(values, is_help, (struct flag_set){rows, ROWS}, argc,
			   (char *const *)(uintptr_t)argv, err);
}

Test(flags, a_value_follows_an_equals_sign_or_is_the_next_argument)
{
	static const char *const argv[] = {"--data=a=b", "--from", "--c", "--keep-tokens", NULL};
	struct slice values[ROWS] = {0};
	bool is_help;

	cr_assert_eq(parse(values, &is_help, argv, NULL), OK);
	cr_expect(slice_is_text(values[0], "a=b"));
	cr_expect(slice_is_text(values[1], "true"));
	cr_expect(slice_is_text(values[2], "--c"));
	cr_expect_not(is_help);
}

Test(flags, an_unknown_flag_is_refused_with_a_suggestion)
{
	static const struct {
		const char *argv[4];
		const char *part;
	} cases[] = {
		{{"--dta", "x", NULL}, "unknown flag --dta; did you mean --data"},
		{{"data", NULL}, "not a flag"},
		{{"--", NULL}, "not a flag"},
		{{"--=x", NULL}, "must have a name"},
		{{"--data", NULL}, "needs a value"},
		{{"--data=a", "--data=b", NULL}, "twice"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct slice values[ROWS] = {0};
		struct error err = ERROR_NULL;
		bool is_help;

		cr_expect_eq(parse(values, &is_help, cases[i].argv, &err), E_MALFORMED);
		cr_expect(strstr(err.text, cases[i].part) != NULL, "%s", err.text);
	}
}

Test(flags, help_is_given_although_a_later_flag_is_wrong)
{
	static const char *const argv[] = {"--help", "--nothing", NULL};
	struct slice values[ROWS] = {0};
	bool is_help = false;

	cr_assert_eq(parse(values, &is_help, argv, NULL), OK);
	cr_expect(is_help);
}
