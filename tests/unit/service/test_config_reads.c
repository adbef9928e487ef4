/* Whole answers about configurations: what each value comes from, how two differ, and who may know
 * it. */
#include "answers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fixture f;

static void put(const char *path, const char *yaml)
{
	expect(&f, OK, NULL, PUT, .path = path, .body = yaml, .is_yaml = true);
}

#define HEIR	  "config/o/heir"
#define HISTORY	  .verb = VERB_CONFIG_VERSIONS, .permission = MAY_READ
#define DIFF(...) .verb = VERB_CONFIG_DIFF, .permission = MAY_READ, __VA_ARGS__

/* Revisions 2 to 10. */
static void open_it(void)
{
	fixture_open(&f);
	put("schemas/s", "{type: object, properties: {a: {type: integer, x-reload: live}}}");
	put("secrets/o/db", "data: {pw: one, port: 1}\n");
	put("secrets/o/two", "data: {k: v}\n");
	put("profiles/o/base", "$schema: s\na: 1\nlist: [x, {y: 1}]\npw: ${secret:o/db#pw}\n");
	put("profiles/o/heir", "$extends: [base]\nempty: {}\npwd: ${secret:o/two#k}\n"
			       "url: u-${secret:o/db?version=1#pw}\n");
	put("secrets/o/db", "data: {pw: two, port: 1}\n");
	put("profiles/o/base", "$schema: s\na: 2\nlist: [x, {y: 1}, z]\npw: ${secret:o/db#pw}\n");
	put("profiles/o/heir", "$extends: [base]\nempty: {}\npwd: ${secret:o/two#k}\n"
			       "url: u-${secret:o/db?version=1#pw}\nnew: true\n");
	put("secrets/o/two", "data: {k: w}\n");
}

static void close_it(void)
{
	fixture_close(&f);
}

TestSuite(config_reads, .init = open_it, .fini = close_it);

Test(config_reads, an_explanation_is_whole)
{
	expect_response(&f,
			"{\"content\":{\"a\":2,\"list\":[\"x\",{\"y\":1},\"z\"],\"pw\":\"$"
			"{secret:o/db#pw}\",\"empty\":{},\"pwd\":\"${secret:o/two#k}\""
			",\"url\":\"u-${secret:o/db?version=1#pw}\",\"new\":true},\"origins\":"
			"{\"/a\":{\"path\":\"profiles/o/base\",\"version\":2,\"line\":2"
			",\"column\":4},\"/list/0\":{\"path\":\"profiles/o/base\",\"version\":"
			"2,\"line\":3,\"column\":8},\"/list/1/y\":{\"path\":\"profiles/o/base\""
			",\"version\":2,\"line\":3,\"column\":15},\"/list/2\":{\"path\":\"prof"
			"iles/o/base\",\"version\":2,\"line\":3,\"column\":19},\"/pw\":"
			"{\"path\":\"profiles/o/base\",\"version\":2,\"line\":4,\"column\":5}"
			",\"/empty\":{\"path\":\"profiles/o/heir\",\"version\":2,\"line\":2"
			",\"column\":8},\"/pwd\":{\"path\":\"profiles/o/heir\",\"version\":2"
			",\"line\":3,\"column\":6},\"/url\":{\"path\":\"profiles/o/heir\""
			",\"version\":2,\"line\":4,\"column\":6},\"/new\":{\"path\":\"profiles"
			"/o/heir\",\"version\":2,\"line\":5,\"column\":6}},\"secrets\":"
			"{\"/pw\":{\"path\":\"secrets/o/db\",\"key\":\"pw\",\"version\":2}"
			",\"/pwd\":{\"path\":\"secrets/o/two\",\"key\":\"k\",\"version\":2}"
			",\"/url\":{\"path\":\"secrets/o/db\",\"key\":\"pw\",\"version\":1}}"
			",\"warnings\":[]}",
			CONFIG, .path = HEIR, .is_explained = true);
	expect_response(&f,
			"{\"content\":\"two\",\"origins\":{\"/pw\":{\"path\":\"profiles/o/base"
			"\",\"version\":2,\"line\":4,\"column\":5}},\"secrets\":{\"/pw\":"
			"{\"path\":\"secrets/o/db\",\"key\":\"pw\",\"version\":2}},\"warnings\""
			":[]}",
			CONFIG, .path = HEIR, .is_explained = true, .is_revealed = true,
			.key = "/pw");
	expect_response(&f,
			"{\"content\":{\"y\":1},\"origins\":{\"/list/1/y\":{\"path\":\"profile"
			"s/o/base\",\"version\":2,\"line\":3,\"column\":15}},\"secrets\":"
			"{},\"warnings\":[]}",
			CONFIG, .path = HEIR, .is_explained = true, .key = "/list/1");
	expect_response(&f,
			"{\"content\":{},\"origins\":{\"/empty\":{\"path\":\"profiles/o/heir\""
			",\"version\":2,\"line\":2,\"column\":8}},\"secrets\":{},\"warnings\":"
			"[]}",
			CONFIG, .path = HEIR, .is_explained = true, .key = "/empty");
	expect_response(&f,
			"{\"content\":{\"a\":1,\"list\":[\"x\",{\"y\":1}],\"pw\":\"${secret:o/"
			"db#pw}\",\"empty\":{},\"pwd\":\"${secret:o/two#k}\",\"url\":\"u-$"
			"{secret:o/db?version=1#pw}\"},\"origins\":{\"/a\":{\"path\":\"profile"
			"s/o/base\",\"version\":1,\"line\":2,\"column\":4},\"/list/0\":"
			"{\"path\":\"profiles/o/base\",\"version\":1,\"line\":3,\"column\":8}"
			",\"/list/1/y\":{\"path\":\"profiles/o/base\",\"version\":1,\"line\":3"
			",\"column\":15},\"/pw\":{\"path\":\"profiles/o/base\",\"version\":1"
			",\"line\":4,\"column\":5},\"/empty\":{\"path\":\"profiles/o/heir\""
			",\"version\":1,\"line\":2,\"column\":8},\"/pwd\":{\"path\":\"profiles"
			"/o/heir\",\"version\":1,\"line\":3,\"column\":6},\"/url\":{\"path\":\""
			"profiles/o/heir\",\"version\":1,\"line\":4,\"column\":6}},\"secrets\""
			":{\"/pw\":{\"path\":\"secrets/o/db\",\"key\":\"pw\",\"version\":1}"
			",\"/pwd\":{\"path\":\"secrets/o/two\",\"key\":\"k\",\"version\":1}"
			",\"/url\":{\"path\":\"secrets/o/db\",\"key\":\"pw\",\"version\":1}}"
			",\"warnings\":[]}",
			CONFIG, .path = HEIR, .is_explained = true, .revision = 6);
}

Test(config_reads, an_explanation_names_only_what_its_reader_may_read)
{
	CLEANUP(buf_clear)
	struct buf token =
		fixture_token(&f, "some",
			      "rules: [{allow: [read], on: config/**}, {allow: [read], on: "
			      "profiles/o/heir}, {allow: [read], on: secrets/o/two}]");

	expect_response(&f,
			"{\"content\":{\"a\":2,\"list\":[\"x\",{\"y\":1},\"z\"],\"pw\":\"$"
			"{secret:o/db#pw}\",\"empty\":{},\"pwd\":\"${secret:o/two#k}\""
			",\"url\":\"u-${secret:o/db?version=1#pw}\",\"new\":true},\"origins\":"
			"{\"/a\":{},\"/list/0\":{},\"/list/1/y\":{},\"/list/2\":{},\"/pw\":"
			"{},\"/empty\":{\"path\":\"profiles/o/heir\",\"version\":2,\"line\":2"
			",\"column\":8},\"/pwd\":{\"path\":\"profiles/o/heir\",\"version\":2"
			",\"line\":3,\"column\":6},\"/url\":{\"path\":\"profiles/o/heir\""
			",\"version\":2,\"line\":4,\"column\":6},\"/new\":{\"path\":\"profiles"
			"/o/heir\",\"version\":2,\"line\":5,\"column\":6}},\"secrets\":"
			"{\"/pw\":{},\"/pwd\":{\"path\":\"secrets/o/two\",\"key\":\"k\""
			",\"version\":2},\"/url\":{}},\"warnings\":[]}",
			CONFIG, .path = HEIR, .is_explained = true, .token = token.data);
	expect_response(&f,
			"{\"config\":\"o/heir\",\"from\":6,\"to\":10,\"from_state\":\"live\""
			",\"to_state\":\"live\",\"diff\":[{\"pointer\":\"/a\",\"op\":\"replace"
			"\",\"from\":1,\"to\":2,\"secret\":false,\"reload\":\"live\"}"
			",{\"pointer\":\"/list/2\",\"op\":\"add\",\"to\":\"z\",\"secret\":fals"
			"e,\"reload\":\"next-run\"},{\"pointer\":\"/new\",\"op\":\"add\""
			",\"to\":true,\"secret\":false,\"reload\":\"next-run\",\"origin\":"
			"{\"path\":\"profiles/o/heir\",\"version\":2,\"line\":5,\"column\":6}}"
			",{\"pointer\":\"/pw\",\"op\":\"replace\",\"secret\":true,\"reload\":\""
			"next-run\"},{\"pointer\":\"/pwd\",\"op\":\"replace\",\"secret\":true"
			",\"reload\":\"next-run\",\"origin\":{\"path\":\"secrets/o/two\""
			",\"version\":2}}]}",
			DIFF(.path = HEIR), .from = 6, .to = 10, .token = token.data);
	expect_response(&f,
			"{\"items\":[{\"revision\":10,\"time\":\"*\",\"author\":\"root\""
			",\"author_accessor\":\"*\",\"author_parent\":null,\"message\":\"\""
			",\"state\":\"live\"}]}",
			HISTORY, .path = HEIR, .limit = 1, .token = token.data);
}

Test(config_reads, warnings_stand_in_an_explanation)
{
	put("profiles/o/warn", "a: yes\nb: on\n");
	expect_response(&f,
			"{\"content\":{\"a\":\"yes\",\"b\":\"on\"},\"origins\":{\"/a\":"
			"{\"path\":\"profiles/o/warn\",\"version\":1,\"line\":1,\"column\":4}"
			",\"/b\":{\"path\":\"profiles/o/warn\",\"version\":1,\"line\":2"
			",\"column\":4}},\"secrets\":{},\"warnings\":[\"has no $schema: it is "
			"stored unchecked\"]}",
			CONFIG, .path = "config/o/warn", .is_explained = true);
}

Test(config_reads, a_difference_is_whole)
{
	expect_response(&f,
			"{\"config\":\"o/heir\",\"from\":6,\"to\":10,\"from_state\":\"live\""
			",\"to_state\":\"live\",\"diff\":[{\"pointer\":\"/a\",\"op\":\"replace"
			"\",\"from\":1,\"to\":2,\"secret\":false,\"reload\":\"live\",\"origin\""
			":{\"path\":\"profiles/o/base\",\"version\":2,\"line\":2,\"column\":4}"
			"},{\"pointer\":\"/list/2\",\"op\":\"add\",\"to\":\"z\",\"secret\":fal"
			"se,\"reload\":\"next-run\",\"origin\":{\"path\":\"profiles/o/base\""
			",\"version\":2,\"line\":3,\"column\":19}},{\"pointer\":\"/new\""
			",\"op\":\"add\",\"to\":true,\"secret\":false,\"reload\":\"next-run\""
			",\"origin\":{\"path\":\"profiles/o/heir\",\"version\":2,\"line\":5"
			",\"column\":6}},{\"pointer\":\"/pw\",\"op\":\"replace\",\"secret\":tr"
			"ue,\"reload\":\"next-run\",\"origin\":{\"path\":\"secrets/o/db\""
			",\"version\":2}},{\"pointer\":\"/pwd\",\"op\":\"replace\",\"secret\":"
			"true,\"reload\":\"next-run\",\"origin\":{\"path\":\"secrets/o/two\""
			",\"version\":2}}]}",
			DIFF(.path = HEIR), .from = 6);
	expect_response(&f,
			"{\"config\":\"o/heir\",\"from\":10,\"to\":6,\"from_state\":\"live\""
			",\"to_state\":\"live\",\"diff\":[{\"pointer\":\"/a\",\"op\":\"replace"
			"\",\"from\":2,\"to\":1,\"secret\":false,\"reload\":\"live\",\"origin\""
			":{\"path\":\"profiles/o/base\",\"version\":1,\"line\":2,\"column\":4}"
			"},{\"pointer\":\"/list/2\",\"op\":\"remove\",\"from\":\"z\",\"secret\""
			":false,\"reload\":\"next-run\",\"origin\":{\"path\":\"profiles/o/base"
			"\",\"version\":2,\"line\":3,\"column\":19}},{\"pointer\":\"/new\""
			",\"op\":\"remove\",\"from\":true,\"secret\":false,\"reload\":\"next-r"
			"un\",\"origin\":{\"path\":\"profiles/o/heir\",\"version\":2,\"line\":"
			"5,\"column\":6}},{\"pointer\":\"/pw\",\"op\":\"replace\",\"secret\":t"
			"rue,\"reload\":\"next-run\",\"origin\":{\"path\":\"secrets/o/db\""
			",\"version\":1}},{\"pointer\":\"/pwd\",\"op\":\"replace\",\"secret\":"
			"true,\"reload\":\"next-run\",\"origin\":{\"path\":\"secrets/o/two\""
			",\"version\":1}}]}",
			DIFF(.path = HEIR), .from = 10, .to = 6);
	expect_response(&f,
			"{\"config\":\"o/heir\",\"from\":9,\"to\":10,\"from_state\":\"live\""
			",\"to_state\":\"live\",\"diff\":[{\"pointer\":\"/pwd\",\"op\":\"repla"
			"ce\",\"secret\":true,\"reload\":\"next-run\",\"origin\":{\"path\":\"s"
			"ecrets/o/two\",\"version\":2}}]}",
			DIFF(.path = HEIR));
	expect_response(&f,
			"{\"config\":\"o/heir\",\"from\":0,\"to\":6,\"from_state\":\"gone\""
			",\"to_state\":\"live\",\"diff\":[{\"pointer\":\"\",\"op\":\"add\""
			",\"to\":{\"a\":1,\"list\":[\"x\",{\"y\":1}],\"pw\":\"${secret:o/db#pw"
			"}\",\"empty\":{},\"pwd\":\"${secret:o/two#k}\",\"url\":\"u-$"
			"{secret:o/db?version=1#pw}\"},\"secret\":false,\"reload\":\"next-run\""
			",\"origin\":{\"path\":\"profiles/o/heir\",\"version\":1,\"line\":1"
			",\"column\":1}}]}",
			DIFF(.path = HEIR), .to = 6);
	expect_response(&f,
			"{\"config\":\"o/heir\",\"from\":5,\"to\":7,\"from_state\":\"gone\""
			",\"to_state\":\"live\",\"diff\":[{\"pointer\":\"\",\"op\":\"add\""
			",\"to\":{\"a\":1,\"list\":[\"x\",{\"y\":1}],\"pw\":\"${secret:o/db#pw"
			"}\",\"empty\":{},\"pwd\":\"${secret:o/two#k}\",\"url\":\"u-$"
			"{secret:o/db?version=1#pw}\"},\"secret\":false,\"reload\":\"next-run\""
			",\"origin\":{\"path\":\"profiles/o/heir\",\"version\":1,\"line\":1"
			",\"column\":1}}]}",
			DIFF(.path = HEIR), .from = 5, .to = 7);
	expect_response(&f,
			"{\"config\":\"o/heir\",\"from\":10,\"to\":10,\"from_state\":\"live\""
			",\"to_state\":\"live\",\"diff\":[]}",
			DIFF(.path = HEIR), .from = 10, .to = 10);
	expect_refusal(&f, E_NOT_FOUND, "config/o/heir was served at neither revision",
		       DIFF(.path = HEIR), .from = 2, .to = 3);
	expect_refusal(&f, E_NOT_FOUND, "revision 11 does not exist", DIFF(.path = HEIR),
		       .from = 11);
	expect_refusal(&f, E_NOT_FOUND, "revision 12 does not exist", DIFF(.path = HEIR),
		       .from = 11, .to = 12);
	expect_refusal(&f, E_NOT_FOUND, "config/o/none does not exist",
		       DIFF(.path = "config/o/none"));
	expect_refusal(&f, E_NOT_FOUND, "config/o/heir does not exist", DIFF(.path = HEIR),
		       .to = 4);
}

Test(config_reads, what_went_and_came_has_its_state)
{
	struct told t;

	expect(&f, OK, NULL, DELETE, .path = "profiles/o/heir");
	put("profiles/o/heir", "n: 1\n");
	expect(&f, OK, NULL, DELETE, .path = "profiles/o/heir");
	expect_response(&f,
			"{\"items\":[{\"revision\":13,\"time\":\"*\",\"author\":\"root\""
			",\"author_accessor\":\"*\",\"author_parent\":null,\"message\":\"\""
			",\"state\":\"gone\"},{\"revision\":12,\"time\":\"*\",\"author\":\"roo"
			"t\",\"author_accessor\":\"*\",\"author_parent\":null,\"message\":\"\""
			",\"state\":\"live\"},{\"revision\":11,\"time\":\"*\",\"author\":\"roo"
			"t\",\"author_accessor\":\"*\",\"author_parent\":null,\"message\":\"\""
			",\"state\":\"gone\"},{\"revision\":10,\"time\":\"*\",\"author\":\"roo"
			"t\",\"author_accessor\":\"*\",\"author_parent\":null,\"message\":\"\""
			",\"state\":\"live\"},{\"revision\":9,\"time\":\"*\",\"author\":\"root"
			"\",\"author_accessor\":\"*\",\"author_parent\":null,\"message\":\"\""
			",\"state\":\"live\"},{\"revision\":8,\"time\":\"*\",\"author\":\"root"
			"\",\"author_accessor\":\"*\",\"author_parent\":null,\"message\":\"\""
			",\"state\":\"live\"},{\"revision\":7,\"time\":\"*\",\"author\":\"root"
			"\",\"author_accessor\":\"*\",\"author_parent\":null,\"message\":\"\""
			",\"state\":\"live\"},{\"revision\":6,\"time\":\"*\",\"author\":\"root"
			"\",\"author_accessor\":\"*\",\"author_parent\":null,\"message\":\"\""
			",\"state\":\"live\"}]}",
			HISTORY, .path = HEIR);
	expect_response(&f,
			"{\"items\":[{\"revision\":7,\"time\":\"*\",\"author\":\"root\""
			",\"author_accessor\":\"*\",\"author_parent\":null,\"message\":\"\""
			",\"state\":\"live\"},{\"revision\":6,\"time\":\"*\",\"author\":\"root"
			"\",\"author_accessor\":\"*\",\"author_parent\":null,\"message\":\"\""
			",\"state\":\"live\"}]}",
			HISTORY, .path = HEIR, .has_after_number = true, .after_number = 8);
	expect_response(&f, "{\"items\":[]}", HISTORY, .path = HEIR, .has_after_number = true,
			.after_number = 1);
	expect_response(&f, "{\"items\":[]}", HISTORY, .path = HEIR, .has_after_number = true,
			.after_number = 6);
	expect_response(&f,
			"{\"config\":\"o/heir\",\"from\":12,\"to\":13,\"from_state\":\"live\""
			",\"to_state\":\"gone\",\"diff\":[{\"pointer\":\"\",\"op\":\"remove\""
			",\"from\":{\"n\":1},\"secret\":false,\"reload\":\"next-run\""
			",\"origin\":{\"path\":\"profiles/o/heir\",\"version\":3,\"line\":1"
			",\"column\":1}}]}",
			DIFF(.path = HEIR));
	expect_response(&f,
			"{\"config\":\"o/heir\",\"from\":11,\"to\":12,\"from_state\":\"gone\""
			",\"to_state\":\"live\",\"diff\":[{\"pointer\":\"\",\"op\":\"add\""
			",\"to\":{\"n\":1},\"secret\":false,\"reload\":\"next-run\",\"origin\""
			":{\"path\":\"profiles/o/heir\",\"version\":3,\"line\":1,\"column\":1}"
			"}]}",
			DIFF(.path = HEIR), .from = 11, .to = 12);
	expect_refusal(&f, E_NOT_FOUND, "config/o/heir was served at neither revision",
		       DIFF(.path = HEIR), .from = 11, .to = 13);
	expect_refusal(&f, E_NOT_FOUND, "config/o/heir does not exist", CONFIG, .path = HEIR);
	expect_refusal(&f, E_NOT_FOUND, "config/o/heir did not exist at revision 13", CONFIG,
		       .path = HEIR, .revision = 13);
	expect_refusal(&f, E_NOT_FOUND, "config/o/none does not exist", HISTORY,
		       .path = "config/o/none");
	t = ask(&f, (struct ask){HISTORY, .path = HEIR, .limit = 3});
	cr_expect_str_eq(t.call.out.next, "11");
	told_clear(&t);
	t = ask(&f, (struct ask){HISTORY, .path = HEIR, .limit = 8});
	cr_expect_str_eq(t.call.out.next, "");
	told_clear(&t);
}

Test(config_reads, an_abstract_profile_says_so_now_and_then)
{
	put("profiles/o/abstract", "$abstract: true\na: 1\n");
	put("profiles/o/abstract", "$abstract: true\na: 2\n");
	expect_refusal(
		&f, E_NOT_FOUND,
		"config/o/abstract is abstract: it is served only through profiles that extend it",
		CONFIG, .path = "config/o/abstract");
	expect_refusal(
		&f, E_NOT_FOUND,
		"config/o/abstract was abstract: it is served only through profiles that extend it",
		CONFIG, .path = "config/o/abstract", .revision = 11);
}

Test(config_reads, what_a_forced_write_left_wrong_is_said_now_and_then)
{
	static const char now[] =
		"config/o/heir cannot be served: a forced write has deleted or changed a "
		"document that it needs";
	static const char then[] = "config/o/heir was not served at revision 11: a forced write "
				   "had deleted or changed a document that it needed";

	expect(&f, OK, NULL, DELETE, .path = "profiles/o/base", .is_forced = true);
	expect_refusal(&f, E_INVALID, now, CONFIG, .path = HEIR);
	expect_refusal(&f, E_INVALID, then, CONFIG, .path = HEIR, .revision = 11);
	expect_response(&f,
			"{\"items\":[{\"revision\":11,\"time\":\"*\",\"author\":\"root\""
			",\"author_accessor\":\"*\",\"author_parent\":null,\"message\":\"\""
			",\"state\":\"gone\"}]}",
			HISTORY, .path = HEIR, .limit = 1);
	expect_response(&f,
			"{\"config\":\"o/heir\",\"from\":10,\"to\":11,\"from_state\":\"live\""
			",\"to_state\":\"gone\",\"diff\":[{\"pointer\":\"\",\"op\":\"remove\""
			",\"from\":{\"a\":2,\"list\":[\"x\",{\"y\":1},\"z\"],\"pw\":\"$"
			"{secret:o/db#pw}\",\"empty\":{},\"pwd\":\"${secret:o/two#k}\""
			",\"url\":\"u-${secret:o/db?version=1#pw}\",\"new\":true},\"secret\":f"
			"alse,\"reload\":\"next-run\",\"origin\":{\"path\":\"profiles/o/heir\""
			",\"version\":2,\"line\":1,\"column\":1}}]}",
			DIFF(.path = HEIR));
	expect(&f, OK, "\"a\":2", CONFIG, .path = HEIR, .revision = 10);
	put("profiles/o/base", "a: 3\n");
	expect(&f, OK, "\"a\":3", CONFIG, .path = HEIR);
	expect_refusal(&f, E_INVALID, then, CONFIG, .path = HEIR, .revision = 11);
}

Test(config_reads, a_place_that_is_not_there_is_no_response_in_any_form)
{
	static const char *const keys[] = {"/none", "/list/3", "a", "/a/b", "/list/~2", "/pw/x"};

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		expect_refusal(&f, E_NOT_FOUND, "config/o/heir has no value at this key", CONFIG,
			       .path = HEIR, .key = keys[i]);
		expect_refusal(&f, E_NOT_FOUND, "config/o/heir has no value at this key", CONFIG,
			       .path = HEIR, .key = keys[i], .is_explained = true);
		expect_refusal(&f, E_NOT_FOUND, "config/o/heir has no value at this key", CONFIG,
			       .path = HEIR, .key = keys[i], .is_revealed = true);
	}
	expect_response(&f, "[\"x\",{\"y\":1},\"z\"]", CONFIG, .path = HEIR, .key = "/list",
			.format = CONFIG_RAW);
	expect_response(&f, "- x\n- \"y\": 1\n- z\n", CONFIG, .path = HEIR, .key = "/list",
			.format = CONFIG_YAML);
	expect_response(&f, "u-one", CONFIG, .path = HEIR, .key = "/url", .format = CONFIG_RAW,
			.is_revealed = true);
}

static void etag_of(char *ret, struct ask what)
{
	struct told t = ask(&f, what);

	cr_assert_eq(t.result, OK, "%s", t.call.out.error.text);
	strcpy(ret, t.call.out.etag);
	told_clear(&t);
}

/* Each has an ETag of its own, under which it, and only it, is not sent again. */
Test(config_reads, each_form_has_an_etag_of_its_own)
{
	static const struct ask forms[] = {
		{CONFIG, .path = HEIR},
		{CONFIG, .path = HEIR, .is_revealed = true},
		{CONFIG, .path = HEIR, .format = CONFIG_YAML},
		{CONFIG, .path = HEIR, .format = CONFIG_YAML, .is_revealed = true},
		{CONFIG, .path = HEIR, .key = "/list"},
		{CONFIG, .path = HEIR, .key = "/pw"},
		{CONFIG, .path = HEIR, .revision = 6},
		{CONFIG, .path = "config/o/base"},
	};
	char etags[8][ETAG_BYTES];

	for (size_t i = 0; i < 8; i++) {
		etag_of(etags[i], forms[i]);
		cr_expect_eq(strlen(etags[i]), 34, "%s", etags[i]);
		cr_expect_eq(strspn(etags[i] + 1, "0123456789abcdef"), 32, "%s", etags[i]);
		for (size_t k = 0; k <= i; k++) {
			struct ask again = forms[i];
			struct told t;

			again.etag = etags[k];
			t = ask(&f, again);
			cr_expect_eq(t.call.out.is_not_modified, k == i, "form %zu as %zu", i, k);
			cr_expect_eq(t.body[0] == '\0', k == i);
			told_clear(&t);
		}
	}
	etag_of(etags[0], (struct ask){CONFIG, .path = HEIR, .is_explained = true});
	cr_expect_str_eq(etags[0], "");
}

Test(config_reads, a_value_that_only_looks_alike_has_another_etag)
{
	char one[ETAG_BYTES], two[ETAG_BYTES];

	put("profiles/e/x", "a: ${secret:o/db#pw}\n");
	etag_of(one, (struct ask){CONFIG, .path = "config/e/x"});
	put("profiles/e/x", "a: ${secret:o/two#pw:-d}\n");
	etag_of(two, (struct ask){CONFIG, .path = "config/e/x"});
	cr_expect_str_neq(one, two);
	put("secrets/o/two", "data: {k: w}\n");
	etag_of(one, (struct ask){CONFIG, .path = "config/e/x"});
	cr_expect_str_neq(one, two, "a new version of a secret");
}
