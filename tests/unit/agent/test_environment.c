#include "agent/environment.h"

#include "doc/read.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static const char json[] =
	"{\"warehouse\":{\"url\":\"jdbc:x\",\"port\":5432,\"tls\":true,\"none\":null},"
	"\"list\":[1],\"ld\":{\"preload\":\"evil\"}}";

struct probe {
	struct tree config;
	struct arena arena;
	char **environment;
	struct error err;
};

static enum result build(struct probe *p, const struct environment_wish *wish)
{
	p->config = (struct tree)TREE_INIT(0, false);
	p->arena = (struct arena)ARENA_INIT(0, true);
	p->environment = NULL;
	cr_assert_eq(doc_read(&p->config, DOC_JSON, slice_text(json), &DOC_LIMITS_DEFAULT, NULL,
			      &p->err),
		     OK);
	return environment_build(&p->environment, &p->arena, wish, &p->config.root, &p->err);
}

static void clear(struct probe *p)
{
	arena_clear(&p->arena);
	tree_clear(&p->config);
}

static const char *value_of(const struct probe *p, const char *name)
{
	const char *found = NULL;

	for (char **e = p->environment; *e != NULL; e++) {
		if (strncmp(*e, name, strlen(name)) == 0 && (*e)[strlen(name)] == '=') {
			cr_expect_null(found, "%s stands twice", name);
			found = *e + strlen(name) + 1;
		}
	}
	return found;
}

Test(environment, picks_are_given_by_name_and_the_token_is_not_inherited)
{
	const char *const picks[] = {"DB_URL=/warehouse/url", "DB_PORT=/warehouse/port",
				     "DB_TLS=/warehouse/tls", "DB_NONE=/warehouse/none"};
	struct environment_wish wish = {picks, 4, NULL, "/run/x/config.json"};
	struct probe p;

	setenv("REEVE_TOKEN", "rv_x", 1);
	setenv("REEVE_TOKEN_FILE", "/x", 1);
	setenv("DB_URL", "inherited", 1);
	cr_assert_eq(build(&p, &wish), OK, "%s", p.err.text);
	cr_expect_str_eq(value_of(&p, "DB_URL"), "jdbc:x");
	cr_expect_str_eq(value_of(&p, "DB_PORT"), "5432");
	cr_expect_str_eq(value_of(&p, "DB_TLS"), "true");
	cr_expect_str_eq(value_of(&p, "DB_NONE"), "");
	cr_expect_str_eq(value_of(&p, "REEVE_CONFIG_FILE"), "/run/x/config.json");
	cr_expect_null(value_of(&p, "REEVE_TOKEN"));
	cr_expect_null(value_of(&p, "REEVE_TOKEN_FILE"));
	clear(&p);
}

Test(environment, all_values_get_the_prefix)
{
	struct environment_wish wish = {NULL, 0, "APP_", "/f"};
	struct probe p;

	cr_assert_eq(build(&p, &wish), OK, "%s", p.err.text);
	cr_expect_str_eq(value_of(&p, "APP_WAREHOUSE_URL"), "jdbc:x");
	cr_expect_str_eq(value_of(&p, "APP_LD_PRELOAD"), "evil");
	clear(&p);
}

Test(environment, names_that_change_how_programs_run_are_refused)
{
	static const char *const names[] = {"PATH",	"LD_PRELOAD",	"LD_X", "PYTHONPATH", "IFS",
					    "BASH_ENV", "NODE_OPTIONS", "1X",	"A-B",	      ""};
	struct environment_wish all = {NULL, 0, "", "/f"};
	struct probe p;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		cr_expect_not(environment_name_is_safe(slice_text(names[i])), "%s", names[i]);
	cr_expect(environment_name_is_safe(SLICE_LITERAL("PATHOLOGY")));
	cr_expect(environment_name_is_safe(SLICE_LITERAL("_x1")));
	cr_expect_eq(build(&p, &all), E_INVALID);
	cr_expect_not_null(strstr(p.err.text, "LD_PRELOAD"), "%s", p.err.text);
	cr_expect_null(strstr(p.err.text, "evil"));
	clear(&p);
}

Test(environment, a_pick_that_cannot_be_given_is_refused_with_its_pointer)
{
	static const struct {
		const char *pick, *says;
	} cases[] = {{"X=/nowhere", "nothing at /nowhere"},
		     {"X=/list", "no single value"},
		     {"X=/warehouse", "no single value"},
		     {"X", "NAME=/pointer"},
		     {"X=nopointer", "NAME=/pointer"},
		     {"PATH=/warehouse/url", "PATH may not"}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct environment_wish wish = {&cases[i].pick, 1, NULL, "/f"};
		struct probe p;

		cr_expect_neq(build(&p, &wish), OK, "%s", cases[i].pick);
		cr_expect_not_null(strstr(p.err.text, cases[i].says), "%s: %s", cases[i].pick,
				   p.err.text);
		clear(&p);
	}
}

Test(environment, one_name_for_two_values_is_refused)
{
	const char *const picks[] = {"X=/warehouse/url", "X=/warehouse/port"};
	struct environment_wish wish = {picks, 2, NULL, "/f"};
	struct probe p;

	cr_expect_eq(build(&p, &wish), E_INVALID);
	cr_expect_not_null(strstr(p.err.text, "twice"));
	clear(&p);
}
