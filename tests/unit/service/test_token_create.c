/* In which order a new token is judged: rights before what only its form can tell. */
#include "answers.h"

#include "service/state/token_chain.h"

#include <stdio.h>
#include <string.h>

static struct fixture f;
static struct buf maker;

static void open_it(void)
{
	fixture_open(&f);
	expect(&f, OK, NULL, PUT, .path = "policies/reader", .is_yaml = true,
	       .body = "rules: [{allow: [read, list], on: \"profiles/**\"}]");
	maker = fixture_token(&f, "maker", "rules: [{allow: [write, list], on: sys/tokens}]");
}

static void close_it(void)
{
	buf_clear(&maker);
	fixture_close(&f);
}

TestSuite(token_create, .init = open_it, .fini = close_it);

Test(token_create, of_two_errors_the_one_of_the_earlier_check_is_told)
{
	static const struct {
		const char *body;
		enum result result;
		const char *text;
	} cases[] = {
		{"{\"name\":7,\"policies\":[\"all\"],\"more\":1}", E_MALFORMED, "more"},
		{"{\"name\":\" x\",\"policies\":7}", E_MALFORMED, "printable"},
		{"{\"name\":\" x\",\"policies\":[\"all\"]}", E_MALFORMED, "printable"},
		{"{\"name\":7,\"policies\":[\"all\"]}", E_MALFORMED, "`name`"},
		{"{\"policies\":[\"all\"]}", E_MALFORMED, "`name` is missing"},
		{"{\"name\":\"x\",\"policies\":[\"all\",7]}", E_FORBIDDEN, "policy all"},
		{"{\"name\":\"x\",\"policies\":[7,\"all\"]}", E_MALFORMED, "must be a text"},
		{"{\"name\":\"root\",\"policies\":[\"all\"]}", E_FORBIDDEN, "policy all"},
		{"{\"name\":\"root\",\"policies\":[\"maker\",7]}", E_MALFORMED, "must be a text"},
		{"{\"name\":\"root\",\"policies\":7}", E_MALFORMED, "`policies`"},
		{"{\"name\":\"x\",\"policies\":[\"all\"],\"ttl\":\"soon\"}", E_FORBIDDEN,
		 "policy all"},
		{"{\"name\":\"x\",\"policies\":[\"all\"],\"max_ttl\":7}", E_FORBIDDEN,
		 "policy all"},
		{"{\"name\":\"x\",\"policies\":[\"all\"],\"addresses\":7}", E_FORBIDDEN,
		 "policy all"},
		{"{\"name\":\"x\",\"policies\":[\"all\"],\"uses\":0}", E_FORBIDDEN, "policy all"},
		{"{\"name\":\"root\",\"policies\":[\"maker\"],\"ttl\":\"soon\"}", E_CONFLICT,
		 "`name`"},
		{"{\"name\":\"root\",\"policies\":[\"maker\"],\"max_ttl\":7}", E_CONFLICT,
		 "`name`"},
		{"{\"name\":\"root\",\"policies\":[\"maker\"],\"addresses\":7}", E_CONFLICT,
		 "`name`"},
		{"{\"name\":\"root\",\"policies\":[\"maker\"],\"uses\":0}", E_CONFLICT, "`name`"},
		{"{\"name\":\"x\",\"policies\":[\"maker\"],\"ttl\":\"soon\",\"uses\":0}",
		 E_MALFORMED, "`ttl`"},
		{"{\"name\":\"x\",\"policies\":[\"maker\"],\"addresses\":7,\"uses\":0}",
		 E_MALFORMED, "`addresses`"},
		{"{\"name\":\"x\",\"policies\":[\"maker\"],\"uses\":0}", E_MALFORMED, "`uses`"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		expect(&f, cases[i].result, cases[i].text, CREATE, .token = maker.data,
		       .body = cases[i].body);
}

Test(token_create, a_policy_that_does_not_exist_is_told_before_what_is_malformed_behind_it)
{
	expect(&f, E_INVALID, "does not exist", CREATE,
	       .body = "{\"name\":\"x\",\"policies\":[\"gone\",7],\"ttl\":\"soon\"}");
}

Test(token_create, a_refused_policy_is_recorded_although_the_rest_is_malformed)
{
	expect_entry(&f, E_FORBIDDEN, "token.create",
		     "may not give policy all: neither has it nor may grant it", "sys/tokens 0\n",
		     CREATE, .token = maker.data,
		     .body = "{\"name\":\"x\",\"policies\":[\"all\"],\"ttl\":\"soon\"}");
}

Test(token_create, the_limit_on_depth_is_told_first_of_a_body_that_is_an_object)
{
	static const char *const bodies[] = {
		"{\"name\":7}",
		"{\"policies\":[\"all\"],\"ttl\":\"soon\"}",
		"{\"name\":\" x\",\"policies\":[\"all\"]}",
		"{\"name\":\"x\",\"policies\":[\"all\"],\"uses\":0}",
	};
	char token[80];

	snprintf(token, sizeof token, "%s", maker.data);
	for (int i = 0; i < TOKEN_DEPTH_MAX; i++) {
		struct told t = ask(&f, (struct ask){CREATE, .token = token,
						     .body = "{\"name\":\"m\","
							     "\"policies\":[\"maker\"]}"});
		const char *text = strstr(t.body, "rv_");

		cr_assert_eq(t.result, OK, "%s", t.call.out.error.text);
		cr_assert_not_null(text);
		snprintf(token, sizeof token, "%.*s", (int)strcspn(text, "\""), text);
		told_clear(&t);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++)
		expect(&f, E_LIMIT, "at most 16 deep", CREATE, .token = token, .body = bodies[i]);
	expect(&f, E_MALFORMED, "more", CREATE, .token = token, .body = "{\"more\":1}");
}
