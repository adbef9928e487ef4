#include "fixture.h"

#include <stdio.h>
#include <string.h>

static struct fixture f;

static void open_it(void)
{
	fixture_open(&f);
	expect(&f, OK, NULL, PUT, .path = "secrets/a/db", .body = "{\"data\":{\"k\":\"hunter2\"}}");
	expect(&f, OK, NULL, PUT, .path = "profiles/a/base", .is_yaml = true,
	       .body = "x: {y: 1}\n");
	expect(&f, OK, NULL, PUT, .path = "profiles/a/b", .is_yaml = true,
	       .body = "$extends: [base]\nx: {z: two}\np: ${secret:a/db#k}\n");
}

static void close_it(void)
{
	fixture_close(&f);
}

TestSuite(config, .init = open_it, .fini = close_it);

#define AB CONFIG, .path = "config/a/b"

Test(config, comes_in_every_format)
{
	static const struct {
		enum config_format format;
		const char *text;
	} cases[] = {
		{CONFIG_JSON, "{\"x\":{\"y\":1,\"z\":\"two\"},\"p\":\"hunter2\"}"},
		{CONFIG_YAML, "x:\n  \"y\": 1\n  z: two\np: hunter2\n"},
		{CONFIG_PROPERTIES, "x.y=1\nx.z=two\np=hunter2\n"},
		{CONFIG_ENV, "X_Y=1\nX_Z=two\nP=hunter2\n"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		expect(&f, OK, cases[i].text, AB, .format = cases[i].format, .is_revealed = true);
	expect(&f, OK, "two", AB, .key = "/x/z", .format = CONFIG_RAW);
	expect(&f, E_NOT_FOUND, NULL, AB, .key = "/x/none");
}

Test(config, keeps_secrets_as_references_until_they_are_revealed)
{
	expect(&f, OK, "\"p\":\"${secret:a/db#k}\"", AB);
	expect(&f, OK, "\"p\":\"hunter2\"", AB, .is_revealed = true);
}

Test(config, one_secret_that_may_not_be_read_refuses_the_whole)
{
	CLEANUP(buf_clear)
	struct buf token = fixture_token(&f, "reader", "rules: [{allow: [read], on: config/**}]");

	expect(&f, OK, NULL, AB, .token = token.data);
	expect(&f, E_FORBIDDEN, "\"pointer\":\"/p\"", AB, .token = token.data, .is_revealed = true);
}

Test(config, explains_every_leaf)
{
	expect(&f, OK,
	       "\"/x/y\":{\"path\":\"profiles/a/base\",\"version\":1,\"line\":1,\"column\":8}", AB,
	       .is_explained = true);
	expect(&f, OK,
	       "\"secrets\":{\"/p\":{\"path\":\"secrets/a/db\",\"key\":\"k\",\"version\":1}}", AB,
	       .is_explained = true);
}

Test(config, travels_in_time_with_its_secrets)
{
	expect(&f, OK, NULL, PUT, .path = "secrets/a/db", .body = "{\"data\":{\"k\":\"later\"}}");
	expect(&f, OK, NULL, PUT, .path = "profiles/a/base", .is_yaml = true,
	       .body = "x: {y: 7}\n");
	expect(&f, OK, "\"y\":7", AB);
	expect(&f, OK, "\"y\":1,\"z\":\"two\"},\"p\":\"hunter2\"", AB, .revision = 4,
	       .is_revealed = true);
	expect(&f, E_NOT_FOUND, NULL, AB, .revision = 3);
	expect(&f, E_NOT_FOUND, NULL, AB, .revision = 99);
}

static void etag_of(char *ret, struct ask what)
{
	struct told t = ask(&f, what);

	cr_assert_eq(t.result, OK, "%s", t.call.out.error.text);
	memcpy(ret, t.call.out.etag, ETAG_BYTES);
	told_clear(&t);
}

Test(config, travels_in_time_past_a_secret_that_was_destroyed_since)
{
	char before[ETAG_BYTES], after[ETAG_BYTES];

	etag_of(before, (struct ask){AB, .revision = 4});
	expect(&f, OK, NULL, PUT, .path = "secrets/a/db", .body = "{\"data\":{\"k\":\"later\"}}");
	expect(&f, OK, NULL, .verb = VERB_DOCUMENT_DESTROY, .permission = MAY_DESTROY,
	       .path = "secrets/a/db", .body = "{\"versions\":[1]}");
	expect(&f, OK, "\"p\":\"${secret:a/db#k}\"", AB, .revision = 4);
	etag_of(after, (struct ask){AB, .revision = 4});
	cr_expect_str_eq(after, before);
	expect(&f, E_CONFLICT, "destroyed", AB, .revision = 4, .is_revealed = true);
	expect(&f, OK, "\"/p\",\"op\":\"replace\"", .verb = VERB_CONFIG_DIFF,
	       .permission = MAY_READ, .path = "config/a/b", .from = 4);
}

Test(config, its_etag_changes_with_content_and_secrets_and_nothing_else)
{
	char first[ETAG_BYTES], again[ETAG_BYTES];

	etag_of(first, (struct ask){AB});
	expect(&f, OK, NULL, PUT, .path = "profiles/a/other", .body = "{}");
	expect(&f, OK, NULL, PUT, .path = "profiles/a/base", .is_yaml = true,
	       .body = "# only a comment\nx: {y: 1}\n");
	etag_of(again, (struct ask){AB});
	cr_expect_str_eq(first, again);
	etag_of(again, (struct ask){AB, .format = CONFIG_YAML});
	cr_expect_str_neq(first, again);
	expect(&f, OK, NULL, PUT, .path = "secrets/a/db", .body = "{\"data\":{\"k\":\"hunter2\"}}");
	etag_of(again, (struct ask){AB});
	cr_expect_str_neq(first, again);
	fixture_restart(&f);
	etag_of(first, (struct ask){AB});
	cr_expect_str_eq(first, again);
}

Test(config, a_poll_waits_until_its_own_configuration_changes)
{
	char etag[ETAG_BYTES];
	struct asking *a;

	etag_of(etag, (struct ask){AB});
	a = ask_begin(&f, (struct ask){AB, .etag = etag, .wait_ms = 20000});
	cr_expect_not(ask_wait(a, 50));
	cr_expect_eq(ask_state(a), CALL_WAITING);
	expect(&f, OK, NULL, PUT, .path = "profiles/a/other", .body = "{\"q\":1}");
	cr_expect_not(ask_wait(a, 50), "an unrelated commit woke it");
	expect(&f, OK, NULL, PUT, .path = "profiles/a/base", .is_yaml = true,
	       .body = "x: {y: 2}\n");
	cr_assert(ask_wait(a, 5000));
	cr_expect_not(ask_call(a)->out.is_not_modified);
	cr_expect_str_neq(ask_call(a)->out.etag, etag);
	ask_free(a);
}

Test(config, a_poll_ends_when_the_profile_or_the_right_goes)
{
	CLEANUP(buf_clear)
	struct buf token = fixture_token(&f, "poller", "rules: [{allow: [read], on: config/**}]");
	char etag[ETAG_BYTES];
	struct asking *a, *b;

	etag_of(etag, (struct ask){AB});
	a = ask_begin(&f, (struct ask){AB, .etag = etag, .wait_ms = 20000, .token = token.data});
	b = ask_begin(&f, (struct ask){AB, .etag = etag, .wait_ms = 20000});
	expect(&f, OK, NULL, PUT, .path = "policies/poller", .is_yaml = true,
	       .body = "rules: [{allow: [list], on: config/**}]");
	cr_assert(ask_wait(a, 5000));
	cr_expect_eq(ask_call(a)->out.result, E_FORBIDDEN);
	cr_expect_not(ask_wait(b, 50));
	expect(&f, OK, NULL, DELETE, .path = "profiles/a/b");
	cr_assert(ask_wait(b, 5000));
	cr_expect_eq(ask_call(b)->out.result, E_NOT_FOUND);
	ask_free(a);
	ask_free(b);
}

Test(config, a_poll_ends_at_its_time_or_is_forgotten)
{
	char etag[ETAG_BYTES];
	struct asking *a, *b;

	etag_of(etag, (struct ask){AB});
	a = ask_begin(&f, (struct ask){AB, .etag = etag, .wait_ms = 30});
	b = ask_begin(&f, (struct ask){AB, .etag = etag, .wait_ms = 30});
	cr_expect(service_forget(f.service, ask_call(b)));
	cr_expect_not(service_forget(f.service, ask_call(b)));
	cr_expect_not(ask_wait(a, 50));
	service_tick(f.service);
	cr_assert(ask_wait(a, 5000));
	cr_expect(ask_call(a)->out.is_not_modified);
	cr_expect_not(ask_wait(b, 20));
	ask_free(a);
	ask_free(b);
}

Test(config, an_abstract_profile_is_not_served)
{
	expect(&f, OK, NULL, PUT, .path = "profiles/a/abstract", .body = "{\"$abstract\":true}");
	expect(&f, E_NOT_FOUND, "abstract", CONFIG, .path = "config/a/abstract");
	expect(&f, E_NOT_FOUND, NULL, CONFIG, .path = "config/a/none");
}
