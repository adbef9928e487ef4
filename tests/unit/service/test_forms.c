/* What a secret must look like, to the place of what is wrong in it; and what a dry run says of
 * each kind of change. */
#include "fixture.h"

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

TestSuite(forms, .init = open_it, .fini = close_it);

#define PARTS \
	"secrets/x: a secret is {\"data\": {…}, \"metadata\": {…}}: `data` must be an object of its keys"
#define DURATION "secrets/x: `rotate_every` must be a duration such as \"30d\""
#define TIME	 "secrets/x: `expires_at` must be a time such as \"2027-01-31T00:00:00Z\""
#define BASE64	 "secrets/x: the key `k` is not there or not base64"
#define KNOWN                                                                                   \
	"secrets/x: `metadata` knows expires_at, rotate_every, labels and encoding; put other " \
	"things under `labels`"

Test(forms, a_secret_that_is_none_is_refused_with_the_place)
{
	static const struct {
		const char *body, *error;
		uint32_t line, column;
	} cases[] = {
		{"[]", PARTS, 1, 1},
		{"{}", PARTS, 1, 1},
		{"{\"data\":5}", PARTS, 1, 1},
		{"{\"data\":{},\n\"more\":1}",
		 "secrets/x: a secret has `data`, `metadata` and `encoding`, nothing beside", 1, 1},
		{"{\"data\":{},\n\"metadata\":5}", "secrets/x: `metadata` must be an object", 2,
		 12},
		{"{\"data\":{},\"metadata\":{\n\"a\":1}}", KNOWN, 2, 1},
		{"{\"data\":{},\"metadata\":{\n\"rotate_every\":5}}", DURATION, 2, 16},
		{"{\"data\":{},\"metadata\":{\n\"rotate_every\":\"soon\"}}", DURATION, 2, 16},
		{"{\"data\":{},\"metadata\":{\n\"expires_at\":5}}", TIME, 2, 14},
		{"{\"data\":{},\"metadata\":{\n\"expires_at\":\"soon\"}}", TIME, 2, 14},
		{"{\"data\":{},\"metadata\":{\n\"labels\":[]}}",
		 "secrets/x: `labels` must be an object", 2, 10},
		{"{\"data\":{},\"metadata\":{\"labels\":{\n\"a\":5}}}",
		 "secrets/x: every value in `labels` must be a string", 2, 1},
		{"{\"data\":{},\n\"encoding\":5}", "secrets/x: `encoding` must be an object", 2,
		 12},
		{"{\"data\":{\"k\":\"eA==\"},\"encoding\":{\n\"k\":5}}",
		 "secrets/x: every value in `encoding` must be a string", 2, 1},
		{"{\"data\":{\"k\":\"eA==\"},\"encoding\":{\n\"k\":\"hex\"}}",
		 "secrets/x: the only encoding is \"base64\"", 2, 1},
		{"{\"data\":{},\"encoding\":{\n\"k\":\"base64\"}}", BASE64, 2, 1},
		{"{\"data\":{\"k\":5},\"encoding\":{\n\"k\":\"base64\"}}", BASE64, 2, 1},
		{"{\"data\":{\"k\":\"!\"},\"metadata\":{\"encoding\":{\n\"k\":\"base64\"}}}",
		 BASE64, 2, 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct told t =
			ask(&f, (struct ask){PUT, .path = "secrets/x", .body = cases[i].body});

		cr_expect_eq(t.result, E_INVALID, "%s: %s", cases[i].body, result_name(t.result));
		cr_expect_str_eq(t.call.out.error.text, cases[i].error);
		cr_expect_eq(t.call.out.error.line, cases[i].line, "%s: %u", cases[i].body,
			     t.call.out.error.line);
		cr_expect_eq(t.call.out.error.column, cases[i].column, "%s: %u", cases[i].body,
			     t.call.out.error.column);
		cr_expect_not_null(strstr(t.problems, "\"path\":\"secrets/x\",\"version\":1"), "%s",
				   t.problems);
		told_clear(&t);
	}
	expect(&f, OK, NULL, PUT, .path = "secrets/x",
	       .body = "{\"data\":{\"k\":\"eA==\",\"l\":\"eA==\"},\"encoding\":{\"k\":\"base64\"},"
		       "\"metadata\":{\"expires_at\":\"2030-01-31T00:00:00Z\",\"rotate_every\":\"30d\","
		       "\"labels\":{\"a\":\"b\"},\"encoding\":{\"l\":\"base64\"},\"created_at\":5,"
		       "\"created_by\":5}}");
}

#define PRE "{\"dry_run\":true,\"changes\":[{\"path\":"
#define END "],\"effective\":[],\"errors\":[],\"warnings\":[],\"unchecked\":[]}"

static void expect_dry(const char *wanted, struct ask what)
{
	struct told t;

	what.is_dry_run = true;
	t = ask(&f, what);
	cr_expect_eq(t.result, OK, "%s", t.call.out.error.text);
	cr_expect_str_eq(t.body, wanted);
	cr_expect_str_eq(t.call.out.etag, "");
	told_clear(&t);
}

Test(forms, a_dry_run_says_what_each_change_would_do)
{
	CLEANUP(buf_clear)
	struct buf token = fixture_token(
		&f, "checker",
		"rules: [{allow: [check, write, delete, destroy, rollback], on: \"secrets/**\"}]");
	const char *s = "secrets/s";

	expect_dry(
		PRE
		"\"secrets/s\",\"action\":\"create\",\"from_version\":0,\"diff\":[{\"pointer\":\"\","
		"\"op\":\"add\",\"secret\":true}]}" END,
		(struct ask){PUT, .path = s, .body = "{\"data\":{\"k\":\"v\"}}"});
	expect(&f, OK, NULL, PUT, .path = s, .body = "{\"data\":{\"k\":\"v\"}}");
	expect(&f, OK, NULL, PUT, .path = s, .body = "{\"data\":{\"k\":\"w\"}}");
	expect_dry(
		PRE
		"\"secrets/s\",\"action\":\"update\",\"from_version\":2,\"diff\":[{\"pointer\":\"/data/k\","
		"\"op\":\"replace\",\"secret\":true}]}" END,
		(struct ask){.verb = VERB_DOCUMENT_ROLLBACK,
			     .permission = MAY_ROLLBACK,
			     .path = s,
			     .body = "{\"version\":1}"});
	expect_dry(
		PRE
		"\"secrets/s\",\"action\":\"delete\",\"from_version\":2,\"diff\":[{\"pointer\":\"\","
		"\"op\":\"remove\",\"secret\":true}]}" END,
		(struct ask){DELETE, .path = s});
	expect_dry(PRE "\"secrets/s\",\"action\":\"destroy\",\"from_version\":2,\"diff\":[]}" END,
		   (struct ask){.verb = VERB_DOCUMENT_DESTROY,
				.permission = MAY_DESTROY,
				.path = s,
				.body = "{\"versions\":[1]}"});
	expect_dry(PRE "\"secrets/s\",\"action\":\"unchanged\",\"from_version\":2,\"diff\":[]}" END,
		   (struct ask){.verb = VERB_DOCUMENT_UNDELETE,
				.permission = MAY_DELETE,
				.path = s,
				.body = "{\"versions\":[1]}"});
	expect_dry(PRE "\"secrets/s\",\"action\":\"put\",\"diff\":[]}" END,
		   (struct ask){PUT, .path = s, .body = "{\"data\":{}}", .token = token.data});
	expect(&f, OK, NULL, DELETE, .path = s);
	expect_dry(
		PRE
		"\"secrets/s\",\"action\":\"undelete\",\"from_version\":2,\"diff\":[{\"pointer\":\"\","
		"\"op\":\"add\",\"secret\":true}]}" END,
		(struct ask){.verb = VERB_DOCUMENT_UNDELETE,
			     .permission = MAY_DELETE,
			     .path = s,
			     .body = "{\"versions\":[2]}"});
	expect_dry(
		PRE
		"\"secrets/s\",\"action\":\"create\",\"from_version\":2,\"diff\":[{\"pointer\":\"\","
		"\"op\":\"add\",\"secret\":true}]}" END,
		(struct ask){PUT, .path = s, .body = "{\"data\":{}}"});
}

Test(forms, a_precondition_says_what_is_there)
{
	const char *p = "profiles/a/b";

	expect(&f, E_PRECONDITION, "profiles/a/b does not exist", PUT, .path = p, .body = "{}",
	       .has_if_version = true, .if_version = 1);
	expect(&f, E_PRECONDITION, "profiles/a/b does not exist", PUT, .path = p, .body = "{}",
	       .has_if_version = true, .if_version = UINT64_MAX);
	expect(&f, OK, NULL, PUT, .path = p, .body = "{}");
	expect(&f, E_PRECONDITION, "profiles/a/b is at version 1", PUT, .path = p, .body = "{}",
	       .has_if_version = true, .if_version = 2);
	expect(&f, OK, NULL, DELETE, .path = p, .has_if_version = true, .if_version = 1);
	expect(&f, E_PRECONDITION, "profiles/a/b does not exist", PUT, .path = p, .body = "{}",
	       .has_if_version = true, .if_version = 1);
	expect(&f, OK, "\"version\":2", PUT, .path = p, .body = "{}", .has_if_version = true);
}

Test(forms, a_revert_says_why_not_and_what_stands_in_its_way)
{
	expect(&f, E_NOT_FOUND, "there is no such revision", .verb = VERB_REVISION_REVERT);
	expect(&f, E_NOT_FOUND, "there is no such revision", .verb = VERB_REVISION_REVERT,
	       .revision = 2);
	expect(&f, OK, NULL, PUT, .path = "profiles/a/b", .body = "{}");
	expect(&f, OK, NULL, PUT, .path = "profiles/a/b", .body = "{\"n\":1}");
	expect(&f, E_CONFLICT,
	       "[{\"profile\":\"a/b\",\"pointer\":\"\",\"keyword\":\"\",\"message\":\"was changed "
	       "again since\",\"origin\":{\"path\":\"profiles/a/b\",\"version\":2,\"line\":0,\"column\":0}}]",
	       .verb = VERB_REVISION_REVERT, .revision = 2);
	expect(&f, OK, NULL, PUT, .path = "secrets/s", .body = "{\"data\":{}}");
	expect(&f, OK, NULL, .verb = VERB_DOCUMENT_DESTROY, .permission = MAY_DESTROY,
	       .path = "secrets/s", .body = "{\"versions\":[1]}");
	expect(&f, E_CONFLICT, "secrets/s version 1 was destroyed: nothing brings it back",
	       .verb = VERB_REVISION_REVERT, .revision = 5);
}

/* What was not served before is told as new, not as an error. */
Test(forms, a_dry_run_tells_what_an_abstract_profile_will_serve)
{
	struct told told;

	expect(&f, OK, NULL, PUT, .path = "profiles/a/p", .body = "{\"$abstract\":true,\"k\":1}");
	told = ask(&f, (struct ask){PUT, .path = "profiles/a/p", .body = "{\"k\":2}",
				    .is_dry_run = true});
	cr_assert_eq(told.result, OK, "%s", told.call.out.error.text);
	cr_expect(strstr(told.body, "\"effective\":[{\"config\":\"a/p\"") != NULL, "%s", told.body);
	cr_expect(strstr(told.body, "\"op\":\"add\"") != NULL, "%s", told.body);
	told_clear(&told);
}
