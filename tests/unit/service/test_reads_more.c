/* Reads by time, of secrets as they are stored, of long histories and of what is no document or
 * configuration. */
#include "answers.h"

#include "service/engine/engine.h"

#include <stdio.h>
#include <stdlib.h>
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

TestSuite(reads_more, .init = open_it, .fini = close_it);

static void put(const char *path, const char *yaml)
{
	expect(&f, OK, NULL, PUT, .path = path, .body = yaml, .is_yaml = true);
}

Test(reads_more, a_secret_is_shown_with_its_encoding_and_the_time_and_author_that_are_true)
{
	put("secrets/x", "data: {k: AAEC}\nencoding: {k: base64}\n"
			 "metadata: {created_at: never, created_by: forged, labels: {a: b}}\n");
	put("secrets/y", "data: {}\n");
	expect_response(&f,
			"{\"path\":\"secrets/x\",\"version\":1,\"revision\":2,\"created"
			"_at\":\"*\",\"created_by\":\"root\",\"message\":\"\",\"digest"
			"\":\"*\",\"data\":{\"k\":\"AAEC\"},\"encoding\":{\"k\":\"base6"
			"4\"},\"metadata\":{\"created_at\":\"*\",\"created_by\":\"root"
			"\",\"labels\":{\"a\":\"b\"}}}",
			GET, .path = "secrets/x");
	expect_response(&f,
			"{\"path\":\"secrets/y\",\"version\":1,\"revision\":3,\"created"
			"_at\":\"*\",\"created_by\":\"root\",\"message\":\"\",\"digest"
			"\":\"*\",\"data\":{},\"metadata\":{\"created_at\":\"*\",\"crea"
			"ted_by\":\"root\"}}",
			GET, .path = "secrets/y");
}

static struct asking *begun(struct ask what)
{
	struct asking *a = ask_begin(&f, what);

	cr_assert(ask_wait(a, 10000));
	cr_assert_eq(ask_call(a)->out.result, OK, "%s", ask_call(a)->out.error.text);
	return a;
}

/* What of an answer's body is said beside it. */
static void expect_body(struct ask what, enum body_kind kind, bool is_secret, const char *type)
{
	struct asking *a = begun(what);

	cr_expect_eq(ask_call(a)->out.kind, kind);
	cr_expect_eq(ask_call(a)->out.body->is_secret, is_secret);
	cr_expect(slice_is_text(ask_call(a)->out.content_type, type));
	ask_free(a);
}

#define BODY(kind_, is_secret_, type_, ...) \
	expect_body((struct ask){__VA_ARGS__}, kind_, is_secret_, type_)

Test(reads_more, what_is_of_a_secret_is_wiped_and_a_source_has_its_type)
{
	put("secrets/x", "data: {k: v}\n");
	put("profiles/a/x", "p: ${secret:x#k}\n");
	expect(&f, OK, NULL, PUT, .path = "profiles/a/j", .body = "{}");
	BODY(BODY_SOURCE, true, "application/yaml", GET, .path = "secrets/x", .wants_source = true);
	BODY(BODY_SOURCE, false, "application/yaml", GET, .path = "profiles/a/x",
	     .wants_source = true);
	BODY(BODY_SOURCE, false, "application/json", GET, .path = "profiles/a/j",
	     .wants_source = true);
	BODY(BODY_JSON, true, "", GET, .path = "secrets/x");
	BODY(BODY_JSON, false, "", GET, .path = "profiles/a/x");
	BODY(BODY_JSON, false, "", CONFIG, .path = "config/a/x");
	BODY(BODY_JSON, true, "", CONFIG, .path = "config/a/x", .is_revealed = true);
	BODY(BODY_YAML, true, "", CONFIG, .path = "config/a/x", .is_revealed = true,
	     .format = CONFIG_YAML);
	BODY(BODY_PROPERTIES, false, "", CONFIG, .path = "config/a/x", .format = CONFIG_PROPERTIES);
	BODY(BODY_ENV, false, "", CONFIG, .path = "config/a/x", .format = CONFIG_ENV);
	BODY(BODY_TEXT, false, "", CONFIG, .path = "config/a/x", .format = CONFIG_RAW, .key = "/p");
	BODY(BODY_JSON, true, "", CONFIG, .path = "config/a/x", .is_explained = true,
	     .is_revealed = true, .format = CONFIG_YAML);
}

/* No worker is needed: the answer is there when the call comes back. */
Test(reads_more, what_is_small_is_answered_at_once)
{
	static const struct ask asks[] = {
		{GET, .path = "profiles/a/j"},
		{GET, .path = "profiles/a/x", .wants_source = true},
		{CONFIG, .path = "config/a/j"},
		{CONFIG, .path = "config/a/j", .format = CONFIG_YAML},
		{CONFIG, .path = "config/a/j", .key = "/n"},
		{CONFIG, .path = "config/a/j", .is_revealed = true},
		{GET, .path = "profiles/a/none"},
	};

	put("profiles/a/x", "p: 1\n");
	expect(&f, OK, NULL, PUT, .path = "profiles/a/j", .body = "{\"n\":1}");
	expect(&f, OK, NULL, CONFIG, .path = "config/a/j");
	for (size_t i = 0; i < sizeof asks / sizeof *asks; i++) {
		struct asking *a = ask_begin(&f, asks[i]);

		cr_expect_eq(ask_state(a), CALL_DONE, "%zu", i);
		cr_assert(ask_wait(a, 10000));
		ask_free(a);
	}
}

Test(reads_more, a_time_means_the_revision_of_then)
{
	static const char nothing[] = "nothing was stored yet at that time";
	int64_t later = INT64_C(1) << 42;

	put("profiles/a/x", "p: 1\n");
	expect_refusal(&f, E_NOT_FOUND, nothing, GET, .path = "profiles/a/x", .at_ms = 999);
	expect_refusal(&f, E_NOT_FOUND, nothing, CONFIG, .path = "config/a/x", .at_ms = 999);
	expect(&f, OK, "\"version\":1", GET, .path = "policies/all", .at_ms = 1000);
	expect_refusal(&f, E_NOT_FOUND, "profiles/a/x did not exist at revision 1", GET,
		       .path = "profiles/a/x", .at_ms = 1000);
	expect_refusal(&f, E_NOT_FOUND, "config/a/x did not exist at revision 1", CONFIG,
		       .path = "config/a/x", .at_ms = 1000);
	expect(&f, OK, "\"p\":1", GET, .path = "profiles/a/x", .at_ms = later);
	expect(&f, OK, "\"p\":1", CONFIG, .path = "config/a/x", .at_ms = later);
	expect(&f, OK, NULL, DELETE, .path = "profiles/a/x");
	expect(&f, OK, "\"p\":1", CONFIG, .path = "config/a/x", .revision = 2);
}

Test(reads_more, what_is_no_configuration_is_none_however_it_is_asked_for)
{
	char path[PATH_BYTES_MAX + 40] = "config/";

	put("profiles/a/x", "p: 1\n");
	expect_refusal(&f, E_NOT_FOUND, "fonfig/a/x does not exist", CONFIG, .path = "fonfig/a/x");
	expect_refusal(&f, E_MALFORMED, "not the path of a configuration: config/app/profile",
		       CONFIG, .path = "fonfig/a/x", .revision = 2);
	memset(path + 7, 'x', PATH_BYTES_MAX + 1);
	expect(&f, E_NOT_FOUND, NULL, CONFIG, .path = path);
	expect(&f, E_MALFORMED, NULL, CONFIG, .path = path, .revision = 2);
	path[7 + PATH_BYTES_MAX] = '\0';
	expect(&f, E_NOT_FOUND, NULL, CONFIG, .path = path);
	expect(&f, E_NOT_FOUND, NULL, CONFIG, .path = path, .revision = 2);
	expect(&f, E_MALFORMED, NULL, GET, .path = "nothing/a/x");
}

static int count_of(const char *text, const char *word)
{
	int ret = 0;

	while ((text = strstr(text, word)) != NULL) {
		ret++;
		text += strlen(word);
	}
	return ret;
}

static void expect_page(struct ask what, int count, const char *next)
{
	struct told t = ask(&f, what);

	cr_assert_eq(t.result, OK);
	cr_expect_eq(count_of(t.body, "\"revision\":"), count, "%d",
		     count_of(t.body, "\"revision\":"));
	cr_expect_str_eq(t.call.out.next, next);
	told_clear(&t);
}

#define PAGE(count_, next_, ...) expect_page((struct ask){__VA_ARGS__}, count_, next_)
#define REVISIONS		 .verb = VERB_REVISION_LIST

/* More than are read from the store at a time, of which a reader may see a few far apart. */
Test(reads_more, a_long_history_goes_page_by_page_without_a_gap)
{
	CLEANUP(buf_clear)
	struct buf token = fixture_token(&f, "some", "rules: [{allow: [list], on: profiles/b/*}]");

	put("profiles/b/x", "n: 1\n");
	for (int i = 0; i < 108; i++)
		put("profiles/a/x", i % 2 == 0 ? "n: 1\n" : "n: 2\n");
	put("profiles/b/x", "n: 2\n");
	PAGE(112, "", REVISIONS, .limit = 150);
	PAGE(112, "", REVISIONS, .limit = 112);
	PAGE(111, "2", REVISIONS, .limit = 111);
	PAGE(101, "12", REVISIONS, .limit = 101);
	PAGE(11, "", REVISIONS, .limit = 101, .has_after_number = true, .after_number = 12);
	PAGE(108, "", REVISIONS, .limit = 120, .audit_path = "profiles/a/x");
	PAGE(2, "", REVISIONS, .limit = 5, .token = token.data);
	PAGE(1, "112", REVISIONS, .limit = 1, .token = token.data);
	PAGE(1, "", REVISIONS, .has_after_number = true, .after_number = 112, .token = token.data);
	PAGE(0, "", REVISIONS, .has_after_number = true, .after_number = 3, .token = token.data);
}

Test(reads_more, a_page_that_is_just_full_is_the_last)
{
	char text[2 * PATH_BYTES_MAX - 7] = {0};
	struct told t;

	put("profiles/a/x", "n: 1\n");
	put("profiles/a/y", "n: 1\n");
	t = ask(&f, (struct ask){LIST, .path = "profiles/", .limit = 2});
	cr_expect_str_eq(t.call.out.next, "");
	told_clear(&t);
	t = ask(&f, (struct ask){LIST, .path = "profiles/", .limit = 1});
	cr_expect_str_eq(t.call.out.next, "profiles/a/x");
	told_clear(&t);
	put("profiles/a/x", "n: 2\n");
	t = ask(&f, (struct ask){.verb = VERB_DOCUMENT_VERSIONS,
				 .permission = MAY_READ,
				 .path = "profiles/a/x",
				 .limit = 2});
	cr_expect_str_eq(t.call.out.next, "");
	told_clear(&t);
	memset(text, 'x', sizeof text - 1);
	expect_refusal(&f, E_MALFORMED, "the path is longer than a path can be", LIST,
		       .path = "profiles/", .prefix = text);
	expect_refusal(&f, E_MALFORMED, "the path is longer than a path can be", LIST,
		       .path = "profiles/", .after = text);
	text[2 * PATH_BYTES_MAX - 9] = '\0';
	expect_response(&f, "{\"items\":[]}", LIST, .path = "profiles/", .prefix = text);
}

Test(reads_more, a_schema_refers_to_schemas_of_this_store_only)
{
	static const char *const uris[] = {"https://example.com/s", "reeve:///profiles/a/x",
					   "reeve:///secrets/x"};
	char body[100];

	put("profiles/a/x", "{type: object}\n");
	put("secrets/x", "data: {}\n");
	for (size_t i = 0; i < sizeof uris / sizeof *uris; i++) {
		snprintf(body, sizeof body, "{$ref: \"%s\"}\n", uris[i]);
		expect(&f, E_INVALID, "does not exist here, and nothing is fetched", PUT,
		       .path = "schemas/s", .body = body, .is_yaml = true);
	}
	put("schemas/t", "{type: object}\n");
	put("schemas/s", "{$ref: \"reeve:///schemas/t\"}\n");
}
