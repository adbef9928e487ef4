#include "agent/environment.h"

#include "doc/read.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char json[] =
	"{\"warehouse\":{\"url\":\"jdbc:x\",\"port\":5432,\"tls\":true,\"none\":null},"
	"\"list\":[1],\"ld\":{\"preload\":\"evil\"}}";

struct probe {
	struct tree config;
	struct arena arena;
	char **environment;
	struct error err;
};

static enum result build(struct probe *p, const struct environment_request *request)
{
	p->config = (struct tree)TREE_INIT(0, false);
	p->arena = (struct arena)ARENA_INIT(0, true);
	p->environment = NULL;
	cr_assert_eq(doc_read(&p->config, DOC_JSON, slice_text(json), &DOC_LIMITS_DEFAULT, NULL,
			      &p->err),
		     OK);
	return environment_build(&p->environment, &p->arena, request, &p->config.root, &p->err);
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
	struct environment_request request = {.picks = picks,
					      .picks_count = 4,
					      .config_file = "/run/x/config.json"};
	struct probe p;

	setenv("REEVE_TOKEN", "rv_x", 1);
	setenv("REEVE_TOKEN_FILE", "/x", 1);
	setenv("DB_URL", "inherited", 1);
	cr_assert_eq(build(&p, &request), OK, "%s", p.err.text);
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
	struct environment_request request = {.all_prefix = "APP_", .config_file = "/f"};
	struct probe p;

	cr_assert_eq(build(&p, &request), OK, "%s", p.err.text);
	cr_expect_str_eq(value_of(&p, "APP_WAREHOUSE_URL"), "jdbc:x");
	cr_expect_str_eq(value_of(&p, "APP_LD_PRELOAD"), "evil");
	clear(&p);
}

Test(environment, a_picked_name_that_steers_programs_is_refused_without_env_unsafe)
{
	const char *const picks[] = {"https_proxy=/warehouse/url"};
	struct environment_request request = {.picks = picks,
					      .picks_count = 1,
					      .config_file = "/f"};
	struct probe p;

	cr_expect_eq(build(&p, &request), E_INVALID);
	cr_expect_not_null(strstr(p.err.text, "https_proxy may not"), "%s", p.err.text);
	cr_expect_not_null(strstr(p.err.text, "--env-unsafe"), "%s", p.err.text);
	cr_expect_null(strstr(p.err.text, "jdbc"));
	clear(&p);
	request.is_unsafe = true;
	cr_assert_eq(build(&p, &request), OK, "%s", p.err.text);
	cr_expect_str_eq(value_of(&p, "https_proxy"), "jdbc:x");
	clear(&p);
}

Test(environment, of_all_values_those_that_steer_programs_are_omitted_and_listed)
{
	const char *const any[] = {"*"};
	struct buf omitted = BUF_NULL;
	size_t not_allowed = 0;
	struct environment_request request = {.all_prefix = "",
					      .config_file = "/f",
					      .is_unsafe = true,
					      .allowed = any,
					      .allowed_count = 1,
					      .omitted = &omitted,
					      .not_allowed = &not_allowed};
	struct probe p;

	unsetenv("LD_PRELOAD");
	cr_assert_eq(build(&p, &request), OK, "%s", p.err.text);
	cr_expect_null(value_of(&p, "LD_PRELOAD"), "unsafe is for names that were picked");
	cr_expect_str_eq(value_of(&p, "WAREHOUSE_URL"), "jdbc:x");
	cr_expect_str_eq(omitted.data, "LD_PRELOAD");
	cr_expect_eq(not_allowed, 0);
	clear(&p);
	buf_clear(&omitted);
}

Test(environment, only_names_that_a_pattern_allows_are_given)
{
	const char *const allowed[] = {"WAREHOUSE_U*", "*_PORT"};
	size_t not_allowed = 0;
	struct environment_request request = {.all_prefix = "",
					      .config_file = "/f",
					      .allowed = allowed,
					      .allowed_count = 2,
					      .not_allowed = &not_allowed};
	struct probe p;

	unsetenv("LD_PRELOAD");
	cr_assert_eq(build(&p, &request), OK, "%s", p.err.text);
	cr_expect_str_eq(value_of(&p, "WAREHOUSE_URL"), "jdbc:x");
	cr_expect_str_eq(value_of(&p, "WAREHOUSE_PORT"), "5432");
	cr_expect_null(value_of(&p, "WAREHOUSE_TLS"));
	cr_expect_null(value_of(&p, "LD_PRELOAD"));
	cr_expect(not_allowed >= 3, "%zu", not_allowed);
	clear(&p);
}

Test(environment, without_a_prefix_patterns_are_needed)
{
	struct environment_request request = {.all_prefix = "", .config_file = "/f"};
	struct probe p;

	cr_expect_eq(build(&p, &request), E_INVALID);
	cr_expect_not_null(strstr(p.err.text, "--env-allow"), "%s", p.err.text);
	clear(&p);
}

Test(environment, a_prefix_cannot_complete_a_name_that_steers_programs)
{
	struct buf omitted = BUF_NULL;
	struct environment_request request = {.all_prefix = "LD_",
					      .config_file = "/f",
					      .omitted = &omitted};
	struct probe p;

	cr_assert_eq(build(&p, &request), OK, "%s", p.err.text);
	cr_expect_null(value_of(&p, "LD_WAREHOUSE_URL"));
	cr_expect_not_null(strstr(omitted.data, "LD_WAREHOUSE_URL"));
	clear(&p);
	buf_clear(&omitted);
}

Test(environment, a_pick_that_cannot_be_given_is_refused_with_its_pointer)
{
	static const struct {
		const char *pick, *says;
	} cases[] = {{"X=/nowhere", "no value at /nowhere"},
		     {"X=/list", "not a single value"},
		     {"X=/warehouse", "not a single value"},
		     {"X", "NAME=/pointer"},
		     {"X=nopointer", "NAME=/pointer"},
		     {"A B=/warehouse/url", "a name has letters"},
		     {"=/warehouse/url", "a name has letters"},
		     {"PATH=/warehouse/url", "PATH may not"}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct environment_request request = {.picks = &cases[i].pick,
						      .picks_count = 1,
						      .config_file = "/f"};
		struct probe p;

		cr_expect_neq(build(&p, &request), OK, "%s", cases[i].pick);
		cr_expect_not_null(strstr(p.err.text, cases[i].says), "%s: %s", cases[i].pick,
				   p.err.text);
		clear(&p);
	}
}

Test(environment, one_name_for_two_values_is_refused)
{
	const char *const picks[] = {"X=/warehouse/url", "X=/warehouse/port"};
	struct environment_request request = {.picks = picks,
					      .picks_count = 2,
					      .config_file = "/f"};
	struct probe p;

	cr_expect_eq(build(&p, &request), E_INVALID);
	cr_expect_not_null(strstr(p.err.text, "twice"));
	clear(&p);
}

Test(environment, one_name_for_two_values_is_refused_although_it_was_inherited)
{
	static const char *const cases[][2] = {
		{"DUP=/warehouse/url", "DUP=/warehouse/port"},
		{"Y=/warehouse/url", "REEVE_CONFIG_FILE=/warehouse/url"},
	};

	setenv("DUP", "inherited", 1);
	setenv("REEVE_CONFIG_FILE", "/inherited", 1);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct environment_request request = {.picks = cases[i],
						      .picks_count = 2,
						      .config_file = "/f",
						      .is_unsafe = true};
		struct probe p;

		cr_expect_eq(build(&p, &request), E_INVALID, "%s", cases[i][1]);
		cr_expect_not_null(strstr(p.err.text, "twice"), "%s", p.err.text);
		clear(&p);
	}
}

/* Programs differ in which of two variables of one name they read. */
Test(environment, a_name_that_was_inherited_twice_is_given_once_and_as_requested)
{
	static char *inherited[] = {"X=1", "REEVE_TOKEN=rv_1",
				    "X=2", "REEVE_TOKEN=rv_2",
				    "Z=3", "X=4",
				    NULL};
	const char *const picks[] = {"X=/warehouse/url"};
	struct environment_request request = {.picks = picks,
					      .picks_count = 1,
					      .config_file = "/f"};
	struct probe p;
	char **own = environ;

	environ = inherited;
	cr_assert_eq(build(&p, &request), OK, "%s", p.err.text);
	environ = own;
	cr_expect_str_eq(value_of(&p, "X"), "jdbc:x");
	cr_expect_str_eq(value_of(&p, "Z"), "3");
	cr_expect_null(value_of(&p, "REEVE_TOKEN"));
	clear(&p);
}

Test(environment, a_large_inherited_environment_is_given)
{
	enum { COUNT = 5000 };
	static char texts[COUNT][16], *inherited[COUNT + 1];
	struct environment_request request = {.config_file = "/f"};
	struct probe p;
	char **own = environ;

	for (size_t i = 0; i < COUNT; i++) {
		snprintf(texts[i], sizeof texts[i], "V%zu=%zu", i, i);
		inherited[i] = texts[i];
	}
	environ = inherited;
	cr_assert_eq(build(&p, &request), OK, "%s", p.err.text);
	environ = own;
	cr_expect_str_eq(value_of(&p, "V4999"), "4999");
	cr_expect_str_eq(value_of(&p, "REEVE_CONFIG_FILE"), "/f");
	clear(&p);
}
