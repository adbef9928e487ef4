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
		"{\"op\":\"undelete\",\"path\":\"profiles/a/gone\",\"versions\":[]}",
		"{\"op\":\"undelete\",\"path\":\"profiles/a/gone\",\"versions\":{}}",
		"{\"op\":\"undelete\",\"path\":\"profiles/a/gone\"}",
		"{\"op\":\"undelete\",\"path\":\"profiles/a/gone\",\"versions\":[1],\"version\":1}",
		"{\"op\":\"rollback\",\"path\":\"profiles/a/b\",\"version\":1,\"content\":{}}",
		"{\"op\":\"rollback\",\"path\":\"profiles/a/b\",\"version\":1,\"source\":\"\"}",
		"{\"op\":\"rollback\",\"path\":\"profiles/a/b\",\"version\":1,\"versions\":[1]}",
		"{\"op\":\"rollback\",\"path\":\"profiles/a/b\",\"version\":1.5}",
		"{\"op\":\"delete\",\"path\":\"profiles/a/b\",\"content\":{}}",
		"{\"op\":\"delete\",\"path\":\"profiles/a/b\",\"source\":\"\"}",
		"{\"op\":\"delete\",\"path\":\"profiles/a/b\",\"version\":1}",
		"{\"op\":\"delete\",\"path\":\"profiles/a/b\",\"versions\":[1]}",
		"{\"op\":\"delete\",\"path\":\"profiles/a/b\",\"content\":{},\"source\":\"\"}",
		"{\"op\":\"put\",\"path\":\"profiles/a/b\",\"content\":{},\"source\":\"\"}",
		"{\"op\":\"put\",\"path\":\"profiles/a/b\",\"content\":{},\"version\":1}",
		"{\"op\":\"patch\",\"path\":\"profiles/a/b\",\"content\":{},\"versions\":[1]}",
		"{\"op\":\"patch\",\"path\":\"profiles/a/b\"}",
		"{\"op\":\"put\",\"path\":\"profiles/a/b\",\"source\":5}",
		"{\"op\":\"put\",\"path\":\"profiles/a/b\",\"source\":\"n: 1\","
		"\"content_type\":\"application/json\"}",
		"{\"op\":\"destroy\",\"path\":\"profiles/a/b\",\"versions\":[1]}",
		"{\"op\":\"puts\",\"path\":\"profiles/a/b\",\"if_version\":1,\"version\":1}",
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

Test(batch, what_is_wrong_is_said_with_the_change_and_the_place)
{
	static const struct {
		enum result result;
		const char *body, *error;
		uint32_t line, column;
	} cases[] = {
		{E_MALFORMED,
		 "{\"changes\":[{\"op\":\"delete\",\"path\":\"profiles/a/b\"},\n {\"op\":\"put\"}]}",
		 "change 2: `path` is missing", 2, 2},
		{E_MALFORMED, "{\"changes\":[\n  5]}", "change 1: must be an object", 2, 3},
		{E_MALFORMED,
		 "{\"changes\":[{\"op\":\"put\",\"path\":\"profiles/a/b\",\"content\":{},\n\"if_version\":true}]}",
		 "change 1: `if_version` must be a version's number", 2, 14},
		{E_UNSUPPORTED,
		 "{\"changes\":[{\"op\":\"put\",\"path\":\"profiles/a/b\",\"source\":\"\",\"content_type\":\"text/plain\"}]}",
		 "change 1: `content_type` must be application/yaml or application/json", 1, 74},
		{E_MALFORMED, "{\"changes\":[{}],\n\"massage\":1}", "unknown key `massage`", 2, 1},
		{E_MALFORMED,
		 "{\"123456789012345678901234567890123456789012345678901234567890123456789\":1}",
		 "`changes` must be a list of at least one", 0, 0},
		{E_MALFORMED,
		 "{\"changes\":[{}],\"123456789012345678901234567890123456789012345678901234567890123456789\":1}",
		 "unknown key `1234567890123456789012345678901234567890123456789012345678901234`",
		 1, 17},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct told t = ask(&f, (struct ask){BATCH, .body = cases[i].body});

		cr_expect_eq(t.result, cases[i].result, "%zu: %s", i, result_name(t.result));
		cr_expect_str_eq(t.call.out.error.text, cases[i].error);
		cr_expect_eq(t.call.out.error.line, cases[i].line, "%zu: %u", i,
			     t.call.out.error.line);
		cr_expect_eq(t.call.out.error.column, cases[i].column, "%zu: %u", i,
			     t.call.out.error.column);
		told_clear(&t);
	}
}

Test(batch, it_has_as_many_changes_and_versions_as_are_allowed)
{
#define PUT_OF(name) "{\"op\":\"put\",\"path\":\"profiles/m/" name "\",\"content\":{}}"
	f.settings.batch_changes_max = 2;
	fixture_restart(&f);
	cr_expect_eq(batch_of("{\"changes\":[" PUT_OF("a") "," PUT_OF("b") "," PUT_OF("c") "]}"),
		     E_TOO_LARGE);
	cr_expect_eq(batch_of("{\"changes\":[" PUT_OF("a") "," PUT_OF("b") "]}"), OK);
	expect(&f, E_MALFORMED, "`versions` must be a list of 1 to 2 numbers",
	       .verb = VERB_DOCUMENT_UNDELETE, .permission = MAY_DELETE, .path = "profiles/a/gone",
	       .body = "{\"versions\":[1,1,1]}");
	expect(&f, OK, "\"state\":\"live\",\"versions\":[1],\"changed\":true",
	       .verb = VERB_DOCUMENT_UNDELETE, .permission = MAY_DELETE, .path = "profiles/a/gone",
	       .body = "{\"versions\":[1,1]}");
	expect(&f, OK, "\"state\":\"live\",\"versions\":[],\"changed\":false",
	       .verb = VERB_DOCUMENT_UNDELETE, .permission = MAY_DELETE, .path = "profiles/a/gone",
	       .body = "{\"versions\":[1]}");
}

Test(batch, a_message_has_a_bound_and_no_control_characters)
{
	static const char *const names[] = {"message", "source"};
	char text[4098], body[4300];

	memset(text, 'm', sizeof text);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		for (int len = 4096; len <= 4097; len++) {
			snprintf(body, sizeof body,
				 "{\"%s\":\"%.*s\",\"changes\":[" PUT_OF("a") "]}", names[i], len,
				 text);
			cr_expect_eq(batch_of(body), len == 4096 ? OK : E_TOO_LARGE, "%s",
				     names[i]);
		}
		snprintf(body, sizeof body, "{\"%s\":\"a\\u001bb\",\"changes\":[" PUT_OF("a") "]}",
			 names[i]);
		cr_expect_eq(batch_of(body), E_MALFORMED, "%s", names[i]);
	}
}

Test(batch, its_response_says_of_each_what_it_came_to)
{
	struct told t = ask(
		&f,
		(struct
		 ask){BATCH,
		      .body = "{\"message\":\"why\",\"changes\":["
			      "{\"op\":\"delete\",\"path\":\"profiles/a/b\"},"
			      "{\"op\":\"undelete\",\"path\":\"profiles/a/gone\",\"versions\":[1]},"
			      "{\"op\":\"put\",\"path\":\"secrets/s\",\"content\":{\"data\":{}}}]}"});

	cr_assert_eq(t.result, OK, "%s", t.call.out.error.text);
	cr_expect_not_null(
		strstr(t.body,
		       "{\"revision\":5,\"changed\":true,\"items\":[{\"path\":\"profiles/a/b\","
		       "\"version\":1,\"revision\":2,"),
		"%s", t.body);
	cr_expect_not_null(strstr(t.body,
				  "\"state\":\"deleted\",\"versions\":[1],\"changed\":true},"
				  "{\"path\":\"profiles/a/gone\",\"version\":1,\"revision\":3,"),
			   "%s", t.body);
	cr_expect_not_null(strstr(t.body, "\"state\":\"live\",\"versions\":[1],\"changed\":true},"
					  "{\"path\":\"secrets/s\",\"version\":1,\"revision\":5,"),
			   "%s", t.body);
	cr_expect_not_null(
		strstr(t.body, "\"created_by\":\"root\",\"message\":\"why\",\"digest\":\"keyed:"),
		"%s", t.body);
	cr_expect_not_null(strstr(t.body,
				  "\"changed\":true}],\"warnings\":[{\"profile\":\"a/gone\","),
			   "%s", t.body);
	cr_expect_str_eq(t.call.out.etag, "");
	cr_expect_not(t.call.out.is_created);
	cr_expect_eq(t.call.out.revision, 5);
	told_clear(&t);
}
