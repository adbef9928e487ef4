#include "fixture.h"

static struct fixture f;

static void open_it(void)
{
	fixture_open(&f);
}

static void close_it(void)
{
	fixture_close(&f);
}

TestSuite(write, .init = open_it, .fini = close_it);

#define BASE "profiles/orders/base"
#define PROD "profiles/orders/production"

Test(write, what_was_put_comes_back_as_it_was_written)
{
	cr_expect_eq(expect(&f, OK, "\"version\":1", PUT, .path = BASE, .is_yaml = true,
			    .body = "# a comment\na: 1 # one\n"),
		     1);
	expect(&f, OK, "# a comment\na: 1 # one\n", GET, .path = BASE, .wants_source = true);
	expect(&f, OK, "\"content\":{\"a\":1}", GET, .path = BASE);
}

Test(write, the_same_content_again_makes_no_version_but_of_a_secret)
{
	expect(&f, OK, "\"changed\":true", PUT, .path = BASE, .body = "{\"a\":1}");
	expect(&f, OK, "\"changed\":false", PUT, .path = BASE, .body = "{\"a\":1}");
	expect(&f, OK, "\"version\":1", GET, .path = BASE);
	expect(&f, OK, NULL, PUT, .path = "secrets/x", .body = "{\"data\":{\"k\":\"v\"}}");
	cr_expect_eq(expect(&f, OK, "\"changed\":true", PUT, .path = "secrets/x",
			    .body = "{\"data\":{\"k\":\"v\"}}"),
		     2);
}

Test(write, everything_is_there_after_a_restart)
{
	expect(&f, OK, NULL, PUT, .path = BASE, .body = "{\"a\":1}");
	expect(&f, OK, NULL, PUT, .path = PROD, .is_yaml = true,
	       .body = "$extends: [base]\nb: 2\n");
	fixture_restart(&f);
	expect(&f, OK, "{\"a\":1,\"b\":2}", CONFIG, .path = "config/orders/production");
	expect(&f, E_CONFLICT, "\"keyword\":\"$extends\"", DELETE, .path = BASE);
}

Test(write, a_rollback_is_a_new_version_with_the_old_content)
{
	expect(&f, OK, NULL, PUT, .path = BASE, .body = "{\"a\":1}");
	expect(&f, OK, NULL, PUT, .path = BASE, .body = "{\"a\":2}");
	cr_expect_eq(expect(&f, OK, NULL, .verb = VERB_DOCUMENT_ROLLBACK,
			    .permission = MAY_ROLLBACK, .path = BASE, .body = "{\"version\":1}"),
		     3);
	expect(&f, OK, "\"content\":{\"a\":1}", GET, .path = BASE);
	expect(&f, OK, "\"content\":{\"a\":2}", GET, .path = BASE, .version = 2);
	expect(&f, E_NOT_FOUND, "no version 9", .verb = VERB_DOCUMENT_ROLLBACK,
	       .permission = MAY_ROLLBACK, .path = BASE, .body = "{\"version\":9}");
}

Test(write, if_match_holds_or_nothing_is_written)
{
	expect(&f, E_PRECONDITION, NULL, PUT, .path = BASE, .body = "{}", .has_if_version = true,
	       .if_version = 1);
	expect(&f, OK, NULL, PUT, .path = BASE, .body = "{}", .has_if_version = true);
	expect(&f, E_PRECONDITION, "exists", PUT, .path = BASE, .body = "{\"a\":1}",
	       .has_if_version = true);
	expect(&f, OK, NULL, PUT, .path = BASE, .body = "{\"a\":1}", .has_if_version = true,
	       .if_version = 1);
}

Test(write, a_patch_changes_one_key_and_needs_no_right_to_read)
{
	CLEANUP(buf_clear)
	struct buf token = fixture_token(&f, "patcher", "rules: [{allow: [write], on: \"**\"}]");

	expect(&f, OK, NULL, PUT, .path = "secrets/x",
	       .body = "{\"data\":{\"a\":\"1\",\"b\":\"2\"}}");
	expect(&f, OK, NULL, PATCH, .path = "secrets/x", .body = "{\"data\":{\"b\":\"3\"}}",
	       .token = token.data);
	expect(&f, E_FORBIDDEN, NULL, GET, .path = "secrets/x", .token = token.data);
	expect(&f, OK, "\"data\":{\"a\":\"1\",\"b\":\"3\"}", GET, .path = "secrets/x");
	expect(&f, E_NOT_FOUND, NULL, PATCH, .path = "secrets/y", .body = "{}");
}

Test(write, a_deleted_document_is_gone_and_undelete_brings_it_back)
{
	expect(&f, OK, NULL, PUT, .path = BASE, .body = "{\"a\":1}");
	expect(&f, OK, NULL, DELETE, .path = BASE);
	expect(&f, E_NOT_FOUND, NULL, GET, .path = BASE);
	expect(&f, E_NOT_FOUND, "deleted", GET, .path = BASE, .version = 1);
	expect(&f, E_NOT_FOUND, NULL, CONFIG, .path = "config/orders/base");
	expect(&f, OK, NULL, .verb = VERB_DOCUMENT_UNDELETE, .permission = MAY_DELETE, .path = BASE,
	       .body = "{\"versions\":[1]}");
	expect(&f, OK, "\"content\":{\"a\":1}", GET, .path = BASE);
	expect(&f, OK, "{\"a\":1}", CONFIG, .path = "config/orders/base");
}

Test(write, a_destroyed_version_says_so_and_never_comes_back)
{
	expect(&f, OK, NULL, PUT, .path = "secrets/x", .body = "{\"data\":{\"k\":\"1\"}}");
	expect(&f, OK, NULL, PUT, .path = "secrets/x", .body = "{\"data\":{\"k\":\"2\"}}");
	expect(&f, OK, NULL, .verb = VERB_DOCUMENT_DESTROY, .permission = MAY_DESTROY,
	       .path = "secrets/x", .body = "{\"versions\":[1]}");
	expect(&f, E_NOT_FOUND, "destroyed", GET, .path = "secrets/x", .version = 1);
	expect(&f, OK, "\"k\":\"2\"", GET, .path = "secrets/x");
	expect(&f, E_CONFLICT, "destroyed", .verb = VERB_DOCUMENT_UNDELETE,
	       .permission = MAY_DELETE, .path = "secrets/x", .body = "{\"versions\":[1]}");
	expect(&f, E_CONFLICT, "destroyed", .verb = VERB_DOCUMENT_ROLLBACK,
	       .permission = MAY_ROLLBACK, .path = "secrets/x", .body = "{\"version\":1}");
}

Test(write, a_batch_is_one_revision_or_none)
{
	expect(&f, OK, "\"items\":[{", .verb = VERB_BATCH,
	       .body = "{\"message\":\"two\",\"changes\":["
		       "{\"op\":\"put\",\"path\":\"profiles/orders/production\",\"source\":\"$extends: "
		       "[base]\\nb: 2\\n\"},"
		       "{\"op\":\"put\",\"path\":\"profiles/orders/base\",\"content\":{\"a\":1}}]}");
	expect(&f, OK, "\"revision\":2", GET, .path = BASE);
	expect(&f, OK, "\"revision\":2", GET, .path = PROD);
	expect(&f, E_INVALID, "profiles/orders/none", .verb = VERB_BATCH,
	       .body = "{\"changes\":[{\"op\":\"put\",\"path\":\"profiles/orders/"
		       "base\",\"content\":{\"a\":5}},"
		       "{\"op\":\"put\",\"path\":\"profiles/orders/production\",\"content\":{\"$extends\":"
		       "[\"none\"]}}]}");
	expect(&f, OK, "\"content\":{\"a\":1}", GET, .path = BASE);
	expect(&f, E_MALFORMED, "twice", .verb = VERB_BATCH,
	       .body = "{\"changes\":[{\"op\":\"delete\",\"path\":\"profiles/orders/base\"},"
		       "{\"op\":\"delete\",\"path\":\"profiles/orders/base\"}]}");
}

Test(write, a_revert_undoes_one_revision_and_lists_what_changed_since)
{
	expect(&f, OK, NULL, PUT, .path = BASE, .body = "{\"a\":1}");
	expect(&f, OK, NULL, PUT, .path = BASE, .body = "{\"a\":2}");
	expect(&f, OK, NULL, PUT, .path = "profiles/orders/other", .body = "{\"o\":1}");
	expect(&f, OK, "\"revision\":5", .verb = VERB_REVISION_REVERT, .revision = 3);
	expect(&f, OK, "\"content\":{\"a\":1}", GET, .path = BASE);
	expect(&f, OK, NULL, .verb = VERB_REVISION_REVERT, .revision = 4);
	expect(&f, E_NOT_FOUND, NULL, GET, .path = "profiles/orders/other");
	expect(&f, E_CONFLICT, "orders/base", .verb = VERB_REVISION_REVERT, .revision = 2);
}

Test(write, reverting_an_undelete_leaves_the_current_version_alone)
{
	expect(&f, OK, NULL, PUT, .path = BASE, .body = "{\"a\":1}");
	expect(&f, OK, NULL, DELETE, .path = BASE);
	expect(&f, OK, NULL, PUT, .path = BASE, .body = "{\"a\":2}");
	expect(&f, OK, NULL, .verb = VERB_DOCUMENT_UNDELETE, .permission = MAY_DELETE, .path = BASE,
	       .body = "{\"versions\":[1]}");
	expect(&f, OK, NULL, GET, .path = BASE, .version = 1);
	expect(&f, OK, "\"revision\":6", .verb = VERB_REVISION_REVERT, .revision = 5);
	expect(&f, E_NOT_FOUND, "deleted", GET, .path = BASE, .version = 1);
	expect(&f, OK, "\"content\":{\"a\":2}", GET, .path = BASE);
}

Test(write, a_revert_names_nothing_that_one_may_not_roll_back)
{
	CLEANUP(buf_clear)
	struct buf token =
		fixture_token(&f, "other", "rules: [{allow: [rollback], on: [profiles/**]}]");

	expect(&f, OK, NULL, PUT, .path = "secrets/x", .body = "{\"data\":{\"k\":\"1\"}}");
	expect(&f, OK, NULL, .verb = VERB_DOCUMENT_DESTROY, .permission = MAY_DESTROY,
	       .path = "secrets/x", .body = "{\"versions\":[1]}");
	expect(&f, E_FORBIDDEN, NULL, .verb = VERB_REVISION_REVERT, .revision = 4,
	       .token = token.data);
	expect(&f, E_CONFLICT, "secrets/x", .verb = VERB_REVISION_REVERT, .revision = 4);
}

Test(write, a_dry_run_tells_and_does_nothing)
{
	expect(&f, OK, NULL, PUT, .path = BASE, .body = "{\"a\":1}");
	expect(&f, OK, NULL, PUT, .path = PROD, .body = "{\"$extends\":[\"base\"],\"b\":2}");
	expect(&f, OK,
	       "{\"config\":\"orders/production\",\"diff\":[{\"pointer\":\"/a\",\"op\":\"replace\","
	       "\"from\":1,\"to\":9",
	       PUT, .path = BASE, .body = "{\"a\":9}", .is_dry_run = true);
	expect(&f, OK, "\"content\":{\"a\":1}", GET, .path = BASE);
	expect(&f, OK, "is not there", PUT, .path = BASE, .body = "{\"$extends\":[\"gone\"]}",
	       .is_dry_run = true);
}

Test(write, an_idempotency_key_gives_the_first_response_again)
{
	expect(&f, OK, "\"version\":1", PUT, .path = "secrets/x", .body = "{\"data\":{}}",
	       .idempotency_key = "one");
	expect(&f, OK, "\"version\":1", PUT, .path = "secrets/x", .body = "{\"data\":{}}",
	       .idempotency_key = "one");
	expect(&f, E_CONFLICT, "idempotency", PUT, .path = "secrets/x",
	       .body = "{\"data\":{\"a\":1}}", .idempotency_key = "one");
	expect(&f, OK, "\"version\":1", GET, .path = "secrets/x");
}

Test(write, what_is_no_document_of_its_kind_is_refused)
{
	static const struct {
		const char *path, *body;
		enum result result;
	} cases[] = {
		{"secrets/x", "{\"a\":1}", E_INVALID},
		{"secrets/x", "{\"data\":{},\"metadata\":{\"expires_at\":\"soon\"}}", E_INVALID},
		{"secrets/x", "{\"data\":{\"k\":\"!\"},\"encoding\":{\"k\":\"base64\"}}",
		 E_INVALID},
		{"policies/x", "{\"rules\":[{\"allow\":[\"raed\"],\"on\":\"**\"}]}", E_INVALID},
		{"schemas/x", "{\"tpye\":\"string\"}", E_INVALID},
		{"profiles/a/b", "{\"$nothing\":1}", E_INVALID},
		{"profiles/a/b", "{\"a\":", E_MALFORMED},
		{"profiles/a", "{}", E_MALFORMED},
		{"other/a/b", "{}", E_MALFORMED},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		expect(&f, cases[i].result, NULL, PUT, .path = cases[i].path,
		       .body = cases[i].body);
}

Test(write, writing_a_policy_needs_admin_too)
{
	CLEANUP(buf_clear)
	struct buf token = fixture_token(&f, "writer",
					 "rules: [{allow: [write, delete, rollback], on: \"**\"}]");

	expect(&f, E_FORBIDDEN, NULL, PUT, .path = "policies/writer", .token = token.data,
	       .body = "{\"rules\":[{\"allow\":[\"admin\"],\"on\":\"**\"}]}");
	expect(&f, E_FORBIDDEN, NULL, DELETE, .path = "policies/all", .token = token.data);
	expect(&f, OK, NULL, PUT, .path = BASE, .token = token.data, .body = "{}");
}

static void take_digest(char ret[static 65], const char *path)
{
	struct told t = ask(&f, (struct ask){GET, .path = path});
	const char *digest = strstr(t.body, "\"digest\":\"");

	cr_assert_eq(t.result, OK);
	cr_assert_not_null(digest);
	memcpy(ret, digest + strlen("\"digest\":\""), 64);
	ret[64] = '\0';
	told_clear(&t);
}

Test(write, equal_values_of_two_secrets_have_different_digests)
{
	char a[65], b[65], again[65];

	expect(&f, OK, NULL, PUT, .path = "secrets/a", .body = "{\"data\":{\"k\":\"v\"}}");
	expect(&f, OK, NULL, PUT, .path = "secrets/b", .body = "{\"data\":{\"k\":\"v\"}}");
	take_digest(a, "secrets/a");
	take_digest(b, "secrets/b");
	expect(&f, OK, NULL, PUT, .path = "secrets/a", .body = "{\"data\":{\"k\":\"v\"}}");
	take_digest(again, "secrets/a");
	cr_expect_str_neq(a, b);
	cr_expect_str_neq(a, again);
}
