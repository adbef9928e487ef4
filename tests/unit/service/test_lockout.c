/* Who counts as one who can still administer: by its rules, its uses, and all above it. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

static struct fixture f;

static void open_it(void)
{
	fixture_open(&f);
}

static void close_it(void)
{
	fixture_close(&f);
}

TestSuite(lockout, .init = open_it, .fini = close_it);

#define READ_ONLY "rules: [{allow: [read, list], on: \"**\"}]\n"
#define OUT	  "afterwards no valid token could administer: none may write policies"
#define ADMIN	  "rules: [{allow: [write, admin], on: \"policies/**\"}]"
#define REVOKE	  .verb = VERB_TOKEN_REVOKE, .permission = MAY_DELETE, .path = "sys/tokens"

static void put(const char *path, const char *yaml)
{
	expect(&f, OK, NULL, PUT, .path = path, .body = yaml, .is_yaml = true);
}

static void read_self(const char *token, const char *name, char ret[static 128])
{
	struct told t = ask(&f, (struct ask){.verb = VERB_TOKEN_SELF, .token = token});

	cr_assert_eq(sscanf(strstr(t.body, name) + strlen(name), "%127[^\"]", ret), 1, "%s",
		     t.body);
	told_clear(&t);
}

static void make_child(const char *maker, const char *policy, char ret[static 128])
{
	char body[200];
	struct told t;

	snprintf(body, sizeof body, "{\"name\":\"%s/child\",\"policies\":[\"%s\"]}", policy,
		 policy);
	t = ask(&f, (struct ask){CREATE, .token = maker, .body = body});
	cr_assert_eq(t.result, OK, "%s", t.call.out.error.text);
	cr_assert_eq(sscanf(strstr(t.body, "\"token\":\"") + 9, "%127[^\"]", ret), 1);
	told_clear(&t);
}

/* Whether a dry run of taking the root's rights away says that nobody would be left. */
static bool is_last(void)
{
	struct told t = ask(&f, (struct ask){PUT, .path = "policies/all", .body = READ_ONLY,
					     .is_yaml = true, .is_dry_run = true});
	bool ret = strstr(t.body, "\"errors\":[{\"profile\":\"\",\"pointer\":\"\",\"keyword\":\"\","
				  "\"message\":\"" OUT "\"}]") != NULL;

	cr_assert_eq(t.result, OK);
	cr_expect(ret || strstr(t.body, "\"errors\":[]") != NULL, "%s", t.body);
	told_clear(&t);
	return ret;
}

Test(lockout, only_who_may_write_and_admin_policies_and_its_own_counts)
{
	static const struct {
		const char *rules;
		bool is_enough;
	} cases[] = {
		{ADMIN, true},
		{"rules: [{allow: [write], on: \"**\"}, {allow: [admin], on: \"policies/**\"}]",
		 true},
		{"rules: [{allow: [read, write], on: \"policies/**\"}]", false},
		{"rules: [{allow: [read, admin], on: \"policies/**\"}]", false},
		{"rules: [{allow: [write, admin], on: policies/second}]", false},
		{"rules: [{allow: [write, admin], on: \"policies/**\"}, "
		 "{deny: [write], on: policies/second}]",
		 false},
		{"rules: [{allow: [write, admin], on: \"policies/**\"}, "
		 "{deny: [admin], on: policies/second}]",
		 false},
		{"rules: [{allow: [write, admin], on: \"policies/**\"}, "
		 "{deny: [write, admin], on: policies/other}]",
		 true},
		{"rules: []", false},
	};
	CLEANUP(buf_clear) struct buf second = fixture_token(&f, "second", ADMIN);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		put("policies/second", cases[i].rules);
		cr_expect_neq(is_last(), cases[i].is_enough, "%s", cases[i].rules);
	}
}

Test(lockout, of_two_administrators_one_may_go_and_the_other_not)
{
	CLEANUP(buf_clear) struct buf second = fixture_token(&f, "second", ADMIN);

	put("policies/all", READ_ONLY);
	expect(&f, E_CONFLICT, OUT "; force does it even so", PUT, .path = "policies/second",
	       .body = READ_ONLY, .is_yaml = true, .token = second.data);
	expect(&f, OK, NULL, PUT, .path = "policies/second", .is_yaml = true, .token = second.data,
	       .body = "# a comment\n" ADMIN);
	expect(&f, OK,
	       "\"warnings\":[{\"profile\":\"\",\"pointer\":\"\",\"keyword\":\"\",\"message\":\"" OUT
	       "\"}]",
	       PUT, .path = "policies/second",
	       .body = "rules: [{allow: [write, admin], on: policies/team}]", .is_yaml = true,
	       .token = second.data, .is_forced = true);
	/* Once nobody can, who may still write some is not kept from it. */
	expect(&f, OK, "\"warnings\":[]", PUT, .path = "policies/team", .body = READ_ONLY,
	       .is_yaml = true, .token = second.data);
}

Test(lockout, a_policy_or_token_that_goes_is_missed_and_one_that_only_hangs_on_it_is_no_help)
{
	CLEANUP(buf_clear) struct buf second = BUF_NULL;
	char child[128], accessor[128];

	make_child(NULL, "all", child);
	expect(&f, E_CONFLICT, OUT, DELETE, .path = "policies/all");
	read_self(NULL, "\"accessor\":\"", accessor);
	expect(&f, E_CONFLICT, OUT, REVOKE, .accessor = accessor);
	expect(&f, E_CONFLICT, OUT, REVOKE, .accessor = accessor, .token = child);
	second = fixture_token(&f, "second", ADMIN);
	expect(&f, OK, NULL, REVOKE, .accessor = accessor, .token = child);
	expect(&f, E_UNAUTHENTICATED, NULL, .verb = VERB_TOKEN_SELF);
	expect(&f, OK, NULL, PUT, .path = "policies/other", .body = READ_ONLY, .is_yaml = true,
	       .token = second.data);
}

Test(lockout, who_spends_its_last_use_with_the_write_does_not_count)
{
	CLEANUP(buf_clear) struct buf second = BUF_NULL;

	f.uses = 1;
	second = fixture_token(&f, "second", ADMIN);
	cr_expect_not(is_last(), "another's write takes nothing from it");
	expect(&f, E_CONFLICT, OUT, PUT, .path = "policies/all", .body = READ_ONLY, .is_yaml = true,
	       .token = second.data);
}

Test(lockout, who_has_a_use_left_after_the_write_counts)
{
	CLEANUP(buf_clear) struct buf second = BUF_NULL;

	f.uses = 2;
	second = fixture_token(&f, "second", ADMIN);
	expect(&f, OK, NULL, PUT, .path = "policies/all", .is_yaml = true, .token = second.data,
	       .body = "# still\nrules: [{allow: [read], on: \"**\"}]\n");
	expect(&f, E_CONFLICT, OUT, PUT, .path = "policies/team", .body = READ_ONLY,
	       .is_yaml = true, .token = second.data);
}

Test(lockout, who_spends_the_last_use_of_one_above_does_not_count_either)
{
	CLEANUP(buf_clear) struct buf second = BUF_NULL;
	char child[128];

	f.uses = 3;
	second = fixture_token(
		&f, "second",
		"rules: [{allow: [write, admin, grant], on: \"policies/**\"}, {allow: "
		"[write], on: sys/tokens}]");
	make_child(second.data, "second", child);
	expect(&f, OK, NULL, PUT, .path = "policies/all", .body = READ_ONLY, .is_yaml = true,
	       .token = child);
	expect(&f, E_CONFLICT, OUT, PUT, .path = "policies/team", .body = READ_ONLY,
	       .is_yaml = true, .token = child);
}

/* More policies that grant it than are looked at one by one. */
Test(lockout, one_is_found_among_any_number_of_policies)
{
	CLEANUP(buf_clear) struct buf last = fixture_token(&f, "zz", ADMIN);
	CLEANUP(buf_clear) struct buf body = BUF_NULL;

	buf_append_text(&body, "{\"changes\":[");
	for (int i = 0; i < 260; i++)
		buf_printf(
			&body,
			"%s{\"op\":\"put\",\"path\":\"policies/p%03d\",\"source\":\"rules: [{allow: "
			"[write, admin], on: \\\"policies/**\\\"}]\"}",
			i == 0 ? "" : ",", i);
	buf_append_text(&body, "]}");
	expect(&f, OK, NULL, .verb = VERB_BATCH, .body = body.data);
	cr_expect_not(is_last());
	put("policies/zz", READ_ONLY);
	cr_expect(is_last());
}
