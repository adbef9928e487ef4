/* What a client that asks again under its key is told, and what belongs to the key. */
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

TestSuite(repeat, .init = open_it, .fini = close_it);

#define A "profiles/a/a"

/* Asks twice: the second answer is the first. */
static void expect_twice(struct ask what)
{
	struct told one = ask(&f, what), two = ask(&f, what);

	cr_expect_eq(one.result, OK, "%s", one.call.out.error.text);
	cr_expect_eq(two.result, OK, "%s", two.call.out.error.text);
	cr_expect_str_eq(two.body, one.body);
	cr_expect_str_eq(two.call.out.etag, one.call.out.etag);
	cr_expect_eq(two.call.out.is_created, one.call.out.is_created);
	cr_expect_eq(two.call.out.kind, one.call.out.kind);
	cr_expect_not(two.call.out.has_audit_index, "nothing was done");
	told_clear(&one);
	told_clear(&two);
}

Test(repeat, the_first_response_comes_again_whatever_it_was)
{
	expect_twice((struct ask){PUT, .path = A, .body = "{}", .idempotency_key = "1"});
	expect_twice((struct ask){PUT, .path = A, .body = "{\"a\":1}", .idempotency_key = "2"});
	expect_twice((struct ask){PUT, .path = A, .body = "{\"a\":1}", .idempotency_key = "3"});
	expect_twice((struct ask){DELETE, .path = A, .idempotency_key = "4"});
	expect_twice((struct ask){.verb = VERB_DOCUMENT_UNDELETE,
				  .permission = MAY_DELETE,
				  .path = A,
				  .body = "{\"versions\":[2]}",
				  .idempotency_key = "5"});
	fixture_restart(&f);
	expect(&f, OK, "\"version\":1", PUT, .path = A, .body = "{}", .idempotency_key = "1");
	expect(&f, OK, "\"version\":2", GET, .path = A);
}

Test(repeat, all_that_is_asked_belongs_to_the_key)
{
	const struct ask first = {PUT, .path = A, .body = "{}", .idempotency_key = "k"};
	struct ask other[7];

	expect_twice(first);
	for (size_t i = 0; i < ARRAY_SIZE(other); i++)
		other[i] = first;
	other[0].path = "profiles/a/b";
	other[1].body = "{} ";
	other[2].is_yaml = true;
	other[3].is_forced = true;
	other[4].has_if_version = true;
	other[5].if_version = 1;
	other[6].verb = VERB_DOCUMENT_PATCH;
	for (size_t i = 0; i < ARRAY_SIZE(other); i++) {
		struct told t = ask(&f, other[i]);

		cr_expect_eq(t.result, E_CONFLICT, "%zu: %s", i, result_name(t.result));
		cr_expect_str_eq(t.call.out.etag, "");
		told_clear(&t);
	}
	expect(&f, OK, "\"version\":1", GET, .path = A);
}

Test(repeat, a_key_has_a_bound_and_is_nobody_elses)
{
	CLEANUP(buf_clear)
	struct buf other =
		fixture_token(&f, "other", "rules: [{allow: [read, write], on: \"**\"}]");
	char key[257] = "";

	memset(key, 'k', 256);
	expect(&f, E_MALFORMED, "at most 255 bytes", PUT, .path = A, .body = "{}",
	       .idempotency_key = key);
	key[255] = '\0';
	expect_twice((struct ask){PUT, .path = A, .body = "{}", .idempotency_key = key});
	expect(&f, OK, "\"version\":2", PUT, .path = A, .body = "{\"b\":1}", .idempotency_key = key,
	       .token = other.data);
}

static void expect_body(struct ask what, bool is_whole)
{
	struct told t = ask(&f, what);

	cr_expect_eq(t.result, OK, "%s", t.call.out.error.text);
	cr_expect_eq(strstr(t.body, "\"digest\"") != NULL, is_whole, "%s", t.body);
	cr_expect_eq(strstr(t.body, "\"warnings\"") != NULL, is_whole, "%s", t.body);
	cr_expect_not_null(strstr(t.body, "\"path\":\"" A "\",\"version\":1,"), "%s", t.body);
	cr_expect_eq(strstr(t.body, "\"changed\":true}") == NULL, is_whole, "%s", t.body);
	cr_expect_str_eq(t.call.out.etag, "\"v1\"");
	cr_expect(t.call.out.is_created);
	told_clear(&t);
}

static void put_policy(const char *path, const char *yaml)
{
	expect(&f, OK, NULL, PUT, .path = path, .body = yaml, .is_yaml = true);
}

Test(repeat, whose_rights_are_others_now_is_told_only_where_it_came_to)
{
	const char *rules =
		"rules: [{allow: [read, write], on: \"**\"}, {allow: [grant], on: policies/child}]";
	CLEANUP(buf_clear) struct buf token = fixture_token(&f, "parent", rules);
	char child[128];
	struct ask what = {PUT, .path = A, .body = "{}", .idempotency_key = "k", .token = child};
	struct told t;

	put_policy("policies/child", "rules: [{allow: [read, write], on: \"profiles/**\"}]");
	t = ask(&f, (struct ask){CREATE, .token = token.data,
				 .body = "{\"name\":\"parent/c\",\"policies\":[\"child\"]}"});
	cr_assert_eq(sscanf(strstr(t.body, "\"token\":\"") + 9, "%127[^\"]", child), 1);
	told_clear(&t);
	expect_body(what, true);
	put_policy("policies/other", "rules: []");
	expect_body(what, true);
	put_policy(
		"policies/parent",
		"rules: [{allow: [read, write, list], on: \"**\"}, {allow: [grant], on: policies/child}]");
	expect_body(what, false);
	put_policy("policies/parent", rules); /* the same again is another version */
	expect_body(what, false);
	put_policy("policies/child", "rules: [{allow: [read], on: \"profiles/**\"}]");
	expect_at(&f, E_FORBIDDEN, NULL, what, __FILE__, __LINE__);
	put_policy("policies/child", "rules: [{allow: [write], on: \"profiles/**\"}]");
	expect_body(what, false);
}

/* To delete by force takes two permissions: both are asked for again. */
Test(repeat, each_permission_that_it_took_is_asked_for_again)
{
	static const char *const rules[] = {
		"rules: [{allow: [delete, admin], on: \"profiles/**\"}]",
		"rules: [{allow: [delete], on: \"profiles/**\"}]",
		"rules: [{allow: [admin], on: \"profiles/**\"}]",
		"rules: [{allow: [delete, admin, read], on: \"profiles/**\"}]"};
	static const enum result wanted[] = {OK, E_FORBIDDEN, E_FORBIDDEN, OK};
	CLEANUP(buf_clear) struct buf token = fixture_token(&f, "remover", rules[0]);

	expect(&f, OK, NULL, PUT, .path = A, .body = "{}");
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		put_policy("policies/remover", rules[i]);
		expect(&f, wanted[i], "", DELETE, .path = A, .is_forced = true, .token = token.data,
		       .idempotency_key = "gone");
	}
	expect(&f, OK, "\"outcome\":\"forbidden\"", AUDIT, .audit_path = A);
}
