#include "access/policy.h"
#include "doc/read.h"

#include "../faults.h"

#include <criterion/criterion.h>

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

Test(policy, a_bad_policy_is_refused_with_its_place_and_without_its_values)
{
	static const struct {
		const char *yaml, *says;
		uint32_t line;
	} cases[] = {
		{"", "a map with a list `rules`", 1},
		{"# nothing yet\n", "a map with a list `rules`", 1},
		{"[]", "a map with a list `rules`", 1},
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

Test(policy, short_memory_is_no_fault_of_the_policy)
{
	struct tree tree = TREE_INIT(0, false);

	cr_assert_eq(doc_read(&tree, DOC_YAML, slice_text(runtime), &DOC_LIMITS_DEFAULT, NULL,
			      NULL),
		     OK);
	each_fault(compile_runtime, &tree);
	tree_clear(&tree);
}
