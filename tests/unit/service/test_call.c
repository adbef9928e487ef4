/* What a call's answer and its entry are put together with. */
#include "control.h"

#include "../faults.h"
#include "service/engine/audit_draft.h"
#include "service/engine/engine.h"
#include "service/engine/response.h"

#include <stdio.h>

static struct call c;

static void open_call(void)
{
	call_init(&c);
	c.verb = VERB_DOCUMENT_PUT;
	c.path = SLICE_LITERAL("profiles/a/b");
}

static void close_call(void)
{
	call_clear(&c);
}

TestSuite(call, .init = open_call, .fini = close_call);

Test(call, the_next_page_begins_where_it_says_unless_that_is_too_long)
{
	static char text[sizeof c.out.next + 1];

	memset(text, 'x', sizeof text);
	response_next(&c, SLICE_LITERAL("first"));
	cr_expect_str_eq(c.out.next, "first");
	response_next_number(&c, 1234567890123);
	cr_expect_str_eq(c.out.next, "1234567890123");
	response_next(&c, SLICE_LITERAL("a"));
	cr_expect_str_eq(c.out.next, "a", "nothing is left of the one before");
	response_next(&c, slice_make(text, sizeof c.out.next - 1));
	cr_expect_eq(strlen(c.out.next), sizeof c.out.next - 1);
	response_next(&c, slice_make(text, sizeof c.out.next));
	cr_expect_str_eq(c.out.next, "");
	response_etag_version(&c, 12);
	cr_expect_str_eq(c.out.etag, "\"v12\"");
}

Test(call, a_list_is_as_long_as_asked_for_within_the_bound)
{
	static struct service s;
	const uint32_t cases[][2] = {{0, 100},	 {1, 1},       {100, 100},
				     {999, 999}, {1000, 1000}, {1001, 1000}};

	s.state.settings.limit_max = 1000;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cr_expect_eq(list_limit(&s, cases[i][0]), cases[i][1]);
	}
	s.state.settings.limit_max = 50;
	cr_expect_eq(list_limit(&s, 0), 50);
}

Test(call, a_failure_takes_the_place_of_an_response)
{
	CLEANUP(buf_clear) struct buf b = BUF_NULL, d = BUF_NULL;

	buf_append_text(&b, "{}");
	cr_expect_eq(response_json(&c, &b), STEP_RESPOND);
	cr_expect_eq(c.out.result, OK);
	cr_expect_eq(c.out.kind, BODY_JSON);
	cr_expect_str_eq(c.out.body->bytes.data, "{}");
	cr_expect_not(c.out.body->is_secret);
	cr_expect_eq(response_fail(&c, E_NOT_FOUND, "%s is %d", "it", 7), STEP_RESPOND);
	cr_expect_eq(c.out.result, E_NOT_FOUND);
	cr_expect_str_eq(c.out.error.text, "it is 7");
	cr_expect_eq(c.out.kind, BODY_NONE);
	cr_expect_null(c.out.body);
	cr_expect_eq(c.out.retry_after_s, 0);
	response_fail(&c, E_BUSY, "busy");
	cr_expect_eq(c.out.retry_after_s, 1);
	c.out.retry_after_s = 9;
	response_fail(&c, E_BUSY, "busy");
	cr_expect_eq(c.out.retry_after_s, 9);
	buf_append_text(&d, "x");
	response_body(&c, BODY_TEXT, &d, true);
	cr_expect(c.out.body->is_secret);
	cr_expect_eq(c.out.kind, BODY_TEXT);
	cr_expect_eq(c.out.result, OK);
	response_fail(&c, E_IO, "broken");
	response_empty(&c);
	cr_expect_eq(c.out.result, OK);
	cr_expect_eq(c.out.kind, BODY_NONE);
}

Test(call, what_cannot_be_recorded_leaves_nothing_of_the_response_but_when_it_was)
{
	CLEANUP(buf_clear) struct buf b = BUF_NULL;

	buf_append_text(&b, "{}");
	response_json(&c, &b);
	c.out.revision = 7;
	c.out.epoch = 2;
	c.out.is_created = true;
	strcpy(c.out.etag, "\"v1\"");
	buf_append_text(&c.out.problems, "x");
	cr_assert(audit_draft_begin(&c));
	strcpy(c.out.error.text, "the disk");
	response_unrecorded(&c, E_UNAVAILABLE, c.out.error.text);
	cr_expect_eq(c.out.result, E_UNAVAILABLE);
	cr_expect_str_eq(c.out.error.text, "it could not be recorded: the disk");
	cr_expect_eq(c.out.revision, 7);
	cr_expect_eq(c.out.epoch, 2);
	cr_expect_null(c.out.body);
	cr_expect_str_eq(c.out.etag, "");
	cr_expect_not(c.out.is_created);
	cr_expect_eq(c.out.problems.len, 0);
	cr_expect_null(c.audit_draft);
	response_unrecorded(&c, E_BUSY, "too many");
	cr_expect_str_eq(c.out.error.text, "too many");
	cr_expect_eq(c.out.retry_after_s, 1);
}

Test(call, an_response_that_grew_too_large_says_what_to_do)
{
	static const char part[1 << 20];
	struct buf b = BUF_INIT((size_t)2 << 20);

	for (int i = 0; i < 3; i++)
		buf_append_slice(&b, slice_make(part, sizeof part));
	response_json(&c, &b);
	cr_expect_eq(c.out.result, E_LIMIT);
	cr_expect_str_eq(c.out.error.text,
			 "the answer would be larger than 2 MiB: ask for a part of "
			 "it, with `?key=` or a smaller `?limit=`");
	cr_expect_null(c.out.body);
}

static bool make_body(void *ctx)
{
	struct buf b = BUF_NULL;

	(void)ctx;
	buf_append_text(&b, "{}");
	response_json(&c, &b);
	cr_expect(c.out.result == OK || (c.out.result == E_MEMORY && c.out.body == NULL));
	return c.out.result == OK;
}

Test(call, without_memory_there_is_no_body)
{
	each_fault(make_body, NULL);
	cr_expect_str_eq(c.out.body->bytes.data, "{}");
}

static const uint8_t mac[HASH_BYTES] = {1, 2, 3};

static bool touch_all(void *ctx)
{
	char path[16];

	(void)ctx;
	c.audit_draft = NULL;
	arena_clear(&c.arena);
	for (int i = 0; i < 9; i++) {
		snprintf(path, sizeof path, "secrets/%d", i);
		if (!audit_draft_touch(&c, slice_text(path), (uint64_t)i, i % 2 != 0 ? mac : NULL))
			return false;
	}
	return true;
}

Test(call, each_thing_that_was_touched_is_kept_with_its_version_and_hash)
{
	static char large[AUDIT_PATH_BYTES_MAX + 2];
	const struct audit_draft *r;

	each_fault(touch_all, NULL);
	r = c.audit_draft;
	cr_expect(slice_is_text(r->action, "document.put"));
	cr_expect_eq(r->reason.len, 0);
	cr_assert_eq(r->touched_count, 9);
	for (int i = 0; i < 9; i++) {
		cr_expect_eq(r->touched[i].path.data[8], '0' + i);
		cr_expect_eq(r->touched[i].version, (uint64_t)i);
		cr_expect_eq(r->touched[i].has_mac, i % 2 != 0);
		cr_expect(i % 2 == 0 || memcmp(r->touched[i].mac, mac, sizeof mac) == 0);
	}
	cr_expect(audit_draft_has(&c, SLICE_LITERAL("secrets/0")));
	cr_expect(audit_draft_has(&c, SLICE_LITERAL("secrets/8")));
	cr_expect_not(audit_draft_has(&c, SLICE_LITERAL("secrets/9")));
	memset(large, 'x', sizeof large);
	cr_assert(audit_draft_touch(&c, slice_make(large, sizeof large), 0, NULL));
	cr_expect_eq(c.audit_draft->touched[9].path.len, AUDIT_PATH_BYTES_MAX);
	c.audit_draft = NULL;
	cr_expect_not(audit_draft_has(&c, SLICE_LITERAL("secrets/0")));
}

Test(call, the_actions_word_says_what_kind_of_document_it_was)
{
	static const char *const cases[][2] = {{"secrets/x", "secret.put"},
					       {"policies/x", "policy.put"},
					       {"profiles/a/b", "document.put"},
					       {"schemas/x", "document.put"}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		c.audit_draft = NULL;
		c.path = slice_text(cases[i][0]);
		cr_assert(audit_draft_begin(&c));
		cr_expect(slice_is_text(c.audit_draft->action, cases[i][1]));
	}
	c.audit_draft = NULL;
	c.verb = VERB_BACKUP;
	cr_assert(audit_draft_begin(&c));
	cr_expect(slice_is_text(c.audit_draft->action, "backup.read"));
	c.verb = VERB_BATCH;
	cr_assert(audit_draft_begin(&c));
	cr_expect(slice_is_text(c.audit_draft->action, "backup.read"), "it has begun");
}

Test(call, what_says_only_that_it_failed_opened_no_secret_and_was_somebodys)
{
	static struct principal somebody;

	c.out.result = E_FORBIDDEN;
	c.principal = &somebody;
	cr_expect_not(audit_draft_says_only_failure(&c), "nothing is recorded");
	cr_assert(audit_draft_touch(&c, SLICE_LITERAL("secrets/x"), 0, NULL));
	cr_expect(audit_draft_says_only_failure(&c));
	c.out.result = OK;
	cr_expect_not(audit_draft_says_only_failure(&c));
	c.out.result = E_FORBIDDEN;
	c.principal = NULL;
	cr_expect_not(audit_draft_says_only_failure(&c));
	c.principal = &somebody;
	cr_assert(audit_draft_touch(&c, SLICE_LITERAL("secrets/y"), 1, mac));
	cr_expect_not(audit_draft_says_only_failure(&c));
	audit_draft_dry_run(&c);
	cr_expect(slice_is_text(c.audit_draft->action, "document.put"), "a refusal stays one");
	cr_expect_eq(c.audit_draft->reason.len, 0);
	c.out.result = E_INVALID;
	audit_draft_dry_run(&c);
	cr_expect(slice_is_text(c.audit_draft->action, "secret.read"));
	cr_expect(slice_is_text(c.audit_draft->reason, "dry run"));
	c.audit_draft = NULL;
	audit_draft_dry_run(&c);
	cr_expect_null(c.audit_draft);
	c.principal = NULL;
}

Test(call, which_failures_the_log_keeps)
{
	static const enum result of_writes[] = {E_INVALID,   E_CONFLICT,   E_PRECONDITION,
						E_LIMIT,     E_NOT_FOUND,  E_MALFORMED,
						E_TOO_LARGE, E_UNSUPPORTED};
	static const enum result never[] = {OK,	      E_BUSY, E_UNAVAILABLE,
					    E_MEMORY, E_IO,   E_UNAUTHENTICATED};
	static const enum verb others[] = {VERB_BATCH, VERB_REVISION_REVERT, VERB_TOKEN_CREATE,
					   VERB_TOKEN_REVOKE, VERB_TOKEN_RENEW};

	for (int verb = 0; verb < VERB_COUNT; verb++) {
		bool is_write = verb >= VERB_DOCUMENT_PUT && verb <= VERB_DOCUMENT_ROLLBACK;

		for (size_t i = 0; i < ARRAY_SIZE(others); i++)
			is_write |= verb == (int)others[i];
		c.verb = (enum verb)verb;
		cr_expect(call_is_refusal(&c, E_FORBIDDEN));
		for (size_t i = 0; i < ARRAY_SIZE(of_writes); i++)
			cr_expect_eq(call_is_refusal(&c, of_writes[i]), is_write, "%s: %s",
				     verb_table[verb].action, result_name(of_writes[i]));
		for (size_t i = 0; i < ARRAY_SIZE(never); i++)
			cr_expect_not(call_is_refusal(&c, never[i]));
	}
	c.verb = VERB_DOCUMENT_PUT;
}
