#include "fixture.h"

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

TestSuite(access, .init = open_it, .fini = close_it);

Test(access, a_token_is_good_for_as_many_responses_as_it_was_made_for)
{
	CLEANUP(buf_clear) struct buf token = BUF_NULL;

	f.uses = 4;
	token = fixture_token(&f, "few", "rules: [{allow: [read, write], on: \"**\"}]");
	expect(&f, OK, NULL, PUT, .path = "profiles/a/b", .body = "{}", .token = token.data);
	expect(&f, OK, NULL, GET, .path = "profiles/a/b", .token = token.data);
	fixture_restart(&f);
	expect(&f, E_FORBIDDEN, NULL, DELETE, .path = "profiles/a/b", .token = token.data);
	expect(&f, OK, NULL, CONFIG, .path = "config/a/b", .token = token.data);
	expect(&f, E_UNAUTHENTICATED, NULL, GET, .path = "profiles/a/b", .token = token.data);
	expect(&f, OK, NULL, GET, .path = "profiles/a/b");
}

Test(access, many_at_once_do_not_get_more_out_of_a_token)
{
	CLEANUP(buf_clear) struct buf token = BUF_NULL;
	struct asking *calls[12];
	int good = 0;

	f.uses = 5;
	token = fixture_token(&f, "few", "rules: [{allow: [read], on: \"**\"}]");
	expect(&f, OK, NULL, PUT, .path = "secrets/x", .body = "{\"data\":{\"k\":\"v\"}}");
	for (int i = 0; i < 12; i++)
		calls[i] =
			ask_begin(&f, (struct ask){GET, .path = "secrets/x", .token = token.data});
	for (int i = 0; i < 12; i++) {
		cr_assert(ask_wait(calls[i], 10000));
		good += ask_call(calls[i])->out.result == OK;
		cr_expect(ask_call(calls[i])->out.result == OK ||
			  ask_call(calls[i])->out.body == NULL);
		ask_free(calls[i]);
	}
	cr_expect_eq(good, 5);
}

Test(access, a_deny_wins_and_what_may_not_be_read_is_forbidden_whether_it_is_there_or_not)
{
	CLEANUP(buf_clear)
	struct buf token = fixture_token(
		&f, "some",
		"rules: [{allow: [read], on: secrets/a/**}, {deny: [read], on: secrets/a/no/**}]");

	expect(&f, OK, NULL, PUT, .path = "secrets/a/no/x", .body = "{\"data\":{}}");
	expect(&f, OK, NULL, PUT, .path = "secrets/a/x", .body = "{\"data\":{}}");
	expect(&f, OK, NULL, GET, .path = "secrets/a/x", .token = token.data);
	expect(&f, E_FORBIDDEN, NULL, GET, .path = "secrets/a/no/x", .token = token.data);
	expect(&f, E_FORBIDDEN, NULL, GET, .path = "secrets/a/no/none", .token = token.data);
	expect(&f, E_FORBIDDEN, NULL, GET, .path = "secrets/b", .token = token.data);
	expect(&f, E_NOT_FOUND, NULL, GET, .path = "secrets/a/none", .token = token.data);
}

Test(access, check_is_enough_for_a_dry_run_and_for_nothing_else)
{
	CLEANUP(buf_clear)
	struct buf token =
		fixture_token(&f, "checker", "rules: [{allow: [check], on: profiles/**}]");
	struct told t;

	expect(&f, OK, NULL, PUT, .path = "profiles/a/b", .body = "{\"secretive\":1}");
	expect(&f, E_FORBIDDEN, NULL, PUT, .path = "profiles/a/b", .body = "{}",
	       .token = token.data);
	t = ask(&f, (struct ask){PUT, .path = "profiles/a/b", .body = "{}", .token = token.data,
				 .is_dry_run = true});
	cr_expect_eq(t.result, OK);
	cr_expect_null(strstr(t.body, "secretive"), "%s", t.body);
	told_clear(&t);
	expect(&f, OK, "secretive", GET, .path = "profiles/a/b");
}
