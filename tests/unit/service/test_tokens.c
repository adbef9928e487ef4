#include "fixture.h"

#include "service/token/token_name.h"

#include <stdio.h>
#include <string.h>

static struct fixture f;

static void open_it(void)
{
	fixture_open(&f);
	expect(&f, OK, NULL, PUT, .path = "policies/reader", .is_yaml = true,
	       .body = "rules: [{allow: [read, list], on: \"profiles/**\"}]");
	expect(&f, OK, NULL, PUT, .path = "policies/maker", .is_yaml = true,
	       .body = "rules: [{allow: [read, list], on: \"profiles/a/*\"}, "
		       "{allow: [write], on: sys/tokens}]");
	expect(&f, OK, NULL, PUT, .path = "policies/granter", .is_yaml = true,
	       .body = "rules: [{allow: [read], on: \"profiles/a/*\"}, "
		       "{allow: [grant], on: policies/reader}, {allow: [write], on: sys/tokens}]");
	expect(&f, OK, NULL, PUT, .path = "profiles/a/x", .body = "{\"k\":1}");
	expect(&f, OK, NULL, PUT, .path = "profiles/b/x", .body = "{\"k\":1}");
}

static void close_it(void)
{
	fixture_close(&f);
}

TestSuite(tokens, .init = open_it, .fini = close_it);

/* The value of a member that is a string; lives until the next call. */
static const char *member(const char *json, const char *name)
{
	static char text[2][128];
	static int turn;
	char *ret = text[turn ^= 1], wanted[64];
	const char *at, *end;

	snprintf(wanted, sizeof wanted, "\"%s\":\"", name);
	at = strstr(json, wanted);
	cr_assert_not_null(at, "no %s in %s", name, json);
	at += strlen(wanted);
	end = strchr(at, '"');
	snprintf(ret, sizeof text[0], "%.*s", (int)(end - at), at);
	return ret;
}

struct made {
	char token[64], accessor[64];
};

static struct made make(const char *maker, const char *body)
{
	struct told t = ask(&f, (struct ask){CREATE, .token = maker, .body = body});
	struct made m;

	cr_assert_eq(t.result, OK, "%s", t.call.out.error.text);
	cr_expect(t.call.out.is_created);
	cr_expect(t.call.out.has_audit_index, "making a token is recorded");
	strcpy(m.token, member(t.body, "token"));
	strcpy(m.accessor, member(t.body, "accessor"));
	told_clear(&t);
	return m;
}

#define READ_A GET, .path = "profiles/a/x"
#define READ_B GET, .path = "profiles/b/x"
#define SELF   .verb = VERB_TOKEN_SELF
#define REVOKE .verb = VERB_TOKEN_REVOKE, .permission = MAY_DELETE, .path = "sys/tokens"
#define RENEW  .verb = VERB_TOKEN_RENEW

Test(tokens, a_token_may_what_its_policies_allow_also_after_a_restart)
{
	struct made m = make(NULL, "{\"name\":\"r\",\"policies\":[\"reader\"]}");

	expect(&f, OK, NULL, READ_A, .token = m.token);
	fixture_restart(&f);
	expect(&f, OK, NULL, READ_B, .token = m.token);
	expect(&f, E_FORBIDDEN, NULL, PUT, .path = "profiles/a/x", .body = "{}", .token = m.token);
}

Test(tokens, no_token_gets_more_than_its_maker_has)
{
	struct made granter = make(NULL, "{\"name\":\"g\",\"policies\":[\"granter\"]}");
	struct made child = make(granter.token, "{\"name\":\"c\",\"policies\":[\"reader\"]}");

	expect(&f, OK, NULL, READ_A, .token = child.token);
	expect(&f, E_FORBIDDEN, NULL, READ_B, .token = child.token);
	expect(&f, E_FORBIDDEN, NULL, LIST, .path = "profiles/", .token = child.token);
}

Test(tokens, a_policy_that_one_neither_has_nor_may_grant_cannot_be_given)
{
	struct made maker = make(NULL, "{\"name\":\"m\",\"policies\":[\"maker\"]}");
	struct made reader = make(NULL, "{\"name\":\"r\",\"policies\":[\"reader\"]}");

	expect(&f, E_FORBIDDEN, "reader", CREATE, .token = maker.token,
	       .body = "{\"name\":\"x\",\"policies\":[\"reader\"]}");
	expect(&f, E_FORBIDDEN, "not-there", CREATE, .token = maker.token,
	       .body = "{\"name\":\"x\",\"policies\":[\"not-there\"]}");
	expect(&f, E_FORBIDDEN, NULL, CREATE, .token = reader.token,
	       .body = "{\"name\":\"x\",\"policies\":[\"reader\"]}");
	make(maker.token, "{\"name\":\"x\",\"policies\":[\"maker\"]}");
}

Test(tokens, a_token_ends_with_its_parent_and_takes_its_children_along)
{
	struct made parent = make(NULL, "{\"name\":\"p\",\"policies\":[\"maker\"]}");
	struct made child = make(parent.token, "{\"name\":\"c\",\"policies\":[\"maker\"]}");
	struct made grand = make(child.token, "{\"name\":\"g\",\"policies\":[\"maker\"]}");

	expect(&f, E_FORBIDDEN, NULL, REVOKE, .token = child.token, .accessor = parent.accessor);
	expect(&f, OK, NULL, REVOKE, .token = parent.token, .accessor = child.accessor);
	expect(&f, E_UNAUTHENTICATED, NULL, SELF, .token = child.token);
	expect(&f, E_UNAUTHENTICATED, NULL, SELF, .token = grand.token);
	expect(&f, OK, NULL, SELF, .token = parent.token);
	fixture_restart(&f);
	expect(&f, E_UNAUTHENTICATED, NULL, SELF, .token = grand.token);
	expect(&f, E_NOT_FOUND, NULL, REVOKE, .accessor = child.accessor);
	expect(&f, OK, grand.accessor, AUDIT, .action = "token.revoke");
}

Test(tokens, a_use_is_taken_by_each_response_and_none_is_left_after_the_last)
{
	struct made m = make(NULL, "{\"name\":\"u\",\"policies\":[\"reader\"],\"uses\":3}");

	expect(&f, OK, "\"uses_left\":3", SELF, .token = m.token);
	expect(&f, OK, NULL, READ_A, .token = m.token);
	fixture_restart(&f);
	expect(&f, E_FORBIDDEN, NULL, PUT, .path = "profiles/a/x", .body = "{}", .token = m.token);
	expect(&f, E_UNAUTHENTICATED, NULL, READ_A, .token = m.token);
	fixture_restart(&f);
	expect(&f, E_UNAUTHENTICATED, NULL, READ_A, .token = m.token);
}

Test(tokens, of_two_at_once_only_one_gets_the_last_use)
{
	struct made m = make(NULL, "{\"name\":\"u\",\"policies\":[\"reader\"],\"uses\":1}");
	struct asking *a[8];
	int answered = 0, refused = 0;

	for (size_t i = 0; i < ARRAY_SIZE(a); i++)
		a[i] = ask_begin(&f, (struct ask){READ_A, .token = m.token});
	for (size_t i = 0; i < ARRAY_SIZE(a); i++) {
		cr_assert(ask_wait(a[i], 10000));
		answered += ask_call(a[i])->out.result == OK;
		refused += ask_call(a[i])->out.result == E_UNAUTHENTICATED;
		ask_free(a[i]);
	}
	cr_expect_eq(answered, 1);
	cr_expect_eq(refused, 7);
}

Test(tokens, a_token_speaks_from_its_addresses_only)
{
	struct made here =
		make(NULL, "{\"name\":\"h\",\"policies\":[\"reader\"],\"addresses\":[\"::/0\"]}");
	struct made there =
		make(NULL,
		     "{\"name\":\"t\",\"policies\":[\"reader\"],\"addresses\":[\"192.0.2.7\"]}");

	expect(&f, OK, NULL, READ_A, .token = here.token);
	expect(&f, E_UNAUTHENTICATED, NULL, READ_A, .token = there.token);
}

Test(tokens, a_childs_addresses_are_its_parents_too)
{
	static const uint8_t elsewhere[16] = {0x20, 0x01};
	struct made parent =
		make(NULL, "{\"name\":\"p\",\"policies\":[\"all\"],\"addresses\":[\"::\"]}");
	struct made child = make(parent.token, "{\"name\":\"c\",\"policies\":[\"reader\"]}");
	struct error err = ERROR_NULL;
	struct call c;

	expect(&f, OK, NULL, READ_A, .token = child.token);
	call_init(&c);
	memcpy(c.address, elsewhere, sizeof elsewhere);
	cr_expect_eq(service_authenticate(f.service, &c, slice_text(child.token), &err),
		     E_UNAUTHENTICATED);
	call_clear(&c);
}

Test(tokens, renewal_moves_the_end_and_never_beyond_the_bound)
{
	struct made plain = make(NULL, "{\"name\":\"p\",\"policies\":[\"reader\"]}");
	struct made m = make(NULL, "{\"name\":\"m\",\"policies\":[\"reader\"],\"ttl\":\"1h\","
				   "\"max_ttl\":\"1h\"}");
	struct told before = ask(&f, (struct ask){SELF, .token = m.token});
	struct told after = ask(&f, (struct ask){RENEW, .token = m.token});

	cr_assert_eq(after.result, OK, "%s", after.call.out.error.text);
	cr_expect_str_eq(member(before.body, "expires_at"), member(after.body, "expires_at"));
	expect(&f, E_INVALID, "longer", RENEW, .token = m.token, .body = "{\"ttl\":\"2h\"}");
	expect(&f, OK, NULL, RENEW, .token = m.token, .body = "{\"ttl\":\"10m\"}");
	expect(&f, E_CONFLICT, "ttl", RENEW, .token = plain.token);
	told_clear(&before);
	told_clear(&after);
}

Test(tokens, a_childs_end_is_not_after_its_parents)
{
	struct made m = make(NULL, "{\"name\":\"m\",\"policies\":[\"maker\"],\"ttl\":\"1h\"}");
	struct made child =
		make(m.token, "{\"name\":\"c\",\"policies\":[\"maker\"],\"ttl\":\"9h\"}");
	struct told a = ask(&f, (struct ask){SELF, .token = m.token});
	struct told b = ask(&f, (struct ask){SELF, .token = child.token});
	struct told c;

	cr_expect_str_eq(member(a.body, "expires_at"), member(b.body, "expires_at"));
	c = ask(&f, (struct ask){RENEW, .token = child.token});
	cr_expect_str_eq(member(a.body, "expires_at"), member(c.body, "expires_at"));
	told_clear(&a);
	told_clear(&b);
	told_clear(&c);
}

Test(tokens, what_is_wrong_with_a_request_is_said_and_nothing_made)
{
	static const struct {
		const char *body;
		enum result result;
		const char *text;
	} cases[] = {
		{"{\"policies\":[\"reader\"]}", E_MALFORMED, "`name`"},
		{"{\"name\":\"x\"}", E_MALFORMED, "`policies`"},
		{"{\"name\":\"x\",\"policies\":[]}", E_MALFORMED, "`policies`"},
		{"{\"name\":\"x\",\"policies\":[\"../x\"]}", E_MALFORMED, "`policies`"},
		{"{\"name\":\"x\",\"polices\":[\"reader\"]}", E_MALFORMED, "did you mean policies"},
		{"{\"name\":\"x\",\"policies\":[\"gone\"]}", E_INVALID, "does not exist"},
		{"{\"name\":\"x\",\"policies\":[\"reader\"],\"ttl\":\"1y\"}", E_MALFORMED, "`ttl`"},
		{"{\"name\":\"x\",\"policies\":[\"reader\"],\"ttl\":0}", E_MALFORMED, "`ttl`"},
		{"{\"name\":\"x\",\"policies\":[\"reader\"],\"uses\":0}", E_MALFORMED, "`uses`"},
		{"{\"name\":\"x\",\"policies\":[\"reader\"],\"addresses\":[\"10.0.0.0/33\"]}",
		 E_MALFORMED, "address"},
		{"{\"name\":\"a\\u0007b\",\"policies\":[\"reader\"]}", E_MALFORMED, "`name`"},
		{"[]", E_MALFORMED, "object"},
		{"", E_MALFORMED, "`name`"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		expect(&f, cases[i].result, cases[i].text, CREATE, .body = cases[i].body);
	expect(&f, OK, "{\"items\":[]}", AUDIT, .action = "token.*", .outcome = "ok");
	expect(&f, OK, "\"path\":\"sys/tokens\"", AUDIT, .action = "token.create",
	       .outcome = "malformed");
}

Test(tokens, the_list_shows_who_is_there_page_by_page_and_never_a_token)
{
	struct made m = make(NULL, "{\"name\":\"m\",\"policies\":[\"reader\"]}");
	struct told t = ask(&f, (struct ask){.verb = VERB_TOKEN_LIST,
					     .permission = MAY_LIST,
					     .path = "sys/tokens",
					     .limit = 1});
	struct told rest = ask(&f, (struct ask){.verb = VERB_TOKEN_LIST,
						.permission = MAY_LIST,
						.path = "sys/tokens",
						.after = t.call.out.next});

	cr_assert_neq(t.call.out.next[0], '\0');
	cr_expect((strstr(t.body, m.accessor) != NULL) != (strstr(rest.body, m.accessor) != NULL));
	cr_expect_eq(rest.call.out.next[0], '\0');
	cr_expect_null(strstr(t.body, "rv_"));
	cr_expect_null(strstr(rest.body, "rv_"));
	told_clear(&t);
	told_clear(&rest);
}

Test(tokens, no_token_stands_in_the_audit_log)
{
	struct made m = make(NULL, "{\"name\":\"m\",\"policies\":[\"reader\"]}");
	struct told t = ask(&f, (struct ask){AUDIT, .limit = 1000});

	cr_expect_not_null(strstr(t.body, m.accessor));
	cr_expect_null(strstr(t.body, m.token));
	cr_expect_null(strstr(t.body, "rv_"));
	told_clear(&t);
}

static struct snapshot *names;

static void put_named(const char *accessor, const char *parent, const char *name,
		      int64_t expires_ms, int64_t uses_left, bool is_revoked)
{
	CLEANUP(buf_clear) struct buf json = BUF_NULL;
	struct token_record r = {.accessor = slice_text(accessor),
				 .parent = slice_text(parent),
				 .name = slice_text(name)};
	char hash[HASH_BYTES] = {0};
	struct token_row row = {.hash = slice_make(hash, sizeof hash),
				.accessor = r.accessor,
				.expires_ms = expires_ms,
				.uses_left = uses_left,
				.is_revoked = is_revoked};
	struct error err;
	struct token *t;

	strncpy(hash, accessor, sizeof hash);
	token_record_write(&json, &r);
	row.record = buf_slice(&json);
	cr_assert_eq(token_new(&t, &row, &err), OK, "%s", err.text);
	cr_assert(snapshot_put_token(names, t));
}

static bool may_be_called(const char *maker, const char *name, int64_t now_ms)
{
	struct error err;

	return token_name_check_at(names, slice_text(maker), slice_text(name), now_ms, &err) == OK;
}

Test(names, a_name_is_free_once_no_living_token_has_it)
{
	names = snapshot_new();
	put_named("root", "", "top", 0, -1, false);
	put_named("a", "root", "Nightly", 100, -1, false);
	put_named("b", "root", "other", 0, -1, false);
	cr_expect(may_be_called("a", "nightly", 99), "it is called so itself");
	cr_expect(may_be_called("root", " NIGHTLY ", 99), "it has made that");
	cr_expect_not(may_be_called("b", "nightlY", 99));
	cr_expect(may_be_called("b", "nightl", 99));
	cr_expect(may_be_called("b", "nightly2", 99));
	cr_expect_not(may_be_called("a", "Top", 99), "what stands above is somebody else");
	cr_expect(may_be_called("b", "nightly", 100), "it has ended");
	/* Renewed, used up, taken back. */
	put_named("a", "root", "Nightly", 200, 1, false);
	cr_expect_not(may_be_called("b", "nightly", 100));
	cr_expect(may_be_called("b", "nightly", 200));
	put_named("a", "root", "Nightly", 200, 0, false);
	cr_expect(may_be_called("b", "nightly", 100));
	put_named("a", "root", "Nightly", 0, -1, false);
	cr_expect_not(may_be_called("b", "nightly", 1000));
	put_named("a", "root", "Nightly", 0, -1, true);
	cr_expect(may_be_called("b", "nightly", 100));
	cr_expect_eq(pmap_count(&names->tokens_by_name), 2);
	cr_expect_not(may_be_called("root", "Reeved", 100), "the server's own");
	cr_expect_not(may_be_called("root", "administrator", 100));
	snapshot_unref(names);
}

/* They were stored before names were bounded so. */
Test(names, one_that_could_not_be_made_now_keeps_its_own)
{
	names = snapshot_new();
	put_named("root", "", "top", 0, -1, false);
	put_named("a", "root", "  caf\xc3\xa9\xc2\xa0\xe2\x80\xae ", 100, -1, false);
	put_named("b", "root", "other", 0, -1, false);
	cr_expect_eq(pmap_count(&names->tokens_by_name), 3);
	cr_expect_not_null(snapshot_token(names, SLICE_LITERAL("a")));
	cr_expect_not(may_be_called("b", "caf\xc3\xa9\xc2\xa0\xe2\x80\xae", 99));
	cr_expect(may_be_called("a", "caf\xc3\xa9\xc2\xa0\xe2\x80\xae", 99));
	put_named("a", "root", "  caf\xc3\xa9\xc2\xa0\xe2\x80\xae ", 100, -1, true);
	cr_expect_eq(pmap_count(&names->tokens_by_name), 2);
	snapshot_unref(names);
}

/* The last to end stands first, so that those that have ended are never walked. */
Test(names, one_that_has_ended_hides_none_that_lives)
{
	char accessor[16];

	names = snapshot_new();
	put_named("root", "", "top", 0, -1, false);
	for (int i = 1; i <= 3000; i++) {
		snprintf(accessor, sizeof accessor, "t%04d", i);
		put_named(accessor, "root", "job", i, -1, false);
	}
	put_named("other", "", "other", 0, -1, false);
	cr_expect_not(may_be_called("other", "job", 2999));
	cr_expect(may_be_called("root", "job", 2999));
	cr_expect(may_be_called("other", "job", 3000));
	put_named("own", "other", "job", 5000, -1, false);
	cr_expect(may_be_called("other", "job", 2999));
	snapshot_unref(names);
}

/* Renewals are prepared before others take their uses, and committed after. */
Test(tokens, a_renewal_gives_no_use_back)
{
	enum { CALLS = 60, USES = 10 };
	struct asking *calls[CALLS];
	struct told t =
		ask(&f, (struct ask){CREATE, .body = "{\"name\":\"u\",\"policies\":[\"all\"],"
						     "\"ttl\":\"1s\",\"uses\":10}"});
	char token[128];
	int answered = 0;

	cr_assert_eq(t.result, OK);
	snprintf(token, sizeof token, "%.*s", (int)strcspn(strstr(t.body, "rv_"), "\""),
		 strstr(t.body, "rv_"));
	told_clear(&t);
	for (int i = 0; i < CALLS; i++)
		calls[i] = i % 2 == 0 ? ask_begin(&f, (struct ask){.verb = VERB_TOKEN_RENEW,
								   .token = token})
				      : ask_begin(&f, (struct ask){LIST, .path = "profiles/",
								   .token = token});
	for (int i = 0; i < CALLS; i++) {
		cr_assert(ask_wait(calls[i], 20000));
		answered += ask_call(calls[i])->out.result == OK;
		ask_free(calls[i]);
	}
	cr_expect_leq(answered, USES, "%d answers", answered);
}
