#include "access/path_pattern.h"
#include "access/policy.h"

#include <criterion/criterion.h>

Test(path_pattern, a_star_is_one_segment_and_two_are_any_number)
{
	static const struct {
		const char *pattern, *path;
		bool is_match;
	} cases[] = {
		{"config/orders/*", "config/orders/production", true},
		{"config/orders/*", "config/orders", false},
		{"config/orders/*", "config/orders/a/b", false},
		{"secrets/orders/**", "secrets/orders", true},
		{"secrets/orders/**", "secrets/orders/a/b/c", true},
		{"secrets/orders/**", "secrets/orders2", false},
		{"**", "anything/at/all", true},
		{"**/password", "secrets/a/b/password", true},
		{"**/password", "password", true},
		{"**/password", "secrets/password/b", false},
		{"secrets/**/x/**/y", "secrets/x/y", true},
		{"secrets/**/x/**/y", "secrets/a/x/b/c/y", true},
		{"secrets/**/x/**/y", "secrets/a/b/y", false},
		{"secrets/*/x", "secrets//x", true},
		{"a/b", "a/b", true},
		{"a/b", "a/b/c", false},
		{"a/b/c", "a/b", false},
		{"*/*", "a/b", true},
		{"*/*", "a/b/c", false},
		{"*", "a", true},
		{"a/**/b", "a/b", true},
		{"a/**", "b/a", false},
		{"**/a/**", "x/a", true},
		{"1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17",
		 "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17", true},
		{"1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17",
		 "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/x", false},
		{"**/17", "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17", true},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		cr_expect_eq(path_pattern_matches(slice_text(cases[i].pattern),
						  slice_text(cases[i].path)),
			     cases[i].is_match, "%s on %s", cases[i].pattern, cases[i].path);
}

Test(path_pattern, reaching_says_whether_anything_under_a_prefix_could_match)
{
	static const struct {
		const char *pattern, *prefix;
		bool reaches;
	} cases[] = {
		{"secrets/orders/**", "secrets/", true},
		{"secrets/orders/**", "secrets/orders/", true},
		{"secrets/orders/**", "secrets/orders/deep/er/", true},
		{"secrets/orders/**", "secrets/billing/", false},
		{"config/orders/*", "config/orders/", true},
		{"config/orders/*", "config/orders/production/", false},
		{"config/orders/*", "", true},
		{"**/x", "any/where/", true},
		{"a", "a/", false},
		{"a/b", "a", true},
		{"a/b", "a/", true},
		{"a/b", "b/", false},
		{"*/b", "a/", true},
		{"a/**/b", "a/", true},
		{"a/**/b", "a/x/y/", true},
		{"a/b/**", "a/", true},
		{"b/**", "a/", false},
		{"a/b/c", "a/c/", false},
		{"", "", true},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		cr_expect_eq(path_pattern_reaches(slice_text(cases[i].pattern),
						  slice_text(cases[i].prefix)),
			     cases[i].reaches, "%s under %s", cases[i].pattern, cases[i].prefix);
}

Test(path_pattern, a_path_of_too_many_segments_matches_nothing)
{
	cr_expect_not(path_pattern_matches(
		SLICE_LITERAL("**"),
		SLICE_LITERAL("1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18")));
}

Test(path_pattern, nothing_reaches_under_a_prefix_of_too_many_segments)
{
	cr_expect(
		path_pattern_reaches(SLICE_LITERAL("**"),
				     SLICE_LITERAL("1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/")));
	cr_expect_not(path_pattern_reaches(
		SLICE_LITERAL("**"),
		SLICE_LITERAL("1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/")));
}
