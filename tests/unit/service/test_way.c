/* The way of a call: what the first look at it says, where it is worked on, and how its answer is
 * put. */
#include "control.h"

#include "base/memory.h"
#include "http/native/native.h"
#include "service/state/share.h"
#include "service/engine/waiters.h"

#include <stdio.h>
#include <stdlib.h>

static struct fixture f;
static struct buf few;

static void open_it(void)
{
	fixture_open_failing(&f, control_may_call, NULL);
	few = fixture_token(
		&f, "few",
		"rules: [{allow: [check], on: profiles/a/*}, {allow: [list], on: profiles/a/b}]");
	control_time(&f);
	expect(&f, OK, NULL, PUT, .path = "profiles/a/b", .body = "{\"n\":1}");
}

static void close_it(void)
{
	control_let_go();
	buf_clear(&few);
	fixture_close(&f);
}

TestSuite(way, .init = open_it, .fini = close_it);

static bool is_admitted(const char *token, struct ask what)
{
	struct error err = ERROR_NULL;
	struct call c;
	bool is_in;

	call_init(&c);
	c.codec = &native_codec;
	if (token != NULL)
		cr_assert_eq(service_authenticate(f.service, &c, slice_text(token), &err), OK);
	c.verb = what.verb;
	c.permission = what.permission;
	c.path = slice_text(what.path);
	c.in.write.is_dry_run = what.is_dry_run;
	is_in = service_admit(f.service, &c);
	cr_expect_eq(c.is_refused, !is_in);
	call_clear(&c);
	return is_in;
}

Test(way, the_first_look_lets_pass_whom_the_path_alone_does_not_stop)
{
	const struct ask put = {PUT, .path = "profiles/a/b"};
	const struct ask dry = {PUT, .path = "profiles/a/b", .is_dry_run = true};
	const struct ask dry_elsewhere = {PUT, .path = "profiles/b/b", .is_dry_run = true};
	const struct ask rollback = {.verb = VERB_DOCUMENT_ROLLBACK,
				     .permission = MAY_ROLLBACK,
				     .path = "profiles/a/b",
				     .is_dry_run = true};
	const struct ask read = {GET, .path = "profiles/a/b", .is_dry_run = true};
	const struct ask list = {LIST, .path = "profiles/"};
	const struct ask list_others = {LIST, .path = "schemas/"};
	const struct ask batch = {.verb = VERB_BATCH, .permission = MAY_WRITE, .path = ""};

	cr_expect(is_admitted(f.root_token.data, put));
	cr_expect_not(is_admitted(few.data, put));
	cr_expect(is_admitted(few.data, dry));
	cr_expect(is_admitted(few.data, rollback));
	cr_expect_not(is_admitted(few.data, dry_elsewhere));
	cr_expect_not(is_admitted(few.data, read));
	cr_expect(is_admitted(few.data, list));
	cr_expect_not(is_admitted(few.data, list_others));
	cr_expect(is_admitted(few.data, batch));
	cr_expect(is_admitted(NULL, put), "what it lacks is told when it is submitted");
}

static void hand_back(struct call *c)
{
	atomic_store((atomic_bool *)c->ctx, true);
}

Test(way, who_was_refused_at_the_first_look_stays_refused)
{
	struct error err = ERROR_NULL;
	atomic_bool is_back = false;
	struct call c;

	call_init(&c);
	c.codec = &native_codec;
	c.done = hand_back;
	c.ctx = &is_back;
	cr_assert_eq(service_authenticate(f.service, &c, slice_text(few.data), &err), OK);
	c.verb = VERB_DOCUMENT_PUT;
	c.permission = MAY_WRITE;
	c.path = SLICE_LITERAL("profiles/a/b");
	cr_assert_not(service_admit(f.service, &c));
	expect(&f, OK, NULL, PUT, .path = "policies/few", .is_yaml = true,
	       .body = "rules: [{allow: [write, read], on: profiles/**}]");
	if (service_submit(f.service, &c) != CALL_DONE)
		CONTROL_UNTIL(atomic_load(&is_back));
	cr_expect_eq(c.out.result, E_FORBIDDEN);
	call_clear(&c);
	expect(&f, OK, "\"n\":1", GET, .path = "profiles/a/b", .token = few.data);
}

Test(way, a_call_without_a_token_is_told_that_it_needs_one)
{
	struct call c;

	call_init(&c);
	c.codec = &native_codec;
	c.verb = VERB_STATUS;
	c.permission = MAY_READ;
	c.path = SLICE_LITERAL("sys/status");
	cr_assert_eq(service_submit(f.service, &c), CALL_DONE);
	cr_expect_eq(c.out.result, E_UNAUTHENTICATED);
	cr_expect_str_eq(c.out.error.text, "a valid token is needed");
	call_clear(&c);
}

static void expect_yaml(struct ask what, const char *text)
{
	struct told t;

	what.wants_yaml = true;
	t = ask(&f, what);
	cr_assert_eq(t.result, OK, "%s", t.call.out.error.text);
	cr_expect_eq(t.call.out.kind, BODY_YAML);
	cr_expect_not_null(strstr(t.body, text), "no `%s` in %s", text, t.body);
	told_clear(&t);
}

Test(way, an_response_is_yaml_where_that_is_wanted_whoever_made_it_and_however_large)
{
	CLEANUP(buf_clear) struct buf body = BUF_NULL;
	struct told t;

	expect_yaml((struct ask){GET, .path = "profiles/a/b"}, "content:\n  \"n\": 1\n");
	expect_yaml((struct ask){PUT, .path = "profiles/a/c", .body = "{\"m\":2}"},
		    "path: profiles/a/c\n");
	expect_yaml((struct ask){CREATE, .body = "{\"name\":\"t\",\"policies\":[\"all\"]}"},
		    "name: t\n");
	expect_yaml((struct ask){PUT, .path = "secrets/x", .body = "{\"data\":{\"k\":\"hush\"}}"},
		    "path: secrets/x\n");
	expect_yaml((struct ask){GET, .path = "secrets/x"}, "k: hush\n");
	buf_append_text(&body, "{\"n\":[");
	for (int i = 0; i < 3000; i++)
		buf_printf(&body, "%s%d", i != 0 ? "," : "", i);
	buf_append_text(&body, "]}");
	expect(&f, OK, NULL, PUT, .path = "profiles/a/large", .body = body.data);
	expect_yaml((struct ask){GET, .path = "profiles/a/large"}, "- 2999\n");
	t = ask(&f, (struct ask){GET, .path = "profiles/a/none", .wants_yaml = true});
	cr_expect_eq(t.result, E_NOT_FOUND);
	cr_expect_str_eq(t.body, "");
	told_clear(&t);
	t = ask(&f, (struct ask){.verb = VERB_METRICS,
				 .permission = MAY_READ,
				 .path = "sys/metrics",
				 .wants_yaml = true});
	cr_expect_eq(t.call.out.kind, BODY_TEXT, "what is no JSON stays as it is");
	told_clear(&t);
	CONTROL_UNTIL(control_is_idle(&f));
}

Test(way, a_large_question_is_answered_as_a_small_one_is)
{
	CLEANUP(buf_clear) struct buf body = BUF_NULL;

	for (int len = LOOP_BYTES_MAX - 1; len <= LOOP_BYTES_MAX + 1; len++) {
		static const char question[] = "{\"permission\":\"read\",\"path\":\"x\"}";

		buf_clear(&body);
		buf_append_text(&body, question);
		while (body.len < (size_t)len)
			buf_append_char(&body, ' ');
		expect(&f, OK, "\"allowed\":true", .verb = VERB_ACCESS_CHECK, .body = body.data);
	}
	expect(&f, OK, "\"allowed\":true", .verb = VERB_ACCESS_CHECK, .is_yaml = true,
	       .body = "{permission: read, path: x}");
}

Test(way, what_must_be_recorded_waits_for_the_committer_and_what_need_not_be_does_not)
{
	struct asking *a;

	control_hold("begin");
	a = ask_begin(&f, (struct ask){DELETE, .path = "profiles/a/b", .token = few.data});
	CONTROL_UNTIL(control_is_held);
	cr_expect_eq(ask_state(a), CALL_PENDING, "a refusal is told once it is recorded");
	expect(&f, OK, "\"n\":1", GET, .path = "profiles/a/b"); /* needs no committer */
	control_let_go();
	cr_assert(ask_wait(a, 10000));
	cr_expect_eq(ask_call(a)->out.result, E_FORBIDDEN);
	cr_expect(ask_call(a)->out.has_audit_index);
	ask_free(a);
}

static atomic_int allocations_left = -1;

static bool may_allocate(void *ctx)
{
	(void)ctx;
	return atomic_load(&allocations_left) < 0 || atomic_fetch_sub(&allocations_left, 1) != 1;
}

Test(way, a_start_that_runs_out_of_memory_fails_and_leaves_nothing_behind)
{
	bool is_over = false;

	alloc_hook_set(may_allocate, NULL);
	for (int n = 1; !is_over && n < 2000; n += n < 40 ? 1 : 17)
		is_over = fixture_restart_failing(&f, &allocations_left, n);
	alloc_hook_set(NULL, NULL);
	cr_assert(is_over, "the end was not reached");
	expect(&f, OK, "\"n\":1", GET, .path = "profiles/a/b");
}

static atomic_int calls_left = -1;

static bool may_call_left(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return atomic_load(&calls_left) < 0 || atomic_fetch_sub(&calls_left, 1) != 1;
}

Test(way, a_start_whose_store_fails_fails_and_leaves_nothing_behind)
{
	bool is_over = false;
	int n;

	f.may_call = may_call_left;
	for (n = 1; !is_over && n < 200; n++)
		is_over = fixture_restart_failing(&f, &calls_left, n);
	cr_assert(is_over, "the end was not reached");
	cr_expect_gt(n, 5);
	expect(&f, OK, "\"n\":1", GET, .path = "profiles/a/b");
}

/* A large write that is held up, by its key, before its body is read. */
static struct asking *begin_large(struct buf *body, const char *path)
{
	struct asking *a;

	if (body->len == 0) {
		buf_append_text(body, "{\"n\":[");
		for (int i = 0; i < 60000; i++)
			buf_printf(body, "%s%d", i != 0 ? "," : "", i);
		buf_append_text(body, "]}");
	}
	control_hold("get_idempotent");
	a = ask_begin(&f,
		      (struct ask){PUT, .path = path, .body = body->data, .idempotency_key = path});
	CONTROL_UNTIL(control_is_held);
	return a;
}

static void end_large(struct asking *a, enum result wanted, const char *text)
{
	control_let_go();
	cr_assert(ask_wait(a, 20000));
	cr_expect_eq(ask_call(a)->out.result, wanted, "%s: %s",
		     result_name(ask_call(a)->out.result), ask_call(a)->out.error.text);
	cr_expect_not_null(strstr(ask_call(a)->out.error.text, text), "%s",
			   ask_call(a)->out.error.text);
	ask_free(a);
	CONTROL_UNTIL(control_is_idle(&f));
}

Test(way, a_call_that_takes_long_needs_a_place_among_the_long_ones)
{
	CLEANUP(buf_clear) struct buf body = BUF_NULL;
	uint32_t short_calls, long_calls;
	struct asking *a;

	f.service->work.long_max = 0;
	a = begin_large(&body, "profiles/a/one");
	control_pass(99);
	end_large(a, OK, "");
	a = begin_large(&body, "profiles/a/two");
	control_pass(100);
	end_large(a, E_BUSY, "too many long requests are under way: try again");
	f.service->work.long_max = 1;
	a = begin_large(&body, "profiles/a/three");
	control_pass(4999);
	end_large(a, OK, "");
	work_queue_running(&f.service->work, &short_calls, &long_calls);
	cr_expect_eq(short_calls + long_calls, 0);
}

Test(way, a_call_ends_once_its_time_is_over_or_its_client_is_gone)
{
	CLEANUP(buf_clear) struct buf body = BUF_NULL;
	struct asking *a = begin_large(&body, "profiles/a/one");

	control_pass(5000);
	end_large(a, E_LIMIT, "the request takes longer than one request may: make it smaller");
	a = begin_large(&body, "profiles/a/two");
	atomic_store(&ask_call(a)->is_abandoned, true);
	end_large(a, E_UNAVAILABLE, "the client is gone");
	expect(&f, E_NOT_FOUND, NULL, GET, .path = "profiles/a/one");
	expect(&f, E_NOT_FOUND, NULL, GET, .path = "profiles/a/two");
}

Test(way, a_write_that_came_too_late_eight_times_is_given_up)
{
	struct error err = ERROR_NULL;
	atomic_bool is_back = false;
	struct call c;

	for (uint32_t attempts = 7; attempts <= 8; attempts++) {
		call_init(&c);
		c.codec = &native_codec;
		atomic_store(&is_back, false);
		c.done = hand_back;
		c.ctx = &is_back;
		cr_assert_eq(service_authenticate(f.service, &c, buf_slice(&f.root_token), &err),
			     OK);
		c.verb = VERB_DOCUMENT_PUT;
		c.permission = MAY_WRITE;
		c.path = SLICE_LITERAL("profiles/a/late");
		c.in.body = SLICE_LITERAL("{}");
		c.attempts = attempts;
		cr_assert_eq(service_submit(f.service, &c), CALL_PENDING);
		CONTROL_UNTIL(atomic_load(&is_back));
		cr_expect_eq(c.out.result, attempts == 7 ? OK : E_BUSY);
		cr_expect_str_eq(c.out.error.text,
				 attempts == 7 ? ""
					       : "other writes changed what this one depends on, 8 "
						 "times: try again");
		call_clear(&c);
	}
}

/* A poll of a configuration that is as it was. */
static struct asking *begin_poll(int64_t wait_ms)
{
	static struct told now;
	struct asking *a;

	now = ask(&f, (struct ask){CONFIG, .path = "config/a/b"});
	cr_assert_eq(now.result, OK);
	a = ask_begin(&f, (struct ask){CONFIG, .path = "config/a/b", .etag = now.call.out.etag,
				       .wait_ms = wait_ms});
	told_clear(&now);
	cr_assert_eq(ask_state(a), CALL_WAITING);
	return a;
}

static void end_poll(struct asking *a)
{
	cr_assert(ask_wait(a, 10000));
	cr_expect_eq(ask_call(a)->out.result, OK);
	cr_expect(ask_call(a)->out.is_not_modified);
	ask_free(a);
}

Test(way, a_poll_ends_when_its_time_or_the_longest_there_may_be_is_over)
{
	struct asking *a = begin_poll(3000), *b;

	service_tick(f.service);
	control_pass(2999);
	service_tick(f.service);
	cr_expect_eq(ask_state(a), CALL_WAITING);
	control_pass(1);
	service_tick(f.service);
	end_poll(a);
	b = begin_poll(600000);
	control_pass(59999);
	service_tick(f.service);
	cr_expect_eq(ask_state(b), CALL_WAITING);
	control_pass(1);
	service_tick(f.service);
	end_poll(b);
	cr_expect_eq(waiters_count(f.service->waiters), 0);
}

Test(way, a_clock_that_jumps_has_each_poll_looked_at)
{
	struct asking *a = begin_poll(60000);
	struct call *c = ask_call(a);

	for (int jump = 0; jump < 2; jump++) {
		uint64_t before = c->asked_in_round;

		control_wall_ms += jump == 0 ? 500 : -500;
		service_tick(f.service);
		CONTROL_UNTIL(c->asked_in_round != before);
	}
	cr_expect_eq(ask_state(a), CALL_WAITING);
	cr_assert(service_forget(f.service, c));
	ask_free(a);
}

/* Submits a write by the root's token that came too late so many times before. */
static void begin_late(struct call *c, atomic_bool *is_back, uint32_t attempts)
{
	struct error err = ERROR_NULL;

	call_init(c);
	c->codec = &native_codec;
	c->done = hand_back;
	c->ctx = is_back;
	cr_assert_eq(service_authenticate(f.service, c, buf_slice(&f.root_token), &err), OK);
	c->verb = VERB_DOCUMENT_PUT;
	c->permission = MAY_WRITE;
	c->path = SLICE_LITERAL("profiles/a/heir");
	c->in.body = SLICE_LITERAL("{\"$extends\":[\"b\"],\"p\":\"${secret:x#k}\"}");
	c->attempts = attempts;
	cr_assert_eq(service_submit(f.service, c), CALL_PENDING);
}

/* The same, prepared while the commit of what it depends on is held up. */
static void make_late(struct call *c, uint32_t attempts, const char *parent)
{
	atomic_bool is_back = false;
	struct asking *a;

	control_hold("begin");
	a = ask_begin(&f, (struct ask){PUT, .path = "profiles/a/b", .body = parent});
	CONTROL_UNTIL(control_is_held);
	begin_late(c, &is_back, attempts);
	CONTROL_UNTIL(f.service->commit.count == 1);
	control_let_go();
	cr_assert(ask_wait(a, 10000));
	ask_free(a);
	CONTROL_UNTIL(atomic_load(&is_back));
	CONTROL_UNTIL(control_is_idle(&f));
}

Test(way, a_write_that_came_too_late_is_prepared_again_and_given_up_at_the_eighth_time)
{
	struct told t;
	struct call c;

	expect(&f, OK, NULL, PUT, .path = "secrets/x", .body = "{\"data\":{\"k\":\"v\"}}");
	make_late(&c, 7, "{\"n\":2}");
	cr_expect_eq(c.out.result, E_BUSY, "%s", c.out.error.text);
	cr_expect_eq(c.attempts, 8);
	cr_expect_eq(c.out.retry_after_s, 1);
	cr_expect_not(c.out.has_audit_index, "what the server could not do is no entry");
	call_clear(&c);
	t = ask(&f, (struct ask){AUDIT, .outcome = "busy"});
	cr_expect_str_eq(t.body, "{\"items\":[]}");
	told_clear(&t);
	expect(&f, E_NOT_FOUND, NULL, GET, .path = "profiles/a/heir");
	make_late(&c, 6, "{\"n\":3}");
	cr_expect_eq(c.out.result, OK, "%s", c.out.error.text);
	cr_expect_eq(c.attempts, 7);
	call_clear(&c);
	expect(&f, OK, "\"n\":3", CONFIG, .path = "config/a/heir");
}

Test(way, a_start_that_gets_no_thread_fails)
{
	atomic_int unused = -1;
	pthread_attr_t before, huge;

	pthread_getattr_default_np(&before);
	pthread_attr_init(&huge);
	pthread_attr_setstacksize(&huge, (size_t)1 << 46);
	cr_assert_eq(pthread_setattr_default_np(&huge), 0);
	fixture_restart_failing(&f, &unused, -1);
	cr_expect_null(f.service);
	cr_assert_eq(pthread_setattr_default_np(&before), 0);
	pthread_attr_destroy(&huge);
	pthread_attr_destroy(&before);
	fixture_restart(&f);
	expect(&f, OK, "\"n\":1", GET, .path = "profiles/a/b");
}

static void expect_from(enum call_state wanted, struct ask what)
{
	struct asking *a = ask_begin(&f, what);

	cr_expect_eq(ask_state(a), wanted);
	control_let_go();
	cr_assert(ask_wait(a, 10000));
	cr_expect_eq(ask_call(a)->out.result, OK, "%s", ask_call(a)->out.error.text);
	cr_expect_eq(ask_call(a)->out.kind, what.wants_yaml ? BODY_YAML : BODY_JSON);
	ask_free(a);
}

/* With both workers at work on something else. */
static void expect_from_while_held(enum call_state wanted, struct ask what)
{
	struct asking *held[2];

	control_hold("get_version");
	for (int i = 0; i < 2; i++) {
		held[i] = ask_begin(&f, (struct ask){GET, .path = "profiles/a/b", .version = 1});
		CONTROL_UNTIL(ask_call(held[i])->share->held[SHARE_QUEUED] == 0);
	}
	expect_from(wanted, what);
	for (int i = 0; i < 2; i++) {
		cr_assert(ask_wait(held[i], 10000));
		ask_free(held[i]);
	}
}

Test(way, what_is_small_is_answered_by_the_thread_that_asks_and_all_else_by_a_worker)
{
	static const char question[] = "{\"permission\":\"read\",\"path\":\"x\"}";
	char body[LOOP_BYTES_MAX + 2];

	memset(body, ' ', sizeof body);
	memcpy(body, question, strlen(question));
	body[LOOP_BYTES_MAX] = '\0';
	expect_from_while_held(CALL_DONE, (struct ask){.verb = VERB_ACCESS_CHECK, .body = body});
	expect_from_while_held(CALL_DONE, (struct ask){.verb = VERB_ACCESS_CHECK,
						       .body = body,
						       .wants_yaml = true});
	body[LOOP_BYTES_MAX] = ' ';
	body[LOOP_BYTES_MAX + 1] = '\0';
	expect_from_while_held(CALL_PENDING, (struct ask){.verb = VERB_ACCESS_CHECK, .body = body});
	expect_from_while_held(CALL_PENDING, (struct ask){.verb = VERB_ACCESS_CHECK,
							  .body = question,
							  .is_yaml = true});
	expect_from_while_held(CALL_DONE, (struct ask){.verb = VERB_TOKEN_SELF});
	expect_from_while_held(CALL_PENDING, (struct ask){LIST, .path = "profiles/"});
}
