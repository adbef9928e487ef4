/* What the service says of itself, and how it refuses what it has no room for. */
#include "control.h"
#include "service/state/share.h"

#include <stdio.h>
#include <stdlib.h>

static struct fixture f;
static struct buf other;

static void open_it(void)
{
	fixture_open_failing(&f, control_may_call, NULL);
	other = fixture_token(&f, "other", "rules: [{allow: [read, list, write], on: \"**\"}]");
	control_time(&f);
	expect(&f, OK, NULL, PUT, .path = "secrets/x", .body = "{\"data\":{\"k\":\"v\"}}");
	expect(&f, OK, NULL, PUT, .path = "profiles/a/b", .body = "{\"n\":1}");
	expect(&f, OK, NULL, PUT, .path = "profiles/a/b", .body = "{\"n\":2}");
}

static void close_it(void)
{
	control_let_go();
	buf_clear(&other);
	fixture_close(&f);
}

TestSuite(answers, .init = open_it, .fini = close_it);

/* The n-th line of the signed note. */
static void note_line(char *ret, size_t size, int n)
{
	struct told t = ask(&f, (struct ask){.verb = VERB_AUDIT_CHECKPOINT,
					     .permission = MAY_AUDIT,
					     .path = "sys/audit"});
	const char *at = t.body;

	cr_assert_eq(t.result, OK);
	while (--n > 0)
		at = strchr(at, '\n') + 1;
	snprintf(ret, size, "%.*s", (int)strcspn(at, "\n"), at);
	told_clear(&t);
}

Test(answers, the_status_says_all_of_this)
{
	char wanted[2000], size[32], root[64], started[TIMESTAMP_BYTES];
	struct told t;

	f.service->started_ms = control_wall_ms;
	timestamp_format(started, f.service->started_ms);
	control_pass(61999);
	expect(&f, OK, NULL, PUT, .path = "profiles/a/gone", .body = "{}");
	expect(&f, OK, NULL, DELETE, .path = "profiles/a/gone");
	expect(&f, OK, NULL, CREATE,
	       .body = "{\"name\":\"t\",\"policies\":[\"all\"],\"ttl\":\"1s\"}");
	control_pass(2001);
	note_line(size, sizeof size, 2);
	note_line(root, sizeof root, 3);
	snprintf(
		wanted, sizeof wanted,
		"\"epoch\":1,\"revision\":7,\"revision_time\":\"2027-01-15T08:01:01.999Z\","
		"\"time\":\"2027-01-15T08:01:04.000Z\",\"started_at\":\"%s\",\"uptime_seconds\":64,"
		"\"clock\":{\"behind_seconds\":0,\"jump\":null},"
		"\"store\":\"ok\",\"documents\":{\"schemas\":0,\"profiles\":1,\"policies\":2,"
		"\"secrets\":1},\"tokens\":2,\"audit\":{\"size\":%s,\"root\":\"%s\","
		"\"origin\":\"reeve.test/log\"},\"key_generation\":1,\"keys_locked_in_memory\":%s,"
		"\"waiting_polls\":0}",
		started, size, root,
		secret_memory_is_locked(keyring_memory(f.service->state.keyring)) ? "true"
										  : "false");
	t = ask(&f,
		(struct ask){.verb = VERB_STATUS, .permission = MAY_READ, .path = "sys/status"});
	cr_assert_eq(t.result, OK);
	cr_assert_not_null(strstr(t.body, "\"epoch\""));
	cr_expect_eq(strncmp(t.body, "{\"version\":\"", 12), 0);
	cr_expect_str_eq(strstr(t.body, "\"epoch\""), wanted);
	told_clear(&t);
	control_wall_ms = f.service->started_ms - 5; /* a clock that was set back */
	expect(&f, OK, "\"uptime_seconds\":0,", .verb = VERB_STATUS, .permission = MAY_READ,
	       .path = "sys/status");
}

static void expect_line(const char *text, const char *line)
{
	char whole[200];

	snprintf(whole, sizeof whole, "\n%s\n", line);
	cr_expect_not_null(strstr(text, whole), "`%s` is not in %s", line, text);
}

Test(answers, the_metrics_count_calls_commits_queues_and_polls)
{
	static const char *const lines[] = {
		"reeve_epoch 1",
		"reeve_revision 5",
		"reeve_read_only 0",
		"# HELP reeve_calls_total Calls by verb.",
		"# TYPE reeve_calls_total counter",
		"reeve_calls_total{verb=\"document.put\"} 4",
		"reeve_calls_total{verb=\"document.read\"} 4",
		"reeve_calls_total{verb=\"document.delete\"} 1",
		"reeve_calls_total{verb=\"config.read\"} 3",
		"reeve_calls_total{verb=\"batch.write\"} 0",
		"reeve_calls_total{verb=\"metrics.read\"} 1",
		"reeve_calls_refused_total 1",
		"reeve_calls_failed_total 3",
		"reeve_commits_total 5",
		"reeve_commit_items_total 5",
		"reeve_audit_entries_total 5",
		"# TYPE reeve_queue_length gauge",
		"reeve_queue_length{queue=\"workers\"} 1",
		"reeve_queue_length{queue=\"committer\"} 0",
		"reeve_calls_running{kind=\"short\"} 2",
		"reeve_calls_running{kind=\"long\"} 0",
		"reeve_waiting_polls 1",
		"reeve_config_cache_hits_total 2",
		"reeve_config_cache_misses_total 1",
	};
	struct asking *held[3], *poll;
	struct told t;

	expect(&f, E_FORBIDDEN, NULL, DELETE, .path = "profiles/a/b", .token = other.data);
	expect(&f, E_INVALID, NULL, PUT, .path = "profiles/a/c", .body = "{\"$wrong\":1}");
	expect(&f, E_NOT_FOUND, NULL, GET, .path = "profiles/a/none");
	expect(&f, OK, "\"n\":2", CONFIG, .path = "config/a/b");
	expect(&f, OK, "\"n\":2", CONFIG, .path = "config/a/b");
	poll = ask_begin(&f,
			 (struct ask){CONFIG, .path = "config/a/b", .etag = "*", .wait_ms = 9000});
	cr_expect_eq(ask_state(poll), CALL_WAITING);
	control_hold("get_version");
	for (int i = 0; i < 3; i++)
		held[i] = ask_begin(&f, (struct ask){GET, .path = "profiles/a/b", .version = 1});
	CONTROL_UNTIL(work_queue_waiting(&f.service->work) == 1);
	t = ask(&f,
		(struct ask){.verb = VERB_METRICS, .permission = MAY_READ, .path = "sys/metrics"});
	cr_assert_eq(t.result, OK);
	cr_expect_eq(t.call.out.kind, BODY_TEXT);
	cr_expect_not_null(strstr(t.body, "\nreeve_build_info{version=\""));
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		expect_line(t.body, lines[i]);
	told_clear(&t);
	control_let_go();
	for (int i = 0; i < 3; i++) {
		cr_assert(ask_wait(held[i], 10000));
		ask_free(held[i]);
	}
	cr_assert(service_forget(f.service, ask_call(poll)));
	ask_free(poll);
}

static void expect_busy(const char *token, const char *text, struct ask what)
{
	struct told t;

	what.token = token;
	t = ask(&f, what);
	cr_expect_eq(t.result, E_BUSY, "%s", result_name(t.result));
	cr_expect_str_eq(t.call.out.error.text, text);
	cr_expect_eq(t.call.out.retry_after_s, 1);
	told_clear(&t);
}

static void expect_ends(struct asking **a, int count)
{
	for (int i = 0; i < count; i++) {
		cr_assert(ask_wait(a[i], 10000));
		cr_expect_eq(ask_call(a[i])->out.result, OK, "%s", ask_call(a[i])->out.error.text);
		ask_free(a[i]);
	}
}

Test(answers, what_finds_the_workers_queue_full_is_refused_and_room_is_given_back)
{
	const struct ask read = {GET, .path = "profiles/a/b", .version = 1};
	struct asking *a[3];

	f.service->state.settings.queue_max = 1;
	for (int round = 0; round < 3; round++) {
		control_hold("get_version");
		for (int i = 0; i < 3; i++) {
			a[i] = ask_begin(&f, read);
			CONTROL_UNTIL(i == 2 || ask_call(a[i])->share->held[SHARE_QUEUED] == 0);
		}
		expect_busy(NULL, "too many of your requests wait already", read);
		expect_busy(other.data, "too many calls wait already", read);
		expect_busy(other.data, "too many calls wait already", read);
		control_let_go();
		expect_ends(a, 3);
		CONTROL_UNTIL(control_is_idle(&f));
	}
}

Test(answers, what_finds_the_committers_queue_full_is_refused_and_what_a_worker_prepared_is_not)
{
	const struct ask read = {GET, .path = "secrets/x"};
	struct asking *a[3];

	f.service->state.settings.queue_max = 1;
	for (int round = 0; round < 3; round++) {
		control_hold("begin");
		a[0] = ask_begin(&f, read);
		CONTROL_UNTIL(control_is_held);
		a[1] = ask_begin(&f, read);
		expect_busy(NULL, "too many of your requests wait already", read);
		expect_busy(other.data, "too many calls wait already", read);
		expect_busy(other.data, "too many calls wait already", read);
		a[2] = ask_begin(&f, (struct ask){PUT, .path = "secrets/y", .token = other.data,
						  .body = "{\"data\":{\"k\":\"v\"}}"});
		CONTROL_UNTIL(f.service->commit.count == 2);
		control_let_go();
		expect_ends(a, 3);
		CONTROL_UNTIL(control_is_idle(&f));
	}
}

Test(answers, an_idempotency_key_is_never_overlooked)
{
	static const enum verb honoured[] = {VERB_DOCUMENT_PUT,
					     VERB_DOCUMENT_PATCH,
					     VERB_DOCUMENT_DELETE,
					     VERB_DOCUMENT_UNDELETE,
					     VERB_DOCUMENT_DESTROY,
					     VERB_DOCUMENT_ROLLBACK,
					     VERB_BATCH,
					     VERB_REVISION_REVERT};

	for (int i = 0; i < VERB_COUNT; i++) {
		bool is_honoured = false;

		for (size_t j = 0; j < ARRAY_SIZE(honoured); j++)
			is_honoured |= (int)honoured[j] == i;
		cr_expect_eq(verb_table[i].replay != NULL, is_honoured, "%s", verb_table[i].action);
		if (!is_honoured)
			expect(&f, E_MALFORMED,
			       i == VERB_TOKEN_CREATE
				       ? "the answer is a new token, which is never kept"
				       : "is not known here: send it without",
			       .verb = (enum verb)i, .permission = MAY_READ, .path = "sys/x",
			       .idempotency_key = "k");
	}
}

Test(answers, who_may_not_is_told_who_what_and_where)
{
	struct told t = ask(&f, (struct ask){DELETE, .path = "profiles/a/b", .token = other.data});

	cr_expect_eq(t.result, E_FORBIDDEN);
	cr_expect_str_eq(t.call.out.error.text, "other may not delete profiles/a/b");
	cr_expect(t.call.out.has_audit_index);
	cr_expect_eq(t.call.out.epoch, 1);
	cr_expect_eq(t.call.out.revision, 5);
	told_clear(&t);
}

Test(answers, what_comes_after_the_drain_is_told_so)
{
	struct error err = ERROR_NULL;
	struct told t;

	cr_expect_eq(service_ready(f.service, &err), OK);
	service_drain(f.service);
	t = ask(&f, (struct ask){GET, .path = "profiles/a/b"});
	cr_expect_eq(t.result, E_UNAVAILABLE);
	cr_expect_str_eq(t.call.out.error.text, "shutting down");
	told_clear(&t);
	cr_expect_eq(service_ready(f.service, &err), E_UNAVAILABLE);
	cr_expect_str_eq(err.text, "shutting down");
}

Test(answers, a_transaction_takes_256_calls_and_the_next_the_rest)
{
	enum { COUNT = 300 };
	static struct asking *a[COUNT];
	struct asking *held;
	uint64_t before;

	control_hold("begin");
	held = ask_begin(&f, (struct ask){GET, .path = "secrets/x"});
	CONTROL_UNTIL(control_is_held);
	before = f.service->counters.commits;
	for (int i = 0; i < COUNT; i++)
		a[i] = ask_begin(&f, (struct ask){GET, .path = "secrets/x"});
	cr_expect_eq(f.service->commit.count, COUNT);
	control_let_go();
	expect_ends(&held, 1);
	for (int i = 0; i < COUNT; i++)
		cr_assert(ask_wait(a[i], 10000));
	cr_expect_eq(f.service->counters.commits - before, 3);
	for (int i = 1; i < COUNT; i++)
		cr_expect_eq(ask_call(a[i])->out.audit_index,
			     ask_call(a[0])->out.audit_index + (uint64_t)i,
			     "they are recorded in the order in which they came");
	expect_ends(a, COUNT);
}

static void expect_taken(struct call_queue *q, uint32_t max, struct call *first, int count)
{
	bool is_over = true;
	struct call *list = queue_take(q, max, 0, &is_over);

	cr_expect_not(is_over);
	for (int i = 0; i < count; i++) {
		cr_assert_eq(list, &first[i]);
		list = list->next;
	}
	cr_expect_null(list);
}

Test(queue, calls_leave_in_order_so_many_at_a_time_until_it_is_closed_and_empty)
{
	static struct call c[6];
	struct call_queue q;
	bool is_over = false;

	cr_assert(queue_init(&q));
	for (int i = 0; i < 5; i++)
		cr_expect(queue_push(&q, &c[i], 5));
	cr_expect_not(queue_push(&q, &c[5], 5));
	cr_expect_eq(q.count, 5);
	expect_taken(&q, 3, &c[0], 3);
	cr_expect_eq(q.count, 2);
	cr_expect(queue_push(&q, &c[5], 5));
	expect_taken(&q, 2, &c[3], 2);
	expect_taken(&q, 2, &c[5], 1);
	cr_expect_eq(q.count, 0);
	cr_expect(queue_push(&q, &c[0], 1));
	queue_close(&q);
	cr_expect_not(queue_push(&q, &c[1], 5));
	expect_taken(&q, 5, &c[0], 1);
	cr_expect_null(queue_take(&q, 5, 0, &is_over));
	cr_expect(is_over);
	queue_clear(&q);
}
