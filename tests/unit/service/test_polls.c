#include "fixture.h"

#include "service/engine/engine.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static struct fixture f;

static void open_all(void)
{
	fixture_open(&f);
	expect(&f, OK, NULL, PUT, .path = "secrets/a/s", .body = "{\"data\":{\"k\":\"v\"}}");
	expect(&f, OK, NULL, PUT, .path = "profiles/a/b", .body = "{\"n\":\"${secret:a/s#k}\"}");
	expect(&f, OK, NULL, PUT, .path = "policies/reader", .is_yaml = true,
	       .body = "rules: [{allow: [read], on: [config/**, secrets/**]}]");
}

static void close_all(void)
{
	fixture_close(&f);
}

TestSuite(polls, .init = open_all, .fini = close_all);

struct made {
	char token[128], accessor[64];
};

static void copy_member(char *ret, size_t size, const char *json, const char *name)
{
	const char *at = strstr(json, name);

	cr_assert_not_null(at, "%s", json);
	at += strlen(name);
	snprintf(ret, size, "%.*s", (int)strcspn(at, "\""), at);
}

static struct made make_token(const char *maker, const char *body)
{
	struct told t = ask(&f, (struct ask){CREATE, .body = body, .token = maker});
	struct made made;

	cr_assert_eq(t.result, OK, "%s", t.call.out.error.text);
	copy_member(made.token, sizeof made.token, t.body, "\"token\":\"");
	copy_member(made.accessor, sizeof made.accessor, t.body, "\"accessor\":\"");
	told_clear(&t);
	return made;
}

/* A call borrows its ETag. */
static char etags[1024][ETAG_BYTES];
static uint32_t etags_count;

static struct asking *poll_with(const char *token, bool is_revealed)
{
	struct told now = ask(&f, (struct ask){CONFIG, .path = "config/a/b", .token = token,
					       .is_revealed = is_revealed});
	struct asking *a =
		ask_begin(&f, (struct ask){CONFIG, .path = "config/a/b", .token = token,
					   .etag = strcpy(etags[etags_count++ % 1024],
							  now.call.out.etag),
					   .is_revealed = is_revealed, .wait_ms = 60000});

	cr_assert_eq(now.result, OK);
	told_clear(&now);
	for (int i = 0; ask_state(a) == CALL_PENDING && i < 1000; i++)
		nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
	cr_assert_eq(ask_state(a), CALL_WAITING);
	return a;
}

static void expect_end(struct asking *a, enum result wanted)
{
	cr_assert(ask_wait(a, 20000), "the poll goes on");
	cr_expect_eq(ask_call(a)->out.result, wanted, "%s", result_name(ask_call(a)->out.result));
	ask_free(a);
}

/* All that was done before has had its effect on polls once one that it concerns has ended. */
static void expect_waiting(struct asking *a)
{
	struct asking *other = poll_with(NULL, false);

	expect(&f, OK, NULL, PUT, .path = "policies/unrelated", .is_yaml = true,
	       .body = "rules: []");
	cr_expect_not(ask_wait(a, 300));
	cr_expect_eq(ask_state(a), CALL_WAITING);
	cr_assert(service_forget(f.service, ask_call(other)));
	ask_free(other);
}

static void forget(struct asking *a)
{
	cr_assert(service_forget(f.service, ask_call(a)));
	ask_free(a);
}

Test(polls, a_revoked_token_ends_its_polls_and_its_childrens_and_no_others)
{
	struct made parent = make_token(NULL, "{\"name\":\"p\",\"policies\":[\"all\"]}");
	struct made child = make_token(parent.token, "{\"name\":\"p\",\"policies\":[\"all\"]}");
	struct made other = make_token(NULL, "{\"name\":\"o\",\"policies\":[\"reader\"]}");
	struct asking *a = poll_with(parent.token, false), *b = poll_with(child.token, false);
	struct asking *c = poll_with(other.token, false);

	expect(&f, OK, NULL, .verb = VERB_TOKEN_REVOKE, .permission = MAY_DELETE,
	       .path = "sys/tokens", .accessor = parent.accessor);
	expect_end(a, E_UNAUTHENTICATED);
	expect_end(b, E_UNAUTHENTICATED);
	expect_waiting(c);
	forget(c);
}

/* What earlier writes had the waker look at is over: the round in which the poll was last looked at
 * stays the same for a while. */
static uint64_t settled_round(const struct call *c)
{
	uint64_t round = c->asked_in_round;

	for (int same = 0, i = 0; same < 30 && i < 500; i++) {
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
		same = c->asked_in_round == round ? same + 1 : 0;
		round = c->asked_in_round;
	}
	return round;
}

Test(polls, a_renewal_wakes_no_poll)
{
	struct made t =
		make_token(NULL, "{\"name\":\"r\",\"policies\":[\"reader\"],\"ttl\":\"1h\"}");
	struct asking *a = poll_with(t.token, false);
	struct call *c = ask_call(a);
	uint64_t asked = settled_round(c);

	for (int i = 0; i < 20; i++)
		expect(&f, OK, NULL, .verb = VERB_TOKEN_RENEW, .token = t.token);
	cr_expect_not(ask_wait(a, 200));
	cr_expect_eq(c->asked_in_round, asked, "it was looked at");
	forget(a);
}

Test(polls, a_poll_ends_with_its_token)
{
	struct made t =
		make_token(NULL, "{\"name\":\"r\",\"policies\":[\"reader\"],\"ttl\":\"3s\"}");
	struct made child =
		make_token(NULL, "{\"name\":\"c\",\"policies\":[\"all\"],\"ttl\":\"3s\"}");
	struct asking *a = poll_with(t.token, false);
	struct asking *b = poll_with(child.token, false);

	for (int i = 0; (ask_state(a) == CALL_WAITING || ask_state(b) == CALL_WAITING) && i < 1000;
	     i++) {
		service_tick(f.service);
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	}
	expect_end(a, E_UNAUTHENTICATED);
	expect_end(b, E_UNAUTHENTICATED);
}

Test(polls, a_right_that_is_withdrawn_ends_the_poll_at_once)
{
	struct made t = make_token(NULL, "{\"name\":\"r\",\"policies\":[\"reader\"]}");
	struct asking *a = poll_with(t.token, false);

	expect(&f, OK, NULL, PUT, .path = "policies/reader", .is_yaml = true,
	       .body = "rules: [{allow: [read], on: config/other/*}]");
	expect_end(a, E_FORBIDDEN);
}

Test(polls, the_right_to_a_revealed_secret_that_is_withdrawn_ends_a_revealed_poll_only)
{
	struct made t = make_token(NULL, "{\"name\":\"r\",\"policies\":[\"reader\"]}");
	struct asking *revealed = poll_with(t.token, true), *plain = poll_with(t.token, false);

	expect(&f, OK, NULL, PUT, .path = "policies/reader", .is_yaml = true,
	       .body = "rules: [{allow: [read], on: config/**}]");
	expect_end(revealed, E_FORBIDDEN);
	expect_waiting(plain);
	forget(plain);
}

Test(polls, a_change_wakes_those_that_it_concerns)
{
	struct asking *a = poll_with(NULL, false), *b = poll_with(NULL, true);

	expect(&f, OK, NULL, PUT, .path = "secrets/a/s", .body = "{\"data\":{\"k\":\"w\"}}");
	expect_end(a, OK);
	expect_end(b, OK);
}

Test(polls, one_principal_does_not_take_all_polls)
{
	struct made few = make_token(NULL, "{\"name\":\"few\",\"policies\":[\"reader\"]}");
	struct made many = make_token(NULL, "{\"name\":\"many\",\"policies\":[\"reader\"]}");
	struct asking *polls[3];
	struct told t;

	f.settings.waiters_max = 8;
	fixture_restart(&f);
	for (int i = 0; i < 3; i++)
		polls[i] = poll_with(many.token, false);
	t = ask(&f, (struct ask){CONFIG, .path = "config/a/b", .token = many.token, .etag = "*",
				 .wait_ms = 60000});
	cr_expect_eq(t.result, E_BUSY);
	told_clear(&t);
	forget(poll_with(few.token, false));
	for (int i = 0; i < 3; i++)
		forget(polls[i]);
	forget(poll_with(many.token, false));
}

Test(polls, many_polls_are_all_woken)
{
	enum { COUNT = 500 };
	static struct asking *polls[COUNT];

	for (int i = 0; i < COUNT; i++)
		polls[i] = poll_with(NULL, false);
	expect(&f, OK, NULL, PUT, .path = "profiles/a/b", .body = "{\"n\":2}");
	for (int i = 0; i < COUNT; i++)
		expect_end(polls[i], OK);
}
