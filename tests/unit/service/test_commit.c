#include "fixture.h"

#include "access/token.h"
#include "audit/verify.h"

#include "../faults.h"
#include "store/sqlite/sqlite.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 8

static struct fixture f;

static void open_it(void)
{
	fixture_open(&f);
}

static void close_it(void)
{
	fixture_close(&f);
}

TestSuite(commit, .init = open_it, .fini = close_it);

struct writer {
	pthread_t thread;
	int number;
	int written, refused;
};

static void *write_own(void *arg)
{
	struct writer *w = arg;

	for (int i = 0; i < 20; i++) {
		char path[64], body[64];
		struct told t;

		snprintf(path, sizeof path, "profiles/t%d/p%d", w->number, i);
		snprintf(body, sizeof body, i % 4 == 3 ? "{\"$wrong\":%d}" : "{\"i\":%d}", i);
		t = ask(&f, (struct ask){PUT, .path = path, .body = body});
		w->written += t.result == OK;
		w->refused += t.result == E_INVALID;
		told_clear(&t);
	}
	return NULL;
}

static void run(struct writer *w, void *(*main)(void *))
{
	for (int i = 0; i < THREADS; i++) {
		w[i] = (struct writer){.number = i};
		cr_assert_eq(pthread_create(&w[i].thread, NULL, main, &w[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(w[i].thread, NULL);
}

Test(commit, one_bad_request_fails_alone)
{
	struct writer w[THREADS];
	uint64_t epoch, revision;

	run(w, write_own);
	for (int i = 0; i < THREADS; i++) {
		cr_expect_eq(w[i].written, 15);
		cr_expect_eq(w[i].refused, 5);
	}
	service_revision(f.service, &epoch, &revision);
	cr_expect_eq(revision, 1 + THREADS * 15);
}

static atomic_int versions_seen[THREADS * 20 + 1];

static void *write_one(void *arg)
{
	struct writer *w = arg;

	for (int i = 0; i < 20; i++) {
		char body[64];
		uint64_t version;

		snprintf(body, sizeof body, "{\"w\":%d,\"i\":%d}", w->number, i);
		version = expect(&f, OK, NULL, PUT, .path = "profiles/a/b", .body = body);
		cr_assert(version >= 1 && version <= THREADS * 20);
		atomic_fetch_add(&versions_seen[version], 1);
	}
	return NULL;
}

Test(commit, eight_threads_that_write_one_document_each_get_a_version_of_their_own)
{
	struct writer w[THREADS];

	run(w, write_one);
	for (int i = 1; i <= THREADS * 20; i++)
		cr_expect_eq(atomic_load(&versions_seen[i]), 1, "version %d", i);
}

static void *count_up(void *arg)
{
	struct writer *w = arg;

	for (int tries = 0; w->written < 10 && tries < 10000; tries++) {
		struct told t = ask(&f, (struct ask){GET, .path = "profiles/a/count"});
		char body[64];
		int n = 0;

		cr_assert_eq(sscanf(strstr(t.body, "\"n\":"), "\"n\":%d", &n), 1);
		snprintf(body, sizeof body, "{\"n\":%d}", n + 1);
		n = (int)strtoul(t.call.out.etag + 2, NULL, 10);
		told_clear(&t);
		t = ask(&f, (struct ask){PUT, .path = "profiles/a/count", .body = body,
					 .has_if_version = true, .if_version = (uint64_t)n});
		cr_assert(t.result == OK || t.result == E_PRECONDITION);
		w->written += t.result == OK;
		told_clear(&t);
	}
	return NULL;
}

Test(commit, if_match_makes_a_counter_that_loses_nothing)
{
	struct writer w[THREADS];
	char text[32];

	expect(&f, OK, NULL, PUT, .path = "profiles/a/count", .body = "{\"n\":0}");
	run(w, count_up);
	snprintf(text, sizeof text, "\"n\":%d}", THREADS * 10);
	expect(&f, OK, text, GET, .path = "profiles/a/count");
}

/* A parent that breaks its heir and the heir that would be broken, written at the same time. */
static void *write_parent_or_heir(void *arg)
{
	struct writer *w = arg;

	for (int i = 0; i < 10; i++) {
		char path[64], body[128];
		struct told t;

		if (w->number % 2 == 0) {
			snprintf(path, sizeof path, "profiles/a/base");
			snprintf(body, sizeof body, "{\"$abstract\":true,\"n\":%d}", i % 2 * 8);
		} else {
			snprintf(path, sizeof path, "profiles/a/heir%d", w->number);
			snprintf(
				body, sizeof body,
				"{\"$schema\":\"s\",\"$extends\":[\"base\"],\"m\":\"${n}\",\"k\":%d}",
				i);
		}
		t = ask(&f, (struct ask){PUT, .path = path, .body = body});
		cr_assert(t.result == OK || t.result == E_INVALID, "%s", t.call.out.error.text);
		w->written += t.result == OK;
		told_clear(&t);
	}
	return NULL;
}

Test(commit, no_order_of_writes_leaves_a_profile_wrong)
{
	struct writer w[THREADS];

	expect(&f, OK, NULL, PUT, .path = "schemas/s",
	       .body = "{\"properties\":{\"n\":{\"maximum\":5}}}");
	expect(&f, OK, NULL, PUT, .path = "profiles/a/base",
	       .body = "{\"$abstract\":true,\"n\":0}");
	run(w, write_parent_or_heir);
	for (int i = 1; i < THREADS; i += 2) {
		char config[64];

		snprintf(config, sizeof config, "config/a/heir%d", i);
		if (w[i].written != 0)
			expect(&f, OK, "\"n\":0", CONFIG, .path = config);
	}
}

/* The stored log, as a verifier reads it. */
struct rows {
	struct buf lines[2000];
	uint64_t count, at;
};

static enum result keep_row(void *ctx, const struct audit_row *row, struct error *err)
{
	struct rows *r = ctx;

	(void)err;
	cr_assert(r->count < 2000);
	buf_append_slice(&r->lines[r->count++], row->entry);
	return OK;
}

static enum result next_row(void *ctx, struct audit_verify_row *ret, bool *ret_is_end,
			    struct error *err)
{
	struct rows *r = ctx;

	(void)err;
	*ret_is_end = r->at == r->count;
	if (!*ret_is_end) {
		*ret = (struct audit_verify_row){.index = r->at,
						 .line = buf_slice(&r->lines[r->at])};
		r->at++;
	}
	return OK;
}

struct head {
	struct buf checkpoint;
};

static enum result keep_head(void *ctx, const struct log_row *row, struct error *err)
{
	buf_append_slice(ctx, row->checkpoint);
	return buf_check(ctx, err);
}

static struct rows rows;

/* Reads the log beside the service and verifies it; gives the number of entries that hold `text`.
 */
static uint64_t verify(const char *text)
{
	struct error err = ERROR_NULL;
	struct audit_report report;
	CLEANUP(buf_clear) struct buf checkpoint = BUF_NULL;
	struct vkey key = fixture_log_key(&f);
	struct audit_verification what = {.key = &key, .rows = {next_row, &rows}};
	struct store *s;
	struct store_session *ss;
	uint64_t found = 0;

	rows = (struct rows){0};
	if (f.disk != NULL)
		s = f.store;
	else
		cr_assert_eq(store_open_sqlite_readonly(&s, f.folder, &err), OK, "%s", err.text);
	cr_assert_eq(store_session_open(&ss, s, &err), OK);
	cr_assert_eq(store_each_audit(ss, &(struct audit_filter){0}, keep_row, &rows, &err), OK);
	if (store_get_log(ss, keep_head, &checkpoint, &err) == OK) {
		what.checkpoint = buf_slice(&checkpoint);
		cr_assert_eq(audit_verify(&report, &what, &err), OK, "%s %s", err.text,
			     report.first_problem);
	}
	store_session_close(ss);
	if (s != f.store)
		store_close(s);
	for (uint64_t i = 0; i < rows.count; i++) {
		found += strstr(rows.lines[i].data, text) != NULL;
		buf_clear(&rows.lines[i]);
	}
	return found;
}

Test(commit, every_change_read_of_a_secret_and_refusal_is_in_the_log)
{
	CLEANUP(buf_clear)
	struct buf token = fixture_token(&f, "nobody", "rules: [{allow: [list], on: \"**\"}]");

	expect(&f, OK, NULL, PUT, .path = "secrets/x", .body = "{\"data\":{\"k\":\"hunter2\"}}");
	expect(&f, OK, NULL, GET, .path = "secrets/x");
	expect(&f, OK, NULL, GET, .path = "secrets/x", .version = 1);
	expect(&f, OK, NULL, PUT, .path = "profiles/a/b", .body = "{\"p\":\"${secret:x#k}\"}");
	expect(&f, OK, NULL, CONFIG, .path = "config/a/b", .is_revealed = true);
	expect(&f, OK, NULL, CONFIG, .path = "config/a/b");
	expect(&f, E_FORBIDDEN, NULL, GET, .path = "secrets/x", .token = token.data);
	expect(&f, E_FORBIDDEN, NULL, PUT, .path = "secrets/x", .token = token.data, .body = "{}");
	for (int i = 0; i < 3; i++)
		expect(&f, E_UNAUTHENTICATED, NULL, GET, .path = "secrets/x",
		       .token = "rv_nothing");
	service_tick(f.service);
	expect(&f, OK, NULL, GET, .path = "secrets/x", .version = 1);
	cr_expect_eq(verify("\"action\":\"secret.read\",\"outcome\":\"ok\""), 3);
	cr_expect_eq(verify("3 refused without a valid token"), 1);
	cr_expect_eq(verify("\"action\":\"config.read\""), 1);
	cr_expect_eq(verify("\"action\":\"secret.read\",\"outcome\":\"forbidden\""), 1);
	cr_expect_eq(verify("\"action\":\"secret.put\",\"outcome\":\"forbidden\""), 1);
	cr_expect_eq(verify("\"action\":\"secret.put\",\"outcome\":\"ok\""), 1);
	cr_expect_eq(verify("hunter2"), 0);
}

static void knock(const char *address)
{
	struct error err = ERROR_NULL;
	struct call c;

	call_init(&c);
	cr_assert(address_parse(slice_text(address), c.address));
	cr_expect_eq(service_authenticate(f.service, &c, SLICE_LITERAL("rv_nothing"), &err),
		     E_UNAUTHENTICATED);
	call_clear(&c);
}

Test(commit, refusals_of_many_addresses_are_few_entries_that_count_them_all)
{
	char address[64];

	for (int i = 0; i < 1500; i++) {
		snprintf(address, sizeof address, "10.0.%d.%d", i / 256, i % 256);
		knock(address);
	}
	for (int i = 0; i < 100; i++) {
		snprintf(address, sizeof address, "2001:db8:0:7:%x::%x", i, i);
		knock(address);
	}
	service_tick(f.service);
	expect(&f, OK, NULL, PUT, .path = "profiles/a/b", .body = "{}");
	cr_expect_eq(verify("\"action\":\"access.refused\""), 17);
	cr_expect_eq(verify("\"100 refused without a valid token\""), 1);
	cr_expect_eq(verify("\"source\":\"2001:db8:0:7::/64\""), 1);
	cr_expect_eq(verify("\"1 refused without a valid token\""), 15);
	cr_expect_eq(verify("\"1485 refused without a valid token, from "), 1);
}

Test(commit, a_few_unknown_addresses_have_an_entry_each)
{
	knock("192.0.2.1");
	knock("192.0.2.2");
	knock("192.0.2.2");
	service_tick(f.service);
	expect(&f, OK, NULL, PUT, .path = "profiles/a/b", .body = "{}");
	cr_expect_eq(verify("\"action\":\"access.refused\""), 2);
	cr_expect_eq(verify("\"source\":\"192.0.2.2\""), 1);
	cr_expect_eq(verify("\"2 refused without a valid token\""), 1);
}

Test(commit, a_dry_run_that_compares_with_a_secret_is_a_read_of_it)
{
	expect(&f, OK, NULL, PUT, .path = "secrets/x", .body = "{\"data\":{\"k\":\"hunter2\"}}");
	expect(&f, OK, "\"diff\":[]", PUT, .path = "secrets/x",
	       .body = "{\"data\":{\"k\":\"hunter2\"}}", .is_dry_run = true);
	cr_expect_eq(verify("\"action\":\"secret.read\",\"outcome\":\"ok\""), 1);
	cr_expect_eq(verify("\"action\":\"secret.put\",\"outcome\":\"ok\""), 1);
}

static atomic_int calls_left = -1;

static bool may_call(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return atomic_load(&calls_left) < 0 || atomic_fetch_sub(&calls_left, 1) != 1;
}

static bool is_clean(enum result rc)
{
	return rc == OK || rc == E_UNAVAILABLE || rc == E_IO || rc == E_MEMORY;
}

/* What is done while something fails; what was acknowledged. */
struct done {
	bool has_base, has_heir, has_batch, has_read;
};

static enum result try_one(struct ask what)
{
	struct told t = ask(&f, what);
	enum result rc = t.result;

	cr_assert(is_clean(rc), "%s: %s", result_name(rc), t.call.out.error.text);
	cr_expect_null(strstr(t.call.out.error.text, "hunter2"));
	told_clear(&t);
	return rc;
}

static struct done do_all(void)
{
	struct done d = {0};

	d.has_base = try_one((struct ask){PUT, .path = "secrets/x",
					  .body = "{\"data\":{\"k\":\"hunter2\"}}"}) == OK;
	if (d.has_base)
		d.has_heir = try_one((struct ask){PUT, .path = "profiles/a/b",
						  .body = "{\"p\":\"${secret:x#k}\"}"}) == OK;
	d.has_batch = try_one((struct ask){
			      .verb = VERB_BATCH,
			      .body = "{\"changes\":[{\"op\":\"put\",\"path\":\"profiles/c/"
				      "one\",\"content\":{}},{\"op\":\"put\",\"path\":\"profiles/"
				      "c/two\",\"content\":{}}]}"}) == OK;
	if (d.has_heir)
		d.has_read = try_one((struct ask){CONFIG, .path = "config/a/b",
						  .is_revealed = true}) == OK;
	return d;
}

static bool is_there(const char *path)
{
	struct told t = ask(&f, (struct ask){GET, .path = path});
	bool is_ok = t.result == OK;

	cr_assert(is_ok || t.result == E_NOT_FOUND, "%s", t.call.out.error.text);
	told_clear(&t);
	return is_ok;
}

static void expect_whole(const struct done *d)
{
	cr_expect(!d->has_base || is_there("secrets/x"));
	cr_expect(!d->has_heir || is_there("profiles/a/b"));
	cr_expect(!d->has_batch || is_there("profiles/c/one"));
	cr_expect_eq(is_there("profiles/c/one"), is_there("profiles/c/two"), "half a batch");
	cr_expect(verify("\"outcome\":\"ok\"") >=
		  (uint64_t)d->has_base + d->has_heir + d->has_batch + d->has_read);
}

Test(commit_faults, whatever_store_call_fails_nothing_is_half_done)
{
	bool is_over = false;

	for (int n = 1; !is_over && n < 400; n++) {
		struct done d;

		atomic_store(&calls_left, -1);
		fixture_open_failing(&f, may_call, NULL);
		atomic_store(&calls_left, n);
		d = do_all();
		is_over = atomic_exchange(&calls_left, -1) > 0;
		fixture_restart(&f);
		expect_whole(&d);
		cr_expect(!is_over || (d.has_base && d.has_heir && d.has_batch && d.has_read));
		fixture_close(&f);
	}
	cr_assert(is_over, "the end was not reached");
}

static atomic_int shreds;

/* The first is in somebody's way. */
static bool may_shred(void *ctx, const char *name)
{
	(void)ctx;
	return strcmp(name, "shred") != 0 || atomic_fetch_add(&shreds, 1) != 0;
}

Test(commit_faults, what_could_not_be_shredded_is_shredded_later)
{
	fixture_open_failing(&f, may_shred, NULL);
	expect(&f, OK, NULL, PUT, .path = "secrets/x", .body = "{\"data\":{\"k\":\"hunter2\"}}");
	expect(&f, OK, NULL, .verb = VERB_DOCUMENT_DESTROY, .permission = MAY_DESTROY,
	       .path = "secrets/x", .body = "{\"versions\":[1]}");
	for (int i = 0; atomic_load(&shreds) < 2 && i < 500; i++)
		nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	cr_expect_eq(atomic_load(&shreds), 2);
	fixture_close(&f);
}

static atomic_int allocations_left = -1;

static bool may_allocate(void *ctx)
{
	(void)ctx;
	return atomic_load(&allocations_left) < 0 || atomic_fetch_sub(&allocations_left, 1) != 1;
}

Test(commit_faults, whatever_allocation_fails_nothing_is_half_done)
{
	bool is_over = false;

	alloc_hook_set(may_allocate, NULL);
	for (int n = 1; !is_over && n < 4000; n += n < 60 ? 1 : 7) {
		struct done d;

		fixture_open(&f);
		atomic_store(&allocations_left, n);
		d = do_all();
		is_over = atomic_exchange(&allocations_left, -1) > 0;
		expect_whole(&d);
		fixture_close(&f);
	}
	alloc_hook_set(NULL, NULL);
	cr_assert(is_over, "the end was not reached");
}
