/* A clock that is set back or ahead: what has ended stays ended, and big jumps are told. */
#include "control.h"

#include <stdio.h>
#include <stdlib.h>

#define DAY INT64_C(86400000)

static struct fixture f;
static char token[128];
static int64_t real_wall_ms;

static void restart(void)
{
	f.clock = &control_clock;
	fixture_restart(&f);
}

static void open_it(void)
{
	real_wall_ms = control_wall_ms;
	fixture_open_failing(&f, control_may_call, NULL);
	restart();
}

static void close_it(void)
{
	fixture_close(&f);
}

TestSuite(clock, .init = open_it, .fini = close_it);

/* The text of a token that lasts ten seconds. */
static void make(const char *members)
{
	char body[128];
	struct told t;

	snprintf(body, sizeof body, "{\"name\":\"t\",\"policies\":[\"all\"],\"ttl\":\"10s\"%s}",
		 members);
	t = ask(&f, (struct ask){CREATE, .body = body});
	cr_assert_eq(t.result, OK, "%s", t.call.out.error.text);
	snprintf(token, sizeof token, "%.*s", (int)strcspn(strstr(t.body, "rv_"), "\""),
		 strstr(t.body, "rv_"));
	told_clear(&t);
}

static void expect_token(enum result wanted)
{
	expect(&f, wanted, NULL, LIST, .path = "profiles/", .token = token);
}

static void expect_status(const char *text)
{
	expect(&f, OK, text, .verb = VERB_STATUS, .permission = MAY_READ, .path = "sys/status");
}

Test(clock, a_token_that_was_refused_as_expired_stays_so_when_the_clock_goes_back)
{
	make("");
	expect_token(OK);
	control_pass(10000);
	expect_token(E_UNAUTHENTICATED);
	control_wall_ms -= 5000;
	expect_token(E_UNAUTHENTICATED);
	control_wall_ms -= 2 * DAY;
	service_tick(f.service);
	expect_token(E_UNAUTHENTICATED);
	expect(&f, OK, NULL, LIST, .path = "profiles/"); /* the root's has no end */
}

Test(clock, a_token_still_ends_in_its_time_after_the_clock_was_set_back)
{
	make("");
	control_wall_ms -= 30 * DAY;
	control_pass(9999);
	expect_token(OK);
	control_pass(1);
	expect_token(E_UNAUTHENTICATED);
	make("");
	control_pass(9999);
	expect_token(OK);
	control_pass(1);
	expect_token(E_UNAUTHENTICATED);
}

/* The refusal is counted, and its entry in the log carries the time across the restart. */
Test(clock, a_refused_token_stays_so_across_a_restart_with_a_clock_that_was_set_back)
{
	make("");
	control_pass(10000);
	expect_token(E_UNAUTHENTICATED);
	service_tick(f.service);
	CONTROL_UNTIL(control_is_idle(&f));
	control_wall_ms -= 2 * DAY;
	restart();
	expect_token(E_UNAUTHENTICATED);
}

/* Time has gone on by the monotonic clock only, and the entries say so. */
Test(clock, a_second_restart_does_not_give_back_what_the_first_took)
{
	expect(&f, OK, NULL, PUT, .path = "profiles/a/b", .body = "{}");
	control_wall_ms -= 2 * DAY;
	restart();
	make("");
	control_pass(10000);
	expect_token(E_UNAUTHENTICATED);
	service_tick(f.service);
	CONTROL_UNTIL(control_is_idle(&f));
	restart();
	expect_token(E_UNAUTHENTICATED);
}

Test(clock, revisions_and_entries_go_on_by_server_time)
{
	struct told t;
	char time[TIMESTAMP_BYTES], wanted[64];

	expect(&f, OK, NULL, PUT, .path = "profiles/a/b", .body = "{}");
	control_wall_ms -= 2 * DAY;
	control_pass(7000);
	timestamp_format(time, real_wall_ms + 7000);
	snprintf(wanted, sizeof wanted, "\"created_at\":\"%s\"", time);
	expect(&f, OK, wanted, PUT, .path = "profiles/a/b", .body = "{\"a\":1}");
	t = ask(&f, (struct ask){AUDIT, .limit = 100});
	cr_assert_eq(t.result, OK);
	cr_expect_not_null(strstr(t.body, time), "%s", t.body);
	told_clear(&t);
}

Test(clock, the_status_shows_the_machine_s_clock_and_how_far_it_is_behind)
{
	expect_status("\"clock\":{\"behind_seconds\":0,\"jump\":null}");
	control_wall_ms -= 90000;
	expect_status("\"time\":\"2027-01-15T07:58:30.000Z\"");
	expect_status("\"clock\":{\"behind_seconds\":90,\"jump\":null}");
	expect(&f, OK, "reeve_clock_behind_seconds 90\n", .verb = VERB_METRICS,
	       .permission = MAY_READ, .path = "sys/metrics");
	control_wall_ms += 90000;
	expect_status("\"clock\":{\"behind_seconds\":0,\"jump\":null}");
}

struct jump_case {
	int64_t by_ms;
	const char *log, *status;
};

static const struct jump_case jump_cases[] = {
	{DAY, "clock_jumped seconds=86400 ",
	 "\"clock\":{\"behind_seconds\":0,\"jump\":{\"time\":\"2027-01-16T08:00:00.000Z\","
	 "\"seconds\":86400}}"},
	{-DAY, "clock_jumped seconds=-86400 ",
	 "\"clock\":{\"behind_seconds\":86400,\"jump\":{\"time\":\"2027-01-15T08:00:00.000Z\","
	 "\"seconds\":-86400}}"},
	{DAY - 1, NULL, "\"clock\":{\"behind_seconds\":0,\"jump\":null}"},
	{1 - DAY, NULL, "\"clock\":{\"behind_seconds\":86399,\"jump\":null}"},
};

Test(clock, a_jump_of_a_day_either_way_is_logged_once_and_shown)
{
	for (size_t i = 0; i < ARRAY_SIZE(jump_cases); i++) {
		const struct jump_case *c = &jump_cases[i];
		char text[8192];

		control_wall_ms = real_wall_ms;
		f.service->state.time = (struct server_time){0};
		server_time_begin(&f.service->state.time, &control_clock);
		control_log();
		control_wall_ms += c->by_ms;
		service_tick(f.service);
		service_tick(f.service);
		control_logged(NULL, text, sizeof text);
		if (c->log != NULL) {
			const char *at = strstr(text, c->log);

			cr_assert_not_null(at, "case %zu: %s", i, text);
			cr_expect_null(strstr(at + 1, "clock_jumped"), "case %zu: %s", i, text);
			cr_expect_not_null(strstr(at, "advice=\"check the clock"), "%s", text);
		} else {
			cr_expect_null(strstr(text, "clock_jumped"), "case %zu: %s", i, text);
		}
		expect_status(c->status);
	}
}

Test(clock, a_start_whose_clock_is_a_day_behind_the_data_is_logged_and_shown)
{
	char text[8192];

	expect(&f, OK, NULL, PUT, .path = "profiles/a/b", .body = "{}");
	control_wall_ms -= 2 * DAY;
	control_log();
	restart();
	control_logged("clock_behind_data seconds=172800 last=2027-01-15T08:00:00.000Z ", text,
		       sizeof text);
	expect_status("\"clock\":{\"behind_seconds\":172800,"
		      "\"jump\":{\"time\":\"2027-01-15T08:00:00.000Z\",\"seconds\":-172800}}");
	control_wall_ms += 2 * DAY - 5000; /* corrected, and the rest is no jump */
	control_log();
	restart();
	control_logged(NULL, text, sizeof text);
	cr_expect_null(strstr(text, "clock_behind_data"), "%s", text);
	expect_status("\"clock\":{\"behind_seconds\":5,\"jump\":null}");
}

/* An entry of a read is as good as a revision: the log's last time counts too. */
Test(clock, the_last_entry_counts_where_it_is_later_than_the_last_revision)
{
	expect(&f, OK, NULL, PUT, .path = "secrets/s", .body = "{\"data\":{\"k\":\"v\"}}");
	control_pass(5000);
	expect(&f, OK, NULL, GET, .path = "secrets/s");
	control_wall_ms -= 60000;
	restart();
	expect_status("\"clock\":{\"behind_seconds\":60,\"jump\":null}");
}

Test(clock, a_poll_ends_with_its_token_whichever_way_the_clock_is_set)
{
	struct told now;
	struct asking *a;

	expect(&f, OK, NULL, PUT, .path = "profiles/a/b", .body = "{}");
	make("");
	now = ask(&f, (struct ask){CONFIG, .path = "config/a/b", .token = token});
	cr_assert_eq(now.result, OK);
	a = ask_begin(&f, (struct ask){CONFIG, .path = "config/a/b", .token = token,
				       .etag = now.call.out.etag, .wait_ms = 60000});
	told_clear(&now);
	cr_assert_eq(ask_state(a), CALL_WAITING);
	control_wall_ms -= 2 * DAY;
	service_tick(f.service);
	control_pass(10001);
	service_tick(f.service);
	cr_assert(ask_wait(a, 10000));
	cr_expect_eq(ask_call(a)->out.result, E_UNAUTHENTICATED);
	ask_free(a);
}
