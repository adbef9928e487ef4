#include "schema/regex/matcher.h"

#include "base/memory.h"

#include <criterion/criterion.h>

static bool matches(const char *pattern, const char *text)
{
	struct pattern_budget budget = PATTERN_BUDGET_DEFAULT;
	struct matcher m = {0};
	struct error err = ERROR_NULL;
	uint64_t steps = 100000;
	bool is_match = false;

	cr_assert_eq(matcher_init(&m, slice_text(pattern), &budget, &err), OK, "%s: %s", pattern,
		     err.text);
	cr_assert_eq(matcher_match(&m, slice_text(text), &steps, &is_match, &err), OK, "%s",
		     err.text);
	matcher_clear(&m);
	return is_match;
}

static bool matches_as_pattern(const char *pattern, const char *text)
{
	struct pattern *p = NULL;
	uint64_t steps = 100000;
	bool is_match = false;

	cr_assert_eq(pattern_compile(&p, slice_text(pattern), NULL), OK);
	cr_assert_eq(pattern_match(p, slice_text(text), &steps, &is_match, NULL), OK);
	pattern_free(p);
	return is_match;
}

Test(matcher, short_cuts_mean_what_the_regular_expression_means)
{
	static const char *const patterns[] = {
		"",	     ".*",	   "^",	      "$",	 "^$",	    "^.*",
		"^x-",	     "^x-.*",	   "^a\\.b$", "^a\\.b",	 "^a\\$",   "^ab*",
		"^ab?c",     "^a|b",	   "^a{2}",   "^\\d",	 "^a.*$",   "^a-b",
		"^\xc3\xa9", "^\xc3\xa9$", "^\\\\",   "^x\\/y$", "^a\\*.*", "^ab+",
	};
	static const char *const texts[] = {
		"",	"a",   "ab",   "abc", "a.b", "a.bc",	 "axb",	      "x-", "x-1",
		"yx-",	"a$",  "aa",   "b",   "1",   "\xc3\xa9", "\xc3\xa9x", "\\", "x/y",
		"x/yz", "a-b", "a\nb", "a*",  "\n",  "a\n",	 "ab\n",      "x",
	};

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(texts); k++)
			cr_expect_eq(matches(patterns[i], texts[k]),
				     matches_as_pattern(patterns[i], texts[k]), "%s on %s",
				     patterns[i], texts[k]);
	}
}

Test(matcher, prefixes_and_single_texts_need_no_regular_expression)
{
	static const struct {
		const char *pattern;
		enum matcher_kind kind;
	} cases[] = {
		{".*", MATCH_ALWAYS},	 {"^x-", MATCH_PREFIX},	  {"^spark\\.sql\\.", MATCH_PREFIX},
		{"^x-.*", MATCH_PREFIX}, {"^a\\.b$", MATCH_TEXT}, {"^[a-z]", MATCH_PATTERN},
		{"^ab*", MATCH_PATTERN}, {"ab", MATCH_PATTERN},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct pattern_budget budget = PATTERN_BUDGET_DEFAULT;
		struct matcher m = {0};

		cr_assert_eq(matcher_init(&m, slice_text(cases[i].pattern), &budget, NULL), OK);
		cr_expect_eq(m.kind, cases[i].kind, "%s", cases[i].pattern);
		matcher_clear(&m);
	}
}
