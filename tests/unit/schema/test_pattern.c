#include "base/buf.h"
#include "schema/regex/pattern.h"

#include <criterion/criterion.h>

/* For each match. */
#define STEPS (&(uint64_t){1000000})

static bool is_match(const char *pattern, struct slice text)
{
	struct error err = ERROR_NULL;
	struct pattern *p = NULL;
	bool matched = false;

	cr_assert(pattern_compile(&p, slice_text(pattern), &err) == OK, "%s: %s", pattern,
		  err.text);
	cr_assert(pattern_match(p, text, STEPS, &matched, &err) == OK, "%s: %s", pattern, err.text);
	pattern_free(p);
	return matched;
}

struct match_case {
	const char *pattern;
	const char *text;
	bool is_match;
};

/* An empty lookahead matches everywhere and makes PCRE2 match an expression that has an automaton:
 * both must agree. */
static void expect_both_ways(const struct match_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct match_case *c = &cases[i];
		CLEANUP(buf_clear) struct buf guarded = BUF_NULL;

		buf_printf(&guarded, "(?=)(?:%s)", c->pattern);
		cr_expect(is_match(c->pattern, slice_text(c->text)) == c->is_match,
			  "/%s/ on \"%s\" should%s match", c->pattern, c->text,
			  c->is_match ? "" : " not");
		cr_expect(is_match(guarded.data, slice_text(c->text)) == c->is_match,
			  "/%s/ on \"%s\" should%s match", guarded.data, c->text,
			  c->is_match ? "" : " not");
	}
}

Test(pattern, an_expression_is_searched_for_unless_it_is_anchored)
{
	static const struct match_case cases[] = {
		{"b", "abc", true},
		{"^b", "abc", false},
		{"b$", "abc", false},
		{"", "", true},
		{"", "x", true},
		{"^$", "", true},
		{"^$", "x", false},
		{"$^", "", true},
		{"a|^b", "xa", true},
		{"a|^b", "xb", false},
		{"^abc", "abcd", true},
		{".*", "", true},
		{".+", "", false},
		{"^(?:a|b)+$", "abba", true},
		{"^(?:a|b)+$", "abca", false},
		{"(^a|b$)c?", "xb", true},
	};

	expect_both_ways(cases, ARRAY_SIZE(cases));
}

Test(pattern, a_dollar_is_the_end_and_not_before_a_newline)
{
	static const struct match_case cases[] = {
		{"^abc$", "abc", true},
		{"^abc$", "abc\n", false},
		{"^[a-z]+$", "abc\n", false},
	};

	expect_both_ways(cases, ARRAY_SIZE(cases));
}

Test(pattern, a_dot_is_any_character_but_the_four_line_terminators)
{
	static const struct match_case cases[] = {
		{"^.$", "a", true},
		{"^.$", "\xf0\x9f\x90\xb2", true},
		{"^.$", "\n", false},
		{"^.$", "\r", false},
		{"^.$", "\xe2\x80\xa8", false},
		{"^.$", "\xe2\x80\xa9", false},
		{"^.$", "\xc2\x85", true},
		{"^[^]$", "\n", true},
		{"[]", "a", false},
	};

	expect_both_ways(cases, ARRAY_SIZE(cases));
}

Test(pattern, digits_and_word_characters_are_ascii_and_blanks_are_unicode)
{
	static const struct match_case cases[] = {
		{"^\\d$", "7", true},
		{"^\\d$", "\xd9\xa7", false},
		{"^\\D$", "\xd9\xa7", true},
		{"^\\w$", "_", true},
		{"^\\w$", "\xc3\xa9", false},
		{"^\\W$", "\xc3\xa9", true},
		{"^\\s$", "\xef\xbb\xbf", true},
		{"^\\s$", "\xc2\xa0", true},
		{"^\\s$", "\xe2\x80\x93", false},
		{"^\\S$", "\xe2\x80\x83", false},
		{"^[\\w-.]+$", "a-b.c", true},
		{"^[^\\s\\d]$", "5", false},
		{"^[\\D]$", "\xd9\xa7", true},
	};

	expect_both_ways(cases, ARRAY_SIZE(cases));
}

Test(pattern, every_escape_of_a_character_is_that_character)
{
	static const struct match_case cases[] = {
		{"^\\t\\n\\v\\f\\r$", "\t\n\v\f\r", true},
		{"^\\cA\\ca$", "\x01\x01", true},
		{"^\\x41\\u0042\\u{43}$", "ABC", true},
		{"^\\ud83d\\udc32$", "\xf0\x9f\x90\xb2", true},
		{"^\\u{1F432}$", "\xf0\x9f\x90\xb2", true},
		{"^[\\ud83d\\udc32]$", "\xf0\x9f\x90\xb2", true},
		{"^\\ud83d$", "\xf0\x9f\x90\xb2", false},
		{"^[\\u0000-\\uffff]$", "\xf0\x9f\x90\xb2", false},
		{"^[\\b]$", "\b", true},
		{"^\\/\\.\\*\\-\\_$", "/.*-_", true},
		{"^\\$\\{x}$", "${x}", true},
		{"^a{,2}$", "a{,2}", true},
		{"^]$", "]", true},
	};

	expect_both_ways(cases, ARRAY_SIZE(cases));
	cr_expect(is_match("^\\0$", slice_make("\0", 1)));
	cr_expect(is_match("^a.b$", slice_make("a\0b", 3)));
}

Test(pattern, unicode_properties_have_their_long_and_short_names)
{
	static const struct match_case cases[] = {
		{"^\\p{Letter}$", "\xc3\xa9", true},
		{"^\\p{L}$", "1", false},
		{"^\\P{L}$", "1", true},
		{"^\\p{digit}+$", "\xe0\xa7\xaa", true},
		{"^\\p{Script=Greek}$", "\xce\xb1", true},
		{"^\\p{sc=Grek}$", "a", false},
		{"^\\p{scx=Latin}$", "a", true},
		{"^[\\p{Lu}\\d]+$", "A1", true},
		{"^[^\\p{Lu}\\d]+$", "A1", false},
		{"^\\p{Uppercase}$", "\xc3\x89", true},
		{"^\\p{General_Category=Decimal_Number}$", "5", true},
		{"^\\p{White_Space}$", " ", true},
		{"^\\p{Any}$", "\n", true},
		{"^\\p{ASCII}$", "\xc3\xa9", false},
		{"^\\p{Emoji}$", "\xf0\x9f\x90\xb2", true},
	};

	expect_both_ways(cases, ARRAY_SIZE(cases));
}

Test(pattern, repeats_count)
{
	static const struct match_case cases[] = {
		{"^a{2}$", "aa", true},
		{"^a{2}$", "aaa", false},
		{"^a{2,}$", "aaaa", true},
		{"^a{0}$", "", true},
		{"^a{0}$", "a", false},
		{"^(ab){1,2}$", "abab", true},
		{"^(ab){1,2}$", "ababab", false},
		{"^a+?b$", "aab", true},
		{"^(a*)*$", "aaa", true},
		{"^(a|b*)+c$", "abbac", true},
		{"^.{2,3}$", "\xc3\xa9\xc3\xa9", true},
		{"^.{2,3}$", "\xc3\xa9", false},
	};

	expect_both_ways(cases, ARRAY_SIZE(cases));
	cr_expect(is_match("^[a-z]{1,65535}$", SLICE_LITERAL("abc")));
}

Test(pattern, groups_lookarounds_and_back_references_work)
{
	static const struct match_case cases[] = {
		{"^(?<year>\\d{4})-\\k<year>$", "2026-2026", true},
		{"^(?<year>\\d{4})-\\k<year>$", "2026-2027", false},
		{"^(a)(b)\\2\\1$", "abba", true},
		{"^(?:(a)|b)\\1$", "b", true}, /* a group that did not take part is empty */
		{"^\\k<late>(?<late>a)$", "a", true},
		{"^(?!aws)[a-z]+$", "aws-x", false},
		{"^(?!aws)[a-z]+$", "azure", true},
		{"(?<=\\$)\\d", "$5", true},
		{"(?<!\\$)\\d", "$5", false},
		{"\\bcat\\b", "a cat.", true},
		{"\\bcat\\b", "concat", false},
		{"a\\Bb", "ab", true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect(is_match(cases[i].pattern, slice_text(cases[i].text)) ==
				  cases[i].is_match,
			  "/%s/ on \"%s\"", cases[i].pattern, cases[i].text);
}

Test(pattern, what_ecma_262_does_not_know_is_refused_with_its_offset)
{
	static const struct {
		const char *pattern;
		const char *place;
	} cases[] = {
		{"(", "offset 0"},
		{"a)", "offset 1"},
		{"[a", "offset 0"},
		{"*a", "offset 0"},
		{"a**", "offset 2"},
		{"a++", "offset 2"},
		{"a{2}{3}", "offset 4"},
		{"{2}", "offset 0"},
		{"^*", "offset 1"},
		{"(?=a)*", "offset 5"},
		{"a{2,1}", "offset 1"},
		{"[b-a]", "offset 1"},
		{"\\", "offset 0"},
		{"\\a", "offset 0"},
		{"x\\Z", "offset 1"},
		{"\\A", "offset 0"},
		{"\\z", "offset 0"},
		{"\\e", "offset 0"},
		{"\\G", "offset 0"},
		{"\\K", "offset 0"},
		{"\\Qa\\E", "offset 0"},
		{"\\R", "offset 0"},
		{"\\X", "offset 0"},
		{"\\h", "offset 0"},
		{"\\N", "offset 0"},
		{"\\1", "offset 0"},
		{"\\01", "offset 0"},
		{"\\k<a>", "offset 0"},
		{"\\u12", "offset 2"},
		{"\\u{110000}", "offset 2"},
		{"\\x4", "offset 0"},
		{"\\c1", "offset 0"},
		{"\\pL", "offset 0"},
		{"\\p{Foo}", "offset 0"},
		{"\\p{^L}", "offset 0"},
		{"(?i)a", "offset 0"},
		{"(?i:a)", "offset 0"},
		{"(?#a)", "offset 0"},
		{"(?>a)", "offset 0"},
		{"(?P<a>b)", "offset 0"},
		{"(?|a)", "offset 0"},
		{"(?R)", "offset 0"},
		{"(?1)", "offset 0"},
		{"(a)(?(1)b)", "offset 3"},
		{"(*COMMIT)a", "offset 1"},
		{"(?<1a>b)", "offset 3"},
		{"(?<a>b)(?<a>c)", "offset 10"},
		{"(?:a)(?'n'b)", "offset 5"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_NULL;
		struct pattern *p = NULL;
		enum result rc = pattern_compile(&p, slice_text(cases[i].pattern), &err);

		cr_expect(rc == E_INVALID, "/%s/ should be refused", cases[i].pattern);
		cr_expect(strstr(err.text, cases[i].place) != NULL, "/%s/: %s", cases[i].pattern,
			  err.text);
		pattern_free(p);
	}
}

Test(pattern, what_pcre2_cannot_do_is_refused_and_never_approximated)
{
	static const char *const patterns[] = {
		"(?<=a+)b",	    "(?<=a{1,3})b",	    "(?=)a{65536}",
		"^[a-z]{1,65536}$", "\\p{Script=Nonesuch}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		struct error err = ERROR_NULL;
		struct pattern *p = NULL;

		cr_expect(pattern_compile(&p, slice_text(patterns[i]), &err) == E_INVALID, "/%s/",
			  patterns[i]);
		pattern_free(p);
	}
}

Test(pattern, an_expression_that_would_backtrack_for_ever_runs_out_of_its_steps)
{
	struct error err = ERROR_NULL;
	struct pattern *p = NULL;
	bool matched = true;

	cr_assert(pattern_compile(&p, SLICE_LITERAL("^(?=a)(a+)+$"), &err) == OK);
	cr_expect(pattern_match(p, SLICE_LITERAL("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"),
				&(uint64_t){100000}, &matched, &err) == E_LIMIT);
	cr_expect(matched, "no verdict is given");
	pattern_free(p);
}

Test(pattern, without_what_needs_backtracking_the_same_is_decided_at_once)
{
	static const char *const patterns[] = {
		"^(a+)+$",
		"^(a|aa)+$",
		"^(a|a?)+$",
		"^(.*a){20}$",
	};

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++)
		cr_expect_not(is_match(patterns[i],
				       SLICE_LITERAL("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!")),
			      "/%s/", patterns[i]);
}

Test(pattern, a_long_text_that_matches_is_within_the_bounds)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;

	while (text.len < 64 * 1024)
		buf_append_text(&text, "abcdefg-");
	buf_append_text(&text, "end");
	cr_expect(is_match("^(?:[a-z0-9]+-)*[a-z]+$", buf_slice(&text)));
	cr_expect(is_match("^(?=a)(?:[a-z0-9]+-)*[a-z]+$", buf_slice(&text)));
}

Test(pattern, what_is_too_large_is_refused_within_bounds)
{
	CLEANUP(buf_clear) struct buf deep = BUF_NULL;
	CLEANUP(buf_clear) struct buf open = BUF_NULL;
	CLEANUP(buf_clear) struct buf broad = BUF_NULL;

	for (int i = 0; i < 4096 / 2; i++)
		buf_append_text(&open, "((");
	for (int i = 0; i < 150; i++)
		buf_append_text(&deep, "(?:");
	for (int i = 0; i < 5000; i++)
		buf_append_text(&broad, "a");
	const struct slice cases[] = {buf_slice(&deep), buf_slice(&open), buf_slice(&broad),
				      SLICE_LITERAL("(?=)(((a{999}){999}){999}){999}")};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_NULL;
		struct pattern *p = NULL;

		cr_expect(pattern_compile(&p, cases[i], &err) == E_LIMIT, "case %zu: %s", i,
			  err.text);
		pattern_free(p);
	}
}

Test(pattern, the_patterns_of_one_schema_share_a_budget)
{
	struct pattern_budget budget = {20000, 500};
	struct error err = ERROR_NULL;
	unsigned made = 0;
	enum result rc = OK;

	while (rc == OK && made < 1000) {
		CLEANUP(buf_clear) struct buf source = BUF_NULL;
		struct pattern *p = NULL;
		bool matched = false;

		buf_printf(&source, "^(a|b%u)*c$", made);
		rc = pattern_compile_within(&p, buf_slice(&source), &budget, &err);
		if (rc != OK)
			break;
		made++;
		cr_expect(pattern_match(p, SLICE_LITERAL("aac"), STEPS, &matched, &err) == OK);
		cr_expect(matched, "also when PCRE2 does it, pattern %u", made);
		pattern_free(p);
	}
	cr_expect(rc == E_LIMIT);
	cr_expect(made > 5 && made < 200, "%u", made);
	cr_expect(budget.work == 0);
}

static bool fail_at_zero(void *ctx)
{
	int *left = ctx;

	return (*left)-- != 0;
}

Test(pattern, a_failing_allocation_is_an_ordinary_error)
{
	static const char *const patterns[] = {"^a{1,3}$", "^(a|b)*c$", "(?<n>\\p{L})\\k<n>"};

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		bool was_refused = false, was_made = false;

		for (int n = 0; n < 60; n++) {
			struct error err = ERROR_NULL;
			struct pattern *p = NULL;
			bool matched = false;
			int left = n;

			alloc_hook_set(fail_at_zero, &left);
			enum result rc = pattern_compile(&p, slice_text(patterns[i]), &err);

			alloc_hook_set(NULL, NULL);
			cr_expect(rc == OK || rc == E_MEMORY, "%s", err.text);
			was_refused |= rc == E_MEMORY;
			if (rc != OK)
				continue;
			was_made = true;
			cr_expect(pattern_match(p, SLICE_LITERAL("aa"), STEPS, &matched, &err) ==
				  OK);
			pattern_free(p);
		}
		cr_expect(was_refused && was_made, "/%s/", patterns[i]);
	}
}
