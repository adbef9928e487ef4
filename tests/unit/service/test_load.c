/* A start finds all that was stored, or says what is wrong with it; whatever call fails, it leaves nothing behind. */
#include "../temporary.h"
#include "answers.h"

#include "base/memory.h"
#include "crypto/keyring.h"
#include "crypto/crypto.h"

#include <dirent.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MUST(expr)                                                   \
	do {                                                         \
		struct error err = ERROR_NULL;                       \
		cr_assert_eq((expr), OK, "%s: %s", #expr, err.text); \
	} while (0)

static const char everything[] =
	"rules: [{allow: [read, list, write, check, delete, rollback, destroy, audit, grant, admin], "
	"on: \"**\"}]\n";

static struct fixture g;
static struct secret_memory *memory;
static char folder[80];

static struct key *root_key(void)
{
	uint8_t bytes[KEY_BYTES];
	struct key *root;

	memset(bytes, 7, sizeof bytes);
	MUST(key_take_bytes(&root, memory, bytes, &err));
	return root;
}

struct failing {
	_Atomic uint32_t calls;
	uint32_t fail_at;
};

static bool may_allocate(void *ctx)
{
	struct failing *f = ctx;

	return atomic_fetch_add(&f->calls, 1) + 1 != f->fail_at;
}

/* Serves what is stored. Asks `may_call` before each call of the store, and lets an allocation fail; NULL: neither. */
static enum result start(bool (*may_call)(void *ctx, const char *name), struct failing *f,
			 struct error *ret_err)
{
	struct service_settings settings = SERVICE_SETTINGS_DEFAULT;
	struct key *root = root_key();
	struct keyring *ring;
	struct store *store;
	enum result rc;

	MUST(store_open_sqlite(&store, folder, false, &err));
	if (may_call != NULL)
		MUST(store_wrap_failing(&store, store, may_call, NULL, &err));
	if (f != NULL)
		alloc_hook_set(may_allocate, f);
	rc = service_open_keyring(&ring, store, memory, root, ret_err);
	if (rc == OK)
		rc = service_open(&g.service, store, ring, &settings, &system_clock, &system_random,
				  ret_err);
	else
		store_close(store);
	alloc_hook_set(NULL, NULL);
	return rc;
}

static void stop(void)
{
	service_drain(g.service);
	service_close(g.service);
	g.service = NULL;
}

/* Documents of each kind with what they need, among them more than eight parents. */
static void fill(void)
{
	CLEANUP(buf_clear) struct buf b = BUF_NULL;
	char path[40];

	expect(&g, OK, NULL, PUT, .path = "policies/p", .is_yaml = true, .body = everything);
	expect(&g, OK, NULL, PUT, .path = "policies/gone", .is_yaml = true, .body = everything);
	expect(&g, OK, NULL, DELETE, .path = "policies/gone");
	expect(&g, OK, NULL, PUT, .path = "secrets/s", .body = "{\"data\":{\"k\":\"v\"}}");
	expect(&g, OK, NULL, PUT, .path = "schemas/x", .body = "{\"type\":\"object\"}");
	for (int i = 0; i < 20; i++) {
		snprintf(path, sizeof path, "profiles/a/p%02d", i);
		expect(&g, OK, NULL, PUT, .path = path, .body = "{\"$abstract\":true,\"a\":1}");
		buf_printf(&b, "%s\"p%02d\"", i != 0 ? "," : "{\"$extends\":[", i);
	}
	buf_append_text(&b, "],\"$schema\":\"x\",\"s\":\"${secret:s#k}\"}");
	expect(&g, OK, NULL, PUT, .path = "profiles/a/x", .body = b.data);
	expect(&g, OK, NULL, CREATE, .body = "{\"name\":\"t\",\"policies\":[\"p\"]}");
}

static void init_store(void)
{
	const struct shipped_document document = {"policies/administrator", everything,
						  sizeof everything - 1};
	struct buf vkey = BUF_NULL;
	struct keyring *ring;
	struct store *store;

	g = (struct fixture){.service = NULL};
	cr_assert(temporary_folder(folder, sizeof folder));
	MUST(crypto_start(&err));
	MUST(secret_memory_new(&memory, &err));
	MUST(store_open_sqlite(&store, folder, true, &err));
	MUST(keyring_create(&ring, memory, root_key(), SLICE_LITERAL("0123456789abcdef"), &err));
	MUST(service_init(store, ring, &document, 1, &system_clock, &system_random, &g.root_token,
			  &vkey, &err));
	buf_clear(&vkey);
	keyring_free(ring);
	store_close(store);
	MUST(start(NULL, NULL, &err));
	fill();
	stop();
}

static void remove_store(void)
{
	DIR *d = opendir(folder);
	struct dirent *e;
	char path[400];

	if (g.service != NULL)
		stop();
	while (d != NULL && (e = readdir(d)) != NULL) {
		snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
		unlink(path);
	}
	if (d != NULL)
		closedir(d);
	rmdir(folder);
	buf_clear(&g.root_token);
	secret_memory_free(memory);
}

TestSuite(load, .init = init_store, .fini = remove_store);

static void expect_all(void)
{
	static const struct {
		const char *path;
	} needed[] = {{"secrets/s"},	  {"schemas/x"},      {"profiles/a/p00"},
		      {"profiles/a/p07"}, {"profiles/a/p08"}, {"profiles/a/p19"}};

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		expect(&g, E_CONFLICT, "profiles/a/x", DELETE, .path = needed[i].path);
	expect(&g, OK, "\"s\":\"v\"", CONFIG, .path = "config/a/x", .is_revealed = true);
	expect(&g, OK, "\"name\":\"t\"", .verb = VERB_TOKEN_LIST, .permission = MAY_LIST,
	       .path = "sys/tokens");
	expect(&g, E_INVALID, "does not exist", CREATE,
	       .body = "{\"name\":\"u\",\"policies\":[\"gone\"]}");
	expect(&g, OK, "\"epoch\":1,\"revision\":27,", .verb = VERB_STATUS, .permission = MAY_READ,
	       .path = "sys/status");
}

/* All that is read without an entry in the log. */
static void gather(struct buf *ret)
{
	static const struct ask asked[] = {
		{.verb = VERB_TOKEN_LIST, .permission = MAY_LIST, .path = "sys/tokens"},
		{LIST, .path = "profiles/"},
		{LIST, .path = "policies/"},
		{GET, .path = "profiles/a/x"},
		{CONFIG, .path = "config/a/x"},
		{.verb = VERB_DOCUMENT_DEPENDENTS, .permission = MAY_READ, .path = "secrets/s"},
		{.verb = VERB_DOCUMENT_DEPENDENTS,
		 .permission = MAY_READ,
		 .path = "profiles/a/p08"},
		{.verb = VERB_DOCUMENT_DEPENDENTS, .permission = MAY_READ, .path = "profiles/a/x"},
		{AUDIT, .limit = 1000},
	};

	for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
		struct told t = ask(&g, asked[i]);

		cr_assert_eq(t.result, OK, "%zu: %s", i, t.call.out.error.text);
		buf_append_text(ret, t.body);
		buf_append_char(ret, '\n');
		told_clear(&t);
	}
}

Test(load, a_start_finds_what_was_stored_and_the_next_write_goes_on_from_it)
{
	CLEANUP(buf_clear) struct buf before = BUF_NULL, after = BUF_NULL;

	MUST(start(NULL, NULL, &err));
	expect_all();
	gather(&before);
	stop();
	MUST(start(NULL, NULL, &err));
	gather(&after);
	cr_expect_str_eq(after.data, before.data);
	expect(&g, OK, "\"revision\":28,", PUT, .path = "profiles/a/next", .body = "{}");
}

static void set(const char *name, struct slice value)
{
	struct store *store;

	MUST(store_open_sqlite(&store, folder, false, &err));
	MUST(store_begin(store, &err));
	MUST(store_put_meta(store, name, value, &err));
	MUST(store_commit(store, &err));
	store_close(store);
}

Test(load, a_stored_number_that_is_none_stops_the_start_and_is_named)
{
	static const struct {
		const char *name, *value, *good;
	} cases[] = {
		{META_EPOCH, "", "1"},	     {META_EPOCH, "1x", "1"},
		{META_REVISION, "-1", "27"}, {META_REVISION, "99999999999999999999", "27"},
		{META_LAST_MS, "x", "1"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_NULL;

		set(cases[i].name, slice_text(cases[i].value));
		cr_expect_eq(start(NULL, NULL, &err), E_CORRUPT, "%zu", i);
		cr_expect_not_null(strstr(err.text, cases[i].name), "%s", err.text);
		cr_expect_eq(strncmp(err.text, "the stored data: ", 17), 0, "%s", err.text);
		set(cases[i].name, slice_text(cases[i].good));
	}
	MUST(start(NULL, NULL, &err));
	expect_all();
}

static int calls_left;

static bool may_call(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return calls_left-- != 0;
}

Test(load, whichever_store_call_fails_the_start_fails_cleanly)
{
	for (int n = 0;; n++) {
		struct error err = ERROR_NULL;
		enum result rc;

		cr_assert_lt(n, 100, "never ends");
		calls_left = n;
		rc = start(may_call, NULL, &err);
		if (rc == OK && calls_left < 0)
			cr_expect(false, "store call %d failed unnoticed", n);
		if (rc == OK) {
			cr_expect_gt(n, 8);
			break;
		}
		cr_expect_eq(rc, E_IO, "%d: %s", n, err.text);
	}
	calls_left = -1;
	expect_all();
}

/* The first ones and then some: each takes a whole start. */
Test(load, whichever_allocation_fails_the_start_fails_cleanly, .timeout = 60)
{
	for (uint32_t n = 1;; n += n < 20 ? 1 : 11) {
		struct failing f = {0, n};
		struct error err = ERROR_NULL;
		enum result rc;

		rc = start(NULL, &f, &err);
		cr_assert(rc == OK || rc == E_MEMORY, "allocation %u: %s", n, err.text);
		if (rc == OK && atomic_load(&f.calls) < n)
			break;
		if (rc == OK)
			stop();
		cr_assert_lt(n, 5000, "never ends");
	}
	expect_all();
}
