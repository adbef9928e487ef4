#include "fixture.h"

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

TestSuite(bounds, .init = open_it, .fini = close_it);

static char *quoted(const char *before, size_t len, const char *after)
{
	char *text = malloc(strlen(before) + len + strlen(after) + 1);

	sprintf(text, "%s%*s%s", before, (int)len, "", after);
	return text;
}

Test(bounds, what_is_too_large_is_refused)
{
	char *document = quoted("{\"a\":\"", 1 << 20, "\"}");
	char *secret = quoted("{\"data\":{\"a\":\"", 512 << 10, "\"}}");

	expect(&f, E_TOO_LARGE, NULL, PUT, .path = "profiles/a/b", .body = document);
	expect(&f, E_TOO_LARGE, NULL, PUT, .path = "secrets/a", .body = secret);
	free(document);
	free(secret);
	f.settings.batch_changes_max = 1;
	fixture_restart(&f);
	expect(&f, E_TOO_LARGE, NULL, .verb = VERB_BATCH,
	       .body = "{\"changes\":[{\"op\":\"delete\",\"path\":\"profiles/a/b\"},"
		       "{\"op\":\"delete\",\"path\":\"profiles/a/c\"}]}");
}

/* Ten thousand values, each of which an explanation, a diff and a properties file name by its whole
 * pointer. */
static char *long_pointers(char value)
{
	enum { KEY_LEN = 100000, LEAVES = 10000 };
	char *text = malloc(KEY_LEN + 64 + LEAVES * 2);
	size_t at = (size_t)sprintf(text, "{\"small\":1,\"");

	memset(text + at, 'k', KEY_LEN);
	at += KEY_LEN;
	at += (size_t)sprintf(text + at, "\":[%c", value);
	for (int i = 1; i < LEAVES; i++)
		at += (size_t)sprintf(text + at, ",%c", value);
	sprintf(text + at, "]}");
	return text;
}

Test(bounds, no_answer_is_larger_than_an_response_may_be)
{
	char *one = long_pointers('1'), *two = long_pointers('2');

	expect(&f, OK, NULL, PUT, .path = "profiles/a/b", .body = one);
	expect(&f, OK, NULL, CONFIG, .path = "config/a/b");
	expect(&f, E_LIMIT, "`?key=`", CONFIG, .path = "config/a/b", .is_explained = true);
	expect(&f, OK, "\"/small\":{", CONFIG, .path = "config/a/b", .is_explained = true,
	       .key = "/small");
	expect(&f, E_LIMIT, "64 MiB", CONFIG, .path = "config/a/b", .format = CONFIG_PROPERTIES);
	expect(&f, E_LIMIT, "64 MiB", PUT, .path = "profiles/a/b", .body = two, .is_dry_run = true);
	expect(&f, OK, NULL, PUT, .path = "profiles/a/b", .body = two);
	expect(&f, E_LIMIT, "64 MiB", .verb = VERB_CONFIG_DIFF, .permission = MAY_READ,
	       .path = "config/a/b");
	expect(&f, E_LIMIT, "64 MiB", .verb = VERB_DOCUMENT_DIFF, .permission = MAY_READ,
	       .path = "profiles/a/b");
	free(one);
	free(two);
}

Test(bounds, a_rotated_secret_shows_at_every_place_that_refers_to_it)
{
	CLEANUP(buf_clear) struct buf body = BUF_NULL;

	buf_append_text(&body, "{\"l\":[1");
	for (int i = 1; i < 5000; i++)
		buf_append_text(&body, ",\"${secret:a/db#k}\"");
	buf_append_text(&body, "]}");
	expect(&f, OK, NULL, PUT, .path = "secrets/a/db", .body = "{\"data\":{\"k\":\"one\"}}");
	expect(&f, OK, NULL, PUT, .path = "profiles/a/b", .body = body.data);
	expect(&f, OK, NULL, PUT, .path = "secrets/a/db", .body = "{\"data\":{\"k\":\"two\"}}");
	expect(&f, OK, "{\"pointer\":\"/l/4999\",\"op\":\"replace\",\"secret\":true,",
	       .verb = VERB_CONFIG_DIFF, .permission = MAY_READ, .path = "config/a/b");
}

/* The largest documents of several forms: all that was stored can be asked for in every way. */
static const struct {
	const char *before, *unit, *behind;
	unsigned units; /* 0: as many as a document's bytes allow */
} largest[] = {
	{"{\"a\":[1", ",2", "]}", 99990},
	{"{\"a\":\"", "x", "\"}", 0},
	{"{\"a\":\"", "\\u0001", "\"}", 0},
	{"{\"a\":\"", "\xf0\x9f\x98\x80", "\"}", 0},
	{"{\"", "k", "\":1}", 0},
	{"{\"", "\\n", "\":1}", 0},
	{"{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1", ",1",
	 "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}", 99000},
};

Test(bounds, what_can_be_stored_can_be_shown)
{
	for (size_t i = 0; i < sizeof largest / sizeof *largest; i++) {
		CLEANUP(buf_clear) struct buf body = BUF_NULL;
		size_t room = (1 << 20) - 100;

		buf_append_text(&body, largest[i].before);
		for (unsigned n = 0; largest[i].units != 0 ? n < largest[i].units : body.len < room;
		     n++)
			buf_append_text(&body, largest[i].unit);
		buf_append_text(&body, largest[i].behind);
		expect(&f, OK, NULL, PUT, .path = "profiles/a/b", .body = "{}");
		expect(&f, OK, NULL, PUT, .path = "profiles/a/b", .body = body.data,
		       .is_dry_run = true);
		expect(&f, OK, NULL, PUT, .path = "profiles/a/b", .body = body.data);
		for (int format = CONFIG_JSON; format <= CONFIG_RAW; format++)
			expect(&f, OK, NULL, CONFIG, .path = "config/a/b",
			       .format = (enum config_format)format);
		expect(&f, OK, "\"origins\"", CONFIG, .path = "config/a/b", .is_explained = true);
		expect(&f, OK, NULL, CONFIG, .path = "config/a/b", .is_revealed = true);
		expect(&f, OK, NULL, GET, .path = "profiles/a/b");
		expect(&f, OK, "\"op\":\"add\"", .verb = VERB_DOCUMENT_DIFF, .permission = MAY_READ,
		       .path = "profiles/a/b");
		expect(&f, OK, "\"op\":\"add\"", .verb = VERB_CONFIG_DIFF, .permission = MAY_READ,
		       .path = "config/a/b");
	}
}

Test(bounds, a_write_that_too_many_depend_on_is_refused_and_nothing_changes)
{
	char path[64];

	expect(&f, OK, NULL, PUT, .path = "profiles/a/base", .body = "{\"n\":1}");
	for (int i = 0; i < 5; i++) {
		snprintf(path, sizeof path, "profiles/a/heir%d", i);
		expect(&f, OK, NULL, PUT, .path = path, .body = "{\"$extends\":[\"base\"]}");
	}
	f.settings.affected_max = 5;
	fixture_restart(&f);
	expect(&f, E_LIMIT, "more than 5", PUT, .path = "profiles/a/base", .body = "{\"n\":2}");
	expect(&f, OK, "\"n\":1", CONFIG, .path = "config/a/heir3");
}

Test(bounds, no_more_wait_than_may)
{
	struct asking *a;
	struct told t;

	expect(&f, OK, NULL, PUT, .path = "profiles/a/b", .body = "{}");
	f.settings.waiters_max = 1;
	fixture_restart(&f);
	expect(&f, OK, NULL, CONFIG, .path = "config/a/b");
	a = ask_begin(&f, (struct ask){CONFIG, .path = "config/a/b", .etag = "*", .wait_ms = 9000});
	cr_expect_eq(ask_state(a), CALL_WAITING);
	t = ask(&f, (struct ask){CONFIG, .path = "config/a/b", .etag = "*", .wait_ms = 9000});
	cr_expect_eq(t.result, E_BUSY);
	told_clear(&t);
	cr_expect(service_forget(f.service, ask_call(a)));
	ask_free(a);
}

Test(bounds, a_small_cache_serves_as_well)
{
	char path[64], config[64], text[64];

	f.settings.cache_bytes_max = 12000;
	fixture_restart(&f);
	for (int i = 0; i < 20; i++) {
		snprintf(path, sizeof path, "profiles/a/p%d", i);
		snprintf(text, sizeof text, "{\"n\":%d}", i);
		expect(&f, OK, NULL, PUT, .path = path, .body = text);
	}
	for (int i = 0; i < 60; i++) {
		snprintf(config, sizeof config, "config/a/p%d", i % 20);
		snprintf(text, sizeof text, "{\"n\":%d}", i % 20);
		expect(&f, OK, text, CONFIG, .path = config);
	}
}

Test(bounds, a_drained_service_takes_nothing_new_and_lets_polls_go)
{
	struct asking *a;
	struct told t;

	expect(&f, OK, NULL, PUT, .path = "profiles/a/b", .body = "{}");
	expect(&f, OK, NULL, CONFIG, .path = "config/a/b");
	a = ask_begin(&f,
		      (struct ask){CONFIG, .path = "config/a/b", .etag = "*", .wait_ms = 60000});
	cr_expect_eq(ask_state(a), CALL_WAITING);
	service_drain(f.service);
	cr_assert(ask_wait(a, 5000));
	cr_expect(ask_call(a)->out.is_not_modified);
	ask_free(a);
	t = ask(&f, (struct ask){GET, .path = "profiles/a/b"});
	cr_expect_eq(t.result, E_UNAVAILABLE);
	told_clear(&t);
	cr_expect_eq(service_ready(f.service, &t.call.out.error), E_UNAVAILABLE);
}
