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

TestSuite(lists, .init = open_it, .fini = close_it);

#define BASE		"profiles/orders/base"
#define PROD		"profiles/orders/production"
#define VERSIONS(path_) .verb = VERB_DOCUMENT_VERSIONS, .permission = MAY_READ, .path = path_
#define DIFF(path_)	.verb = VERB_DOCUMENT_DIFF, .permission = MAY_READ, .path = path_

static void put(const char *path, const char *yaml)
{
	expect(&f, OK, NULL, PUT, .path = path, .body = yaml, .is_yaml = true);
}

/* Fills the store with two versions of all that a history can show. */
static void fill(void)
{
	put("schemas/s", "{type: object, properties: {a: {type: integer, x-reload: live}}}");
	put("secrets/orders/db", "{data: {password: CANARY-1}}");
	put(BASE, "$schema: s\na: 1\npw: ${secret:orders/db#password}\n");
	put(PROD, "$extends: [base]\nb: 1\n");
	put(BASE, "$schema: s\na: 2\npw: ${secret:orders/db#password}\n");
	put("secrets/orders/db", "{data: {password: CANARY-2}}");
}

/* The answer, of which the test wants to see the absence of something. */
static void expect_absent(struct ask what, const char *text)
{
	struct told t = ask(&f, what);

	cr_assert_eq(t.result, OK, "%s", t.call.out.error.text);
	cr_expect_null(strstr(t.body, text), "`%s` is in %s", text, t.body);
	told_clear(&t);
}

Test(lists, a_list_goes_page_by_page_and_leaves_out_what_is_deleted)
{
	struct told t;

	put("profiles/a/x", "{}");
	put("profiles/a/y", "{}");
	put("profiles/b/x", "{}");
	expect(&f, OK, NULL, DELETE, .path = "profiles/a/y");
	t = ask(&f, (struct ask){LIST, .path = "profiles/", .limit = 1});
	cr_expect_str_eq(t.call.out.next, "profiles/a/x");
	cr_expect_not_null(
		strstr(t.body, "\"path\":\"profiles/a/x\",\"version\":1,\"revision\":2"));
	told_clear(&t);
	t = ask(&f, (struct ask){LIST, .path = "profiles/", .after = "profiles/a/x"});
	cr_expect_str_eq(t.call.out.next, "");
	cr_expect_not_null(strstr(t.body, "profiles/b/x"));
	cr_expect_null(strstr(t.body, "profiles/a/"));
	told_clear(&t);
	expect_absent((struct ask){LIST, .path = "profiles/", .prefix = "a/"}, "profiles/b");
}

Test(lists, a_list_shows_what_its_reader_may_list_and_digests_of_secrets_they_may_read)
{
	CLEANUP(buf_clear)
	struct buf token = fixture_token(
		&f, "lister",
		"rules: [{allow: [list], on: secrets/a/*}, "
		"{allow: [read], on: secrets/a/open}, {deny: [list], on: secrets/a/no}]");

	put("secrets/a/open", "{data: {k: v}}");
	put("secrets/a/shut", "{data: {k: v}}");
	put("secrets/a/no", "{data: {k: v}}");
	put("secrets/b/x", "{data: {k: v}}");
	expect(&f, OK, "secrets/a/shut", LIST, .path = "secrets/", .token = token.data);
	expect_absent((struct ask){LIST, .path = "secrets/", .token = token.data}, "secrets/a/no");
	expect_absent((struct ask){LIST, .path = "secrets/", .token = token.data}, "secrets/b");
	expect(&f, OK, "digest", LIST, .path = "secrets/", .prefix = "a/open", .token = token.data);
	expect_absent((struct ask){LIST, .path = "secrets/", .prefix = "a/s", .token = token.data},
		      "digest");
	expect(&f, E_FORBIDDEN, NULL, LIST, .path = "secrets/", .prefix = "b/",
	       .token = token.data);
	expect(&f, E_FORBIDDEN, NULL, LIST, .path = "profiles/", .token = token.data);
}

Test(lists, versions_come_newest_first_with_their_state)
{
	struct told t;

	put(BASE, "a: 1\n");
	put(BASE, "a: 2\n");
	expect(&f, OK, NULL, DELETE, .path = BASE);
	t = ask(&f, (struct ask){VERSIONS(BASE), .limit = 1});
	cr_expect_not_null(strstr(t.body, "\"version\":2"));
	cr_expect_not_null(strstr(t.body, "\"state\":\"deleted\""));
	cr_expect_str_eq(t.call.out.next, "2");
	told_clear(&t);
	expect(&f, OK, "\"state\":\"live\"", VERSIONS(BASE), .has_after_number = true,
	       .after_number = 2);
	expect(&f, OK, "{\"items\":[]}", VERSIONS(BASE), .has_after_number = true,
	       .after_number = 1);
	expect(&f, E_NOT_FOUND, NULL, VERSIONS("profiles/orders/none"));
}

Test(lists, a_diff_names_the_places_and_of_a_secret_nothing_else)
{
	fill();
	expect(&f, OK,
	       "{\"pointer\":\"/a\",\"op\":\"replace\",\"from\":1,\"to\":2,\"secret\":false}",
	       DIFF(BASE));
	expect(&f, OK, "\"from\":2,\"to\":1,\"secret\":false", DIFF(BASE), .from = 2, .to = 1);
	expect(&f, OK, "{\"pointer\":\"/data/password\",\"op\":\"replace\",\"secret\":true}",
	       DIFF("secrets/orders/db"));
	expect_absent((struct ask){DIFF("secrets/orders/db")}, "CANARY");
	expect(&f, E_NOT_FOUND, "no version 9", DIFF(BASE), .to = 9);
	expect(&f, OK, "secret.diff", AUDIT, .audit_path = "secrets/orders/db");
}

Test(lists, a_first_version_differs_from_nothing)
{
	put(BASE, "a: 1\n");
	expect(&f, OK, "\"from\":0,\"to\":1,\"diff\":[{\"pointer\":\"\",\"op\":\"add\"",
	       DIFF(BASE));
}

Test(lists, dependents_are_named_to_who_may_list_them)
{
	CLEANUP(buf_clear)
	struct buf token = fixture_token(&f, "half",
					 "rules: [{allow: [read], on: secrets/**}, "
					 "{allow: [list], on: profiles/orders/production}]");

	fill();
	expect(&f, OK,
	       "[{\"path\":\"profiles/orders/base\",\"need\":\"schema\"},"
	       "{\"path\":\"profiles/orders/production\",\"need\":\"schema\"}]",
	       .verb = VERB_DOCUMENT_DEPENDENTS, .permission = MAY_READ, .path = "schemas/s");
	expect(&f, OK, "[{\"path\":\"profiles/orders/production\",\"need\":\"secret\"}]",
	       .verb = VERB_DOCUMENT_DEPENDENTS, .permission = MAY_READ,
	       .path = "secrets/orders/db", .token = token.data);
}

Test(lists, a_revision_is_shown_to_who_may_list_something_in_it)
{
	CLEANUP(buf_clear)
	struct buf token = fixture_token(&f, "some", "rules: [{allow: [list], on: secrets/**}]");

	fill();
	expect(&f, OK, "\"revision\":8", .verb = VERB_REVISION_LIST);
	expect(&f, OK, "\"revision\":4", .verb = VERB_REVISION_LIST, .token = token.data);
	expect_absent((struct ask){.verb = VERB_REVISION_LIST, .token = token.data},
		      "\"revision\":5");
	expect(&f, E_FORBIDDEN, NULL, .verb = VERB_REVISION_LIST, .audit_path = BASE,
	       .token = token.data);
	expect(&f, E_FORBIDDEN, NULL, .verb = VERB_REVISION_GET, .revision = 5,
	       .token = token.data);
	expect(&f, OK,
	       "\"changes\":[{\"path\":\"secrets/orders/db\",\"action\":\"put\",\"version\":1}]",
	       .verb = VERB_REVISION_GET, .revision = 4, .token = token.data);
	expect(&f, E_NOT_FOUND, "99", .verb = VERB_REVISION_GET, .revision = 99);
}

Test(lists, revisions_of_one_path_go_page_by_page)
{
	struct told t;

	fill();
	t = ask(&f, (struct ask){.verb = VERB_REVISION_LIST,
				 .audit_path = "profiles/orders/",
				 .limit = 2});
	cr_expect_not_null(strstr(t.body, "\"revision\":6"));
	cr_expect_not_null(strstr(t.body, "\"revision\":5"));
	cr_expect_str_eq(t.call.out.next, "5");
	told_clear(&t);
	t = ask(&f, (struct ask){.verb = VERB_REVISION_LIST,
				 .audit_path = "profiles/orders/",
				 .has_after_number = true,
				 .after_number = 5});
	cr_expect_not_null(strstr(t.body, "\"revision\":4"));
	cr_expect_str_eq(t.call.out.next, "");
	told_clear(&t);
}

Test(lists, a_revision_shows_what_it_changed_and_never_a_secret)
{
	fill();
	expect(&f, OK,
	       "{\"pointer\":\"/a\",\"op\":\"replace\",\"from\":1,\"to\":2,\"secret\":false}",
	       .verb = VERB_REVISION_GET, .revision = 6);
	expect(&f, OK, "\"/data/password\"", .verb = VERB_REVISION_GET, .revision = 7);
	expect_absent((struct ask){.verb = VERB_REVISION_GET, .revision = 7}, "CANARY");
	expect(&f, OK, "revision.read", AUDIT, .audit_path = "secrets/orders/db");
}

#define CONFIG_VERSIONS(path_) .verb = VERB_CONFIG_VERSIONS, .permission = MAY_READ, .path = path_
#define CONFIG_DIFF(path_)     .verb = VERB_CONFIG_DIFF, .permission = MAY_READ, .path = path_
#define PRODUCTION	       "config/orders/production"

Test(lists, a_configuration_has_the_history_of_its_parents_and_secrets)
{
	struct told t;

	fill();
	t = ask(&f, (struct ask){CONFIG_VERSIONS(PRODUCTION), .limit = 2});
	cr_assert_eq(t.result, OK);
	cr_expect_not_null(strstr(t.body, "\"revision\":7"), "%s", t.body);
	cr_expect_not_null(strstr(t.body, "\"revision\":6"), "%s", t.body);
	cr_expect_str_eq(t.call.out.next, "6");
	told_clear(&t);
	expect(&f, E_NOT_FOUND, NULL, CONFIG_VERSIONS("config/orders/none"));
}

Test(lists, a_configurations_diff_names_the_cause_and_how_it_may_be_taken_on)
{
	fill();
	expect(&f, OK,
	       "{\"pointer\":\"/a\",\"op\":\"replace\",\"from\":1,\"to\":2,\"secret\":false,"
	       "\"reload\":\"live\",\"origin\":{\"path\":\"profiles/orders/base\",\"version\":2,"
	       "\"line\":2,\"column\":4}}",
	       CONFIG_DIFF(PRODUCTION), .from = 5, .to = 6);
	expect(&f, OK, "\"from\":6,\"to\":7", CONFIG_DIFF(PRODUCTION));
	expect(&f, OK, "\"pointer\":\"/pw\",\"op\":\"replace\",\"secret\":true",
	       CONFIG_DIFF(PRODUCTION));
	expect_absent((struct ask){CONFIG_DIFF(PRODUCTION)}, "CANARY");
	expect(&f, E_NOT_FOUND, "99", CONFIG_DIFF(PRODUCTION), .to = 99);
	expect(&f, E_NOT_FOUND, NULL, CONFIG_DIFF("config/orders/none"));
}
