/* The shipped policies compile; the shipped schemas compile and accept the documents that they
 * describe. */
#include "access/policy.h"
#include "app/shipped.h"
#include "base/file.h"
#include "base/memory.h"
#include "doc/read.h"
#include "schema/schema.h"

#include <criterion/criterion.h>

static void load_schema(struct schema **ret, const char *path)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);
	const struct schema_options options = {.is_strict = true, .limits = SCHEMA_LIMITS_DEFAULT};
	struct error err = ERROR_NULL;

	cr_assert_eq(file_read(&text, path, 1 << 20, &err), OK, "%s", err.text);
	cr_assert_eq(doc_read(&tree, DOC_JSON, buf_slice(&text), &DOC_LIMITS_DEFAULT, NULL, &err),
		     OK, "%s", err.text);
	cr_assert_eq(schema_compile(ret, &tree.root, &options, NULL, &err), OK, "%s: %s", path,
		     err.text);
}

static enum result validate(const struct schema *s, const char *yaml)
{
	CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);
	struct error err = ERROR_NULL;

	cr_assert_eq(doc_read(&tree, DOC_YAML, slice_text(yaml), &DOC_LIMITS_DEFAULT, NULL, &err),
		     OK, "%s", err.text);
	return schema_validate(s, &tree.root, NULL, NULL, &err);
}

Test(shipped, policies_compile_and_fit_the_shipped_schema)
{
	CLEANUP(schema_unrefp) struct schema *schema = NULL;

	load_schema(&schema, REEVE_SOURCE "/schemas/policy.json");
	cr_assert_eq(shipped_policies_count, 4);
	for (size_t i = 0; i < shipped_policies_count; i++) {
		CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);
		const struct shipped_document *d = &shipped_policies[i];
		struct policy *policy = NULL;
		struct error err = ERROR_NULL;

		cr_expect_eq(strlen(d->source), d->len, "%s", d->path);
		cr_assert_eq(doc_read(&tree, DOC_YAML, slice_make(d->source, d->len),
				      &DOC_LIMITS_DEFAULT, NULL, &err),
			     OK, "%s: %s", d->path, err.text);
		cr_expect_eq(schema_validate(schema, &tree.root, NULL, NULL, &err), OK, "%s: %s",
			     d->path, err.text);
		cr_assert_eq(policy_compile(&policy, slice_from(slice_text(d->path), 9), &tree.root,
					    &err),
			     OK, "%s: %s", d->path, err.text);
		policy_unref(policy);
	}
}

static bool may(const char *name, enum permission wanted, const char *path)
{
	for (size_t i = 0; i < shipped_policies_count; i++) {
		CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);
		const struct shipped_document *d = &shipped_policies[i];
		struct policy *policy = NULL;
		const struct policy *list[1];
		bool is_allowed;

		if (strcmp(d->path + 9, name) != 0)
			continue;
		cr_assert_eq(doc_read(&tree, DOC_YAML, slice_make(d->source, d->len),
				      &DOC_LIMITS_DEFAULT, NULL, NULL),
			     OK);
		cr_assert_eq(policy_compile(&policy, slice_text(name), &tree.root, NULL), OK);
		list[0] = policy;
		is_allowed = policies_decide(list, 1, wanted, slice_text(path)).is_allowed;
		policy_unref(policy);
		return is_allowed;
	}
	cr_assert_fail("no policy %s", name);
	return false;
}

Test(shipped, policies_give_the_rights_of_their_roles_and_no_more)
{
	static const struct {
		const char *policy;
		enum permission wanted;
		const char *path;
		bool is_allowed;
	} cases[] = {
		{"administrator", MAY_ADMIN, "policies/administrator", true},
		{"administrator", MAY_READ, "sys/backup", true},
		{"operator", MAY_WRITE, "secrets/orders/db", true},
		{"operator", MAY_DESTROY, "secrets/orders/db", true},
		{"operator", MAY_WRITE, "policies/operator", false},
		{"operator", MAY_ADMIN, "policies/operator", false},
		{"operator", MAY_GRANT, "sys/tokens", false},
		{"auditor", MAY_AUDIT, "secrets/orders/db", true},
		{"auditor", MAY_AUDIT, "sys/audit", true},
		{"auditor", MAY_READ, "secrets/orders/db", false},
		{"auditor", MAY_WRITE, "profiles/orders/base", false},
		{"runtime", MAY_READ, "config/orders/production", true},
		{"runtime", MAY_READ, "secrets/orders/db", true},
		{"runtime", MAY_LIST, "secrets/orders/db", false},
		{"runtime", MAY_WRITE, "secrets/orders/db", false},
		{"runtime", MAY_READ, "policies/runtime", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_eq(may(cases[i].policy, cases[i].wanted, cases[i].path),
			     cases[i].is_allowed, "%s on %s", cases[i].policy, cases[i].path);
}

Test(shipped, the_schema_of_profile_headers_accepts_the_valid_ones_only)
{
	static const struct {
		const char *yaml;
		enum result rc;
	} cases[] = {
		{"{$schema: pysetl-pipeline, $extends: [base, /shared/spark], $vars: {a: 1}, x: 1}",
		 OK},
		{"{$abstract: true, $$literal: 1}", OK},
		{"{}", OK},
		{"{$abstract: maybe}", E_INVALID},
		{"{$extend: base}", E_INVALID},
		{"{$extends: a/b}", E_INVALID},
		{"{$schema: /x}", E_INVALID},
		{"[]", E_INVALID},
	};
	CLEANUP(schema_unrefp) struct schema *schema = NULL;

	load_schema(&schema, REEVE_SOURCE "/schemas/profile-header.json");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_eq(validate(schema, cases[i].yaml), cases[i].rc, "%s", cases[i].yaml);
}

Test(shipped, the_schema_of_policies_refuses_the_same_as_their_compiler)
{
	static const char *const bad[] = {
		"{}",
		"{rules: [{allow: [read]}]}",
		"{rules: [{allow: [reed], on: a}]}",
		"{rules: [{allow: [read], deny: [read], on: a}]}",
		"{rules: [{allow: [read], on: a/b*}]}",
		"{rules: [{allow: [read], on: []}]}",
		"{rules: [], rule: []}",
	};
	CLEANUP(schema_unrefp) struct schema *schema = NULL;

	load_schema(&schema, REEVE_SOURCE "/schemas/policy.json");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		CLEANUP(tree_clear) struct tree tree = TREE_INIT(0, false);
		struct policy *policy = NULL;

		cr_expect_eq(validate(schema, bad[i]), E_INVALID, "%s", bad[i]);
		cr_assert_eq(doc_read(&tree, DOC_YAML, slice_text(bad[i]), &DOC_LIMITS_DEFAULT,
				      NULL, NULL),
			     OK);
		cr_expect_neq(policy_compile(&policy, SLICE_LITERAL("x"), &tree.root, NULL), OK,
			      "%s", bad[i]);
	}
}
