/* What a batch's body may look like. */
#include "fixture.h"

#include "base/memory.h"

#include <stdio.h>
#include <string.h>

static struct fixture f;

static void open_all(void)
{
	fixture_open(&f);
	expect(&f, OK, NULL, PUT, .path = "profiles/a/b", .body = "{\"n\":1}");
	expect(&f, OK, NULL, PUT, .path = "profiles/a/gone", .body = "{\"n\":1}");
	expect(&f, OK, NULL, DELETE, .path = "profiles/a/gone");
}

static void close_all(void)
{
	fixture_close(&f);
}

TestSuite(batch, .init = open_all, .fini = close_all);

#define BATCH .verb = VERB_BATCH, .permission = MAY_WRITE

static enum result batch_of(const char *body)
{
	struct told t = ask(&f, (struct ask){BATCH, .body = body});
	enum result rc = t.result;

	told_clear(&t);
	return rc;
}

Test(batch, a_change_has_what_its_operation_needs_and_nothing_else)
{
	static const char *const bad[] = {
		"5",
		"\"op\"",
		"{}",
		"{\"op\":\"put\"}",
		"{\"op\":\"put\",\"path\":5,\"content\":{}}",
		"{\"op\":\"put\",\"path\":\"profiles/a/b\"}",
		"{\"path\":\"profiles/a/b\",\"content\":{}}",
		"{\"op\":5,\"path\":\"profiles/a/b\",\"content\":{}}",
		"{\"op\":\"puts\",\"path\":\"profiles/a/b\",\"content\":{}}",
		"{\"op\":\"put\",\"path\":\"profiles/a/b\",\"content\":{},\"contents\":{}}",
		"{\"op\":\"put\",\"path\":\"profiles/a/b\",\"content\":{},\"if_version\":\"1\"}",
		"{\"op\":\"put\",\"path\":\"profiles/a/b\",\"content\":{},\"if_version\":-1}",
		"{\"op\":\"put\",\"path\":\"profiles/a/b\",\"content\":{},\"if_version\":1.5}",
		"{\"op\":\"rollback\",\"path\":\"profiles/a/b\"}",
		"{\"op\":\"rollback\",\"path\":\"profiles/a/b\",\"version\":\"1\"}",
		"{\"op\":\"rollback\",\"path\":\"profiles/a/b\",\"version\":0}",
		"{\"op\":\"undelete\",\"path\":\"profiles/a/gone\",\"versions\":1}",
		"{\"op\":\"undelete\",\"path\":\"profiles/a/gone\",\"versions\":[\"1\"]}",
		"{\"op\":\"undelete\",\"path\":\"profiles/a/gone\",\"versions\":[0]}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char body[400];

		snprintf(body, sizeof body, "{\"changes\":[%s]}", bad[i]);
		cr_expect_eq(batch_of(body), E_MALFORMED, "%s: %s", bad[i],
			     result_name(batch_of(body)));
	}
	expect(&f, OK, "\"version\":1", GET, .path = "profiles/a/b");
	expect(&f, E_NOT_FOUND, NULL, GET, .path = "profiles/a/gone");
}

Test(batch, it_is_a_list_of_some_changes)
{
	static const char *const bad[] = {"{}",
					  "[]",
					  "{\"changes\":5}",
					  "{\"changes\":\"x\"}",
					  "{\"changes\":[]}",
					  "{\"changes\":{}}",
					  "{\"changes\":{\"a\":1}}",
					  "{\"changes\":null}"};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		cr_expect_eq(batch_of(bad[i]), E_MALFORMED, "%s", bad[i]);
}

Test(batch, its_message_and_source_are_texts)
{
	static const char change[] =
		"\"changes\":[{\"op\":\"put\",\"path\":\"profiles/a/b\",\"content\":{\"n\":2}}]";
	static const char *const bad[] = {"\"message\":5",
					  "\"message\":null",
					  "\"source\":5",
					  "\"source\":{}",
					  "\"message\":\"x\",\"source\":5",
					  "\"message\":5,\"source\":\"x\"",
					  "\"massage\":\"x\""};
	char body[300];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(body, sizeof body, "{%s,%s}", bad[i], change);
		cr_expect_eq(batch_of(body), E_MALFORMED, "%s", bad[i]);
	}
	snprintf(body, sizeof body, "{\"message\":\"why\",\"source\":\"repo@1\",%s}", change);
	cr_expect_eq(batch_of(body), OK);
	expect(&f, OK, "\"message\":\"why\"", .verb = VERB_REVISION_LIST, .permission = MAY_LIST);
	expect(&f, OK, "\"source\":\"repo@1\"", .verb = VERB_REVISION_LIST, .permission = MAY_LIST);
}

Test(batch, if_version_holds_or_nothing_of_it_is_written)
{
	cr_expect_eq(batch_of("{\"changes\":[{\"op\":\"put\",\"path\":\"profiles/a/new\","
			      "\"content\":{}},{\"op\":\"put\",\"path\":\"profiles/a/b\","
			      "\"content\":{\"n\":2},\"if_version\":7}]}"),
		     E_PRECONDITION);
	expect(&f, E_NOT_FOUND, NULL, GET, .path = "profiles/a/new");
	cr_expect_eq(batch_of("{\"changes\":[{\"op\":\"put\",\"path\":\"profiles/a/b\","
			      "\"content\":{\"n\":2},\"if_version\":1}]}"),
		     OK);
}
