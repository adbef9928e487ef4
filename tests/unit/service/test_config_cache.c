/* Which configurations are kept ready, and under which ETag. */
#include "fixture.h"

#include "service/state/config_cache.h"
#include "service/engine/engine.h"

#include <stdio.h>
#include <string.h>

static struct fixture f;

static void put(const char *path, const char *body)
{
	expect(&f, OK, NULL, PUT, .path = path, .body = body);
}

static const char *const configs[] = {"config/a/a", "config/a/b", "config/a/c", "config/a/d"};

/* Four that take the same room. */
static void open_it(void)
{
	fixture_open(&f);
	put("profiles/a/a", "{\"n\":1}");
	put("profiles/a/b", "{\"n\":2}");
	put("profiles/a/c", "{\"n\":3}");
	put("profiles/a/d", "{\"n\":4}");
}

static void close_it(void)
{
	fixture_close(&f);
}

TestSuite(config_cache, .init = open_it, .fini = close_it);

static void read_one(int i)
{
	char text[16];

	snprintf(text, sizeof text, "{\"n\":%d}", i + 1);
	expect(&f, OK, text, CONFIG, .path = configs[i]);
}

/* The letters of those that are kept. */
static void expect_kept(const char *wanted)
{
	struct snapshot *s = state_snapshot(&f.service->state);
	char got[5];
	int count = 0;

	for (int i = 0; i < 4; i++) {
		if (config_doc(s, slice_text(configs[i]))->entry != NULL)
			got[count++] = (char)('a' + i);
	}
	got[count] = '\0';
	snapshot_unref(s);
	cr_expect_str_eq(got, wanted);
}

static size_t bytes_of_one(void)
{
	struct snapshot *s = state_snapshot(&f.service->state);
	struct effective_entry *e;
	size_t ret;

	read_one(0);
	e = config_cache_get(f.service->state.cache, config_doc(s, slice_text(configs[0])));
	cr_assert_not_null(e);
	ret = e->bytes;
	cr_expect_gt(ret, sizeof *e + 7);
	effective_entry_unref(e);
	snapshot_unref(s);
	return ret;
}

static void restart_with(size_t bytes)
{
	f.settings.cache_bytes_max = bytes;
	fixture_restart(&f);
	expect_kept("");
}

Test(config_cache, what_was_read_last_is_kept)
{
	size_t one = bytes_of_one();

	restart_with(2 * one);
	read_one(0);
	read_one(1);
	expect_kept("ab");
	read_one(0);
	read_one(2);
	expect_kept("ac");
	read_one(2);
	read_one(3);
	expect_kept("cd");
	read_one(2);
	read_one(0);
	expect_kept("ac");
	cr_expect_eq(atomic_load(&f.service->counters.config_hits), 3);
	cr_expect_eq(atomic_load(&f.service->counters.config_misses), 5);
}

Test(config_cache, the_middle_one_becomes_the_newest_and_the_order_stays)
{
	size_t one = bytes_of_one();

	restart_with(3 * one);
	for (int i = 0; i < 3; i++)
		read_one(i);
	expect_kept("abc");
	read_one(1);
	read_one(0);
	read_one(3);
	expect_kept("abd");
	read_one(2);
	expect_kept("acd");
	read_one(1);
	expect_kept("bcd");
}

Test(config_cache, its_bound_is_exact)
{
	size_t one = bytes_of_one();

	restart_with(one);
	read_one(0);
	expect_kept("a");
	read_one(1);
	expect_kept("b");
	restart_with(one - 1);
	read_one(0);
	expect_kept("");
	restart_with(2 * one - 1);
	read_one(0);
	read_one(1);
	expect_kept("b");
}

Test(config_cache, a_version_that_is_no_more_gives_its_room_back)
{
	size_t one = bytes_of_one();

	restart_with(4 * one); /* the old and the new version at once */
	for (int i = 0; i < 3; i++)
		read_one(i);
	for (int round = 0; round < 3; round++) {
		put("profiles/a/b", "{\"n\":9}"); /* what somebody reads is made ready again */
		put("profiles/a/b", "{\"n\":2}");
		expect_kept("abc");
	}
	expect(&f, OK, NULL, DELETE, .path = "profiles/a/b");
	put("profiles/a/b", "{\"n\":2}");
	expect_kept("ac");
	read_one(3);
	read_one(1);
	expect_kept("abcd");
}

static void expect_etag(const char *wanted, struct ask what)
{
	struct told t = ask(&f, what);

	cr_assert_eq(t.result, OK, "%s", t.call.out.error.text);
	cr_expect_str_eq(t.call.out.etag, wanted);
	told_clear(&t);
}

/* The store remembers what was served by the digest that these are made of: another build must come
 * to the same. */
Test(config_cache, an_etag_is_the_same_in_every_build)
{
	put("secrets/s", "{\"data\":{\"k\":\"v\"}}");
	put("secrets/t", "{\"data\":{\"k\":\"v\"}}");
	put("secrets/t", "{\"data\":{\"k\":\"w\"}}");
	put("profiles/a/d", "{\"n\":\"${secret:s#k}\",\"m\":\"${secret:t#k}\",\"l\":[1]}");
	expect_etag("\"a6edc9021d7fb46601e5af6e50dbc966\"",
		    (struct ask){CONFIG, .path = "config/a/a"});
	expect_etag("\"ef4181de025595db35556a0e3c72c440\"",
		    (struct ask){CONFIG, .path = "config/a/d"});
	expect_etag("\"f646a4a9104b5b8a361f8c7c84e35f0a\"",
		    (struct ask){CONFIG, .path = "config/a/d", .is_revealed = true});
	expect_etag("\"ff2762d966225f2bfa9736c701f75c56\"",
		    (struct ask){CONFIG, .path = "config/a/d", .format = CONFIG_ENV});
	expect_etag("\"236d93eadffd6aa206bbd2ac6e61b079\"",
		    (struct ask){CONFIG, .path = "config/a/d", .key = "/l"});
}
