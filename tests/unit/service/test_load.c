/* A start finds all that was stored, or says what is wrong with it; whatever call fails, it leaves
 * nothing behind. */
#include "../temporary.h"
#include "answers.h"

#include "base/memory.h"
#include "crypto/keyring.h"
#include "crypto/crypto.h"
#include "store/failing.h"
#include "store/open_keyring.h"
#include "store/sqlite/sqlite.h"
#include "store/sqlite/db.h"

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

/* Serves what is stored. Asks `may_call` before each call of the store, and lets an allocation
 * fail; NULL: neither. */
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
	rc = store_open_keyring(&ring, store, memory, root, ret_err);
	if (rc == OK)
		rc = service_open(&g.service,
				  &(struct service_parts){store, ring, &settings, &system_clock},
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
	MUST(service_init(&(struct stopped_store){store, ring, &system_clock}, &document, 1,
			  &g.root_token, &vkey, &err));
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

/* Without the store, which refuses to write where the position is malformed. */
static void set(const char *name, struct slice value)
{
	const struct arg args[] = {arg_bytes(value), arg_text(slice_text(name))};
	char file[200];
	struct db db;

	snprintf(file, sizeof file, "%s/reeve.db", folder);
	MUST(db_open(&db, file, DB_WRITE, &err));
	MUST(db_run(&db, "UPDATE meta SET value = ? WHERE name = ?", "set a meta value", ARGS(args),
		    &err));
	db_close(&db);
}

static void get(const char *name, struct buf *ret)
{
	const struct arg args[] = {arg_text(slice_text(name))};
	struct query q = QUERY_NULL;
	char file[200];
	struct db db;
	bool has_row;

	snprintf(file, sizeof file, "%s/reeve.db", folder);
	MUST(db_open(&db, file, DB_WRITE, &err));
	MUST(query_open(&q, &db, "SELECT value FROM meta WHERE name = ?", "get", ARGS(args), &err));
	MUST(query_next(&q, &has_row, &err));
	buf_append_slice(ret, query_bytes(&q, 0));
	query_close(&q);
	db_close(&db);
}

Test(load, a_stored_number_that_is_none_stops_the_start_and_is_named)
{
	static const struct {
		const char *name, *value;
	} cases[] = {
		{META_EPOCH, ""},	  {META_EPOCH, "1x"},
		{META_REVISION, "-1"},	  {META_REVISION, "99999999999999999999"},
		{META_LAST_MS, "x"},	  {META_EPOCH, "2"},
		{META_REVISION, "3"},	  {META_REVISION, "999"},
		{META_LAST_MS, "1"},	  {META_LAST_MS, "99999999999999"},
		{META_LOG_ORIGIN, "x/y"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(buf_clear) struct buf good = BUF_NULL;
		struct error err = ERROR_NULL;
		enum result rc;

		get(cases[i].name, &good);
		set(cases[i].name, slice_text(cases[i].value));
		rc = start(NULL, NULL, &err);
		cr_expect(rc == E_CORRUPT || rc == E_CRYPTO, "%zu: %s", i, err.text);
		if (rc != E_CRYPTO)
			cr_expect_not_null(strstr(err.text, cases[i].name), "%s", err.text);
		cr_expect_eq(strncmp(err.text, "the stored data: ", 17), 0, "%s", err.text);
		set(cases[i].name, buf_slice(&good));
	}
	MUST(start(NULL, NULL, &err));
	expect_all();
}

/* As somebody who has the files of the stopped server. */
static void change(const char *sql)
{
	char file[200], *why = NULL;
	sqlite3 *db;

	snprintf(file, sizeof file, "%s/reeve.db", folder);
	cr_assert_eq(sqlite3_open(file, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, &why), SQLITE_OK, "%s: %s", sql, why);
	cr_expect_gt(sqlite3_total_changes(db), 0, "%s", sql);
	sqlite3_close(db);
}

static void copy_data(const char *from, const char *to)
{
	char command[300];

	snprintf(command, sizeof command, "cp %s/%s %s/%s", folder, from, folder, to);
	cr_assert_eq(system(command), 0);
}

Test(load, what_the_head_of_the_log_does_not_vouch_for_stops_the_start)
{
	static const struct {
		const char *sql, *says;
	} cases[] = {
		{"UPDATE audit_log SET size = size + 1", "table audit_log"},
		{"UPDATE audit_log SET time_ms = time_ms + 1", "table audit_log"},
		{"UPDATE audit_log SET tables = zeroblob(length(tables))",
		 "table audit_log: the digests of the tables are not those"},

		{"UPDATE audit_log SET mac = zeroblob(16)", "table audit_log"},
		/* The last byte of the last peak: another root. */
		{"UPDATE audit_log SET peaks = CAST(substr(peaks, 1, length(peaks) - 1) || x'00'"
		 " AS BLOB)",
		 "table audit_log: its tree is not the one"},
		/* A digit of the signed size. */
		{"UPDATE audit_log SET checkpoint = CAST(replace(CAST(checkpoint AS TEXT),"
		 " char(10) || size || char(10), char(10) || (size + 1) || char(10)) AS BLOB)",
		 "table audit_log"},
		{"DELETE FROM audit_log", "table audit_log: its row is missing"},
		{"DELETE FROM audit WHERE idx = (SELECT max(idx) FROM audit)", "table audit: "},
		{"INSERT INTO audit SELECT idx + 1, bucket, time_ms, actor, action, outcome, leaf,"
		 " entry FROM audit ORDER BY idx DESC LIMIT 1",
		 "table audit: "},
		/* The head of an earlier moment: copied before the last write. */
		{"ATTACH '%s/older' AS o; DELETE FROM audit_log;"
		 " INSERT INTO audit_log SELECT * FROM o.audit_log",
		 "table audit: "},
		/* The rows of an earlier moment under the newest head. */
		{"ATTACH '%s/older' AS o; DELETE FROM tokens;"
		 " INSERT INTO tokens SELECT * FROM o.tokens",
		 "table tokens: rows were removed, added or put back"},
	};

	copy_data("reeve.db", "older");
	MUST(start(NULL, NULL, &err));
	expect(&g, OK, NULL, CREATE, .body = "{\"name\":\"later\",\"policies\":[\"p\"]}");
	stop();
	copy_data("reeve.db", "newest");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_NULL;
		char sql[400];
		enum result rc;

		snprintf(sql, sizeof sql, cases[i].sql, folder);
		change(sql);
		rc = start(NULL, NULL, &err);
		cr_expect(rc == E_CORRUPT || rc == E_CRYPTO, "%s: %s", sql, err.text);
		cr_expect_not_null(strstr(err.text, cases[i].says), "%s: %s", sql, err.text);
		if (rc == OK)
			stop();
		copy_data("newest", "reeve.db");
	}
	MUST(start(NULL, NULL, &err));
	expect_all();
}

static atomic_int calls_left; /* rows are checked in a thread of their own */
static bool is_committed;     /* although the commit was not acknowledged */

static bool may_call(void *ctx, const char *name)
{
	bool may = atomic_fetch_sub(&calls_left, 1) != 0;

	(void)ctx;
	is_committed |= !may && strcmp(name, "commit_sync") == 0;
	return may;
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
	for (uint32_t n = 1;; n += n < 16 ? 1 : 17) {
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

/* As a restore does; the fresh token. */
static enum result restore(bool (*may_fail)(void *ctx, const char *name), struct failing *f,
			   struct buf *ret_token, struct error *ret_err)
{
	struct key *root = root_key();
	struct keyring *ring;
	struct store *store;
	enum result rc;

	MUST(store_open_sqlite(&store, folder, false, &err));
	MUST(store_open_keyring(&ring, store, memory, root, &err));
	if (may_fail != NULL)
		MUST(store_wrap_failing(&store, store, may_fail, NULL, &err));
	if (f != NULL)
		alloc_hook_set(may_allocate, f);
	rc = service_restore(&(struct stopped_store){store, ring, &system_clock},
			     SLICE_LITERAL("the disk died"), false, ret_token, ret_err);
	alloc_hook_set(NULL, NULL);
	keyring_free(ring);
	store_close(store);
	return rc;
}

static void expect_untouched(void)
{
	MUST(start(NULL, NULL, &err));
	expect(&g, OK, NULL, .verb = VERB_TOKEN_SELF);
	expect(&g, OK, "\"epoch\":1,\"revision\":27,", .verb = VERB_STATUS, .permission = MAY_READ,
	       .path = "sys/status");
	expect(&g, OK, "{\"items\":[]}", AUDIT, .action = "store.restore");
	stop();
}

Test(load, whichever_store_call_of_a_restore_fails_nothing_has_changed, .timeout = 60)
{
	CLEANUP(buf_clear) struct buf token = BUF_NULL;

	for (int n = 0;; n++) {
		struct error err = ERROR_NULL;
		enum result rc;

		cr_assert_lt(n, 200, "never ends");
		calls_left = n;
		rc = restore(may_call, NULL, &token, &err);
		if (rc == OK) {
			cr_expect_geq(calls_left, 0, "store call %d failed unnoticed", n);
			cr_expect_gt(n, 12);
			break;
		}
		cr_expect(n == 0 || strncmp(err.text, "restoring the backup: ", 22) == 0, "%s",
			  err.text);
		cr_expect_eq(token.len, 0, "%d: a token although it failed", n);
		if (!is_committed)
			expect_untouched();
	}
}

Test(load, whichever_allocation_of_a_restore_fails_nothing_has_changed, .timeout = 60)
{
	for (uint32_t n = 1;; n += n < 24 ? 1 : 7) {
		CLEANUP(buf_clear) struct buf token = BUF_NULL;
		struct failing f = {0, n};
		struct error err = ERROR_NULL;
		enum result rc = restore(NULL, &f, &token, &err);

		cr_assert_lt(n, 2000, "never ends");
		if (rc == OK) {
			cr_expect_lt(atomic_load(&f.calls), n, "allocation %u failed unnoticed", n);
			break;
		}
		cr_expect_eq(rc, E_MEMORY, "allocation %u: %s", n, err.text);
		cr_expect_eq(token.len, 0);
		if (n % 8 == 1 && n < 24)
			expect_untouched();
	}
}

Test(load, a_restore_is_recorded_with_its_reason_and_what_it_ended)
{
	CLEANUP(buf_clear) struct buf token = BUF_NULL;
	char touched[128];
	struct told self;

	MUST(restore(NULL, NULL, &token, &err));
	MUST(start(NULL, NULL, &err));
	expect(&g, E_UNAUTHENTICATED, NULL, .verb = VERB_TOKEN_SELF);
	buf_clear(&g.root_token);
	g.root_token = buf_steal(&token);
	expect_response(
		&g,
		"{\"items\":[{\"v\":1,\"index\":0,\"time\":\"*\",\"epoch\":1,\"revision\":1,"
		"\"actor\":\"reeved\",\"accessor\":\"*\",\"auth\":\"embedded\",\"source\":\"\","
		"\"action\":\"store.init\",\"outcome\":\"ok\",\"reason\":\"\",\"request_id\":\"\","
		"\"touched\":[{\"path\":\"policies/administrator\",\"version\":1,"
		"\"value_mac\":\"*\",\"state\":\"live\"}],\"touched_more\":0},"
		"{\"v\":1,\"index\":29,\"time\":\"*\",\"epoch\":2,\"revision\":27,"
		"\"actor\":\"reeved\",\"accessor\":\"*\",\"auth\":\"embedded\",\"source\":\"\","
		"\"action\":\"store.restore\",\"outcome\":\"ok\",\"reason\":\"the disk died\","
		"\"request_id\":\"\",\"touched\":[{\"path\":\"sys/backup\",\"version\":0}],"
		"\"touched_more\":0}]}",
		AUDIT, .action = "store.*");
	expect(&g, OK,
	       "\"auth\":\"embedded\",\"source\":\"\",\"action\":\"token.revoke\",\"outcome\":\"ok\","
	       "\"reason\":\"2 tokens ended by the restore\",\"request_id\":\"\","
	       "\"touched\":[{\"path\":\"sys/tokens\",\"version\":0,\"state\":\"revoked\"}],"
	       "\"touched_more\":0}",
	       AUDIT, .action = "token.revoke");
	expect_response(&g,
			"{\"accessor\":\"*\",\"name\":\"administrator\",\"parent\":null,"
			"\"policies\":[\"administrator\"],\"expires_at\":null,\"created_at\":\"*\","
			"\"created_by\":\"reeved\",\"limited_to_addresses\":false}",
			.verb = VERB_TOKEN_SELF);
	self = ask(&g, (struct ask){.verb = VERB_TOKEN_SELF});
	snprintf(
		touched, sizeof touched,
		"\"touched\":[{\"path\":\"sys/tokens/%.26s\",\"version\":0,\"state\":\"live\",\"digest\":",
		strchr(strchr(self.body, ':'), '"') + 1);
	expect(&g, OK, touched, AUDIT, .action = "token.create");
	told_clear(&self);
}
