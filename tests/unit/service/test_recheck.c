/* What changes between a write's preparation and its commit, and commits that fail. The committer
 * is held where it begins a transaction, so that what is prepared meanwhile meets a state that it
 * was not prepared for. */
#include "fixture.h"

#include "service/engine/engine.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

static struct fixture f;

static struct {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	bool is_held, is_there; /* whether the committer is to wait, and whether it does */
	const char *failing;	/* the name of a store call that fails, or NULL */
} gate = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static bool pass(void *ctx, const char *name)
{
	bool may_pass;

	(void)ctx;
	pthread_mutex_lock(&gate.mutex);
	if (strcmp(name, "begin") == 0) {
		while (gate.is_held) {
			gate.is_there = true;
			pthread_cond_broadcast(&gate.changed);
			pthread_cond_wait(&gate.changed, &gate.mutex);
		}
		gate.is_there = false;
	}
	may_pass = gate.failing == NULL || strcmp(name, gate.failing) != 0;
	pthread_mutex_unlock(&gate.mutex);
	return may_pass;
}

static void open_it(void)
{
	fixture_open_failing(&f, pass, NULL);
}

static void close_it(void)
{
	fixture_close(&f);
}

TestSuite(recheck, .init = open_it, .fini = close_it);

/* Starts a write and comes back once the committer has it and waits. */
static struct asking *begin_first(struct ask what)
{
	struct asking *a;

	pthread_mutex_lock(&gate.mutex);
	gate.is_held = true;
	pthread_mutex_unlock(&gate.mutex);
	a = ask_begin(&f, what);
	pthread_mutex_lock(&gate.mutex);
	while (!gate.is_there)
		pthread_cond_wait(&gate.changed, &gate.mutex);
	pthread_mutex_unlock(&gate.mutex);
	return a;
}

/* Starts another and comes back once it is prepared: it waits for the committer, which the first
 * holds. */
static struct asking *begin_second(struct ask what)
{
	struct asking *a = ask_begin(&f, what);
	uint32_t count = 0;

	while (count == 0) {
		cr_assert_neq(ask_state(a), CALL_DONE, "%s", ask_call(a)->out.error.text);
		pthread_mutex_lock(&f.service->commit.mutex);
		count = f.service->commit.count;
		pthread_mutex_unlock(&f.service->commit.mutex);
		sched_yield();
	}
	return a;
}

static void make_token(char ret[static 128], const char *maker, const char *body)
{
	struct told t = ask(&f, (struct ask){CREATE, .token = maker, .body = body});

	cr_assert_eq(t.result, OK, "%s", t.call.out.error.text);
	cr_assert_eq(sscanf(strstr(t.body, "\"token\":\"") + 9, "%127[^\"]", ret), 1);
	told_clear(&t);
}

static void let_go(void)
{
	pthread_mutex_lock(&gate.mutex);
	gate.is_held = false;
	pthread_cond_broadcast(&gate.changed);
	pthread_mutex_unlock(&gate.mutex);
}

static void expect_end(struct asking *a, enum result wanted)
{
	cr_assert(ask_wait(a, 60000), "no answer came");
	cr_expect_eq(ask_call(a)->out.result, wanted, "%s: %s",
		     result_name(ask_call(a)->out.result), ask_call(a)->out.error.text);
	ask_free(a);
}

/* `first` is committed before `second`, which was prepared without it. */
static void expect_in_turn(struct ask first, struct ask second, enum result wanted)
{
	struct asking *a = begin_first(first), *b = begin_second(second);

	let_go();
	expect_end(a, OK);
	expect_end(b, wanted);
}

Test(recheck, a_right_that_is_withdrawn_meanwhile_is_missed)
{
	struct buf writer =
		fixture_token(&f, "writer", "rules: [{allow: [write], on: profiles/**}]");

	expect_in_turn((struct ask){PUT, .path = "policies/writer", .is_yaml = true,
				    .body = "rules: []"},
		       (struct ask){PUT, .path = "profiles/a/b", .body = "{}",
				    .token = writer.data},
		       E_FORBIDDEN);
	expect(&f, E_NOT_FOUND, NULL, GET, .path = "profiles/a/b");
	buf_clear(&writer);
}

Test(recheck, a_right_that_a_parents_policy_loses_meanwhile_is_missed)
{
	struct buf parent =
		fixture_token(&f, "parent",
			      "rules: [{allow: [write], on: [sys/tokens, profiles/**]}, "
			      "{allow: [grant], on: policies/child}]");
	char token[128];

	expect(&f, OK, NULL, PUT, .path = "policies/child", .is_yaml = true,
	       .body = "rules: [{allow: [write], on: profiles/**}]");
	make_token(token, parent.data, "{\"name\":\"parent/c\",\"policies\":[\"child\"]}");
	expect_in_turn((struct ask){PUT, .path = "policies/parent", .is_yaml = true,
				    .body = "rules: []"},
		       (struct ask){PUT, .path = "profiles/a/b", .body = "{}", .token = token},
		       E_FORBIDDEN);
	buf_clear(&parent);
}

Test(recheck, an_heir_that_came_meanwhile_is_validated_too)
{
	expect(&f, OK, NULL, PUT, .path = "schemas/s",
	       .body = "{\"properties\":{\"n\":{\"maximum\":5}}}");
	expect(&f, OK, NULL, PUT, .path = "profiles/a/base",
	       .body = "{\"$abstract\":true,\"n\":1}");
	expect_in_turn((struct ask){PUT, .path = "profiles/a/heir",
				    .body = "{\"$schema\":\"s\",\"$extends\":[\"base\"]}"},
		       (struct ask){PUT, .path = "profiles/a/base",
				    .body = "{\"$abstract\":true,\"n\":9}"},
		       E_INVALID);
	expect(&f, OK, "\"n\":1", CONFIG, .path = "config/a/heir");
}

Test(recheck, a_schema_that_became_narrower_meanwhile_counts)
{
	expect(&f, OK, NULL, PUT, .path = "schemas/s", .body = "{}");
	expect_in_turn((struct ask){PUT, .path = "schemas/s",
				    .body = "{\"properties\":{\"n\":{\"maximum\":5}}}"},
		       (struct ask){PUT, .path = "profiles/a/b",
				    .body = "{\"$schema\":\"s\",\"n\":9}"},
		       E_INVALID);
	expect(&f, E_NOT_FOUND, NULL, GET, .path = "profiles/a/b");
}

Test(recheck, what_came_to_need_it_meanwhile_keeps_it_from_going)
{
	expect(&f, OK, NULL, PUT, .path = "secrets/s", .body = "{\"data\":{\"k\":\"v\"}}");
	expect_in_turn((struct ask){PUT, .path = "profiles/a/b",
				    .body = "{\"k\":\"${secret:s#k}\"}"},
		       (struct ask){DELETE, .path = "secrets/s"}, E_CONFLICT);
	expect(&f, OK, "\"v\"", CONFIG, .path = "config/a/b", .is_revealed = true);
}

Test(recheck, what_it_does_not_depend_on_may_change_meanwhile)
{
	expect(&f, OK, NULL, PUT, .path = "profiles/a/b", .body = "{\"n\":1}");
	expect_in_turn((struct ask){PUT, .path = "profiles/x/y", .body = "{}"},
		       (struct ask){PUT, .path = "profiles/a/b", .body = "{\"n\":2}"}, OK);
	expect(&f, OK, "\"n\":2", CONFIG, .path = "config/a/b");
}

Test(recheck, of_two_who_take_one_name_at_once_the_second_is_refused)
{
	struct buf one = fixture_token(&f, "one", "rules: [{allow: [write], on: sys/tokens}]");
	struct buf two = fixture_token(&f, "two", "rules: [{allow: [write], on: sys/tokens}]");

	expect_in_turn((struct ask){CREATE, .token = one.data,
				    .body = "{\"name\":\"nightly\",\"policies\":[\"one\"]}"},
		       (struct ask){CREATE, .token = two.data,
				    .body = "{\"name\":\"Nightly\",\"policies\":[\"two\"]}"},
		       E_CONFLICT);
	/* One's own name is no clash, however many at once ask for it. */
	expect_in_turn((struct ask){CREATE, .token = one.data,
				    .body = "{\"name\":\"nightly\",\"policies\":[\"one\"]}"},
		       (struct ask){CREATE, .token = one.data,
				    .body = "{\"name\":\"nightly\",\"policies\":[\"one\"]}"},
		       OK);
	buf_clear(&one);
	buf_clear(&two);
}

/* Each would do if it came alone: the other would be left. */
Test(recheck, of_two_administrators_who_go_at_once_one_stays)
{
	struct buf second =
		fixture_token(&f, "second", "rules: [{allow: [write, admin], on: 'policies/**'}]");

	expect_in_turn((struct ask){PUT, .path = "policies/all", .is_yaml = true,
				    .body = "rules: []"},
		       (struct ask){PUT, .path = "policies/second", .is_yaml = true,
				    .body = "rules: []", .token = second.data},
		       E_CONFLICT);
	expect(&f, OK, NULL, PUT, .path = "policies/x", .is_yaml = true, .body = "rules: []",
	       .token = second.data);
	buf_clear(&second);
}

/* Of a batch, since writes of one document take turns. The second is told what the first did, and
 * nothing of an attempt of its own that was thrown away. */
Test(recheck, of_two_with_one_key_at_once_the_second_gets_the_response_of_the_first)
{
	const struct ask what = {
		.verb = VERB_BATCH,
		.body = "{\"changes\":[{\"op\":\"put\",\"path\":\"secrets/k\",\"content\":{\"data\":{}}}]}",
		.idempotency_key = "k"};
	struct asking *a = begin_first(what), *b = begin_second(what);

	let_go();
	cr_assert(ask_wait(a, 60000) && ask_wait(b, 60000));
	cr_assert_eq(ask_call(b)->out.result, OK, "%s", ask_call(b)->out.error.text);
	cr_expect_str_eq(ask_call(b)->out.body->bytes.data, ask_call(a)->out.body->bytes.data);
	cr_expect(ask_call(a)->out.has_audit_index);
	cr_expect_not(ask_call(b)->out.has_audit_index, "it has no entry");
	ask_free(a);
	ask_free(b);
}

/* Each child alone has any number of uses; together they have what their parent has left. */
Test(recheck, two_children_do_not_both_get_their_parents_last_use)
{
	struct asking *a, *b;
	struct buf parent;
	char first[128], second[128];

	expect(&f, OK, NULL, PUT, .path = "profiles/a/b", .body = "{\"n\":1}");
	f.uses = 3;
	parent = fixture_token(&f, "parent", "rules: [{allow: [read, write], on: '**'}]");
	make_token(first, parent.data, "{\"name\":\"parent/1\",\"policies\":[\"parent\"]}");
	make_token(second, parent.data, "{\"name\":\"parent/2\",\"policies\":[\"parent\"]}");
	a = begin_first((struct ask){CONFIG, .path = "config/a/b", .token = first});
	b = begin_second((struct ask){CONFIG, .path = "config/a/b", .token = second});
	let_go();
	expect_end(a, OK);
	expect_end(b, E_UNAUTHENTICATED);
	buf_clear(&parent);
}

#define RENEW .verb = VERB_TOKEN_RENEW
#define SELF  .verb = VERB_TOKEN_SELF

/* A renewal stores the token anew: it must not store the uses that were left when it was prepared.
 */
Test(recheck, a_renewal_gives_no_use_back_that_was_taken_meanwhile)
{
	char token[128];

	expect(&f, OK, NULL, PUT, .path = "policies/p", .body = "{\"rules\":[]}");
	make_token(token, NULL,
		   "{\"name\":\"limited\",\"policies\":[\"p\"],\"uses\":3,\"ttl\":\"1h\"}");
	expect_in_turn((struct ask){RENEW, .token = token}, (struct ask){RENEW, .token = token},
		       OK);
	expect(&f, OK, NULL, SELF, .token = token);
	expect(&f, E_UNAUTHENTICATED, NULL, SELF, .token = token);
}

/* The content is ready when the use of the token that pays for it turns out not to be on the disk.
 */
Test(recheck, no_response_leaves_that_could_not_be_paid_for)
{
	static const char *const failing[] = {"update_tokens", "put_meta", "commit"};

	for (size_t i = 0; i < ARRAY_SIZE(failing); i++) {
		struct buf limited;
		struct told t;

		if (i != 0)
			fixture_open_failing(&f, pass, NULL);
		expect(&f, OK, NULL, PUT, .path = "profiles/a/b", .body = "{\"n\":\"canary\"}");
		f.uses = 3;
		limited = fixture_token(&f, "limited", "rules: [{allow: [read], on: '**'}]");
		gate.failing = failing[i];
		t = ask(&f, (struct ask){CONFIG, .path = "config/a/b", .token = limited.data});
		cr_expect_eq(t.result, E_UNAVAILABLE, "%s: %s", failing[i], result_name(t.result));
		cr_expect_null(strstr(t.body, "canary"), "%s: %s", failing[i], t.body);
		told_clear(&t);
		gate.failing = NULL;
		buf_clear(&limited);
		if (i + 1 != ARRAY_SIZE(failing))
			fixture_close(&f);
	}
}
