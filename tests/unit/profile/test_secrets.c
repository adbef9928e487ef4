#include "fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define FIXTURE(name) CLEANUP(fixture_freep) struct fixture *name = fixture_new()

static const char path_x[] = "profiles/orders/production";

Test(profile_secrets, references_to_secrets_stay_references_with_their_paths_made_out)
{
	static const struct {
		const char *json, *comes_to;
	} cases[] = {
		{"{'a': '${secret:orders/wh#pw}'}", "{'a':'${secret:orders/wh#pw}'}"},
		{"{'a': '${secret:orders/wh}'}", "{'a':'${secret:orders/wh}'}"},
		{"{'a': '${secret:orders/wh?version=3#pw}'}",
		 "{'a':'${secret:orders/wh?version=3#pw}'}"},
		{"{'a': '${secret:orders/wh?version=3}'}", "{'a':'${secret:orders/wh?version=3}'}"},
		{"{'a': '${secret:${reeve:app}/${reeve:profile}/wh#pw}'}",
		 "{'a':'${secret:orders/production/wh#pw}'}"},
		{"{'$vars': {'v': 7}, 'a': '${secret:x/db-${var:v}#pw}'}",
		 "{'a':'${secret:x/db-7#pw}'}"},
		{"{'a': '${secret:x/${var:v:-dev}#pw}'}", "{'a':'${secret:x/dev#pw}'}"},
		{"{'a': '${secret:x/y#pw:-none}'}", "{'a':'${secret:x/y#pw:-none}'}"},
		{"{'a': '${secret:x/y#pw:-${reeve:app}}'}", "{'a':'${secret:x/y#pw:-orders}'}"},
		{"{'a': '-${secret:x/y#p}-', 'b': '${a}', 'c': '<${a}>'}",
		 "{'a':'-${secret:x/y#p}-','b':'-${secret:x/y#p}-','c':'<-${secret:x/y#p}->'}"},
		{"{'$vars': {'p': '${secret:x/y#p}'}, 'a': '${var:p}'}", "{'a':'${secret:x/y#p}'}"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		FIXTURE(f);

		fixture_put(f, path_x, cases[i].json);
		cr_expect_str_eq(fixture_json(f, path_x), cases[i].comes_to);
		cr_expect(f->effective.tree.root.of.members[0].value.flags & TREE_IS_SECRET, "%s",
			  cases[i].json);
		cr_expect_geq(f->effective.secrets_count, 1, "%s", cases[i].json);
	}
}

Test(profile_secrets, bad_references_to_secrets_are_refused)
{
	static const struct {
		const char *json, *says;
	} cases[] = {
		{"{'a': '${secret:}'}", "a secret's path"},
		{"{'a': '${secret:#k}'}", "a secret's path"},
		{"{'a': '${secret:../x#k}'}", "a secret's path"},
		{"{'a': '${secret:x//y#k}'}", "a secret's path"},
		{"{'a': '${secret:x/y#}'}", "no key behind it"},
		{"{'a': '${secret:x/y?version=0#k}'}", "a number from 1 on"},
		{"{'a': '${secret:x/y?version=a#k}'}", "a number from 1 on"},
		{"{'a': '${secret:x/y?versoin=1#k}'}", "`?version=` only"},
		{"{'a': '${secret:x/y#k?version=1}'}", "stands before"},
		{"{'a': '${secret:x/y#${reeve:app}}'}", "only in a secret's path"},
		{"{'a': '${secret:x/${b}#k}', 'b': 'y'}", "only `${var:…}` and `${reeve:…}`"},
		{"{'a': '${secret:x/${secret:y#k}#k}'}", "only `${var:…}` and `${reeve:…}`"},
		{"{'$vars': {'v': 'p/q'}, 'a': '${secret:x/${var:v}#k}'}", "one valid segment"},
		{"{'$vars': {'v': '..'}, 'a': '${secret:x/${var:v}#k}'}", "one valid segment"},
		{"{'$vars': {'v': ''}, 'a': '${secret:x/${var:v}#k}'}", "one valid segment"},
		{"{'$vars': {'v': [1]}, 'a': '${secret:x/${var:v}#k}'}", "one valid segment"},
		{"{'$vars': {'v': '${secret:a/b#c}'}, 'a': '${secret:x/${var:v}#k}'}",
		 "cannot be part of a secret's path"},
		{"{'a': '${secret:x/y#k:-${b}}', 'b': {'c': 1}}", "default must be a scalar"},
		{"{'a': '${secret:x/y}', 'b': '${a.k}'}", "cannot step into a secret"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		FIXTURE(f);

		fixture_put(f, path_x, cases[i].json);
		cr_expect_eq(fixture_resolve(f, path_x), E_INVALID, "%s", cases[i].json);
		cr_expect_eq(f->problems.count, 1, "%s", cases[i].json);
		cr_expect_not_null(strstr(fixture_problem(f), cases[i].says), "%s: %s",
				   cases[i].json, fixture_problem(f));
	}
}

Test(profile_secrets, each_is_listed_with_its_pointer_in_document_order)
{
	static const struct {
		const char *pointer, *path, *key;
		uint64_t version;
		bool is_whole, has_default;
	} expected[] = {
		{"/a", "secrets/x/y", "p", 0, true, false},
		{"/b/0", "secrets/x/y", "", 4, true, false},
		{"/b/1", "secrets/x/u", "n", 0, false, false},
		{"/b/1", "secrets/x/y", "p", 0, false, true},
		{"/c~1d", "secrets/x/y", "", 4, true, false},
		{"/e/m", "secrets/x/y", "p", 0, true, false},
		{"/g", "secrets/x/y", "q", 0, true, true},
		{"/g", "secrets/x/z", "r", 0, true, false},
	};
	FIXTURE(f);

	fixture_put(f, path_x,
		    "{'a': '${secret:x/y#p}',"
		    " 'b': ['${secret:x/y?version=4}', '${secret:x/u#n}@${secret:x/y#p:-z}'],"
		    " 'c/d': '${b.0}', 'e': '${f}', '$vars': {'z': 1}, 'f': {'$value': 1},"
		    " 'g': '${secret:x/y#q:-${secret:x/z#r}}'}");
	fixture_put(f, "profiles/orders/heir",
		    "{'$extends': 'production', 'f': null, 'e': {'m': '${a}'}}");
	cr_assert_eq(fixture_resolve(f, "profiles/orders/heir"), OK, "%s", f->err.text);
	cr_assert_eq(f->effective.secrets_count, ARRAY_SIZE(expected));
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		const struct secret_ref *s = &f->effective.secrets[i];

		cr_expect(slice_is_text(s->pointer, expected[i].pointer), "%zu: %s", i,
			  s->pointer.data);
		cr_expect(slice_is_text(s->path, expected[i].path), "%zu: %s", i, s->path.data);
		cr_expect(slice_is_text(s->key, expected[i].key), "%zu: %s", i, s->key.data);
		cr_expect_eq(s->version, expected[i].version, "%zu", i);
		cr_expect_eq(s->is_whole, expected[i].is_whole, "%zu", i);
		cr_expect_eq(s->has_default, expected[i].has_default, "%zu", i);
		cr_expect_eq(s->node->kind, TREE_STRING, "%zu", i);
	}
}

/*
 * Revealing. The vault's secrets: one text, numbers, an object; one that may not be looked at; one
 * whose reading fails.
 */

struct vault {
	struct tree tree;
	uint32_t asked;
};

static enum result lend(void *ctx, const struct secret_ref *ref, const struct tree_node **ret,
			struct error *err)
{
	struct vault *v = ctx;
	const struct tree_node *secret = tree_get(&v->tree.root, ref->path);

	v->asked++;
	if (slice_is_text(ref->path, "secrets/x/forbidden"))
		return fail(err, E_FORBIDDEN, "may not");
	if (slice_is_text(ref->path, "secrets/x/broken"))
		return fail(err, E_INVALID, "broken");
	if (secret != NULL && ref->key.len != 0)
		secret = tree_get(secret, ref->key);
	if (secret == NULL)
		return fail(err, E_NOT_FOUND, "no such secret");
	*ret = secret;
	return OK;
}

static void open_vault(struct vault *v)
{
	static const char json[] =
		"{\"secrets/x/y\": {\"p\": \"s3cret\", \"n\": 42, \"t\": true, \"z\": null, "
		"\"l\": [1, {\"k\": 2}], \"ref\": \"${secret:x/y#p}\"},"
		" \"secrets/x/opaque\": {\"p\": \"\", \"n\": 0, \"m\": {}}}";
	const struct doc_limits limits = DOC_LIMITS_DEFAULT;
	struct tree_node *opaque;

	*v = (struct vault){.tree = TREE_INIT(0, true)};
	cr_assert_eq(doc_read(&v->tree, DOC_JSON, slice_text(json), &limits, NULL, NULL), OK);
	opaque = (struct tree_node *)(uintptr_t)TREE_GET(&v->tree.root, "secrets/x/opaque");
	for (uint32_t i = 0; i < opaque->count; i++) {
		struct tree_node *n = (struct tree_node *)(uintptr_t)&opaque->of.members[i].value;

		n->flags |= TREE_IS_OPAQUE;
	}
}

static void close_vault(struct vault *v)
{
	tree_clear(&v->tree);
}

static enum result reveal(struct fixture *f, struct vault *v, struct tree *ret)
{
	f->problems.count = 0;
	const struct profile_reveal_input in = {&f->effective, lend, v, f->budget};

	return profile_reveal(ret, &in, &f->problems, &f->arena, &f->err);
}

Test(profile_reveal, values_stand_where_references_stood)
{
	static const struct {
		const char *json, *comes_to;
	} cases[] = {
		{"{'a': '${secret:x/y#p}'}", "{'a':'s3cret'}"},
		{"{'a': '${secret:x/y#n}', 'b': '${secret:x/y#t}'}", "{'a':42,'b':true}"},
		{"{'a': '${secret:x/y#z}'}", "{'a':null}"},
		{"{'a': '${secret:x/y#l}'}", "{'a':[1,{'k':2}]}"},
		{"{'a': 'u:${secret:x/y#p}@${secret:x/y#n}/${secret:x/y#t}'}",
		 "{'a':'u:s3cret@42/true'}"},
		{"{'a': '${secret:x/y#p}', 'b': '${a}', 'c': '<${a}>'}",
		 "{'a':'s3cret','b':'s3cret','c':'<s3cret>'}"},
		{"{'a': {'l': ['${secret:x/y#p}', 1]}, 'b': '${a}'}",
		 "{'a':{'l':['s3cret',1]},'b':{'l':['s3cret',1]}}"},
		/* Literals that look like references, and values that do. */
		{"{'a': '$${secret:x/y#p}'}", "{'a':'${secret:x/y#p}'}"},
		{"{'a': '$${secret:x/y#p}${secret:x/y#p}'}", "{'a':'${secret:x/y#p}s3cret'}"},
		{"{'a': '${secret:x/y#ref}', 'b': '-${secret:x/y#ref}'}",
		 "{'a':'${secret:x/y#p}','b':'-${secret:x/y#p}'}"},
		/* Defaults. */
		{"{'a': '${secret:x/none#p:-12}'}", "{'a':12}"},
		{"{'a': '${secret:x/none#p:-}'}", "{'a':null}"},
		{"{'a': '-${secret:x/none#p:-}-'}", "{'a':'--'}"},
		{"{'a': '-${secret:x/none#p:-012}-'}", "{'a':'-012-'}"},
		{"{'a': '${secret:x/none#p:-${reeve:app}}'}", "{'a':'orders'}"},
		{"{'a': '${secret:x/none#p:-${secret:x/y#n}}'}", "{'a':42}"},
		{"{'a': '${secret:x/none#p:-<${secret:x/y#n}>}'}", "{'a':'<42>'}"},
		{"{'a': '${secret:x/y#p:-${secret:x/none#n:-1}}', 'b': '${secret:x/y#n}'}",
		 "{'a':'s3cret','b':42}"},
		{"{'a': '-${secret:x/y#p:-${secret:x/none#n:-1}}-${secret:x/y#t}'}",
		 "{'a':'-s3cret-true'}"},
		{"{'a': '${secret:x/y#p:-1}'}", "{'a':'s3cret'}"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(tree_clear) struct tree t = TREE_INIT(0, true);
		CLEANUP(close_vault) struct vault v;
		FIXTURE(f);

		open_vault(&v);
		fixture_put(f, path_x, cases[i].json);
		cr_assert_eq(fixture_resolve(f, path_x), OK, "%s", f->err.text);
		cr_assert_eq(reveal(f, &v, &t), OK, "%s: %s", cases[i].json, f->err.text);
		cr_expect_str_eq(fixture_node_json(f, &t.root), cases[i].comes_to);
	}
}

Test(profile_reveal, what_came_of_a_secret_is_flagged_and_has_the_place_of_its_reference)
{
	CLEANUP(tree_clear) struct tree t = TREE_INIT(0, true);
	CLEANUP(close_vault) struct vault v;
	const struct tree_node *n;
	FIXTURE(f);

	open_vault(&v);
	fixture_put(f, path_x,
		    "{'a': '${secret:x/y#p}',\n'b': 'x${secret:x/y#n}',\n\n'c': "
		    "'${secret:x/y#l}',\n'd': '${secret:x/none#p:-1}',\n'e': "
		    "'-${secret:x/none#p:-1}', 'f': 2}");
	cr_assert_eq(fixture_resolve(f, path_x), OK);
	cr_assert_eq(reveal(f, &v, &t), OK);
	cr_expect(TREE_GET(&t.root, "a")->flags & TREE_IS_SECRET);
	cr_expect(TREE_GET(&t.root, "b")->flags & TREE_IS_SECRET);
	cr_expect_eq(TREE_GET(&t.root, "b")->line, 2);
	n = TREE_GET(&t.root, "c");
	cr_expect(n->flags & TREE_IS_SECRET);
	cr_expect_eq(n->line, 4);
	n = TREE_GET(&n->of.items[1], "k");
	cr_expect(n->flags & TREE_IS_SECRET);
	cr_expect_eq(n->line, 4);
	cr_expect_not(TREE_GET(&t.root, "d")->flags & TREE_IS_SECRET);
	cr_expect_eq(TREE_GET(&t.root, "d")->line, 5);
	cr_expect_not(TREE_GET(&t.root, "e")->flags & TREE_IS_SECRET);
	cr_expect_not(TREE_GET(&t.root, "f")->flags & TREE_IS_SECRET);
}

Test(profile_reveal, missing_secrets_are_all_named_with_their_pointers)
{
	CLEANUP(tree_clear) struct tree t = TREE_INIT(0, true);
	CLEANUP(close_vault) struct vault v;
	FIXTURE(f);

	open_vault(&v);
	fixture_put(f, path_x,
		    "{'a': '${secret:x/none#p}', 'b': ['${secret:x/y#p}', '-${secret:x/y#none}'],"
		    " 'c': '${secret:x/none#q:-${secret:x/none}}', 'd': '-${secret:x/y#l}',"
		    " 'e': '-${secret:x/y#z}'}");
	cr_assert_eq(fixture_resolve(f, path_x), OK);
	cr_expect_eq(reveal(f, &v, &t), E_INVALID);
	cr_assert_eq(f->problems.count, 5);
	cr_expect_str_eq(f->problems.items[0].pointer.data, "/a");
	cr_expect_str_eq(f->problems.items[0].message,
			 "secret secrets/x/none#p is not there and has no default");
	cr_expect_str_eq(f->problems.items[1].pointer.data, "/b/1");
	cr_expect_str_eq(f->problems.items[1].message,
			 "secret secrets/x/y#none is not there and has no default");
	cr_expect_str_eq(f->problems.items[2].message,
			 "secret secrets/x/none is not there and has no default");
	cr_expect_str_eq(f->problems.items[3].pointer.data, "/d");
	cr_expect_not_null(strstr(f->problems.items[3].message, "cannot stand inside"));
	cr_expect_str_eq(f->problems.items[4].pointer.data, "/e");
	cr_expect_eq(f->problems.items[0].node->line, 1);
	cr_expect_str_eq(f->err.text,
			 "/a: secret secrets/x/none#p is not there and has no default");
}

Test(profile_reveal, any_other_failure_ends_it)
{
	CLEANUP(close_vault) struct vault v;
	static const struct {
		const char *json;
		enum result rc;
	} cases[] = {
		{"{'a': '${secret:x/forbidden#p}', 'b': '${secret:x/y#p}'}", E_FORBIDDEN},
		{"{'a': '-${secret:x/forbidden#p:-1}', 'b': '${secret:x/y#p}'}", E_FORBIDDEN},
		{"{'a': '${secret:x/broken#p}', 'b': '${secret:x/y#p}'}", E_INVALID},
		{"{'a': '${secret:x/broken#p}-${secret:x/y#p}'}", E_INVALID},
	};

	open_vault(&v);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(tree_clear) struct tree t = TREE_INIT(0, true);
		FIXTURE(f);

		fixture_put(f, path_x, cases[i].json);
		cr_assert_eq(fixture_resolve(f, path_x), OK);
		v.asked = 0;
		cr_expect_eq(reveal(f, &v, &t), cases[i].rc);
		cr_expect_eq(v.asked, 1, "%s", cases[i].json);
		cr_expect_eq(f->problems.count, 0);
	}
}

Test(profile_reveal, what_may_not_be_looked_at_keeps_only_its_kind)
{
	CLEANUP(tree_clear) struct tree t = TREE_INIT(0, true);
	CLEANUP(close_vault) struct vault v;
	static const struct {
		const char *key;
		enum tree_kind kind;
	} expected[] = {
		{"a", TREE_STRING},
		{"b", TREE_NUMBER},
		{"c", TREE_OBJECT},
		{"d", TREE_STRING},
	};
	FIXTURE(f);

	open_vault(&v);
	fixture_put(f, path_x,
		    "{'a': '${secret:x/opaque#p}', 'b': '${secret:x/opaque#n}', 'c': "
		    "'${secret:x/opaque#m}', 'd': 'x${secret:x/opaque#n}${secret:x/y#p}'}");
	cr_assert_eq(fixture_resolve(f, path_x), OK);
	cr_assert_eq(reveal(f, &v, &t), OK);
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		const struct tree_node *n = tree_get(&t.root, slice_text(expected[i].key));

		cr_expect_eq(n->kind, expected[i].kind, "%s", expected[i].key);
		cr_expect_eq(n->flags & (TREE_IS_SECRET | TREE_IS_OPAQUE),
			     TREE_IS_SECRET | TREE_IS_OPAQUE, "%s", expected[i].key);
	}
	cr_expect_eq(TREE_GET(&t.root, "d")->count, 0, "no part of it is the value");
}

Test(profile_reveal, what_it_comes_to_is_bounded)
{
	static char big[400 * 1024];
	CLEANUP(tree_clear) struct tree t = TREE_INIT(0, true);
	CLEANUP(tree_clear) struct tree mixed = TREE_INIT(0, true);
	CLEANUP(buf_clear) struct buf json = BUF_NULL;
	CLEANUP(close_vault) struct vault v;
	struct tree_node *p;
	FIXTURE(f);

	open_vault(&v);
	memset(big, 'x', sizeof big - 1);
	p = (struct tree_node *)(uintptr_t)TREE_GET(TREE_GET(&v.tree.root, "secrets/x/y"), "p");
	tree_set_string(p, slice_make(big, sizeof big - 1));

	buf_append_text(&json, "{'a': [");
	for (int i = 0; i < 30; i++)
		buf_printf(&json, "%s'${secret:x/y#p}'", i != 0 ? "," : "");
	buf_append_text(&json, "]}");
	fixture_put(f, path_x, json.data);
	cr_assert_eq(fixture_resolve(f, path_x), OK);
	cr_expect_eq(reveal(f, &v, &t), E_LIMIT);

	buf_reset(&json);
	buf_append_text(&json, "{'a': '");
	for (int i = 0; i < 30; i++)
		buf_append_text(&json, "${secret:x/y#p}");
	buf_append_text(&json, "'}");
	fixture_put(f, "profiles/orders/mixed", json.data);
	cr_assert_eq(fixture_resolve(f, "profiles/orders/mixed"), OK);
	cr_expect_eq(reveal(f, &v, &mixed), E_LIMIT);
}

/*
 * Faults.
 */

struct countdown {
	uint64_t left;
	bool has_failed;
};

static bool may_allocate(void *ctx)
{
	struct countdown *c = ctx;

	if (c->left-- > 0)
		return true;
	c->left = 0;
	c->has_failed = true;
	return false;
}

Test(profile_faults, each_allocation_may_fail)
{
	bool has_failed = true;
	CLEANUP(close_vault) struct vault v;
	FIXTURE(f);

	open_vault(&v);
	fixture_put(f, "profiles/orders/base",
		    "{'$vars': {'v': 'q', 'w': '${var:v}1'}, 'l': [1, {'k': 2}], 'm': {'x': 1}}");
	fixture_put(f, "profiles/orders/other",
		    "{'$extends': 'base', 'm': {'z': '${secret:x/y#p}'}}");
	fixture_put(f, path_x,
		    "{'$extends': ['base', 'other'], 'l': {'$append': [3], '$remove': [1]},"
		    " 'm': {'y': 'v-${m.x}'}, 'r': '${m}', 's': '${none:-[${var:w}}',"
		    " 't': '<${secret:x/${var:v}#n:-${secret:x/y#n}}>', 'd': '${none:-12}'}");
	for (uint64_t n = 0; has_failed; n++) {
		struct countdown c = {n, false};
		struct tree t = TREE_INIT(0, true);
		enum result rc;

		alloc_hook_set(may_allocate, &c);
		rc = fixture_resolve(f, path_x);
		if (rc == OK)
			rc = reveal(f, &v, &t);
		alloc_hook_set(NULL, NULL);
		has_failed = c.has_failed;
		cr_assert_eq(rc, has_failed ? E_MEMORY : OK, "allocation %u: %d %s", (unsigned)n,
			     rc, f->err.text);
		if (!has_failed)
			cr_expect_str_eq(fixture_node_json(f, &t.root),
					 "{'l':[{'k':2},3],'m':{'x':1,'z':'s3cret','y':'v-1'},"
					 "'r':{'x':1,'z':'s3cret','y':'v-1'},'s':'[q1',"
					 "'t':'<42>','d':12}");
		tree_clear(&t);
		cr_assert_lt(n, 100000);
	}
}

Test(profile_faults, each_allocation_may_fail_while_problems_are_told)
{
	bool has_failed = true;
	FIXTURE(f);

	fixture_put(f, "profiles/orders/base", "{'l': 1, 'a': '${a}'}");
	fixture_put(f, path_x, "{'$extends': 'base', 'l': {'$append': [1]}}");
	fixture_put(f, "profiles/orders/y", "{'a': '${b}', 'b': '${a}', 'c': '${', 'd': '${nn}'}");
	for (uint64_t n = 0; has_failed; n++) {
		struct countdown c = {n, false};
		enum result first, second;

		alloc_hook_set(may_allocate, &c);
		first = fixture_resolve(f, path_x);
		second = fixture_resolve(f, "profiles/orders/y");
		alloc_hook_set(NULL, NULL);
		has_failed = c.has_failed;
		cr_expect(first == E_INVALID || (has_failed && first == E_MEMORY), "%d", first);
		cr_expect(second == E_INVALID || (has_failed && second == E_MEMORY), "%d", second);
		cr_assert_lt(n, 100000);
	}
}
