#include "access/policy.h"
#include "doc/path.h"
#include "doc/read.h"

#include "../faults.h"

#include <stdio.h>

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static enum result compile(struct policy **ret, const char *name, const char *yaml,
			   struct error *err)
{
	struct tree tree = TREE_INIT(0, false);
	enum result rc =
		doc_read(&tree, DOC_YAML, slice_text(yaml), &DOC_LIMITS_DEFAULT, NULL, err);

	cr_assert_eq(rc, OK, "%s", err->text);
	rc = policy_compile(ret, slice_text(name), &tree.root, err);
	tree_clear(&tree);
	return rc;
}

static struct policy *must_compile(const char *name, const char *yaml)
{
	struct error err = ERROR_NULL;
	struct policy *p = NULL;

	cr_assert_eq(compile(&p, name, yaml, &err), OK, "%s", err.text);
	return p;
}

static bool is_allowed(const struct policy *p, enum permission wanted, const char *path)
{
	return policies_decide(&p, 1, wanted, slice_text(path)).is_allowed;
}

static const char runtime[] =
	"rules:\n"
	"  - {allow: [read, list], on: [config/orders/*, profiles/orders/*]}\n"
	"  - {allow: [read], on: secrets/orders/**}\n"
	"  - {deny: [read], on: secrets/orders/break-glass/**}\n";

Test(policy, nothing_is_allowed_unless_a_rule_allows_it)
{
	struct policy *p = must_compile("orders-runtime", runtime);

	cr_expect(is_allowed(p, MAY_READ, "config/orders/production"));
	cr_expect(is_allowed(p, MAY_LIST, "profiles/orders/base"));
	cr_expect_not(is_allowed(p, MAY_WRITE, "profiles/orders/base"));
	cr_expect_not(is_allowed(p, MAY_READ, "config/billing/production"));
	cr_expect_not(is_allowed(p, MAY_LIST, "secrets/orders/warehouse"));
	policy_unref(p);
}

Test(policy, a_deny_wins_over_every_allow_also_of_another_policy_and_whatever_their_order)
{
	struct policy *runtime_policy = must_compile("orders-runtime", runtime);
	struct policy *all = must_compile("all", "rules: [{allow: [read], on: '**'}]");
	const struct policy *const first[] = {runtime_policy, all};
	const struct policy *const last[] = {all, runtime_policy};
	struct slice path = SLICE_LITERAL("secrets/orders/break-glass/root");
	struct decision decision = policies_decide(last, 2, MAY_READ, path);

	cr_expect_not(policies_decide(first, 2, MAY_READ, path).is_allowed);
	cr_expect_not(decision.is_allowed);
	cr_expect(slice_is_text(decision.policy, "orders-runtime"));
	cr_expect_eq(decision.rule, 3);
	cr_expect_eq(decision.line, 4);
	cr_expect(policies_decide(last, 2, MAY_READ, SLICE_LITERAL("secrets/a")).is_allowed);
	policy_unref(runtime_policy);
	policy_unref(all);
}

Test(policy, may_under_tells_an_empty_list_from_a_refusal)
{
	struct policy *p = must_compile("orders-runtime", runtime);
	const struct policy *const one = p;

	cr_expect(policies_may_under(&one, 1, MAY_LIST, SLICE_LITERAL("profiles/")));
	cr_expect_not(policies_may_under(&one, 1, MAY_LIST, SLICE_LITERAL("secrets/")));
	policy_unref(p);
}

Test(policy, may_under_sees_what_a_deny_takes_away)
{
	static const struct {
		const char *allow, *deny, *prefix;
		bool may;
	} cases[] = {
		{"**", "secrets/**", "secrets/", false},
		{"**", "secrets/**", "secrets/orders/", false},
		{"**", "secrets/**", "profiles/", true},
		{"**", "secrets/**", "", true},
		{"**", "**", "", false},
		{"secrets/**", "secrets/**", "secrets/", false},
		{"secrets/**", "secrets/*", "secrets/", true},
		{"secrets/*", "secrets/**", "secrets/", false},
		{"secrets/*/db", "secrets/*/*", "secrets/", false},
		{"secrets/*/*", "secrets/*/db", "secrets/", true},
		{"secrets/a/**", "secrets/*/**", "secrets/", false},
		{"*/a/**", "secrets/a/**", "secrets/", false},
		{"*/a/**", "secrets/a/**", "profiles/", true},
		{"*/*/x", "secrets/a/**", "secrets/a/", false},
		{"*/*/x", "secrets/a/**", "secrets/", true},
		{"secrets/a", "secrets/b", "secrets/", true},
		{"**/x", "secrets/**/x", "secrets/", true}, /* too hard to tell */
		{"**/x", "secrets/**", "secrets/", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[256];
		const struct policy *one;
		struct policy *p;

		snprintf(text, sizeof text,
			 "rules:\n - {allow: [list], on: '%s'}\n - {deny: [list], on: '%s'}\n"
			 " - {deny: [read], on: '**'}\n",
			 cases[i].allow, cases[i].deny);
		p = must_compile("p", text);
		one = p;
		cr_expect_eq(policies_may_under(&one, 1, MAY_LIST, slice_text(cases[i].prefix)),
			     cases[i].may, "case %zu", i);
		policy_unref(p);
	}
}

Test(policy, a_bad_policy_is_refused_with_its_place_and_without_its_values)
{
	static const struct {
		const char *yaml, *says;
		uint32_t line;
	} cases[] = {
		{"", "a map with a list `rules`", 1},
		{"# nothing yet\n", "a map with a list `rules`", 1},
		{"[]", "a map with a list `rules`", 1},
		{"description: x", "a map with a list `rules`", 1},
		{"rules: 1", "a map with a list `rules`", 1},
		{"rules: []\nrule: []", "did you mean `rules`", 2},
		{"rules: []\nrule:\n  - a", "did you mean `rules`", 2},
		{"rules:\n - {allow: [raed], on: a}", "did you mean `read`", 2},
		{"rules:\n - {allow: read, on: a}", "list of permissions", 2},
		{"rules:\n - {allow: [], on: a}", "list of permissions", 2},
		{"rules:\n - {on: a}", "either `allow` or `deny`", 2},
		{"rules:\n - {allow: [read], deny: [read], on: a}", "either `allow` or `deny`", 2},
		{"rules:\n - {allow: [read]}", "must have `on`", 2},
		{"rules:\n - {allow: [read], on: []}", "at least one path", 2},
		{"rules:\n - {allow: [read], on: a/b*}", "whole segments", 2},
		{"rules:\n - {allow: [read], on: a//b}", "whole segments", 2},
		{"rules:\n - {allow: [read], on: ../b}", "whole segments", 2},
		{"rules:\n - {allow: [read], on: a, if: b}", "key of a policy", 2},
		{"rules:\n - {allow: [1], on: a}", "must be a word such as read", 2},
		{"rules:\n - {allow: [read, 1], on: a}", "must be a word such as read", 2},
		{"rules:\n - {allow: [xyzzy], on: a}", "not a known permission", 2},
		{"rules:\n - {allow: [read], on: 1}", "whole segments", 2},
		{"rules:\n - {allow: [read], on: [a, 1]}", "whole segments", 2},
		{"rules:\n - {allow: [read], on: ''}", "whole segments", 2},
		{"rules:\n - read", "rule 1: must be a rule such as", 2},
		{"rules:\n - {allow: [read], on: a}\n - {}", "rule 2: must have either", 3},
		{"xyzzy: 1\nrules: []", "not a known key of a policy", 1},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct error err = ERROR_NULL;
		struct policy *p = NULL;

		cr_expect_eq(compile(&p, "bad", cases[i].yaml, &err), E_INVALID, "%s",
			     cases[i].yaml);
		cr_expect_null(p);
		cr_expect_not_null(strstr(err.text, cases[i].says), "%s: %s", cases[i].yaml,
				   err.text);
		cr_expect_eq(err.line, cases[i].line, "%s: line %u", cases[i].yaml, err.line);
	}
}

static void expect_pattern(const char *pattern, enum result expected)
{
	struct error err = ERROR_NULL;
	struct policy *p = NULL;
	char yaml[4000];

	snprintf(yaml, sizeof yaml, "rules: [{allow: [read], on: \"%s\"}]", pattern);
	cr_expect_eq(compile(&p, "bounds", yaml, &err), expected, "%s", pattern);
	policy_unref(p);
}

/* A kind and sixteen segments; each at most as long as a document's may be. */
Test(policy, a_pattern_is_as_long_as_the_longest_path_and_no_longer)
{
	char wide[PATH_SEGMENT_BYTES_MAX + 2] = "";
	char longest[(PATH_SEGMENTS_MAX + 1) * (PATH_SEGMENT_BYTES_MAX + 1) + 1] = "";

	expect_pattern("1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17", OK);
	expect_pattern("1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18", E_INVALID);
	expect_pattern("*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/**", OK);
	expect_pattern("*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/**", E_INVALID);
	memset(wide, 'a', sizeof wide - 1);
	expect_pattern(wide, E_INVALID);
	wide[PATH_SEGMENT_BYTES_MAX] = '\0';
	expect_pattern(wide, OK);
	for (int i = 0; i <= PATH_SEGMENTS_MAX; i++) {
		strcat(longest, i == 0 ? "" : "/");
		strcat(longest, wide);
	}
	cr_assert_leq(strlen(longest), (size_t)POLICY_PATTERN_BYTES_MAX);
	expect_pattern(longest, OK);
}

static enum result compile_rules(size_t count, struct error *err)
{
	CLEANUP(buf_clear) struct buf yaml = BUF_NULL;
	struct policy *p = NULL;
	enum result rc;

	buf_append_text(&yaml, "rules:\n");
	while (count-- != 0)
		buf_append_text(&yaml, "- {allow: [read], on: a}\n");
	rc = compile(&p, "many", yaml.data, err);
	policy_unref(p);
	return rc;
}

Test(policy, the_number_of_rules_is_bounded)
{
	struct error err = ERROR_NULL;

	cr_expect_eq(compile_rules(POLICY_RULES_MAX, &err), OK, "%s", err.text);
	cr_expect_eq(compile_rules(POLICY_RULES_MAX + 1, &err), E_LIMIT);
	cr_expect_not_null(strstr(err.text, "more than 1000 rules"), "%s", err.text);
	cr_expect_eq(err.line, 2);
}

Test(policy, a_decision_names_the_first_rule_that_allows_and_none_where_none_does)
{
	struct policy *p = must_compile("first", "rules:\n"
						 "- {allow: [list], on: '**'}\n"
						 "- {allow: [write, read], on: [b, a]}\n"
						 "- {allow: [read], on: '**'}\n");
	const struct policy *const one = p;
	struct decision d = policies_decide(&one, 1, MAY_READ, SLICE_LITERAL("a"));

	cr_expect(d.is_allowed && d.rule == 2 && d.line == 3, "%u", d.rule);
	cr_expect(slice_is_text(d.policy, "first"));
	d = policies_decide(&one, 1, MAY_WRITE, SLICE_LITERAL("c"));
	cr_expect(!d.is_allowed && d.rule == 0 && d.policy.data == NULL);
	policy_unref(p);
}

Test(policy, may_under_looks_at_rules_that_allow_what_is_asked)
{
	struct policy *p = must_compile("under", "rules:\n"
						 "- {deny: [list], on: secrets/**}\n"
						 "- {allow: [read], on: profiles/**}\n"
						 "- {allow: [list], on: [schemas/x, config/**]}\n");
	const struct policy *const one = p;

	cr_expect_not(policies_may_under(&one, 1, MAY_LIST, SLICE_LITERAL("secrets/")));
	cr_expect_not(policies_may_under(&one, 1, MAY_LIST, SLICE_LITERAL("profiles/")));
	cr_expect(policies_may_under(&one, 1, MAY_READ, SLICE_LITERAL("profiles/")));
	cr_expect(policies_may_under(&one, 1, MAY_LIST, SLICE_LITERAL("config/a/")));
	cr_expect_not(policies_may_under(&one, 0, MAY_LIST, SLICE_LITERAL("config/a/")));
	policy_unref(p);
}

Test(policy, it_lives_as_long_as_its_last_owner)
{
	struct policy *p = must_compile("kept", runtime);
	struct policy *second = policy_ref(p);

	policy_unref(p);
	cr_expect(is_allowed(second, MAY_READ, "secrets/orders/a"));
	policy_unref(second);
	policy_unref(NULL);
}

static bool compile_runtime(void *ctx)
{
	const struct tree *tree = ctx;
	struct error err = ERROR_NULL;
	struct policy *p = NULL;
	enum result rc = policy_compile(&p, SLICE_LITERAL("runtime"), &tree->root, &err);

	cr_expect(rc == OK || rc == E_MEMORY, "%s", err.text);
	cr_expect_eq(p != NULL, rc == OK);
	policy_unref(p);
	return rc == OK;
}

static void expect_clean_faults(const char *yaml)
{
	struct tree tree = TREE_INIT(0, false);

	cr_assert_eq(doc_read(&tree, DOC_YAML, slice_text(yaml), &DOC_LIMITS_DEFAULT, NULL, NULL),
		     OK);
	each_fault(compile_runtime, &tree);
	tree_clear(&tree);
}

/* The long ones need memory of their own for the rules and for a rule's paths. */
Test(policy, short_memory_is_no_fault_of_the_policy)
{
	CLEANUP(buf_clear) struct buf rules = BUF_NULL, paths = BUF_NULL;

	buf_append_text(&rules, "rules:\n");
	buf_append_text(&paths, "rules: [{allow: [read], on: [a");
	for (int i = 0; i < POLICY_RULES_MAX; i++) {
		buf_append_text(&rules, "- {allow: [read], on: a}\n");
		buf_append_text(&paths, ", a");
	}
	buf_append_text(&paths, "]}]");
	expect_clean_faults(runtime);
	expect_clean_faults(rules.data);
	expect_clean_faults(paths.data);
}
