/* Tokens that have ended are removed after a while, and nothing else is lost or noticed. */
#include "control.h"

#include "base/memory.h"
#include "service/engine/waiters.h"

#include <stdio.h>
#include <stdlib.h>

#define KEPT  INT64_C(300000) /* the default of ended_tokens_kept */
#define PAUSE INT64_C(60000)  /* between two walks */

static struct fixture f;

static void open_it(void)
{
	fixture_open_failing(&f, control_may_call, NULL);
	control_time(&f);
}

static void close_it(void)
{
	control_let_go();
	control_fail(NULL, 0);
	fixture_close(&f);
}

TestSuite(sweep, .init = open_it, .fini = close_it);

struct made {
	char token[128], accessor[64];
};

static void copy_member(char *ret, size_t size, const char *json, const char *name)
{
	const char *at = strstr(json, name);

	cr_assert_not_null(at, "no %s in %s", name, json);
	at += strlen(name);
	snprintf(ret, size, "%.*s", (int)strcspn(at, "\""), at);
}

/* A token of policy "all" with more members, made by `maker` (NULL: the root). */
static struct made make(const char *maker, const char *members)
{
	char body[160];
	struct made m;
	struct told t;

	snprintf(body, sizeof body, "{\"name\":\"t\",\"policies\":[\"all\"]%s}", members);
	t = ask(&f, (struct ask){CREATE, .token = maker, .body = body});
	cr_assert_eq(t.result, OK, "%s", t.call.out.error.text);
	copy_member(m.token, sizeof m.token, t.body, "\"token\":\"");
	copy_member(m.accessor, sizeof m.accessor, t.body, "\"accessor\":\"");
	told_clear(&t);
	return m;
}

static void end(const char *accessor)
{
	expect(&f, OK, NULL, .verb = VERB_TOKEN_REVOKE, .permission = MAY_DELETE,
	       .path = "sys/tokens", .accessor = accessor);
}

static void use(const struct made *m, enum result wanted)
{
	struct told t = ask(&f, (struct ask){LIST, .path = "profiles/", .token = m->token});

	cr_expect_eq(t.result, wanted);
	if (wanted == E_UNAUTHENTICATED)
		cr_expect_str_eq(t.call.out.error.text[0] != '\0' ? t.call.out.error.text
								  : "a valid token is needed",
				 "a valid token is needed");
	told_clear(&t);
}

/* One walk, whatever its pause, with what the committer makes of it. */
static void walk(int64_t passed_ms)
{
	control_pass(passed_ms);
	service_tick(f.service);
	CONTROL_UNTIL(control_is_idle(&f) && !atomic_load(&f.service->sweep.is_busy));
}

static uint32_t count_tokens(void)
{
	struct snapshot *now = state_snapshot(&f.service->state);
	uint32_t count = pmap_count(&now->tokens_by_accessor);

	cr_expect_eq(pmap_count(&now->tokens_by_hash), count);
	cr_expect_leq(pmap_count(&now->tokens_by_name), count);
	snapshot_unref(now);
	return count;
}

static bool has(const struct made *m)
{
	struct snapshot *now = state_snapshot(&f.service->state);
	bool is_there = snapshot_token(now, slice_text(m->accessor)) != NULL;

	snapshot_unref(now);
	return is_there;
}

/* The store has what memory has. */
static void restart(void)
{
	uint32_t count = count_tokens();

	f.clock = &control_clock;
	fixture_restart(&f);
	cr_expect_eq(count_tokens(), count);
}

Test(sweep, a_token_goes_a_while_after_it_has_ended_in_whatever_way)
{
	struct made expired = make(NULL, ",\"ttl\":\"1s\""), revoked = make(NULL, ""),
		    used_up = make(NULL, ",\"uses\":1"), parent = make(NULL, ",\"uses\":1000"),
		    lasting = make(NULL, ",\"ttl\":\"1h\""), below = make(expired.token, "");

	use(&used_up, OK);
	end(revoked.accessor);
	cr_expect_eq(count_tokens(), 7);
	walk(1000); /* sees that they have ended */
	walk(KEPT - 1);
	cr_expect_eq(count_tokens(), 7);
	walk(PAUSE);
	cr_expect_eq(count_tokens(), 3);
	cr_expect(has(&lasting) && has(&parent));
	cr_expect_eq(f.service->counters.tokens_removed, 4);
	use(&lasting, OK);
	use(&expired, E_UNAUTHENTICATED);
	use(&below, E_UNAUTHENTICATED);
	restart();
	use(&lasting, OK);
	use(&expired, E_UNAUTHENTICATED);
}

/* An unlimited token below one that is used up ends with it, and stays so whichever goes first. */
Test(sweep, tokens_below_a_removed_one_stay_refused_and_go_too)
{
	struct made parent = make(NULL, ",\"uses\":4"), child = make(parent.token, ""),
		    grandchild = make(child.token, "");

	use(&grandchild, OK);
	use(&child, OK);
	walk(0);
	use(&grandchild, E_UNAUTHENTICATED);
	for (int i = 0; i < 3; i++) {
		walk(KEPT);
		use(&parent, E_UNAUTHENTICATED);
		use(&child, E_UNAUTHENTICATED);
		use(&grandchild, E_UNAUTHENTICATED);
	}
	cr_expect_eq(count_tokens(), 1);
	restart();
	use(&grandchild, E_UNAUTHENTICATED);
}

static uint64_t commits(void)
{
	return atomic_load(&f.service->counters.commits);
}

Test(sweep, a_removal_makes_no_revision_no_entry_and_wakes_no_poll)
{
	struct made m = make(NULL, ",\"ttl\":\"1s\"");
	struct told now;
	struct asking *poll;
	uint64_t entries, revision, epoch, after, changes;

	expect(&f, OK, NULL, PUT, .path = "profiles/a/b", .body = "{}");
	now = ask(&f, (struct ask){CONFIG, .path = "config/a/b"});
	f.service->state.settings.wait_ms_max = 2 * KEPT;
	poll = ask_begin(&f, (struct ask){CONFIG, .path = "config/a/b", .etag = now.call.out.etag,
					  .wait_ms = 2 * KEPT});
	told_clear(&now);
	cr_assert_eq(ask_state(poll), CALL_WAITING);
	walk(1000);
	changes = change_feed_end(f.service->changes).position;
	entries = atomic_load(&f.service->counters.audit_entries);
	service_revision(f.service, &epoch, &revision);
	walk(KEPT);
	cr_expect_not(has(&m));
	service_revision(f.service, &epoch, &after);
	cr_expect_eq(after, revision);
	cr_expect_eq(atomic_load(&f.service->counters.audit_entries), entries);
	cr_expect_eq(ask_state(poll), CALL_WAITING);
	cr_expect_eq(change_feed_end(f.service->changes).position, changes, "none is looked at");
	cr_assert(service_forget(f.service, ask_call(poll)));
	ask_free(poll);
}

Test(sweep, a_tick_looks_at_few_tokens_and_a_transaction_removes_few)
{
	enum { TOKENS = 600 };
	uint64_t before;

	for (int i = 0; i < TOKENS; i++)
		make(NULL, ",\"ttl\":\"1s\"");
	for (int i = 0; i < 3; i++)
		walk(i == 0 ? 1000 : 0); /* one walk is 601 tokens */
	control_pass(KEPT);
	before = commits();
	for (int ticks = 0; count_tokens() != 1; ticks++) {
		uint32_t count = count_tokens();

		cr_assert_lt(ticks, 10);
		walk(0);
		cr_expect_geq(count_tokens() + 128, count);
	}
	cr_expect_eq(commits() - before, 5);
	for (int i = 0; i < 10; i++) /* between two walks nothing is done */
		walk(PAUSE / 10 - 1);
	cr_expect_eq(commits() - before, 5);
	restart();
}

Test(sweep, a_tick_looks_at_few_valid_tokens_whatever_their_number)
{
	for (int i = 0; i < 50; i++)
		make(NULL, ",\"ttl\":\"1h\"");
	for (int i = 0; i < 2; i++) { /* 51 of them, at most 32 a tick */
		walk(i * PAUSE);
		cr_expect_not_null(f.service->sweep.last);
		walk(0);
		cr_expect_null(f.service->sweep.last);
	}
	cr_expect_eq(count_tokens(), 51);
}

/* A clock that was wrong for a moment: what it ended is refused, but not removed. */
Test(sweep, a_clock_that_jumps_ahead_removes_nothing_by_itself)
{
	struct made m = make(NULL, ",\"ttl\":\"1h\"");
	int64_t wall_ms = control_wall_ms;

	control_wall_ms += INT64_C(86400000) * 365;
	for (int i = 0; i < 5; i++)
		walk(PAUSE - 1);
	cr_expect(has(&m));
	control_wall_ms = wall_ms + 6 * PAUSE;
	restart(); /* nothing was recorded meanwhile */
	use(&m, OK);
}

static void jump_ahead_for_a_moment(void)
{
	int64_t year_ms = INT64_C(86400000) * 365;

	control_wall_ms += year_ms;
	service_tick(f.service);
	control_wall_ms -= year_ms;
}

Test(sweep, a_token_that_a_restart_would_give_back_is_kept)
{
	struct made m = make(NULL, ",\"ttl\":\"1h\"");

	jump_ahead_for_a_moment();
	for (int i = 0; i < 8; i++)
		walk(PAUSE);
	walk(KEPT);
	use(&m, E_UNAUTHENTICATED);
	cr_expect(has(&m));
	restart();
	use(&m, OK);
}

Test(sweep, a_token_that_no_restart_gives_back_goes_when_the_clock_is_behind)
{
	struct made m = make(NULL, ",\"ttl\":\"1h\"");

	jump_ahead_for_a_moment();
	expect(&f, OK, NULL, PUT, .path = "profiles/a/b", .body = "{}"); /* keeps the time */
	for (int i = 0; i < 8; i++)
		walk(PAUSE);
	cr_expect_not(has(&m));
	restart();
	use(&m, E_UNAUTHENTICATED);
}

/* The renewal came in time and waits for the committer; the token ends, and is seen to have ended,
 * and its removal stands behind the renewal. */
Test(sweep, a_token_whose_renewal_waits_is_not_lost)
{
	struct made m = make(NULL, ",\"ttl\":\"2h\"");
	struct asking *first, *renewal;

	control_pass(7000000); /* of 7,200,000 */
	control_hold("begin");
	first = ask_begin(&f, (struct ask){PUT, .path = "profiles/a/b", .body = "{}"});
	CONTROL_UNTIL(control_is_held);
	renewal = ask_begin(&f, (struct ask){.verb = VERB_TOKEN_RENEW, .token = m.token});
	CONTROL_UNTIL(f.service->commit.count == 1);
	control_pass(300000);
	service_tick(f.service);
	control_pass(KEPT);
	service_tick(f.service);
	CONTROL_UNTIL(f.service->commit.count == 2);
	control_let_go();
	cr_assert(ask_wait(first, 10000) && ask_wait(renewal, 10000));
	CONTROL_UNTIL(control_is_idle(&f));
	cr_expect_eq(ask_call(renewal)->out.result, OK);
	ask_free(first);
	ask_free(renewal);
	use(&m, OK);
	cr_expect_eq(f.service->counters.tokens_removed, 0);
	restart();
	use(&m, OK);
}

/* The revocation was prepared before the token was removed: it must not come back as a new one. */
Test(sweep, a_revocation_of_a_token_that_was_removed_meanwhile_brings_no_row_back)
{
	struct made m = make(NULL, ",\"ttl\":\"1s\"");
	struct asking *first, *revocation;

	walk(1000);
	control_pass(KEPT);
	control_hold("begin");
	first = ask_begin(&f, (struct ask){PUT, .path = "profiles/a/b", .body = "{}"});
	CONTROL_UNTIL(control_is_held);
	service_tick(f.service);
	CONTROL_UNTIL(f.service->commit.count == 1);
	revocation = ask_begin(&f, (struct ask){.verb = VERB_TOKEN_REVOKE,
						.permission = MAY_DELETE,
						.path = "sys/tokens",
						.accessor = m.accessor});
	CONTROL_UNTIL(f.service->commit.count == 2);
	control_let_go();
	cr_assert(ask_wait(first, 10000) && ask_wait(revocation, 10000));
	cr_expect_eq(ask_call(revocation)->out.result, OK);
	ask_free(first);
	ask_free(revocation);
	cr_expect_not(has(&m));
	restart();
}

Test(sweep, a_removal_that_fails_is_tried_again_and_loses_nothing)
{
	static const char *const calls[] = {"savepoint", "remove_tokens", "release", "put_log",
					    "begin"};

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		struct made m = make(NULL, ",\"ttl\":\"1s\"");
		uint64_t removed = f.service->counters.tokens_removed;
		char text[4096];

		walk(1000 + PAUSE);
		control_fail(calls[i], -1);
		control_log();
		walk(KEPT);
		control_fail(NULL, 0);
		control_logged("tokens_not_removed error=", text, sizeof text);
		cr_expect(has(&m), "%s", calls[i]);
		cr_expect_eq(f.service->counters.tokens_removed, removed);
		walk(PAUSE);
		cr_expect_not(has(&m), "%s", calls[i]);
		cr_expect_eq(f.service->counters.tokens_removed, removed + 1);
	}
	restart();
	cr_expect_eq(count_tokens(), 1);
}

Test(sweep, nothing_is_removed_while_the_store_takes_no_writes)
{
	struct made m = make(NULL, ",\"ttl\":\"1s\"");

	walk(1000);
	lifecycle_move(&f.service->lifecycle, EVENT_STORE_FULL);
	walk(KEPT);
	cr_expect(has(&m));
	cr_expect_null(f.service->sweep.job);
	lifecycle_move(&f.service->lifecycle, EVENT_STORE_FAILED);
	walk(KEPT);
	walk(KEPT);
	cr_expect(has(&m));
	cr_expect_null(f.service->sweep.job);
}

/* The walk keeps a reference to where it is; the service may end at any moment of it. */
Test(sweep, the_service_may_end_in_the_middle_of_a_walk)
{
	for (int i = 0; i < 300; i++)
		make(NULL, ",\"ttl\":\"1s\"");
	walk(1000);
	walk(0);
	control_pass(KEPT);
	control_fail("begin", -1);
	service_tick(f.service);
	CONTROL_UNTIL(!atomic_load(&f.service->sweep.is_busy));
	cr_expect_not_null(f.service->sweep.last);
	control_fail(NULL, 0);
	restart();
}

static atomic_int allocations_left = -1;

static bool may_allocate(void *ctx)
{
	(void)ctx;
	return atomic_load(&allocations_left) < 0 || atomic_fetch_sub(&allocations_left, 1) != 1;
}

Test(sweep_faults, whatever_allocation_fails_a_token_is_removed_whole_or_stays_whole)
{
	bool is_over = false;

	alloc_hook_set(may_allocate, NULL);
	open_it();
	for (int n = 1; !is_over && n < 400; n++) {
		struct made m = make(NULL, ",\"ttl\":\"1s\""),
			    other = make(NULL, ",\"ttl\":\"1s\"");

		walk(1000 + PAUSE);
		atomic_store(&allocations_left, n);
		walk(KEPT);
		is_over = atomic_exchange(&allocations_left, -1) > 0;
		cr_expect_eq(has(&m), has(&other), "allocation %d", n);
		cr_expect_eq(count_tokens(), has(&m) ? 3 : 1, "allocation %d", n);
		cr_expect(!is_over || !has(&m));
		walk(PAUSE);
		cr_expect_eq(count_tokens(), 1, "allocation %d", n);
	}
	cr_assert(is_over, "the end was not reached");
	restart();
	close_it();
	alloc_hook_set(NULL, NULL);
}
