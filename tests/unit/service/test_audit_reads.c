/* Who may read which part of the log, what a request's body may hold, and what a check of rights
 * says. */
#include "answers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct fixture f;

static void open_it(void)
{
	fixture_open(&f);
}

static void close_it(void)
{
	fixture_close(&f);
}

TestSuite(audit_reads, .init = open_it, .fini = close_it);

#define CHECK .verb = VERB_ACCESS_CHECK
#define ENTRY(n_)                                                               \
	.verb = VERB_AUDIT_ENTRY, .permission = MAY_AUDIT, .path = "sys/audit", \
	.has_after_number = true, .after_number = n_
#define CHECKPOINT .verb = VERB_AUDIT_CHECKPOINT, .permission = MAY_AUDIT, .path = "sys/audit"

static void put(const char *path, const char *yaml)
{
	expect(&f, OK, NULL, PUT, .path = path, .body = yaml, .is_yaml = true);
}

Test(audit_reads, a_page_says_where_the_next_begins_unless_it_shows_the_newest)
{
	struct told t;

	for (int i = 0; i < 4; i++)
		put("profiles/a/x", i % 2 == 0 ? "a: 1\n" : "a: 2\n");
	expect_response(
		&f,
		"{\"items\":[{\"v\":1,\"index\":0,\"time\":\"*\",\"epoch\":1,\"revisio"
		"n\":2,\"actor\":\"root\",\"accessor\":\"*\",\"auth\":\"token\""
		",\"source\":\"127.0.0.1\",\"action\":\"document.put\",\"outcome\":\"o"
		"k\",\"reason\":\"\",\"request_id\":\"test\",\"touched\":[{\"path\":\""
		"profiles/a/x\",\"version\":1,\"value_mac\":\"*\",\"state\":\"live\"}],\"touched_more\":0"
		"},{\"v\":1,\"index\":1,\"time\":\"*\",\"epoch\":1,\"revision\":3"
		",\"actor\":\"root\",\"accessor\":\"*\",\"auth\":\"token\",\"source\":"
		"\"127.0.0.1\",\"action\":\"document.put\",\"outcome\":\"ok\""
		",\"reason\":\"\",\"request_id\":\"test\",\"touched\":[{\"path\":\"pro"
		"files/a/x\",\"version\":2,\"value_mac\":\"*\",\"state\":\"live\"}],\"touched_more\":0}]}",
		AUDIT, .has_after_number = true, .limit = 2);
	expect_response(
		&f,
		"{\"items\":[{\"v\":1,\"index\":2,\"time\":\"*\",\"epoch\":1,\"revisio"
		"n\":4,\"actor\":\"root\",\"accessor\":\"*\",\"auth\":\"token\""
		",\"source\":\"127.0.0.1\",\"action\":\"document.put\",\"outcome\":\"o"
		"k\",\"reason\":\"\",\"request_id\":\"test\",\"touched\":[{\"path\":\""
		"profiles/a/x\",\"version\":3,\"value_mac\":\"*\",\"state\":\"live\"}],\"touched_more\":0"
		"},{\"v\":1,\"index\":3,\"time\":\"*\",\"epoch\":1,\"revision\":5"
		",\"actor\":\"root\",\"accessor\":\"*\",\"auth\":\"token\",\"source\":"
		"\"127.0.0.1\",\"action\":\"document.put\",\"outcome\":\"ok\""
		",\"reason\":\"\",\"request_id\":\"test\",\"touched\":[{\"path\":\"pro"
		"files/a/x\",\"version\":4,\"value_mac\":\"*\",\"state\":\"live\"}],\"touched_more\":0}]}",
		AUDIT, .limit = 2);
	expect_response(
		&f,
		"{\"v\":1,\"index\":3,\"time\":\"*\",\"epoch\":1,\"revision\":5"
		",\"actor\":\"root\",\"accessor\":\"*\",\"auth\":\"token\",\"source\":"
		"\"127.0.0.1\",\"action\":\"document.put\",\"outcome\":\"ok\""
		",\"reason\":\"\",\"request_id\":\"test\",\"touched\":[{\"path\":\"pro"
		"files/a/x\",\"version\":4,\"value_mac\":\"*\",\"state\":\"live\"}],\"touched_more\":0}\n",
		AUDIT, .limit = 1, .wants_lines = true);
	t = ask(&f, (struct ask){AUDIT, .has_after_number = true, .limit = 2});
	cr_expect_str_eq(t.call.out.next, "2");
	cr_expect_eq(t.call.out.kind, BODY_JSON);
	told_clear(&t);
	t = ask(&f, (struct ask){AUDIT, .has_after_number = true, .limit = 4, .wants_lines = true});
	cr_expect_str_eq(t.call.out.next, "");
	cr_expect_eq(t.call.out.kind, BODY_NDJSON);
	told_clear(&t);
	t = ask(&f, (struct ask){AUDIT, .limit = 2});
	cr_expect_str_eq(t.call.out.next, "");
	told_clear(&t);
	expect_refusal(&f, E_NOT_FOUND, "there is no entry 4", ENTRY(4));
}

Test(audit_reads, a_time_is_a_place_to_begin_and_to_end)
{
	struct told t;

	put("profiles/a/x", "a: 1\n");
	put("profiles/a/x", "a: 2\n");
	t = ask(&f, (struct ask){AUDIT, .from_ms = 1, .limit = 1});
	cr_expect_not_null(strstr(t.body, "\"index\":0,"), "%s", t.body);
	cr_expect_str_eq(t.call.out.next, "1");
	told_clear(&t);
	expect_response(&f, "{\"items\":[]}", AUDIT, .from_ms = INT64_C(1) << 42);
	expect_response(&f, "{\"items\":[]}", AUDIT, .to_ms = 1);
	expect(&f, OK, "\"index\":1,", AUDIT, .to_ms = INT64_C(1) << 42);
}

/* Reading a document, or the list of the log's place, gives nothing of the log. */
Test(audit_reads, the_log_is_read_by_who_may_audit_and_by_nobody_else)
{
	CLEANUP(buf_clear)
	struct buf reader =
		fixture_token(&f, "reader", "rules: [{allow: [read, list], on: \"**\"}]");
	CLEANUP(buf_clear)
	struct buf auditor =
		fixture_token(&f, "auditor", "rules: [{allow: [audit], on: sys/audit}]");
	static const char whole[] =
		"you may not read the whole audit log: name a path to read its entries";
	static const char one[] = "you may not read the audit log of this path";

	put("secrets/x", "data: {k: v}\n");
	expect_refusal(&f, E_FORBIDDEN, whole, AUDIT, .token = reader.data);
	expect_refusal(&f, E_FORBIDDEN, one, AUDIT, .audit_path = "secrets/x",
		       .token = reader.data);
	expect_refusal(&f, E_FORBIDDEN, one, AUDIT, .audit_path = "secrets/", .token = reader.data);
	expect_response(
		&f,
		"{\"v\":1,\"index\":2,\"time\":\"*\",\"epoch\":1,\"revision\":4"
		",\"actor\":\"root\",\"accessor\":\"*\",\"auth\":\"token\",\"source\":"
		"\"127.0.0.1\",\"action\":\"secret.put\",\"outcome\":\"ok\",\"reason\""
		":\"\",\"request_id\":\"test\",\"touched\":[{\"path\":\"secrets/x\""
		",\"version\":1,\"value_mac\":\"*\",\"state\":\"live\"}],\"touched_more\":0}",
		ENTRY(2), .token = auditor.data);
	expect_response(
		&f,
		"{\"items\":[{\"v\":1,\"index\":2,\"time\":\"*\",\"epoch\":1,\"revisio"
		"n\":4,\"actor\":\"root\",\"accessor\":\"*\",\"auth\":\"token\""
		",\"source\":\"127.0.0.1\",\"action\":\"secret.put\",\"outcome\":\"ok\""
		",\"reason\":\"\",\"request_id\":\"test\",\"touched\":[{\"path\":\"sec"
		"rets/x\",\"version\":1,\"value_mac\":\"*\",\"state\":\"live\"}],\"touched_more\":0}]}",
		AUDIT, .has_after_number = true, .after_number = 2, .limit = 1,
		.token = auditor.data);
	expect(&f, OK, "reeve.test/log\n6\n", CHECKPOINT, .token = auditor.data);
	expect(&f, E_FORBIDDEN, NULL, CHECKPOINT, .token = reader.data);
}

Test(audit_reads, a_path_that_ends_in_a_slash_or_a_star_is_all_that_lies_below)
{
	static const struct {
		const char *path;
		bool may_see;
	} cases[] = {
		{"profiles/a/x", true}, {"profiles/a/", true},	 {"profiles/a/*", true},
		{"profiles/*", true},	{"profiles/a/x*", true}, {"profiles/", true},
		{"profiles/b/", false}, {"profiles/b/*", false}, {"profiles/a", false},
		{"secrets/*", false},	{"profiles/a/y", false}, {"p", false},
	};
	CLEANUP(buf_clear)
	struct buf token =
		fixture_token(&f, "half",
			      "rules: [{allow: [audit], on: profiles/a/x}, {allow: [read], on: "
			      "sys/audit}]");

	put("profiles/a/x", "a: 1\n");
	put("profiles/a/y", "a: 1\n");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		expect(&f, cases[i].may_see ? OK : E_FORBIDDEN, NULL, AUDIT,
		       .audit_path = cases[i].path, .token = token.data);
	expect_response(
		&f,
		"{\"items\":[{\"v\":1,\"index\":1,\"time\":\"*\",\"epoch\":1,\"revisio"
		"n\":3,\"actor\":\"root\",\"accessor\":\"*\",\"auth\":\"token\""
		",\"source\":\"127.0.0.1\",\"action\":\"document.put\",\"outcome\":\"o"
		"k\",\"reason\":\"\",\"request_id\":\"test\",\"touched\":[{\"path\":\""
		"profiles/a/x\",\"version\":1,\"value_mac\":\"*\",\"state\":\"live\"}],\"touched_more\":0"
		"}]}",
		AUDIT, .audit_path = "profiles/a/", .token = token.data);
}

/* A reason may name another document than those that were touched; and what was not opened is not
 * in the entry. */
Test(audit_reads, a_reason_is_shown_where_all_that_it_names_may_be_audited)
{
	CLEANUP(buf_clear)
	struct buf both = fixture_token(&f, "both",
					"rules: [{allow: [audit], on: secrets/**}, "
					"{allow: [audit], on: config/**}]");
	CLEANUP(buf_clear)
	struct buf one = fixture_token(&f, "one", "rules: [{allow: [audit], on: config/**}]");

	put("secrets/x", "data: {k: v}\n");
	put("secrets/y", "data: {k: v}\n");
	put("profiles/a/b", "x: ${secret:x#k}\ny: ${secret:y#k}\n");
	put("secrets/x", "data: {k: w}\n");
	expect(&f, OK, NULL, .verb = VERB_DOCUMENT_DESTROY, .permission = MAY_DESTROY,
	       .path = "secrets/x", .body = "{\"versions\":[1]}");
	expect_refusal(&f, E_CONFLICT, "secrets/x version 1 was destroyed: what it held is gone",
		       CONFIG, .path = "config/a/b", .revision = 6, .is_revealed = true);
	expect_response(&f,
			"{\"items\":[{\"v\":1,\"index\":7,\"time\":\"*\",\"epoch\":1,\"revisio"
			"n\":8,\"actor\":\"root\",\"accessor\":\"*\",\"auth\":\"token\""
			",\"source\":\"127.0.0.1\",\"action\":\"config.read\",\"outcome\":\"co"
			"nflict\",\"reason\":\"secrets/x version 1 was destroyed: what it held"
			" is gone\",\"request_id\":\"test\",\"touched\":[{\"path\":\"config/a/"
			"b\",\"version\":0}],\"touched_more\":0}]}",
			AUDIT, .audit_path = "config/a/b", .token = both.data);
	expect_response(&f,
			"{\"items\":[{\"v\":1,\"index\":7,\"time\":\"*\",\"epoch\":1,\"revisio"
			"n\":8,\"actor\":\"root\",\"accessor\":\"*\",\"auth\":\"token\""
			",\"source\":\"127.0.0.1\",\"action\":\"config.read\",\"outcome\":\"co"
			"nflict\",\"reason\":\"\",\"request_id\":\"test\",\"touched\":"
			"[{\"path\":\"config/a/b\",\"version\":0}],\"touched_more\":0}]}",
			AUDIT, .audit_path = "config/a/b", .token = one.data);
}

Test(audit_reads, an_entry_is_found_by_each_path_that_it_names)
{
	expect(&f, OK, NULL, .verb = VERB_BATCH,
	       .body = "{\"changes\":[{\"op\":\"put\",\"path\":\"profiles/c/x\",\"content\":{}},"
		       "{\"op\":\"put\",\"path\":\"profiles/a/x\",\"content\":{}},"
		       "{\"op\":\"put\",\"path\":\"profiles/b/x\",\"content\":{}}]}");
	expect(&f, OK, "\"index\":0,", AUDIT, .audit_path = "profiles/a/x");
	expect(&f, OK, "\"index\":0,", AUDIT, .audit_path = "profiles/b/x");
	expect(&f, OK, "\"index\":0,", AUDIT, .audit_path = "profiles/c/x");
	expect_response(&f, "{\"items\":[]}", AUDIT, .audit_path = "profiles/d/x");
}

static void accessor_of(char ret[static 27], const char *token)
{
	struct told t = ask(&f, (struct ask){.verb = VERB_TOKEN_SELF, .token = token});

	snprintf(ret, 27, "%.26s", strstr(t.body, "\"accessor\":\"") + 12);
	told_clear(&t);
}

Test(audit_reads, anothers_rights_are_told_to_who_may_audit_or_grant_tokens)
{
	static const char refused[] = "asking for another token needs audit or grant on sys/tokens";
	CLEANUP(buf_clear)
	struct buf auditor = fixture_token(&f, "a", "rules: [{allow: [audit], on: sys/tokens}]");
	CLEANUP(buf_clear)
	struct buf granter = fixture_token(&f, "g", "rules: [{allow: [grant], on: sys/tokens}]");
	CLEANUP(buf_clear)
	struct buf reader =
		fixture_token(&f, "r", "rules: [{allow: [read, list, write], on: \"**\"}]");
	char accessor[27], body[200], revoked[100];

	accessor_of(accessor, reader.data);
	snprintf(body, sizeof body,
		 "{\"permission\":\"read\",\"path\":\"profiles/a\",\"accessor\":\"%s\"}", accessor);
	expect_response(&f, "{\"allowed\":true,\"rule\":{\"policy\":\"r\",\"rule\":1,\"line\":1}}",
			CHECK, .body = body, .token = auditor.data);
	expect_response(&f, "{\"allowed\":true,\"rule\":{\"policy\":\"r\",\"rule\":1,\"line\":1}}",
			CHECK, .body = body, .token = granter.data);
	expect_refusal(&f, E_FORBIDDEN, refused, CHECK, .body = body, .token = reader.data);
	snprintf(revoked, sizeof revoked, "{\"accessor\":\"%s\"}", accessor);
	expect(&f, OK, NULL, .verb = VERB_TOKEN_REVOKE, .accessor = accessor);
	expect_response(&f, "{\"allowed\":false,\"rule\":null,\"reason\":\"the token has ended\"}",
			CHECK, .body = body);
	expect_refusal(&f, E_NOT_FOUND, "there is no such token", CHECK,
		       .body = "{\"permission\":\"read\",\"path\":\"x\",\"accessor\":\"none\"}");
}

#define TEXT_OF(max_) \
	"must be a text of 1 to " max_ " bytes without control or bidirectional characters"

Test(audit_reads, what_is_wrong_with_the_question_is_said)
{
	static const struct {
		const char *body, *wanted;
	} cases[] = {
		{"{\"permission\":\"fly\",\"path\":\"x\"}",
		 "`permission` must be read, use, list, write, check, delete, rollback, destroy, "
		 "audit, grant or admin"},
		{"{\"path\":\"x\"}", "`permission` and `path` are needed"},
		{"{\"permission\":\"read\"}", "`permission` and `path` are needed"},
		{NULL, "`permission` and `path` are needed"},
		{"[]", "the body must be an object"},
		{"{\"permission\":\"read\",\"pfad\":\"x\"}", "unknown key \"pfad\""},
		{"{\"permission\":\"read\",\"paht\":\"x\"}",
		 "unknown key \"paht\" (did you mean path?)"},
		{"{\"permission\":1,\"path\":\"x\"}", "`permission` " TEXT_OF("32")},
		{"{\"permission\":\"read\",\"path\":\"\"}", "`path` " TEXT_OF("2064")},
		{"{\"permission\":\"read\",\"path\":\"x\",\"accessor\":{}}",
		 "`accessor` " TEXT_OF("64")},
		{"{\"permission\":\"read\",\"path\":\"x\",\"accessor\":\"0123456789012345678901234567890"
		 "1234567890123456789012345678901234\"}",
		 "`accessor` " TEXT_OF("64")},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		expect_refusal(&f, E_MALFORMED, cases[i].wanted, CHECK, .body = cases[i].body);
	expect_refusal(
		&f, E_NOT_FOUND, "there is no such token", CHECK,
		.body = "{\"permission\":\"read\",\"path\":\"x\",\"accessor\":\"01234567890123"
			"45678901234567890123456789012345678901234567890123\"}");
}

/* Each end of each range of characters that steer, and what lies beside it. */
Test(audit_reads, a_text_holds_no_character_that_steers)
{
	static const struct {
		unsigned first, last;
	} steering[] = {{0x01, 0x1f},	  {0x7f, 0x9f},	    {0x61c, 0x61c},
			{0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x2069}};
	char body[100];

	for (size_t i = 0; i < sizeof steering / sizeof *steering; i++) {
		for (int k = -1; k <= 1; k++) {
			unsigned low = steering[i].first + (unsigned)k;
			unsigned high = steering[i].last + (unsigned)k;

			if (low != 0) {
				snprintf(body, sizeof body,
					 "{\"permission\":\"read\",\"path\":\"a\\u%04xb\"}", low);
				expect(&f, k < 0 || low > steering[i].last ? OK : E_MALFORMED, NULL,
				       CHECK, .body = body);
			}
			snprintf(body, sizeof body,
				 "{\"permission\":\"read\",\"path\":\"a\\u%04xb\"}", high);
			expect(&f, k > 0 || high < steering[i].first ? OK : E_MALFORMED, NULL,
			       CHECK, .body = body);
		}
	}
}

Test(audit_reads, a_message_may_have_lines_and_tabs_and_no_other_such_character)
{
	static const struct {
		const char *text;
		bool is_fine;
	} cases[] = {{"a\\tb\\r\\nc", true}, {"\\n", true},	  {"\\r", true},     {"\\t", true},
		     {"a\\u000b", false},    {"a\\u0000", false}, {"\\u202e", false}};
	char body[200];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		snprintf(
			body, sizeof body,
			"{\"message\":\"%s\",\"changes\":[{\"op\":\"put\",\"path\":\"profiles/a/x\","
			"\"content\":{\"n\":%zu}}]}",
			cases[i].text, i);
		expect(&f, cases[i].is_fine ? OK : E_MALFORMED, NULL, .verb = VERB_BATCH,
		       .body = body);
	}
}

Test(audit_reads, a_backup_lies_beside_the_data_under_a_name_of_its_own)
{
	char names[2][400];
	struct asking *calls[2];

	NEEDS_BACKUPS(&f);
	for (int i = 0; i < 2; i++) {
		const char *end;

		calls[i] = ask_begin(&f, (struct ask){.verb = VERB_BACKUP,
						      .permission = MAY_READ,
						      .path = "sys/backup"});
		cr_assert(ask_wait(calls[i], 10000));
		cr_assert_eq(ask_call(calls[i])->out.result, OK);
		snprintf(names[i], sizeof names[i], "%s", ask_call(calls[i])->out.body->bytes.data);
		cr_expect_eq(strncmp(names[i], f.folder, strlen(f.folder)), 0, "%s", names[i]);
		end = strstr(names[i], ".backup-");
		cr_assert_not_null(end, "%s", names[i]);
		cr_expect_eq(strspn(end + 8, "0123456789abcdef"), 16, "%s", names[i]);
		cr_expect_eq(strlen(end), 24, "%s", names[i]);
	}
	cr_expect_str_neq(names[0], names[1]);
	for (int i = 0; i < 2; i++) {
		cr_expect_eq(access(names[i], R_OK), 0);
		ask_free(calls[i]);
		cr_expect_neq(access(names[i], F_OK), 0);
	}
}
