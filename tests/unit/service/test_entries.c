/* What an entry of the audit log names, and what becomes of an answer whose entry or use cannot be
 * written. */
#include "control.h"

#include <stdio.h>
#include <stdlib.h>

static struct fixture f;

static void open_it(void)
{
	fixture_open_failing(&f, control_may_call, NULL);
	control_time(&f);
	expect(&f, OK, NULL, PUT, .path = "secrets/x",
	       .body = "{\"data\":{\"k\":\"v\",\"l\":\"w\"}}");
	expect(&f, OK, NULL, PUT, .path = "profiles/a/b",
	       .body = "{\"n\":\"${secret:x#k}\",\"m\":\"${secret:x#l}\",\"o\":\"${secret:x#k}\"}");
}

static void close_it(void)
{
	control_let_go();
	fixture_close(&f);
}

TestSuite(entries, .init = open_it, .fini = close_it);

static int count_in(const char *text, const char *what)
{
	int count = 0;

	for (const char *p = strstr(text, what); p != NULL; p = strstr(p + 1, what))
		count++;
	return count;
}

/* The entries of an action, oldest first. */
static struct told entries_of(const char *action)
{
	struct told t = ask(&f, (struct ask){AUDIT, .action = action, .limit = 1000});

	cr_assert_eq(t.result, OK, "%s", t.call.out.error.text);
	return t;
}

static void expect_entries(const char *action, int entries, const char *text)
{
	struct told t = entries_of(action);

	cr_expect_eq(count_in(t.body, "\"action\":"), entries, "%s", t.body);
	cr_expect_not_null(strstr(t.body, text), "no `%s` in %s", text, t.body);
	told_clear(&t);
}

Test(entries, a_secret_that_is_opened_at_three_places_is_named_once_with_its_version_and_hash)
{
	struct told t;

	expect(&f, OK, "\"n\":\"v\"", CONFIG, .path = "config/a/b", .is_revealed = true);
	t = entries_of("config.read");
	cr_expect_eq(count_in(t.body, "\"path\":\"secrets/x\",\"version\":1,\"value_mac\":\""), 1,
		     "%s", t.body);
	cr_expect_not_null(strstr(t.body,
				  "\"outcome\":\"ok\",\"reason\":\"\",\"request_id\":\"test\""),
			   "%s", t.body);
	told_clear(&t);
}

Test(entries, the_same_value_of_two_versions_has_two_hashes_and_is_named_by_the_actions_word)
{
	expect(&f, OK, NULL, PUT, .path = "policies/p", .is_yaml = true, .body = "rules: []");
	expect(&f, OK, NULL, DELETE, .path = "policies/p");
	expect_entries("policy.put", 1, "\"path\":\"policies/p\",\"version\":1");
	expect_entries("policy.delete", 1, "\"path\":\"policies/p\"");
	expect_entries("document.put", 1, "\"path\":\"profiles/a/b\",\"version\":1");
	expect_entries("secret.put", 1, "\"path\":\"secrets/x\",\"version\":1,\"value_mac\":\"");
}

/* Whether the last entry of the action names the path and, right behind its hash or version, this
 * state. */
static void expect_state(const char *action, const char *path, int version, const char *state)
{
	struct told t = entries_of(action);
	char start[128];
	const char *at = t.body, *touch = NULL, *end;

	snprintf(start, sizeof start, "{\"path\":\"%s\",\"version\":%d", path, version);
	while ((at = strstr(at, start)) != NULL) {
		touch = at;
		at += 1;
	}
	cr_assert_not_null(touch, "no `%s` in %s", start, t.body);
	end = strchr(touch, '}');
	at = strstr(touch, "\"state\":\"");
	if (state == NULL)
		cr_expect(at == NULL || at > end, "%s", touch);
	else
		cr_expect(at != NULL && at < end && strncmp(at + 9, state, strlen(state)) == 0 &&
				  at[9 + strlen(state)] == '"',
			  "not `%s`: %s", state, touch);
	told_clear(&t);
}

Test(entries, each_way_to_change_a_version_says_its_state_and_a_read_or_a_refusal_none)
{
	expect_state("secret.put", "secrets/x", 1, "live");
	expect(&f, OK, NULL, PUT, .path = "schemas/s", .body = "{}");
	expect(&f, OK, NULL, PUT, .path = "schemas/s", .body = "{\"type\":\"object\"}");
	expect(&f, OK, NULL, .verb = VERB_DOCUMENT_ROLLBACK, .permission = MAY_ROLLBACK,
	       .path = "schemas/s", .body = "{\"version\":1}");
	expect_state("document.rollback", "schemas/s", 3, "live");
	expect(&f, OK, NULL, DELETE, .path = "schemas/s");
	expect_state("document.delete", "schemas/s", 3, "deleted");
	expect(&f, OK, NULL, .verb = VERB_DOCUMENT_UNDELETE, .permission = MAY_DELETE,
	       .path = "schemas/s", .body = "{\"versions\":[3]}");
	expect_state("document.undelete", "schemas/s", 3, "live");
	expect(&f, OK, NULL, .verb = VERB_REVISION_REVERT, .revision = 8);
	expect_state("revision.revert", "schemas/s", 3, "deleted");
	expect(&f, OK, NULL, .verb = VERB_BATCH,
	       .body = "{\"changes\":[{\"op\":\"undelete\",\"path\":\"schemas/s\",\"versions\":[3]},"
		       "{\"op\":\"put\",\"path\":\"secrets/y\",\"content\":{\"data\":{\"k\":\"v\"}}}]}");
	expect_state("batch.write", "schemas/s", 3, "live");
	expect_state("batch.write", "secrets/y", 1, "live");
	expect(&f, OK, NULL, PUT, .path = "secrets/y", .body = "{\"data\":{\"k\":\"w\"}}");
	expect(&f, OK, NULL, .verb = VERB_DOCUMENT_DESTROY, .permission = MAY_DESTROY,
	       .path = "secrets/y", .body = "{\"versions\":[1]}");
	expect_state("secret.destroy", "secrets/y", 1, "destroyed");
	expect(&f, OK, NULL, GET, .path = "secrets/y");
	expect_state("secret.read", "secrets/y", 2, NULL);
	expect(&f, E_CONFLICT, NULL, DELETE, .path = "secrets/x");
	expect_state("secret.delete", "secrets/x", 0, NULL);
}

Test(entries, each_change_of_a_token_says_its_state_and_the_digest_of_what_is_stored)
{
	struct told t =
		ask(&f, (struct ask){CREATE, .body = "{\"name\":\"n\",\"policies\":[\"all\"],"
						     "\"ttl\":\"1h\"}"});
	char accessor[27] = "", path[64];
	const char *at;

	cr_assert_eq(t.result, OK, "%s", t.call.out.error.text);
	at = strstr(t.body, "\"accessor\":\"");
	cr_assert_not_null(at, "%s", t.body);
	snprintf(accessor, sizeof accessor, "%s", at + 12);
	told_clear(&t);
	snprintf(path, sizeof path, "sys/tokens/%s", accessor);
	expect_state("token.create", path, 0, "live");
	t = entries_of("token.create");
	cr_expect_not_null(strstr(t.body, "\"state\":\"live\",\"digest\":\""), "%s", t.body);
	told_clear(&t);
	expect(&f, OK, NULL, .verb = VERB_TOKEN_REVOKE, .accessor = accessor);
	expect_state("token.revoke", path, 0, "revoked");
	t = ask(&f, (struct ask){.verb = VERB_TOKEN_SELF});
	snprintf(accessor, sizeof accessor, "%s", strstr(t.body, "\"accessor\":\"") + 12);
	told_clear(&t);
	snprintf(path, sizeof path, "sys/tokens/%s", accessor);
	expect(&f, E_CONFLICT, NULL, .verb = VERB_TOKEN_REVOKE, .accessor = accessor);
	expect_state("token.revoke", path, 0, NULL);
}

Test(entries, each_of_very_many_changes_is_named_however_many_entries_that_takes)
{
	CLEANUP(buf_clear) struct buf body = BUF_NULL;
	const char *at;
	char path[64];
	struct told t;

	buf_append_text(&body, "{\"changes\":[");
	for (int i = 0; i < 700; i++)
		buf_printf(&body, "%s{\"op\":\"put\",\"path\":\"schemas/many%03d\",\"content\":{}}",
			   i != 0 ? "," : "", i);
	buf_append_text(&body, "]}");
	t = ask(&f, (struct ask){.verb = VERB_BATCH, .body = body.data});
	cr_assert_eq(t.result, OK, "%s", t.call.out.error.text);
	cr_expect_eq(t.call.out.audit_index, 2, "the first of them");
	told_clear(&t);
	t = entries_of("batch.write");
	cr_expect_eq(count_in(t.body, "\"action\":"), 3);
	cr_expect_eq(count_in(t.body, "\"touched_more\":0}"), 3);
	cr_expect_eq(count_in(t.body, "\"request_id\":\"test\""), 3, "all of one request");
	cr_expect_eq(count_in(t.body, "\"path\":\"schemas/many"), 700);
	cr_expect_eq(count_in(t.body, "\"state\":\"live\""), 700);
	at = t.body;
	for (int i = 0; at != NULL && i < 700; i++) {
		snprintf(path, sizeof path, "\"path\":\"schemas/many%03d\",\"version\":1", i);
		at = strstr(at, path);
		cr_expect_not_null(at, "%s", path);
	}
	told_clear(&t);
}

Test(entries, what_was_forced_says_so_and_what_was_not_does_not)
{
	expect(&f, E_CONFLICT, NULL, DELETE, .path = "secrets/x");
	expect(&f, OK, NULL, DELETE, .path = "secrets/x", .is_forced = true);
	expect(&f, OK, NULL, DELETE, .path = "profiles/a/b", .is_forced = true);
	expect_entries("secret.delete", 2, "\"outcome\":\"ok\",\"reason\":\"forced\"");
	expect_entries("secret.delete", 2, "\"outcome\":\"conflict\",\"reason\":\"");
	expect_entries("document.delete", 1, "\"outcome\":\"ok\",\"reason\":\"\"");
}

Test(entries, a_dry_run_that_opened_a_secret_is_a_read_and_one_that_is_refused_a_refusal)
{
	CLEANUP(buf_clear) struct buf few = BUF_NULL;

	expect(&f, OK, NULL, PUT, .path = "secrets/x",
	       .body = "{\"data\":{\"k\":\"v\",\"l\":\"w\"}}", .is_dry_run = true);
	expect_entries("secret.read", 1, "\"outcome\":\"ok\",\"reason\":\"dry run\"");
	few = fixture_token(&f, "few", "rules: [{allow: [read], on: profiles/none/none}]");
	expect(&f, E_FORBIDDEN, NULL, PUT, .path = "secrets/x", .body = "{\"data\":{}}",
	       .is_dry_run = true, .token = few.data);
	expect_entries("secret.put", 2,
		       "\"outcome\":\"forbidden\",\"reason\":\"few may not write "
		       "secrets/x\"");
}

/* Each failed write of a known principal, and what its entry names. */
static const struct failed {
	struct ask what;
	enum result result;
	const char *action, *text;
} failed[] = {
	{{PUT, .path = "profiles/a/b", .body = "{"},
	 E_MALFORMED,
	 "document.put",
	 "\"outcome\":\"malformed\""},
	{{PUT, .path = "profiles/a/b", .body = "{\"$x\":1}"},
	 E_INVALID,
	 "document.put",
	 "\"touched\":[{\"path\":\"profiles/a/b\",\"version\":0}]"},
	{{PUT, .path = "profiles/a/b", .body = "{}", .has_if_version = true, .if_version = 7},
	 E_PRECONDITION,
	 "document.put",
	 "\"outcome\":\"precondition\""},
	{{PUT, .path = "profiles/a/b", .body = "{}", .has_if_version = true, .if_version = 7,
	  .is_dry_run = true},
	 E_PRECONDITION,
	 "document.put",
	 "\"reason\":\"dry run\""},
	{{DELETE, .path = "profiles/a/none"},
	 E_NOT_FOUND,
	 "document.delete",
	 "\"path\":\"profiles/a/none\",\"version\":0}"},
	{{.verb = VERB_BATCH, .body = "{"},
	 E_MALFORMED,
	 "batch.write",
	 "\"touched\":[{\"path\":\"batch\",\"version\":0}]"},
	{{.verb = VERB_BATCH,
	  .body = "{\"changes\":[{\"op\":\"delete\",\"path\":\"profiles/a/u\"},"
		  "{\"op\":\"delete\",\"path\":\"profiles/a/v\"}]}"},
	 E_NOT_FOUND,
	 "batch.write",
	 "\"touched\":[{\"path\":\"profiles/a/u\",\"version\":0},"
	 "{\"path\":\"profiles/a/v\",\"version\":0}]"},
	{{.verb = VERB_REVISION_REVERT, .revision = 99},
	 E_NOT_FOUND,
	 "revision.revert",
	 "\"touched\":[{\"path\":\"revisions/99\",\"version\":0}]"},
	{{.verb = VERB_TOKEN_REVOKE,
	  .permission = MAY_DELETE,
	  .path = "sys/tokens",
	  .accessor = "none"},
	 E_NOT_FOUND,
	 "token.revoke",
	 "\"touched\":[{\"path\":\"sys/tokens/none\",\"version\":0}]"},
	{{.verb = VERB_TOKEN_RENEW}, E_CONFLICT, "token.renew", "\"path\":\"sys/tokens/"},
	{{CREATE, .body = "{"},
	 E_MALFORMED,
	 "token.create",
	 "\"touched\":[{\"path\":\"sys/tokens\",\"version\":0}]"},
};

Test(entries, each_write_that_failed_is_one_entry_that_names_what_it_was_about)
{
	char outcome[64];

	for (size_t i = 0; i < ARRAY_SIZE(failed); i++) {
		struct told before = entries_of(failed[i].action), after;

		expect_at(&f, failed[i].result, NULL, failed[i].what, __FILE__, (int)i);
		after = entries_of(failed[i].action);
		cr_expect_eq(count_in(after.body, "\"index\":"),
			     count_in(before.body, "\"index\":") + 1, "row %d: %s", (int)i,
			     after.body);
		snprintf(outcome, sizeof outcome, "\"outcome\":\"%s\"",
			 result_name(failed[i].result));
		cr_expect_not_null(strstr(after.body, outcome), "row %d: %s", (int)i, after.body);
		cr_expect_not_null(strstr(after.body, failed[i].text), "row %d: no `%s` in %s",
				   (int)i, failed[i].text, after.body);
		told_clear(&before);
		told_clear(&after);
	}
}

/* Each refusal of who may nothing, and what its entry names. */
static const struct failed refused[] = {
	{{LIST, .path = "profiles/", .prefix = "a/"},
	 E_FORBIDDEN,
	 "document.list",
	 "\"touched\":[{\"path\":\"profiles/a/\",\"version\":0}]"},
	{{GET, .path = "profiles/a/b"},
	 E_FORBIDDEN,
	 "document.read",
	 "\"touched\":[{\"path\":\"profiles/a/b\",\"version\":0}]"},
	{{CONFIG, .path = "config/a/b"},
	 E_FORBIDDEN,
	 "config.read",
	 "\"touched\":[{\"path\":\"config/a/b\",\"version\":0}]"},
	{{AUDIT, .audit_path = "profiles/a/b"},
	 E_FORBIDDEN,
	 "audit.list",
	 "\"touched\":[{\"path\":\"sys/audit\",\"version\":0},{\"path\":\"profiles/a/b\","
	 "\"version\":0}]"},
	{{.verb = VERB_REVISION_GET, .revision = 3},
	 E_FORBIDDEN,
	 "revision.read",
	 "\"touched\":[{\"path\":\"revisions/3\",\"version\":0}]"},
	{{.verb = VERB_REVISION_LIST, .audit_path = "profiles/a/b"},
	 E_FORBIDDEN,
	 "revision.list",
	 "\"touched\":[{\"path\":\"profiles/a/b\",\"version\":0}]"},
	{{.verb = VERB_STATUS, .permission = MAY_READ, .path = "sys/status"},
	 E_FORBIDDEN,
	 "status.read",
	 "\"touched\":[{\"path\":\"sys/status\",\"version\":0}]"},
	{{.verb = VERB_TOKEN_REVOKE,
	  .permission = MAY_DELETE,
	  .path = "sys/tokens",
	  .accessor = "none"},
	 E_FORBIDDEN,
	 "token.revoke",
	 "\"touched\":[{\"path\":\"sys/tokens/none\",\"version\":0}]"},
};

Test(entries, each_refusal_is_one_entry_that_names_what_it_was_about)
{
	CLEANUP(buf_clear)
	struct buf few = fixture_token(&f, "few", "rules: [{allow: [read], on: config/none/none}]");

	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct ask what = refused[i].what;
		struct told t;

		what.token = few.data;
		expect_at(&f, refused[i].result, NULL, what, __FILE__, (int)i);
		t = ask(&f, (struct ask){AUDIT, .action = refused[i].action, .actor = "few"});
		cr_expect_eq(count_in(t.body, "\"index\":"), 1, "row %d: %s", (int)i, t.body);
		cr_expect_not_null(strstr(t.body, refused[i].text), "row %d: no `%s` in %s", (int)i,
				   refused[i].text, t.body);
		told_clear(&t);
	}
}

/* A token that is good for ten answers, in a service whose store may fail. */
static struct buf token_of_ten(void)
{
	struct buf token;

	f.uses = 10;
	token = fixture_token(&f, "ten", "rules: [{allow: [read, write], on: \"**\"}]");
	control_time(&f);
	return token;
}

static void expect_uses_left(const struct buf *token, int left)
{
	char text[32];

	snprintf(text, sizeof text, "\"uses_left\":%d", left);
	expect(&f, OK, text, .verb = VERB_TOKEN_SELF, .token = token->data);
}

Test(entries, an_response_whose_use_cannot_be_written_does_not_leave_and_costs_nothing)
{
	CLEANUP(buf_clear) struct buf token = token_of_ten();

	expect_uses_left(&token, 10);
	control_fail("update_tokens", 2);
	expect(&f, E_UNAVAILABLE, "it could not be recorded: update_tokens: made to fail", GET,
	       .path = "secrets/x", .token = token.data);
	expect(&f, E_UNAVAILABLE, "update_tokens", PUT, .path = "profiles/a/c", .body = "{}",
	       .token = token.data);
	expect(&f, E_NOT_FOUND, NULL, GET, .path = "profiles/a/c");
	expect_uses_left(&token, 9);
	control_fail("put_audit", 1);
	expect(&f, E_UNAVAILABLE, "put_audit", GET, .path = "secrets/x", .token = token.data);
	control_fail("begin", 1);
	expect(&f, E_UNAVAILABLE, "begin", GET, .path = "profiles/a/b", .token = token.data);
	expect_uses_left(&token, 8);
	expect(&f, OK, NULL, PUT, .path = "profiles/a/c", .body = "{}", .token = token.data);
	expect_uses_left(&token, 6);
	expect_entries("secret.read", 0, "[]");
}

/* A read, a write that fails by one call of the store, and a read, in one transaction; how the
 * reads end. */
static void expect_group(const char *failing, enum result wanted)
{
	struct asking *held, *a[3];

	control_hold("begin");
	held = ask_begin(&f, (struct ask){GET, .path = "secrets/x"});
	CONTROL_UNTIL(control_is_held);
	for (int i = 0; i < 3; i++) {
		a[i] = i == 1 ? ask_begin(&f,
					  (struct ask){PUT, .path = "profiles/a/two", .body = "{}"})
			      : ask_begin(&f, (struct ask){GET, .path = "secrets/x"});
		CONTROL_UNTIL(f.service->commit.count == (uint32_t)i + 1);
	}
	control_fail(failing, strchr(failing, ' ') != NULL ? 2 : 1);
	control_let_go();
	cr_assert(ask_wait(held, 10000));
	cr_expect_eq(ask_call(held)->out.result, OK);
	for (int i = 0; i < 3; i++) {
		cr_assert(ask_wait(a[i], 10000));
		cr_expect_eq(ask_call(a[i])->out.result, i == 1 ? E_UNAVAILABLE : wanted,
			     "%s: %d: %s", failing, i, ask_call(a[i])->out.error.text);
		ask_free(a[i]);
	}
	ask_free(held);
	expect(&f, E_NOT_FOUND, NULL, GET, .path = "profiles/a/two");
}

Test(entries, a_write_that_fails_by_itself_leaves_the_others_alone)
{
	uint64_t epoch, revision;

	expect_group("put_revisions", OK);
	expect_group("savepoint", OK);
	expect_group("release", OK);
	expect_group("put_versions", OK);
	expect_entries("secret.read", 12, "\"outcome\":\"ok\"");
	service_revision(f.service, &epoch, &revision);
	cr_expect_eq(revision, 3);
}

Test(entries, a_write_that_cannot_be_undone_fails_the_whole_transaction)
{
	expect_group("put_versions rollback_to", E_UNAVAILABLE);
	expect_entries("secret.read", 1, "\"outcome\":\"ok\"");
}

Test(entries, a_read_that_failed_but_for_a_right_is_no_entry)
{
	static const struct ask reads[] = {
		{GET, .path = "profiles/a/none"},
		{GET, .path = "secrets/none"},
		{CONFIG, .path = "config/a/none"},
		{CONFIG, .path = "config/a/b", .key = "/none"},
		{LIST, .path = "profiles/", .idempotency_key = "k"},
		{.verb = VERB_REVISION_GET, .revision = 99},
		{.verb = VERB_AUDIT_ENTRY,
		 .permission = MAY_AUDIT,
		 .path = "sys/audit",
		 .has_after_number = true,
		 .after_number = 99},
		{.verb = VERB_ACCESS_CHECK, .body = "{"},
	};
	uint64_t before = f.service->counters.audit_entries;

	for (size_t i = 0; i < ARRAY_SIZE(reads); i++) {
		struct told t = ask(&f, reads[i]);

		cr_expect(t.result == E_NOT_FOUND || t.result == E_MALFORMED, "row %d: %s", (int)i,
			  result_name(t.result));
		cr_expect_not(t.call.out.has_audit_index, "row %d", (int)i);
		told_clear(&t);
	}
	cr_expect_eq(f.service->counters.audit_entries, before);
}
