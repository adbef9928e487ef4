#include "answers.h"

#include <stdio.h>
#include <string.h>

static struct fixture f;

#define SOURCE(name_) "{\"data\":{\"k\":\"value-of-" name_ "\",\"n\":7}}"

static void put(const char *path, const char *body)
{
	expect(&f, OK, NULL, PUT, .path = path, .body = body, .is_yaml = true);
}

/* Three secrets that one profile refers to, one of them pinned to a version that is not the current
 * one. */
static void open_it(void)
{
	fixture_open(&f);
	put("schemas/s", "{type: object, properties: {a: {minLength: 3}, b: {minLength: 3}, "
			 "c: {minLength: 3}}}");
	put("secrets/one", SOURCE("one"));
	put("secrets/two", SOURCE("two"));
	put("secrets/three", SOURCE("three"));
	put("secrets/two", SOURCE("two-again"));
	put("profiles/a/x", "$schema: s\na: ${secret:one#k}\nb: ${secret:two?version=1#k}\n"
			    "c: ${secret:three#k}\n");
}

static void close_it(void)
{
	fixture_close(&f);
}

TestSuite(audit_draft, .init = open_it, .fini = close_it);

#define AX   CONFIG, .path = "config/a/x"
#define ALL3 "secrets/one 1 mac\nsecrets/two 1 mac\nsecrets/three 1 mac\n"

Test(audit_draft, a_reveal_names_each_of_several_secrets)
{
	static const char *const touched = "config/a/x 0\n" ALL3;

	for (int format = CONFIG_JSON; format <= CONFIG_ENV; format++)
		expect_entry(&f, OK, "config.read", "", touched, AX, .is_revealed = true,
			     .format = (enum config_format)format);
	expect_entry(&f, OK, "config.read", "", touched, AX, .is_revealed = true, .key = "/c");
	expect_entry(&f, E_NOT_FOUND, "config.read", "config/a/x has no value at this key", touched,
		     AX, .is_revealed = true, .key = "/none");
	expect_entry(&f, OK, "config.read", "", touched, AX, .is_revealed = true, .revision = 7);
	fixture_restart(&f); /* now by a worker, who makes it ready first */
	expect_entry(&f, OK, "config.read", "", touched, AX, .is_revealed = true);
}

Test(audit_draft, a_reveal_names_a_secret_for_which_a_default_stands_in_the_end)
{
	put("profiles/a/d", "a: ${secret:one#none:-x}\nb: ${secret:two#none:-y}\n"
			    "c: ${secret:gone#k:-z}\n");
	expect_entry(&f, OK, "config.read", "",
		     "config/a/d 0\nsecrets/one 1 mac\nsecrets/two 2 mac\n", CONFIG,
		     .path = "config/a/d", .is_revealed = true);
	expect(&f, OK, "{\"a\":\"x\",\"b\":\"y\",\"c\":\"z\"}", CONFIG, .path = "config/a/d",
	       .is_revealed = true);
}

Test(audit_draft, an_explanation_with_values_names_each_of_several_secrets)
{
	expect_entry(&f, OK, "config.read", "", "config/a/x 0\n" ALL3, AX, .is_revealed = true,
		     .is_explained = true);
	expect_entry(&f, OK, "config.read", "", "config/a/x 0\n" ALL3, AX, .is_revealed = true,
		     .is_explained = true, .key = "/b");
}

Test(audit_draft, validation_names_each_of_several_secrets_that_it_looks_at)
{
	static const char refused[] =
		"$schema: s\na: ${secret:one#k}\nb: ${secret:two?version=1#k}\n"
		"c: ${secret:three#n}\n";

	expect_entry(&f, OK, "secret.read", "dry run", ALL3, PUT, .path = "profiles/a/x",
		     .body = "$schema: s\na: ${secret:one#k}\nb: ${secret:two?version=1#k}\n"
			     "c: ${secret:three#k}\nd: 1\n",
		     .is_yaml = true, .is_dry_run = true);
	expect_entry(&f, OK, "document.put", "", ALL3 "profiles/a/x 2 mac\n", PUT,
		     .path = "profiles/a/x",
		     .body = "$schema: s\na: ${secret:one#k}\nb: ${secret:two?version=1#k}\n"
			     "c: ${secret:three#k}\nd: 1\n",
		     .is_yaml = true);
	put("schemas/s", "{type: object, properties: {a: {minLength: 3}, b: {minLength: 3}, "
			 "c: {type: string}}}");
	expect_entry(&f, E_INVALID, "document.put", "it would leave 1 problem behind",
		     ALL3 "profiles/a/x 0\n", PUT, .path = "profiles/a/x", .body = refused,
		     .is_yaml = true);
}

Test(audit_draft, a_schema_that_is_tightened_names_each_of_several_secrets)
{
	static const char tighter[] = "{type: object, properties: {a: {minLength: 4}, "
				      "b: {minLength: 4}, c: {minLength: 4}}}";

	expect_entry(&f, OK, "secret.read", "dry run", ALL3, PUT, .path = "schemas/s",
		     .body = tighter, .is_yaml = true, .is_dry_run = true);
	expect_entry(&f, OK, "document.put", "", ALL3 "schemas/s 2 mac\n", PUT, .path = "schemas/s",
		     .body = tighter, .is_yaml = true);
}

Test(audit_draft, a_revision_of_several_secrets_names_each_version_that_it_shows)
{
	expect(&f, OK, NULL, .verb = VERB_BATCH,
	       .body = "{\"changes\":[{\"op\":\"put\",\"path\":\"secrets/one\",\"content\":"
		       "{\"data\":{\"k\":\"later\"}}},{\"op\":\"put\",\"path\":\"secrets/three\","
		       "\"content\":{\"data\":{\"k\":\"later\"}}},{\"op\":\"put\",\"path\":"
		       "\"secrets/new\",\"content\":{\"data\":{\"k\":\"new\"}}}]}");
	expect_entry(&f, OK, "revision.read", "",
		     "secrets/new 1 mac\nsecrets/one 1 mac\nsecrets/one 2 mac\n"
		     "secrets/three 1 mac\nsecrets/three 2 mac\n",
		     .verb = VERB_REVISION_GET, .revision = 8);
}

Test(audit_draft, a_refused_reveal_names_each_secret_that_may_not_be_read)
{
	CLEANUP(buf_clear)
	struct buf token = fixture_token(&f, "some",
					 "rules: [{allow: [read], on: config/**}, "
					 "{allow: [read], on: secrets/two}]");
	struct told t;

	expect_entry(&f, E_FORBIDDEN, "config.read", "it refers to secrets that you may not read",
		     "secrets/one 0\nsecrets/three 0\nconfig/a/x 0\n", AX, .is_revealed = true,
		     .token = token.data);
	t = ask(&f, (struct ask){AX, .is_revealed = true, .token = token.data});
	cr_expect_str_eq(t.problems,
			 "[{\"profile\":\"a/x\",\"pointer\":\"/a\",\"keyword\":\"\",\"message\":"
			 "\"refers to a secret that you may not read\"},{\"profile\":\"a/x\","
			 "\"pointer\":\"/c\",\"keyword\":\"\",\"message\":\"refers to a secret "
			 "that you may not read\"}]");
	told_clear(&t);
}

/* What a dry run of a profile says that refers to each kind of value. */
static struct told check_kinds(const char *token)
{
	return ask(&f,
		   (struct ask){PUT, .path = "profiles/k/x", .is_yaml = true, .is_dry_run = true,
				.token = token,
				.body = "$schema: k\ns: ${secret:kinds#s}\nn: ${secret:kinds#n}\n"
					"f: ${secret:kinds#f}\nb: ${secret:kinds#b}\n"
					"o: ${secret:kinds#o}\nl: ${secret:kinds#l}\n"});
}

static void put_kinds(const char *rule_of_s)
{
	char schema[300];

	put("secrets/kinds", "data: {s: text, n: 7, f: 1.5, b: true, o: {x: 1}, l: [1, 2]}\n");
	snprintf(schema, sizeof schema,
		 "{properties: {s: {type: string, %s}, n: {type: integer}, f: {type: number}, "
		 "b: {type: boolean}, o: {type: object}, l: {type: array}}}",
		 rule_of_s);
	put("schemas/k", schema);
}

Test(audit_draft, who_may_list_a_secret_and_not_read_it_learns_its_kind_only)
{
	CLEANUP(buf_clear)
	struct buf lister = fixture_token(&f, "lister",
					  "rules: [{allow: [list, use], on: secrets/**}, {allow: "
					  "[read, write], on: profiles/**}, {allow: [read], on: "
					  "schemas/**}]");
	CLEANUP(buf_clear)
	struct buf reader =
		fixture_token(&f, "reader",
			      "rules: [{allow: [read], on: secrets/**}, {allow: [read, "
			      "write], on: profiles/**}, {allow: [read], on: schemas/**}]");
	struct told t;

	put_kinds("const: wrong");
	t = check_kinds(lister.data);
	cr_assert_eq(t.result, OK, "%s", t.call.out.error.text);
	cr_expect_not_null(strstr(t.body, "\"errors\":[]"), "%s", t.body);
	cr_expect_not_null(strstr(t.body, "\"keyword\":\"const\""), "%s", t.body);
	cr_expect_not(t.call.out.has_audit_index);
	told_clear(&t);
	t = check_kinds(reader.data);
	cr_assert_eq(t.result, OK, "%s", t.call.out.error.text);
	cr_expect_null(strstr(t.body, "\"errors\":[]"), "%s", t.body);
	cr_expect_not_null(strstr(t.body, "\"unchecked\":[]"), "%s", t.body);
	cr_expect(t.call.out.has_audit_index);
	told_clear(&t);
}
