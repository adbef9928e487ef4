/* Whole answers to reads of documents: what there is, what there was, and who may know it. */
#include "answers.h"

#include <stdio.h>
#include <string.h>

static struct fixture f;

static void put(const char *path, const char *yaml)
{
	expect(&f, OK, NULL, PUT, .path = path, .body = yaml, .is_yaml = true);
}

static void change(enum verb verb, enum permission permission, const char *path, const char *body)
{
	expect(&f, OK, NULL, .verb = verb, .permission = permission, .path = path, .body = body);
}

#define UNDELETE(path_, body_) change(VERB_DOCUMENT_UNDELETE, MAY_DELETE, path_, body_)
#define DESTROY(path_, body_)  change(VERB_DOCUMENT_DESTROY, MAY_DESTROY, path_, body_)
#define ROLLBACK(path_, body_) change(VERB_DOCUMENT_ROLLBACK, MAY_ROLLBACK, path_, body_)
#define VERSIONS(path_)	       .verb = VERB_DOCUMENT_VERSIONS, .permission = MAY_READ, .path = path_
#define DIFF(path_)	       .verb = VERB_DOCUMENT_DIFF, .permission = MAY_READ, .path = path_
#define DEPENDENTS(path_)      .verb = VERB_DOCUMENT_DEPENDENTS, .permission = MAY_READ, .path = path_
#define REVISION(n_)	       .verb = VERB_REVISION_GET, .revision = n_
#define REVISIONS	       .verb = VERB_REVISION_LIST

/* Revisions 2 to 15: one of each kind of change. */
static void open_it(void)
{
	fixture_open(&f);
	put("schemas/part", "{type: integer}");
	put("schemas/s", "{type: object, properties: {a: {$ref: part}}}");
	put("secrets/o/db", "data: {pw: b25l, port: 1}\n"
			    "metadata: {labels: {owner: me}, encoding: {pw: base64}}\n");
	expect(&f, OK, NULL, .verb = VERB_BATCH,
	       .body = "{\"message\":\"why\",\"source\":\"git:1\",\"changes\":[{\"op\":\"put\",\"path\":"
		       "\"profiles/o/base\",\"content\":{\"$schema\":\"s\",\"a\":1,\"pw\":"
		       "\"${secret:o/db#pw}\"}},{\"op\":\"put\",\"path\":\"profiles/o/heir\",\"content\":"
		       "{\"$extends\":[\"base\"],\"b\":[1,2]}}]}");
	put("profiles/o/heir", "$extends: [base]\nb: [1, 3]\nc: new\n");
	put("secrets/o/db", "data: {pw: two, more: 1}\n");
	put("secrets/o/old", "data: {k: v}\n");
	put("secrets/o/old", "data: {k: w}\n");
	expect(&f, OK, NULL, DELETE, .path = "secrets/o/old");
	UNDELETE("secrets/o/old", "{\"versions\":[2]}");
	DESTROY("secrets/o/old", "{\"versions\":[1]}");
	ROLLBACK("secrets/o/db", "{\"version\":1}");
	expect(&f, OK, NULL, DELETE, .path = "secrets/o/old");
}

static void close_it(void)
{
	fixture_close(&f);
}

TestSuite(reads, .init = open_it, .fini = close_it);

Test(reads, a_document_is_shown_as_it_is_and_as_it_was)
{
	struct told t;

	expect_response(&f,
			"{\"path\":\"profiles/o/heir\",\"version\":2,\"revision\":6,\"created_"
			"at\":\"*\",\"created_by\":\"root\",\"message\":\"\",\"digest\":\"*\""
			",\"content\":{\"$extends\":[\"base\"],\"b\":[1,3],\"c\":\"new\"}}",
			GET, .path = "profiles/o/heir");
	expect_response(&f, "$extends: [base]\nb: [1, 3]\nc: new\n", GET, .path = "profiles/o/heir",
			.wants_source = true);
	expect_response(&f,
			"{\"path\":\"profiles/o/heir\",\"version\":1,\"revision\":5,\"created_"
			"at\":\"*\",\"created_by\":\"root\",\"message\":\"why\",\"digest\":\"*"
			"\",\"content\":{\"$extends\":[\"base\"],\"b\":[1,2]}}",
			GET, .path = "profiles/o/heir", .version = 1);
	expect_response(&f,
			"{\n  \"$extends\": [\n    \"base\"\n  ],\n  \"b\": [\n    1,\n    2\n"
			"  ]\n}\n",
			GET, .path = "profiles/o/heir", .revision = 5, .wants_source = true);
	expect_response(&f,
			"{\"path\":\"secrets/o/db\",\"version\":1,\"revision\":4,\"created_at\""
			":\"*\",\"created_by\":\"root\",\"message\":\"\",\"digest\":\"*\""
			",\"data\":{\"pw\":\"b25l\",\"port\":1},\"metadata\":{\"created_at\":\""
			"*\",\"created_by\":\"root\",\"labels\":{\"owner\":\"me\"},\"encoding\""
			":{\"pw\":\"base64\"}}}",
			GET, .path = "secrets/o/db", .version = 1);
	expect_response(&f,
			"{\"path\":\"secrets/o/db\",\"version\":2,\"revision\":7,\"created_at\""
			":\"*\",\"created_by\":\"root\",\"message\":\"\",\"digest\":\"*\""
			",\"data\":{\"pw\":\"two\",\"more\":1},\"metadata\":{\"created_at\":\""
			"*\",\"created_by\":\"root\"}}",
			GET, .path = "secrets/o/db", .revision = 7);
	t = ask(&f, (struct ask){GET, .path = "profiles/o/heir", .wants_source = true});
	cr_expect_eq(t.call.out.kind, BODY_SOURCE);
	told_clear(&t);
}

Test(reads, what_is_not_there_is_said_with_the_reason)
{
	expect_refusal(&f, E_NOT_FOUND, "secrets/o/old does not exist", GET,
		       .path = "secrets/o/old");
	expect_refusal(&f, E_NOT_FOUND, "secrets/o/old version 1 is destroyed", GET,
		       .path = "secrets/o/old", .version = 1);
	expect_refusal(&f, E_NOT_FOUND, "secrets/o/old version 2 is deleted", GET,
		       .path = "secrets/o/old", .version = 2);
	expect_refusal(&f, E_NOT_FOUND, "secrets/o/old has no version 3", GET,
		       .path = "secrets/o/old", .version = 3);
	expect_refusal(&f, E_NOT_FOUND, "secrets/o/old did not exist at revision 7", GET,
		       .path = "secrets/o/old", .revision = 7);
	expect_refusal(&f, E_NOT_FOUND, "secrets/o/old version 2 is deleted", GET,
		       .path = "secrets/o/old", .revision = 10);
	expect_refusal(&f, E_NOT_FOUND, "secrets/o/old version 1 is destroyed", GET,
		       .path = "secrets/o/old", .revision = 8);
	expect_refusal(&f, E_NOT_FOUND, "revision 15 does not exist", GET, .path = "secrets/o/db",
		       .revision = 15);
	expect_response(&f,
			"{\"path\":\"secrets/o/db\",\"version\":3,\"revision\":13,\"created_at"
			"\":\"*\",\"created_by\":\"root\",\"message\":\"\",\"digest\":\"*\""
			",\"data\":{\"pw\":\"b25l\",\"port\":1},\"metadata\":{\"created_at\":\""
			"*\",\"created_by\":\"root\",\"labels\":{\"owner\":\"me\"},\"encoding\""
			":{\"pw\":\"base64\"}}}",
			GET, .path = "secrets/o/db", .revision = 14);
}

Test(reads, an_etag_in_a_list_is_found_wherever_it_stands)
{
	static const struct {
		const char *list;
		bool is_named;
	} cases[] = {
		{"\"v2\"", true},	  {"*", true},
		{"\"v1\", \"v2\"", true}, {"\"v2\" ,\"v1\"", true},
		{"\t\"v2\"\t", true},	  {"W/\"v2\"", true},
		{" , ,W/\"v2\"", true},	  {"\"v1\"", false},
		{"\"v22\"", false},	  {"v2", false},
		{"\"v2\" x", false},	  {"W/W/\"v2\"", false},
		{" \t", false},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct told t = ask(&f, (struct ask){GET, .path = "profiles/o/heir",
						     .etag = cases[i].list});

		cr_expect_eq(t.result, OK);
		cr_expect_str_eq(t.call.out.etag, "\"v2\"");
		cr_expect_eq(t.call.out.is_not_modified, cases[i].is_named, "%s", cases[i].list);
		cr_expect_eq(t.body[0] == '\0', cases[i].is_named, "%s", cases[i].list);
		told_clear(&t);
	}
}

Test(reads, a_list_is_whole)
{
	expect_response(&f,
			"{\"items\":[{\"path\":\"profiles/o/base\",\"version\":1,\"revision\":"
			"5,\"created_at\":\"*\",\"created_by\":\"root\",\"message\":\"why\""
			",\"digest\":\"*\"},{\"path\":\"profiles/o/heir\",\"version\":2"
			",\"revision\":6,\"created_at\":\"*\",\"created_by\":\"root\""
			",\"message\":\"\",\"digest\":\"*\"}]}",
			LIST, .path = "profiles/");
	expect_response(&f,
			"{\"items\":[{\"path\":\"secrets/o/db\",\"version\":3,\"revision\":13"
			",\"created_at\":\"*\",\"created_by\":\"root\",\"message\":\"\""
			",\"digest\":\"*\"}]}",
			LIST, .path = "secrets/");
	expect_response(&f,
			"{\"items\":[{\"path\":\"schemas/s\",\"version\":1,\"revision\":3"
			",\"created_at\":\"*\",\"created_by\":\"root\",\"message\":\"\""
			",\"digest\":\"*\"}]}",
			LIST, .path = "schemas/", .prefix = "s");
	expect_response(&f,
			"{\"items\":[{\"path\":\"schemas/s\",\"version\":1,\"revision\":3"
			",\"created_at\":\"*\",\"created_by\":\"root\",\"message\":\"\""
			",\"digest\":\"*\"}]}",
			LIST, .path = "schemas/", .after = "part");
	expect_response(&f, "{\"items\":[]}", LIST, .path = "schemas/", .after = "schemas/s");
}

Test(reads, versions_are_whole)
{
	expect_response(&f,
			"{\"items\":[{\"path\":\"secrets/o/old\",\"version\":2,\"revision\":9"
			",\"created_at\":\"*\",\"created_by\":\"root\",\"message\":\"\""
			",\"digest\":\"*\",\"state\":\"deleted\"},{\"path\":\"secrets/o/old\""
			",\"version\":1,\"revision\":8,\"created_at\":\"*\",\"created_by\":\"r"
			"oot\",\"message\":\"\",\"digest\":\"*\",\"state\":\"destroyed\"}]}",
			VERSIONS("secrets/o/old"));
	expect_response(&f,
			"{\"items\":[{\"path\":\"profiles/o/heir\",\"version\":2,\"revision\":"
			"6,\"created_at\":\"*\",\"created_by\":\"root\",\"message\":\"\""
			",\"digest\":\"*\",\"state\":\"live\"},{\"path\":\"profiles/o/heir\""
			",\"version\":1,\"revision\":5,\"created_at\":\"*\",\"created_by\":\"r"
			"oot\",\"message\":\"why\",\"digest\":\"*\",\"state\":\"live\"}]}",
			VERSIONS("profiles/o/heir"), .limit = 2);
	expect_response(&f,
			"{\"items\":[{\"path\":\"secrets/o/db\",\"version\":2,\"revision\":7"
			",\"created_at\":\"*\",\"created_by\":\"root\",\"message\":\"\""
			",\"digest\":\"*\",\"state\":\"live\"}]}",
			VERSIONS("secrets/o/db"), .limit = 1, .has_after_number = true,
			.after_number = 3);
}

Test(reads, a_difference_is_whole)
{
	expect_response(&f,
			"{\"path\":\"profiles/o/heir\",\"from\":1,\"to\":2,\"diff\":["
			"{\"pointer\":\"/b/1\",\"op\":\"replace\",\"from\":2,\"to\":3"
			",\"secret\":false},{\"pointer\":\"/c\",\"op\":\"add\",\"to\":\"new\""
			",\"secret\":false}]}",
			DIFF("profiles/o/heir"));
	expect_response(&f,
			"{\"path\":\"secrets/o/db\",\"from\":2,\"to\":3,\"diff\":[{\"pointer\""
			":\"/data/pw\",\"op\":\"replace\",\"secret\":true},{\"pointer\":\"/dat"
			"a/port\",\"op\":\"add\",\"secret\":true},{\"pointer\":\"/data/more\""
			",\"op\":\"remove\",\"secret\":true},{\"pointer\":\"/metadata\""
			",\"op\":\"add\",\"secret\":true}]}",
			DIFF("secrets/o/db"));
	expect_response(&f, "{\"path\":\"secrets/o/db\",\"from\":1,\"to\":3,\"diff\":[]}",
			DIFF("secrets/o/db"), .from = 1, .to = 3);
	expect_refusal(&f, E_NOT_FOUND, "secrets/o/old does not exist", DIFF("secrets/o/old"));
	expect_refusal(&f, E_NOT_FOUND, "secrets/o/old version 2 is deleted", DIFF("secrets/o/old"),
		       .to = 2);
	expect_refusal(&f, E_NOT_FOUND, "secrets/o/old version 1 is destroyed",
		       DIFF("secrets/o/old"), .from = 1, .to = 1);
	expect_refusal(&f, E_NOT_FOUND, "secrets/none does not exist", DIFF("secrets/none"));
	UNDELETE("secrets/o/old", "{\"versions\":[2]}");
	expect_response(&f,
			"{\"path\":\"secrets/o/old\",\"from\":0,\"to\":2,\"diff\":[{\"pointer\""
			":\"\",\"op\":\"add\",\"secret\":true}]}",
			DIFF("secrets/o/old"));
}

Test(reads, each_need_of_a_dependent_has_its_name)
{
	expect_response(&f, "{\"items\":[{\"path\":\"schemas/s\",\"need\":\"schema_ref\"}]}",
			DEPENDENTS("schemas/part"));
	expect_response(&f,
			"{\"items\":[{\"path\":\"profiles/o/base\",\"need\":\"schema\"}"
			",{\"path\":\"profiles/o/heir\",\"need\":\"schema\"}]}",
			DEPENDENTS("schemas/s"));
	expect_response(&f,
			"{\"items\":[{\"path\":\"profiles/o/base\",\"need\":\"secret\"}"
			",{\"path\":\"profiles/o/heir\",\"need\":\"secret\"}]}",
			DEPENDENTS("secrets/o/db"));
	expect_response(&f, "{\"items\":[{\"path\":\"profiles/o/heir\",\"need\":\"extends\"}]}",
			DEPENDENTS("profiles/o/base"));
	expect_response(&f, "{\"items\":[]}", DEPENDENTS("profiles/o/heir"));
	expect_refusal(&f, E_NOT_FOUND, "secrets/o/old does not exist",
		       DEPENDENTS("secrets/o/old"));
	expect(&f, OK, NULL, DELETE, .path = "profiles/o/heir");
	expect_response(&f, "{\"items\":[]}", DEPENDENTS("profiles/o/base"));
}

Test(reads, every_kind_of_change_is_shown_in_its_revision)
{
	expect_response(&f,
			"{\"revision\":1,\"time\":\"*\",\"author\":\"\",\"author_accessor\":nu"
			"ll,\"author_parent\":null,\"message\":\"\",\"source\":\"\",\"request_"
			"id\":\"\",\"changes\":[{\"path\":\"policies/all\",\"action\":\"put\""
			",\"version\":1,\"diff\":[{\"pointer\":\"\",\"op\":\"add\",\"to\":"
			"{\"rules\":[{\"allow\":[\"read\",\"list\",\"write\",\"check\""
			",\"delete\",\"rollback\",\"destroy\",\"audit\",\"grant\",\"admin\"]"
			",\"on\":\"**\"}]},\"secret\":false}]}]}",
			REVISION(1));
	expect_response(&f,
			"{\"revision\":5,\"time\":\"*\",\"author\":\"root\",\"author_accessor\""
			":\"*\",\"author_parent\":null,\"message\":\"why\",\"source\":\"git:1\""
			",\"request_id\":\"test\",\"changes\":[{\"path\":\"profiles/o/base\""
			",\"action\":\"put\",\"version\":1,\"diff\":[{\"pointer\":\"\""
			",\"op\":\"add\",\"to\":{\"$schema\":\"s\",\"a\":1,\"pw\":\"$"
			"{secret:o/db#pw}\"},\"secret\":false}]},{\"path\":\"profiles/o/heir\""
			",\"action\":\"put\",\"version\":1,\"diff\":[{\"pointer\":\"\""
			",\"op\":\"add\",\"to\":{\"$extends\":[\"base\"],\"b\":[1,2]}"
			",\"secret\":false}]}]}",
			REVISION(5));
	expect_response(&f,
			"{\"revision\":6,\"time\":\"*\",\"author\":\"root\",\"author_accessor\""
			":\"*\",\"author_parent\":null,\"message\":\"\",\"source\":\"\""
			",\"request_id\":\"test\",\"changes\":[{\"path\":\"profiles/o/heir\""
			",\"action\":\"put\",\"version\":2,\"diff\":[{\"pointer\":\"/b/1\""
			",\"op\":\"replace\",\"from\":2,\"to\":3,\"secret\":false},{\"pointer\""
			":\"/c\",\"op\":\"add\",\"to\":\"new\",\"secret\":false}]}]}",
			REVISION(6));
	expect_response(&f,
			"{\"revision\":7,\"time\":\"*\",\"author\":\"root\",\"author_accessor\""
			":\"*\",\"author_parent\":null,\"message\":\"\",\"source\":\"\""
			",\"request_id\":\"test\",\"changes\":[{\"path\":\"secrets/o/db\""
			",\"action\":\"put\",\"version\":2,\"diff\":[{\"pointer\":\"/data/pw\""
			",\"op\":\"replace\",\"secret\":true},{\"pointer\":\"/data/more\""
			",\"op\":\"add\",\"secret\":true},{\"pointer\":\"/data/port\""
			",\"op\":\"remove\",\"secret\":true},{\"pointer\":\"/metadata\""
			",\"op\":\"remove\",\"secret\":true}]}]}",
			REVISION(7));
	expect_response(&f,
			"{\"revision\":8,\"time\":\"*\",\"author\":\"root\",\"author_accessor\""
			":\"*\",\"author_parent\":null,\"message\":\"\",\"source\":\"\""
			",\"request_id\":\"test\",\"changes\":[{\"path\":\"secrets/o/old\""
			",\"action\":\"put\",\"version\":1,\"destroyed\":true}]}",
			REVISION(8));
	expect_response(&f,
			"{\"revision\":9,\"time\":\"*\",\"author\":\"root\",\"author_accessor\""
			":\"*\",\"author_parent\":null,\"message\":\"\",\"source\":\"\""
			",\"request_id\":\"test\",\"changes\":[{\"path\":\"secrets/o/old\""
			",\"action\":\"put\",\"version\":2,\"destroyed\":true}]}",
			REVISION(9));
	expect_response(&f,
			"{\"revision\":10,\"time\":\"*\",\"author\":\"root\",\"author_accessor"
			"\":\"*\",\"author_parent\":null,\"message\":\"\",\"source\":\"\""
			",\"request_id\":\"test\",\"changes\":[{\"path\":\"secrets/o/old\""
			",\"action\":\"delete\",\"version\":2,\"diff\":[{\"pointer\":\"\""
			",\"op\":\"remove\",\"secret\":true}]}]}",
			REVISION(10));
	expect_response(&f,
			"{\"revision\":11,\"time\":\"*\",\"author\":\"root\",\"author_accessor"
			"\":\"*\",\"author_parent\":null,\"message\":\"\",\"source\":\"\""
			",\"request_id\":\"test\",\"changes\":[{\"path\":\"secrets/o/old\""
			",\"action\":\"undelete\",\"version\":2,\"diff\":[{\"pointer\":\"\""
			",\"op\":\"add\",\"secret\":true}]}]}",
			REVISION(11));
	expect_response(&f,
			"{\"revision\":12,\"time\":\"*\",\"author\":\"root\",\"author_accessor"
			"\":\"*\",\"author_parent\":null,\"message\":\"\",\"source\":\"\""
			",\"request_id\":\"test\",\"changes\":[{\"path\":\"secrets/o/old\""
			",\"action\":\"destroy\",\"version\":1,\"state_before\":\"live\""
			",\"diff\":[{\"pointer\":\"\",\"op\":\"remove\",\"secret\":true}]}]}",
			REVISION(12));
	expect_response(&f,
			"{\"revision\":13,\"time\":\"*\",\"author\":\"root\",\"author_accessor"
			"\":\"*\",\"author_parent\":null,\"message\":\"\",\"source\":\"\""
			",\"request_id\":\"test\",\"changes\":[{\"path\":\"secrets/o/db\""
			",\"action\":\"rollback\",\"version\":3,\"diff\":[{\"pointer\":\"/data"
			"/pw\",\"op\":\"replace\",\"secret\":true},{\"pointer\":\"/data/port\""
			",\"op\":\"add\",\"secret\":true},{\"pointer\":\"/data/more\""
			",\"op\":\"remove\",\"secret\":true},{\"pointer\":\"/metadata\""
			",\"op\":\"add\",\"secret\":true}]}]}",
			REVISION(13));
	expect_response(&f,
			"{\"revision\":14,\"time\":\"*\",\"author\":\"root\",\"author_accessor"
			"\":\"*\",\"author_parent\":null,\"message\":\"\",\"source\":\"\""
			",\"request_id\":\"test\",\"changes\":[{\"path\":\"secrets/o/old\""
			",\"action\":\"delete\",\"version\":2,\"diff\":[{\"pointer\":\"\""
			",\"op\":\"remove\",\"secret\":true}]}]}",
			REVISION(14));
	DESTROY("secrets/o/old", "{\"versions\":[2]}");
	expect_response(&f,
			"{\"revision\":15,\"time\":\"*\",\"author\":\"root\",\"author_accessor"
			"\":\"*\",\"author_parent\":null,\"message\":\"\",\"source\":\"\""
			",\"request_id\":\"test\",\"changes\":[{\"path\":\"secrets/o/old\""
			",\"action\":\"destroy\",\"version\":2,\"state_before\":\"deleted\""
			",\"diff\":[{\"pointer\":\"\",\"op\":\"remove\",\"secret\":true}]}]}",
			REVISION(15));
	expect_response(&f,
			"{\"revision\":14,\"time\":\"*\",\"author\":\"root\",\"author_accessor"
			"\":\"*\",\"author_parent\":null,\"message\":\"\",\"source\":\"\""
			",\"request_id\":\"test\",\"changes\":[{\"path\":\"secrets/o/old\""
			",\"action\":\"delete\",\"version\":2,\"destroyed\":true}]}",
			REVISION(14));
	expect_refusal(&f, E_NOT_FOUND, "revision 16 does not exist", REVISION(16));
}

Test(reads, revisions_are_whole)
{
	struct told t;

	expect_response(&f,
			"{\"items\":[{\"revision\":14,\"time\":\"*\",\"author\":\"root\""
			",\"author_accessor\":\"*\",\"author_parent\":null,\"message\":\"\""
			",\"source\":\"\",\"request_id\":\"test\"},{\"revision\":13,\"time\":\""
			"*\",\"author\":\"root\",\"author_accessor\":\"*\",\"author_parent\":n"
			"ull,\"message\":\"\",\"source\":\"\",\"request_id\":\"test\"}"
			",{\"revision\":12,\"time\":\"*\",\"author\":\"root\",\"author_accesso"
			"r\":\"*\",\"author_parent\":null,\"message\":\"\",\"source\":\"\""
			",\"request_id\":\"test\"}]}",
			REVISIONS, .limit = 3);
	expect_response(&f,
			"{\"items\":[{\"revision\":6,\"time\":\"*\",\"author\":\"root\""
			",\"author_accessor\":\"*\",\"author_parent\":null,\"message\":\"\""
			",\"source\":\"\",\"request_id\":\"test\"},{\"revision\":5,\"time\":\""
			"*\",\"author\":\"root\",\"author_accessor\":\"*\",\"author_parent\":n"
			"ull,\"message\":\"why\",\"source\":\"git:1\",\"request_id\":\"test\"}"
			"]}",
			REVISIONS, .audit_path = "profiles/o/heir");
	expect_response(&f,
			"{\"items\":[{\"revision\":6,\"time\":\"*\",\"author\":\"root\""
			",\"author_accessor\":\"*\",\"author_parent\":null,\"message\":\"\""
			",\"source\":\"\",\"request_id\":\"test\"}]}",
			REVISIONS, .audit_path = "profiles/", .limit = 1);
	expect_response(&f,
			"{\"items\":[{\"revision\":1,\"time\":\"*\",\"author\":\"\",\"author_a"
			"ccessor\":null,\"author_parent\":null,\"message\":\"\",\"source\":\"\""
			",\"request_id\":\"\"}]}",
			REVISIONS, .has_after_number = true, .after_number = 2);
	expect_response(&f, "{\"items\":[]}", REVISIONS, .has_after_number = true,
			.after_number = 1);
	t = ask(&f, (struct ask){REVISIONS, .limit = 3});
	cr_expect_str_eq(t.call.out.next, "12");
	told_clear(&t);
	t = ask(&f, (struct ask){REVISIONS, .audit_path = "profiles/o/heir", .limit = 2});
	cr_expect_str_eq(t.call.out.next, "");
	told_clear(&t);
}

Test(reads, who_may_list_but_not_read_is_told_names_and_no_content)
{
	CLEANUP(buf_clear)
	struct buf token = fixture_token(&f, "lister",
					 "rules: [{allow: [list], on: secrets/**}, "
					 "{allow: [read], on: profiles/o/heir}]");

	expect_response(&f,
			"{\"items\":[{\"path\":\"secrets/o/db\",\"version\":3,\"revision\":13"
			",\"created_at\":\"*\",\"created_by\":\"root\",\"message\":\"\"}]}",
			LIST, .path = "secrets/", .token = token.data);
	expect_response(&f,
			"{\"revision\":7,\"time\":\"*\",\"author\":\"root\",\"author_accessor\""
			":\"*\",\"author_parent\":null,\"message\":\"\",\"source\":\"\""
			",\"request_id\":\"test\",\"changes\":[{\"path\":\"secrets/o/db\""
			",\"action\":\"put\",\"version\":2}]}",
			REVISION(7), .token = token.data);
	expect_response(&f,
			"{\"revision\":12,\"time\":\"*\",\"author\":\"root\",\"author_accessor"
			"\":\"*\",\"author_parent\":null,\"message\":\"\",\"source\":\"\""
			",\"request_id\":\"test\",\"changes\":[{\"path\":\"secrets/o/old\""
			",\"action\":\"destroy\",\"version\":1}]}",
			REVISION(12), .token = token.data);
	expect_response(&f,
			"{\"revision\":5,\"time\":\"*\",\"author\":\"root\",\"author_accessor\""
			":\"*\",\"author_parent\":null,\"message\":\"why\",\"source\":\"git:1\""
			",\"request_id\":\"test\",\"changes\":[{\"path\":\"profiles/o/heir\""
			",\"action\":\"put\",\"version\":1,\"diff\":[{\"pointer\":\"\""
			",\"op\":\"add\",\"to\":{\"$extends\":[\"base\"],\"b\":[1,2]}"
			",\"secret\":false}]}]}",
			REVISION(5), .token = token.data);
	expect_response(&f, "{\"items\":[]}", DEPENDENTS("profiles/o/heir"), .token = token.data);
	expect_refusal(&f, E_FORBIDDEN, "you may not list any document that the revision changed",
		       REVISION(2), .token = token.data);
	expect_refusal(&f, E_FORBIDDEN, "you may not list anything under this path", REVISIONS,
		       .audit_path = "profiles/o/heir", .token = token.data);
	expect_refusal(&f, E_FORBIDDEN, "you may not list anything under this path", REVISIONS,
		       .audit_path = "profiles/", .token = token.data);
	expect_response(&f,
			"{\"items\":[{\"revision\":14,\"time\":\"*\",\"author\":\"root\""
			",\"author_accessor\":\"*\",\"author_parent\":null,\"message\":\"\""
			",\"source\":\"\",\"request_id\":\"test\"}]}",
			REVISIONS, .audit_path = "secrets/o/old", .limit = 1, .token = token.data);
	expect_response(&f,
			"{\"items\":[{\"revision\":7,\"time\":\"*\",\"author\":\"root\""
			",\"author_accessor\":\"*\",\"author_parent\":null,\"message\":\"\""
			",\"source\":\"\",\"request_id\":\"test\"},{\"revision\":4,\"time\":\""
			"*\",\"author\":\"root\",\"author_accessor\":\"*\",\"author_parent\":n"
			"ull,\"message\":\"\",\"source\":\"\",\"request_id\":\"test\"}]}",
			REVISIONS, .token = token.data, .has_after_number = true,
			.after_number = 8);
}
