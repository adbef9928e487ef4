/* What may be written around a document that is broken already, and how many problems and
 * dependents there may be. */
#include "fixture.h"

#include "profile/check.h"

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

TestSuite(broken, .init = open_it, .fini = close_it);

static void put(const char *path, const char *yaml)
{
	expect(&f, OK, NULL, PUT, .path = path, .body = yaml, .is_yaml = true);
}

/* A profile that needs two secrets, which are gone. */
static void break_it(void)
{
	put("secrets/x", "data: {k: one}\n");
	put("secrets/y", "data: {k: two}\n");
	put("profiles/a/base", "$abstract: true\nn: 1\n");
	put("profiles/a/b", "$extends: [base]\nx: ${secret:x#k}\ny: ${secret:y#k}\n");
	expect(&f, OK, "\"n\":1", CONFIG, .path = "config/a/b");
	expect(&f, OK, NULL, DELETE, .path = "secrets/x", .is_forced = true);
	expect(&f, OK, NULL, DELETE, .path = "secrets/y", .is_forced = true);
	expect(&f, E_INVALID, NULL, CONFIG, .path = "config/a/b");
}

#define MISSES(name, line)                                       \
	"{\"profile\":\"a/b\",\"pointer\":\"/" name              \
	"\",\"keyword\":\"\",\"message\":\"secret secrets/" name \
	"#k is not there and has no default\",\"origin\":{\"path\":\"profiles/a/b\",\"version\":" line

Test(broken, what_was_wrong_before_is_a_warning_and_what_is_new_an_error)
{
	struct told t;

	break_it();
	expect(&f, OK, MISSES("x", "1,\"line\":2"), PUT, .path = "secrets/y",
	       .body = "{\"data\":{\"k\":\"new\"}}");
	expect(&f, OK, MISSES("x", "1,\"line\":2"), PUT, .path = "profiles/a/base",
	       .body = "{\"$abstract\":true,\"n\":2}");
	expect(&f, OK, MISSES("x", "2,\"line\":2"), PUT, .path = "profiles/a/b", .is_yaml = true,
	       .body = "$extends: [base]\nx: ${secret:x#k}\ny: ${secret:y#k}\nm: 1\n");
	t = ask(&f, (struct ask){PUT, .path = "profiles/a/b", .is_yaml = true,
				 .body = "$extends: [base]\nx: ${secret:x#k}\nz: ${secret:z#k}\n"});
	cr_expect_eq(t.result, E_INVALID, "%s", t.body);
	cr_expect_str_eq(t.call.out.error.text, "it would leave 1 problem behind");
	cr_expect_not_null(strstr(t.problems, "[" MISSES("z", "3,\"line\":3,\"column\":4}}]")),
			   "%s", t.problems);
	told_clear(&t);
	put("secrets/x", "data: {k: back}\n");
	expect(&f, OK, "\"n\":2", CONFIG, .path = "config/a/b");
	/* It is served again: now everything counts. */
	expect(&f, E_CONFLICT, MISSES("x", "2,\"line\":2"), DELETE, .path = "secrets/x");
}

Test(broken, what_it_needs_leads_to_it_still)
{
	break_it();
	expect(&f, E_CONFLICT, "a/b", DELETE, .path = "profiles/a/base");
	fixture_restart(&f);
	expect(&f, E_CONFLICT, "a/b", DELETE, .path = "profiles/a/base");
	expect(&f, OK, NULL, DELETE, .path = "profiles/a/b");
	expect(&f, OK, "", DELETE, .path = "profiles/a/base");
}

Test(broken, a_schema_that_lacks_another_is_mended_by_its_return)
{
	put("schemas/number", "type: integer\n");
	put("schemas/s", "properties: {n: {allOf: [{$ref: number}, {$ref: number}]}}\n");
	put("profiles/a/b", "$schema: s\nn: 1\n");
	expect(&f, E_CONFLICT, "schemas/s", DELETE, .path = "schemas/number");
	expect(&f, OK, NULL, DELETE, .path = "schemas/number", .is_forced = true);
	expect(&f, E_INVALID, NULL, PUT, .path = "profiles/a/c", .body = "{\"$schema\":\"s\"}");
	expect(&f, E_CONFLICT, "a/b", DELETE, .path = "schemas/s");
	put("schemas/number", "type: integer\nmaximum: 5\n");
	expect(&f, E_INVALID, "\"keyword\":\"maximum\"", PUT, .path = "profiles/a/b",
	       .body = "{\"$schema\":\"s\",\"n\":6}");
	put("profiles/a/c", "$schema: s\nn: 5\n");
}

Test(broken, an_abstract_profile_needs_its_schema_too)
{
	expect(&f, E_INVALID,
	       "[{\"profile\":\"a/base\",\"pointer\":\"\",\"keyword\":\"$schema\",\"message\":\"its schema "
	       "does not exist\",\"origin\":{\"path\":\"profiles/a/base\",\"version\":1,\"line\":2,\"column\":10}}]",
	       PUT, .path = "profiles/a/base", .is_yaml = true,
	       .body = "$abstract: true\n$schema: none\n");
	expect(&f, E_INVALID, "profiles/a/none", PUT, .path = "profiles/a/base", .is_yaml = true,
	       .body = "$abstract: true\n$extends: [none]\n");
}

static void put_heirs(int count)
{
	char path[64];

	put("schemas/s", "properties: {n: {maximum: 5}}\n");
	put("profiles/a/base", "$abstract: true\nn: 1\n");
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof path, "profiles/a/h%d", i);
		put(path, "$extends: [base]\n$schema: s\n");
	}
}

Test(broken, as_many_may_depend_on_it_as_are_allowed)
{
	put_heirs(3);
	f.settings.affected_max = 3;
	fixture_restart(&f);
	expect(&f, E_LIMIT, "more than 3 documents depend on it", PUT, .path = "profiles/a/base",
	       .body = "{\"$abstract\":true,\"n\":2}");
	f.settings.affected_max = 4;
	fixture_restart(&f);
	expect(&f, OK, NULL, PUT, .path = "profiles/a/base",
	       .body = "{\"$abstract\":true,\"n\":2}");
	expect(&f, OK, "\"n\":2", CONFIG, .path = "config/a/h2");
}

Test(broken, so_many_problems_are_told_and_no_more)
{
	struct told t;
	unsigned count = 0;

	put_heirs(CHECK_PROBLEMS_MAX + 1);
	t = ask(&f, (struct ask){PUT, .path = "profiles/a/base",
				 .body = "{\"$abstract\":true,\"n\":6}"});
	cr_expect_eq(t.result, E_INVALID);
	for (const char *p = t.problems; (p = strstr(p, "\"keyword\":\"maximum\"")) != NULL; p++)
		count++;
	cr_expect_eq(count, CHECK_PROBLEMS_MAX);
	told_clear(&t);
	expect(&f, OK, NULL, DELETE, .path = "profiles/a/h0");
}
