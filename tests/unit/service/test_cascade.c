#include "fixture.h"

#include "profile/profile.h"

#include <stdio.h>
#include <string.h>

static struct fixture f;

static void open_it(void)
{
	fixture_open(&f);
}

static void close_it(void)
{
	fixture_close(&f);
}

TestSuite(cascade, .init = open_it, .fini = close_it);

#define BASE   "profiles/orders/base"
#define PROD   "profiles/orders/production"
#define SCHEMA "schemas/orders"

static void put(const char *path, const char *yaml)
{
	expect(&f, OK, NULL, PUT, .path = path, .body = yaml, .is_yaml = true);
}

static void put_orders(void)
{
	put(SCHEMA, "type: object\nproperties: {n: {type: integer, maximum: 10}, p: {type: string, "
		    "minLength: 3, x-secret: true}}\nadditionalProperties: false\n");
	put("secrets/orders/db", "data: {password: hunter2}\n");
	put(BASE, "$schema: orders\n$abstract: true\nn: 1\n");
	put(PROD, "$extends: [base]\np: ${secret:orders/db#password}\n");
}

Test(cascade, a_parents_change_that_breaks_an_heir_is_refused_with_the_place_to_edit)
{
	put_orders();
	expect(&f, E_INVALID,
	       "\"profile\":\"orders/production\",\"pointer\":\"/n\",\"keyword\":\"maximum\"", PUT,
	       .path = BASE, .is_yaml = true, .body = "$schema: orders\n$abstract: true\nn: 11\n");
	expect(&f, E_INVALID,
	       "\"origin\":{\"path\":\"profiles/orders/base\",\"version\":2,\"line\":3", PUT,
	       .path = BASE, .is_yaml = true, .body = "$schema: orders\n$abstract: true\nn: 11\n");
	expect(&f, OK, "\"n\":1", CONFIG, .path = "config/orders/production");
	expect(&f, OK, NULL, PUT, .path = BASE, .is_yaml = true,
	       .body = "$schema: orders\n$abstract: true\nn: 2\n");
	expect(&f, OK, "\"n\":2", CONFIG, .path = "config/orders/production");
}

Test(cascade, a_schemas_change_that_breaks_a_profile_is_refused)
{
	put_orders();
	expect(&f, E_INVALID, "orders/production", PUT, .path = SCHEMA, .is_yaml = true,
	       .body = "type: object\nrequired: [q]\n");
}

Test(cascade, a_schema_that_another_refers_to_counts_too)
{
	put("schemas/number", "maximum: 5\n");
	put(SCHEMA, "properties: {n: {$ref: 'reeve:///schemas/number'}}\n");
	put("profiles/orders/a", "$schema: orders\nn: 4\n");
	expect(&f, E_INVALID, "/n", PUT, .path = "schemas/number", .is_yaml = true,
	       .body = "maximum: 3\n");
	expect(&f, E_CONFLICT, "schemas/orders", DELETE, .path = "schemas/number");
	expect(&f, OK, NULL, PUT, .path = "schemas/number", .is_yaml = true,
	       .body = "maximum: 9\n");
	expect(&f, OK, NULL, PUT, .path = "profiles/orders/a", .is_yaml = true,
	       .body = "$schema: orders\nn: 8\n");
}

Test(cascade, a_secrets_new_version_that_breaks_a_profile_is_refused)
{
	put_orders();
	expect(&f, E_INVALID, "\"keyword\":\"minLength\"", PUT, .path = "secrets/orders/db",
	       .body = "{\"data\":{\"password\":\"x\"}}");
	expect(&f, E_INVALID, "orders/production", PUT, .path = "secrets/orders/db",
	       .body = "{\"data\":{\"pass\":\"long enough\"}}");
	expect(&f, OK, NULL, PUT, .path = "secrets/orders/db",
	       .body = "{\"data\":{\"password\":\"other\"}}");
	expect(&f, OK, "\"p\":\"other\"", CONFIG, .path = "config/orders/production",
	       .is_revealed = true);
}

Test(cascade, what_others_need_cannot_go_but_by_force)
{
	put_orders();
	expect(&f, E_CONFLICT, "orders/production", DELETE, .path = "secrets/orders/db");
	expect(&f, E_CONFLICT, "orders/production", DELETE, .path = BASE);
	expect(&f, E_CONFLICT, "\"keyword\":\"$schema\"", DELETE, .path = SCHEMA);
	expect(&f, OK, NULL, DELETE, .path = "secrets/orders/db", .is_forced = true);
	expect(&f, E_INVALID, "a forced write", CONFIG, .path = "config/orders/production");
	expect(&f, OK, NULL, .verb = VERB_DOCUMENT_UNDELETE, .permission = MAY_DELETE,
	       .path = "secrets/orders/db", .body = "{\"versions\":[1]}");
	expect(&f, OK, "\"n\":1", CONFIG, .path = "config/orders/production");
}

Test(cascade, a_batch_is_checked_as_a_whole)
{
	put_orders();
	expect(&f, OK, NULL, .verb = VERB_BATCH,
	       .body = "{\"changes\":[{\"op\":\"delete\",\"path\":\"profiles/orders/production\"},"
		       "{\"op\":\"delete\",\"path\":\"profiles/orders/base\"},"
		       "{\"op\":\"delete\",\"path\":\"schemas/orders\"},"
		       "{\"op\":\"delete\",\"path\":\"secrets/orders/db\"}]}");
}

Test(cascade, a_pinned_version_may_not_be_destroyed)
{
	put("secrets/x", "data: {k: one}\n");
	put("secrets/x", "data: {k: two}\n");
	put("profiles/a/b", "v: ${secret:x?version=1#k}\n");
	expect(&f, OK, "\"v\":\"one\"", CONFIG, .path = "config/a/b", .is_revealed = true);
	expect(&f, E_CONFLICT, "a/b", .verb = VERB_DOCUMENT_DESTROY, .permission = MAY_DESTROY,
	       .path = "secrets/x", .body = "{\"versions\":[1]}");
	expect(&f, OK, NULL, DELETE, .path = "secrets/x");
	expect(&f, OK, "\"v\":\"one\"", CONFIG, .path = "config/a/b", .is_revealed = true);
}

/* Whoever may not read a secret learns nothing of its value by writing a schema or a profile around
 * it. */
Test(cascade, validation_is_no_oracle)
{
	CLEANUP(buf_clear)
	struct buf token =
		fixture_token(&f, "guesser",
			      "rules: [{allow: [read, write], on: [profiles/**, schemas/**]}]");
	struct told t;

	put("secrets/x", "data: {k: hunter2}\n");
	expect(&f, OK, NULL, PUT, .path = "schemas/g", .is_yaml = true, .token = token.data,
	       .body = "properties: {v: {const: wrong}}\n");
	t = ask(&f, (struct ask){PUT, .path = "profiles/g/g", .is_yaml = true, .token = token.data,
				 .body = "$schema: g\nv: ${secret:x#k}\n"});
	cr_expect_eq(t.result, OK, "%s", t.call.out.error.text);
	cr_expect(strstr(t.body, "\"unchecked\":[{") != NULL, "%s", t.body);
	told_clear(&t);
	expect(&f, OK, NULL, PUT, .path = "schemas/g", .is_yaml = true, .token = token.data,
	       .body = "properties: {v: {const: hunter2}}\n");
	expect(&f, E_INVALID, "\"keyword\":\"type\"", PUT, .path = "schemas/g", .is_yaml = true,
	       .token = token.data, .body = "properties: {v: {type: integer}}\n");
	expect(&f, E_INVALID, NULL, PUT, .path = "schemas/g", .is_yaml = true,
	       .body = "properties: {v: {const: wrong}}\n");
}

/* A patch that is merged into what is there does not make its writer know the rest. */
Test(cascade, a_patch_opens_no_more_of_a_secret_than_it_replaces)
{
	CLEANUP(buf_clear)
	struct buf token = fixture_token(
		&f, "patcher",
		"rules: [{allow: [read, write], on: [profiles/**, schemas/**]}, {allow: [write], on: secrets/x}]");

	put("secrets/x", "data: {k: {user: scott, password: hunter2}, l: short}\n");
	put("schemas/g", "properties: {v: {properties: {password: {const: wrong}}}}\n");
	expect(&f, OK, NULL, PUT, .path = "profiles/g/g", .is_yaml = true, .token = token.data,
	       .body = "$schema: g\nv: ${secret:x#k}\nl: ${secret:x#l}\n");
	expect(&f, OK, "\"unchecked\":[{", PATCH, .path = "secrets/x", .token = token.data,
	       .body = "{\"data\":{\"k\":{\"user\":\"tiger\"}}}");
	expect(&f, OK, NULL, PUT, .path = "schemas/g", .is_yaml = true, .token = token.data,
	       .body = "properties: {l: {maxLength: 5}}\n");
	expect(&f, E_INVALID, "maxLength", PATCH, .path = "secrets/x", .token = token.data,
	       .body = "{\"data\":{\"l\":\"longer\"}}");
}

Test(cascade, no_response_names_what_its_reader_may_not_read)
{
	CLEANUP(buf_clear)
	struct buf token = fixture_token(&f, "parent",
					 "rules: [{allow: [read, write, delete], on: [" BASE
					 ", " SCHEMA "]}]");
	struct told t;

	put_orders();
	t = ask(&f, (struct ask){PUT, .path = BASE, .is_yaml = true, .token = token.data,
				 .body = "$schema: orders\n$abstract: true\nn: 11\n"});
	cr_expect_eq(t.result, E_INVALID);
	cr_expect_null(strstr(t.problems, "production"), "%s", t.problems);
	cr_expect_not_null(strstr(t.problems, "may not read"), "%s", t.problems);
	cr_expect_null(strstr(t.call.out.error.text, "production"));
	told_clear(&t);
	t = ask(&f, (struct ask){DELETE, .path = BASE, .token = token.data});
	cr_expect_eq(t.result, E_CONFLICT);
	cr_expect_null(strstr(t.problems, "production"), "%s", t.problems);
	told_clear(&t);
}

Test(cascade, what_is_wrong_above_is_told_without_the_names_of_what_one_may_not_read)
{
	CLEANUP(buf_clear)
	struct buf token = fixture_token(
		&f, "heir",
		"rules: [{allow: [read, write], on: [profiles/orders/mine]}, "
		"{allow: [use], on: [profiles/orders/middle, profiles/orders/none]}]");
	struct told t;

	put("profiles/orders/top", "a: 1\n");
	put("profiles/orders/middle", "$extends: [top]\n");
	expect(&f, OK, NULL, DELETE, .path = "profiles/orders/top", .is_forced = true);
	t = ask(&f, (struct ask){PUT, .path = "profiles/orders/mine", .is_yaml = true,
				 .token = token.data, .body = "$extends: [middle]\n"});
	cr_expect_eq(t.result, E_INVALID);
	cr_expect_null(strstr(t.problems, "orders/top"), "%s", t.problems);
	cr_expect_not_null(strstr(t.problems, "may not read"), "%s", t.problems);
	told_clear(&t);
	expect(&f, E_INVALID, "profiles/orders/none", PUT, .path = "profiles/orders/mine",
	       .is_yaml = true, .token = token.data, .body = "$extends: [none]\n");
	expect(&f, E_INVALID, "secrets/none", PUT, .path = "profiles/orders/mine", .is_yaml = true,
	       .token = token.data, .body = "p: ${secret:none#k}\n");
}

static unsigned count_of(const char *text, const char *part)
{
	unsigned count = 0;

	for (const char *p = text; (p = strstr(p, part)) != NULL; p++)
		count++;
	return count;
}

Test(cascade, a_deletion_that_is_refused_lists_each_dependent_once_with_its_place)
{
	static const struct {
		const char *path;
		unsigned dependents;
	} cases[] = {{BASE, 1}, {SCHEMA, 3}, {"secrets/orders/db", 1}};

	put_orders();
	put("schemas/list", "type: array\nitems: {$ref: orders}\n");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct told t = ask(&f, (struct ask){DELETE, .path = cases[i].path});

		cr_expect_eq(t.result, E_CONFLICT);
		cr_expect_eq(count_of(t.problems, "\"message\""), cases[i].dependents, "%s",
			     t.problems);
		cr_expect_eq(count_of(t.problems, "\"line\":0"), 0, "%s", t.problems);
		told_clear(&t);
	}
}

Test(cascade, an_heir_of_a_changed_reference_is_followed_by_its_new_edges)
{
	put("secrets/one", "data: {k: a}\n");
	put("secrets/two", "data: {k: b}\n");
	put(BASE, "$abstract: true\nv: ${secret:one#k}\n");
	put(PROD, "$extends: [base]\n");
	put(BASE, "$abstract: true\nv: ${secret:two#k}\n");
	expect(&f, OK, NULL, DELETE, .path = "secrets/one");
	expect(&f, E_CONFLICT, NULL, DELETE, .path = "secrets/two");
	fixture_restart(&f);
	expect(&f, E_CONFLICT, NULL, DELETE, .path = "secrets/two");
}

Test(cascade, a_key_that_several_layers_set_is_told_where_it_was_set_last)
{
	put_orders();
	expect(&f, E_INVALID,
	       "\"origin\":{\"path\":\"profiles/orders/production\",\"version\":2,\"line\":4,"
	       "\"column\":4}",
	       PUT, .path = PROD, .is_yaml = true,
	       .body = "$extends: [base]\n\np: ${secret:orders/db#password}\nn: 11\n");
	put(PROD, "$extends: [base]\np: ${secret:orders/db#password}\nn: 2\n");
	expect(&f, OK, NULL, PUT, .path = BASE, .is_yaml = true,
	       .body = "$schema: orders\n$abstract: true\nn: 11\n");
	expect(&f, E_INVALID,
	       "\"origin\":{\"path\":\"profiles/orders/base\",\"version\":2,\"line\":3,"
	       "\"column\":4}",
	       PUT, .path = PROD, .is_yaml = true,
	       .body = "$extends: [base]\np: ${secret:orders/db#password}\n");
}

#define ENDLESS "{$ref: '#/$defs/endless'}\n$defs: {endless: {$ref: '#/$defs/endless'}}\n"

static void expect_limit(struct ask what)
{
	struct told t = ask(&f, what);

	cr_expect_eq(t.result, E_LIMIT, "%s", result_name(t.result));
	cr_expect_str_eq(t.problems, "");
	cr_expect_str_eq(t.body, "");
	cr_expect_not_null(strstr(t.call.out.error.text, "orders/production"), "%s",
			   t.call.out.error.text);
	told_clear(&t);
}

/* Neither a refusal with problems nor, in a dry run, an answer that names none. */
Test(cascade, a_bound_that_runs_out_is_no_verdict)
{
	const char *wrong = "$schema: orders\nq: 1\n", *right = "$schema: orders\nn: 1\n";

	put(SCHEMA, "if: {required: [n]}\nelse: " ENDLESS);
	put(PROD, right);
	expect_limit((struct ask){PUT, .path = PROD, .body = wrong, .is_yaml = true});
	expect_limit((struct ask){PUT, .path = PROD, .body = wrong, .is_yaml = true,
				  .is_dry_run = true});
	expect_limit(
		(struct ask){PUT, .path = SCHEMA, .body = "allOf:\n- " ENDLESS, .is_yaml = true});
	expect(&f, OK, "\"n\":1", CONFIG, .path = "config/orders/production");
}

Test(cascade, what_is_only_taken_away_by_force_may_leave_what_cannot_be_judged)
{
	put("secrets/orders/db", "data: {password: hunter2}\n");
	put(SCHEMA, "if: {properties: {p: {const: hunter2}}}\nelse: " ENDLESS);
	put(PROD, "$schema: orders\np: ${secret:orders/db#password:-none}\n");
	expect_limit((struct ask){DELETE, .path = "secrets/orders/db"});
	expect_limit((struct ask){DELETE, .path = "secrets/orders/db", .is_dry_run = true});
	expect(&f, OK, NULL, DELETE, .path = "secrets/orders/db", .is_forced = true);
	expect(&f, E_LIMIT, "orders/production", CONFIG, .path = "config/orders/production");
}

Test(cascade, a_chain_beyond_a_bound_is_a_limit_too)
{
	char path[64], yaml[64];
	struct told t;
	enum result rc = OK;
	int i = 0;

	put("profiles/deep/p0", "$abstract: true\n");
	for (; rc == OK && i < 2 * PROFILE_DEPTH_MAX; i++) {
		snprintf(path, sizeof path, "profiles/deep/p%d", i + 1);
		snprintf(yaml, sizeof yaml, "$abstract: true\n$extends: [p%d]\n", i);
		t = ask(&f, (struct ask){PUT, .path = path, .body = yaml, .is_yaml = true});
		rc = t.result;
		cr_expect_str_eq(t.problems, "");
		told_clear(&t);
	}
	cr_expect_eq(rc, E_LIMIT, "%s after %d", result_name(rc), i);
}
