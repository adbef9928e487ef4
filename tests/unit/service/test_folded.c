#include "fixture.h"

#include <string.h>

static struct fixture f;

static void open_few(void)
{
	fixture_open(&f);
	f.settings.failures_recorded_max = 3;
}

static void close_all(void)
{
	fixture_close(&f);
}

TestSuite(folded, .init = open_few, .fini = close_all);

static int count_in(const char *text, const char *what)
{
	int count = 0;

	for (const char *p = strstr(text, what); p != NULL; p = strstr(p + 1, what))
		count++;
	return count;
}

Test(folded, a_principal_that_is_refused_over_and_over_fills_no_log)
{
	struct buf token = fixture_token(&f, "few", "rules: [{allow: [read], on: config/a/b}]");
	struct told t;

	for (int i = 0; i < 50; i++)
		expect(&f, E_FORBIDDEN, NULL, GET, .path = i % 2 == 0 ? "secrets/x" : "secrets/y",
		       .token = token.data);
	fixture_restart(&f); /* a stop writes what was counted */
	t = ask(&f, (struct ask){AUDIT, .actor = "few", .limit = 100});
	cr_assert_eq(t.result, OK);
	cr_expect_eq(count_in(t.body, "\"action\":\"secret.read\""), 3, "%s", t.body);
	cr_expect_eq(count_in(t.body, "\"action\":\"access.refused\""), 1, "%s", t.body);
	cr_expect(strstr(t.body, "47 more that failed, the last of them secret.read: forbidden") !=
			  NULL,
		  "%s", t.body);
	cr_expect(strstr(strstr(t.body, "access.refused"), "secrets/x") != NULL);
	cr_expect(strstr(strstr(t.body, "access.refused"), "secrets/y") != NULL);
	told_clear(&t);
	buf_clear(&token);
}

Test(folded, a_token_of_so_many_uses_fills_no_log_either)
{
	struct buf token;
	struct told t;

	f.uses = 1000;
	token = fixture_token(&f, "few", "rules: []");
	for (int i = 0; i < 20; i++)
		expect(&f, E_FORBIDDEN, NULL, GET, .path = "secrets/x", .token = token.data);
	t = ask(&f, (struct ask){AUDIT, .actor = "few", .limit = 100});
	cr_expect_eq(count_in(t.body, "\"action\":\"secret.read\""), 3, "%s", t.body);
	told_clear(&t);
	buf_clear(&token);
}

Test(folded, one_refusal_names_only_so_much_of_what_it_was_about)
{
	struct buf body = BUF_NULL, token;
	struct told t;

	token = fixture_token(&f, "few", "rules: []");
	buf_append_text(&body, "{\"changes\":[");
	for (int i = 0; i < 500; i++)
		buf_printf(&body, "%s{\"op\":\"delete\",\"path\":\"secrets/%0100d\"}",
			   i != 0 ? "," : "", i);
	buf_append_text(&body, "]}");
	expect(&f, E_FORBIDDEN, NULL, .verb = VERB_BATCH, .body = body.data, .token = token.data);
	t = ask(&f, (struct ask){AUDIT, .actor = "few", .limit = 100});
	cr_expect_eq(count_in(t.body, "\"action\":\"batch.write\""), 1, "%s", t.body);
	cr_expect_lt(strlen(t.body), 8192);
	cr_expect(strstr(t.body, "\"touched_more\":4") != NULL, "%s", t.body);
	told_clear(&t);
	buf_clear(&body);
	buf_clear(&token);
}

Test(folded, what_others_are_refused_is_recorded_none_the_less)
{
	struct buf a = fixture_token(&f, "a", "rules: []"), b = fixture_token(&f, "b", "rules: []");
	struct told t;

	for (int i = 0; i < 10; i++)
		expect(&f, E_FORBIDDEN, NULL, GET, .path = "secrets/x", .token = a.data);
	expect(&f, E_FORBIDDEN, NULL, GET, .path = "secrets/x", .token = b.data);
	t = ask(&f, (struct ask){AUDIT, .actor = "b", .limit = 100});
	cr_expect_eq(count_in(t.body, "\"action\":\"secret.read\""), 1, "%s", t.body);
	told_clear(&t);
	buf_clear(&a);
	buf_clear(&b);
}

Test(folded, a_secret_that_was_read_is_recorded_however_often)
{
	struct told t;

	expect(&f, OK, NULL, PUT, .path = "secrets/x", .body = "{\"data\":{\"k\":\"v\"}}");
	for (int i = 0; i < 10; i++)
		expect(&f, OK, NULL, GET, .path = "secrets/x");
	t = ask(&f, (struct ask){AUDIT, .action = "secret.read", .limit = 100});
	cr_expect_eq(count_in(t.body, "\"action\":\"secret.read\""), 10, "%s", t.body);
	told_clear(&t);
}
