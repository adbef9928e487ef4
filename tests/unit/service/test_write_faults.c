/* Each kind of write, dry run and replay while memory or the store fails once, at each place in
 * turn: it is done whole and said in full, or nothing of it is done and nothing of its answer
 * leaves. */
#include "fixture.h"

#include "base/memory.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fixture f;

static struct {
	bool is_of_store;
	atomic_int left; /* until the one that fails; below 0: none does */
} fault = {.left = -1};

static bool is_let(void)
{
	return atomic_load(&fault.left) < 0 || atomic_fetch_sub(&fault.left, 1) != 1;
}

static bool may_allocate(void *ctx)
{
	(void)ctx;
	return fault.is_of_store || is_let();
}

/* A commit that fails stops the service, which has tests of its own. */
static bool may_call(void *ctx, const char *name)
{
	(void)ctx;
	return !fault.is_of_store || strncmp(name, "commit", 6) == 0 || is_let();
}

/* `what` once everything in `before` was done; `%llu` in its body is the version that the first of
 * those made. */
struct trial {
	struct ask what;
	struct ask before[3];
	size_t before_count;
	bool is_of_last;    /* its revision is the newest */
	enum result wanted; /* without a fault */
};

static uint64_t revision_now(void)
{
	uint64_t epoch, revision;

	service_revision(f.service, &epoch, &revision);
	return revision;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
/* Makes the state that the trial needs and fills in what it asks. */
static struct ask prepare(const struct trial *t, char body[static 1000], char key[static 20])
{
	static unsigned long long keys;
	struct ask what = t->what;
	uint64_t version = 0;

	for (size_t i = 0; i < t->before_count; i++) {
		uint64_t made = expect_at(&f, OK, NULL, t->before[i], __FILE__, __LINE__);

		version = i == 0 ? made : version;
	}
	if (what.body != NULL) {
		snprintf(body, 1000, what.body, (unsigned long long)version,
			 (unsigned long long)version, (unsigned long long)version);
		what.body = body;
	}
	if (t->is_of_last)
		what.revision = revision_now();
	if (what.idempotency_key == NULL && !what.is_dry_run) {
		snprintf(key, 20, "key %llu", ++keys);
		what.idempotency_key = key;
	}
	return what;
}
#pragma GCC diagnostic pop

/* Without numbers, digests and times, which differ from one time to the next. */
static void keep_form(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0'; from++) {
		if (strchr("0123456789abcdef", *from) == NULL)
			*to++ = *from;
	}
	*to = '\0';
}

static bool is_clean(enum result rc)
{
	return rc == E_UNAVAILABLE || rc == E_IO || rc == E_MEMORY;
}

/* All that left for one call, in one text. */
struct said {
	enum result result;
	char text[6000];
};

static void say(struct said *ret, struct ask what)
{
	struct told t = ask(&f, what);
	const char *error = t.result == OK || is_clean(t.result) ? "" : t.call.out.error.text;

	ret->result = t.result;
	cr_expect(t.result == OK || is_clean(t.result) || t.problems[0] != '\0', "%s", error);
	cr_assert_lt(snprintf(ret->text, sizeof ret->text, "%s|%s|%s|%s|%d", t.body, t.problems,
			      error, t.call.out.etag, t.call.out.is_created),
		     (int)sizeof ret->text);
	told_clear(&t);
}

static void expect_same(const struct said *is, const struct said *wanted, size_t trial, int n)
{
	cr_expect_eq(is->result, wanted->result, "trial %zu, fault %d: %s", trial, n,
		     result_name(is->result));
	cr_expect_str_eq(is->text, wanted->text, "trial %zu, fault %d:\n%s\n%s", trial, n, is->text,
			 wanted->text);
}

/* The answer that is kept is the one that was given. */
static void expect_replay(struct ask what, const struct said *first, size_t trial, int n)
{
	struct said again;

	if (first->result != OK || what.idempotency_key == NULL)
		return;
	say(&again, what);
	expect_same(&again, first, trial, n);
}

/* One with the n-th step failing: whether no step was left to fail. */
static bool try_failing(struct ask what, const struct said *wanted, bool is_writing, size_t trial,
			int n)
{
	uint64_t before = revision_now();
	struct said is;
	bool is_over;

	atomic_store(&fault.left, n);
	say(&is, what);
	is_over = atomic_exchange(&fault.left, -1) > 0;
	if (is_clean(is.result)) {
		cr_expect_not(is_over, "trial %zu: failed without a fault", trial);
		cr_expect_str_eq(is.text, "||||0", "trial %zu, fault %d: %s", trial, n, is.text);
		cr_expect_eq(revision_now(), before, "trial %zu, fault %d: half done", trial, n);
		return false;
	}
	cr_expect_eq(revision_now(), before + is_writing, "trial %zu, fault %d", trial, n);
	expect_replay(what, &is, trial, n);
	if (is_writing)
		keep_form(is.text);
	expect_same(&is, wanted, trial, n);
	return is_over;
}

static void try_all(const struct trial *t, size_t number)
{
	char body[1000], key[20];
	struct ask what = prepare(t, body, key);
	struct said wanted;
	uint64_t before = revision_now();
	bool is_over = false, is_writing;

	say(&wanted, what);
	cr_assert_eq(wanted.result, t->wanted, "trial %zu: %s %s", number,
		     result_name(wanted.result), wanted.text);
	is_writing = revision_now() != before;
	expect_replay(what, &wanted, number, 0);
	if (is_writing)
		keep_form(wanted.text);
	what = prepare(t, body, key);
	for (int n = 1; !is_over && n < 5000; n++) {
		uint64_t at = revision_now();

		is_over = try_failing(what, &wanted, is_writing, number, n);
		if (revision_now() != at)
			what = prepare(t, body, key);
	}
	cr_assert(is_over, "trial %zu: the end was not reached", number);
}

#define AFTER(...) \
	.before = {__VA_ARGS__}, .before_count = ARRAY_SIZE(((struct ask[]){__VA_ARGS__}))

#define BATCH	 .verb = VERB_BATCH
#define ROLLBACK .verb = VERB_DOCUMENT_ROLLBACK, .permission = MAY_ROLLBACK
#define UNDELETE .verb = VERB_DOCUMENT_UNDELETE, .permission = MAY_DELETE
#define DESTROY	 .verb = VERB_DOCUMENT_DESTROY, .permission = MAY_DESTROY
#define REVERT	 .verb = VERB_REVISION_REVERT

static const struct trial writes[] = {
	{.what = {PUT, .path = "profiles/a/b",
		  .body = "{\"$schema\":\"s\",\"$extends\":[\"base\"],\"p\":\"${secret:x#k}\",\"n\":%llu}"},
	 AFTER({PUT, .path = "secrets/x", .body = "{\"data\":{\"k\":\"value\"}}"})},
	{.what = {PUT, .path = "schemas/s",
		  .body = "{\"$comment\":\"%llu\",\"properties\":{\"n\":{\"$ref\":\"number\"}}}"},
	 AFTER({PUT, .path = "secrets/x", .body = "{\"data\":{\"k\":\"value\"}}"})},
	{.what = {PATCH, .path = "secrets/x",
		  .body = "{\"data\":{\"k\":\"d%llu\",\"l\":\"eA==\"},\"encoding\":{\"l\":\"base64\"}}"},
	 AFTER({PUT, .path = "secrets/x", .body = "{\"data\":{\"k\":\"value\"}}"})},
	{.what = {DELETE, .path = "profiles/d/e"},
	 AFTER({PUT, .path = "profiles/d/e", .body = "{}"})},
	{.what = {UNDELETE, .path = "profiles/d/e", .body = "{\"versions\":[%llu]}"},
	 AFTER({PUT, .path = "profiles/d/e", .body = "{}"}, {DELETE, .path = "profiles/d/e"})},
	{.what = {DESTROY, .path = "secrets/y", .body = "{\"versions\":[%llu]}"},
	 AFTER({PUT, .path = "secrets/y", .body = "{\"data\":{\"k\":\"value\"}}"})},
	{.what = {ROLLBACK, .path = "secrets/x", .body = "{\"version\":%llu}"},
	 AFTER({PUT, .path = "secrets/x", .body = "{\"data\":{\"k\":\"value\"}}"})},
	{.what = {REVERT},
	 AFTER({BATCH, .body = "{\"changes\":[{\"op\":\"put\",\"path\":\"secrets/w\",\"content\":"
			       "{\"data\":{}}},{\"op\":\"put\",\"path\":\"secrets/y\",\"content\":"
			       "{\"data\":{}}}]}"}),
	 .is_of_last = true},
	{.what = {BATCH,
		  .body = "{\"message\":\"why\",\"source\":\"repo@1\",\"changes\":["
			  "{\"op\":\"put\",\"path\":\"profiles/g/a\",\"content\":{\"n\":%llu}},"
			  "{\"op\":\"put\",\"path\":\"profiles/g/b\",\"source\":\"n: %llu\\n\","
			  "\"content_type\":\"application/yaml\"},"
			  "{\"op\":\"patch\",\"path\":\"secrets/x\",\"content\":{\"data\":{\"k\":\"v\"}},"
			  "\"if_version\":%llu},{\"op\":\"delete\",\"path\":\"profiles/d/e\"}]}"},
	 AFTER({PUT, .path = "secrets/x", .body = "{\"data\":{\"k\":\"value\"}}"},
	       {PUT, .path = "profiles/d/e", .body = "{}"})},
	{.what = {PUT, .path = "policies/child", .is_yaml = true, .body = "# %llu\nrules: []\n"},
	 AFTER({PUT, .path = "secrets/x", .body = "{\"data\":{\"k\":\"value\"}}"})},
	{.what = {DELETE, .path = "policies/child"},
	 AFTER({PUT, .path = "policies/child", .is_yaml = true, .body = "rules: []\n"})},
};

/* What changes nothing: dry runs, refusals, what is there already, and what was asked before. */
static const struct trial others[] = {
	{.what = {PUT, .path = "profiles/a/base", .body = "{\"$abstract\":true,\"n\":9}",
		  .is_dry_run = true}},
	{.what = {PUT, .path = "profiles/a/base", .body = "{\"$abstract\":true,\"n\":\"x\"}",
		  .is_dry_run = true}},
	{.what = {PUT, .path = "secrets/x", .body = "{\"data\":{\"k\":\"other\",\"l\":\"\"}}",
		  .is_dry_run = true}},
	{.what = {PATCH, .path = "secrets/x", .body = "{\"data\":{\"k\":\"other\"}}",
		  .is_dry_run = true}},
	{.what = {ROLLBACK, .path = "secrets/x", .body = "{\"version\":1}", .is_dry_run = true}},
	{.what = {DELETE, .path = "profiles/a/base", .is_dry_run = true}},
	{.what = {DELETE, .path = "secrets/x", .is_dry_run = true, .is_forced = true}},
	{.what = {PUT, .path = "policies/all", .body = "{\"rules\":[]}", .is_dry_run = true}},
	{.what = {PUT, .path = "profiles/a/base", .body = "{\"$abstract\":true,\"n\":\"x\"}"},
	 .wanted = E_INVALID},
	{.what = {PUT, .path = "schemas/s", .body = "{\"required\":[\"q\"],\"tpye\":1}"},
	 .wanted = E_INVALID},
	{.what = {DELETE, .path = "secrets/x"}, .wanted = E_CONFLICT},
	{.what = {DELETE, .path = "schemas/s"}, .wanted = E_CONFLICT},
	{.what = {PUT, .path = "policies/all", .body = "{\"rules\":[]}"}, .wanted = E_CONFLICT},
	{.what = {PUT, .path = "profiles/a/base", .body = "{\"$abstract\":true, \"n\":1}"}},
	{.what = {PATCH, .path = "profiles/a/base", .body = "{\"n\":1}"}},
	{.what = {PUT, .path = "profiles/k/k", .body = "{\"n\":1}", .idempotency_key = "one"}},
	{.what = {BATCH,
		  .body = "{\"changes\":[{\"op\":\"put\",\"path\":\"profiles/k/l\",\"content\":{}},"
			  "{\"op\":\"put\",\"path\":\"policies/child\",\"content\":{\"rules\":[]}}]}",
		  .idempotency_key = "two"}},
};

static void open_it(void)
{
	alloc_hook_set(may_allocate, NULL);
	fixture_open_failing(&f, may_call, NULL);
	expect(&f, OK, NULL, PUT, .path = "schemas/number", .body = "{\"type\":\"integer\"}");
	expect(&f, OK, NULL, PUT, .path = "schemas/s",
	       .body = "{\"properties\":{\"n\":{\"$ref\":\"number\"}}}");
	expect(&f, OK, NULL, PUT, .path = "profiles/a/base",
	       .body = "{\"$abstract\":true,\"n\":1}");
	expect(&f, OK, NULL, PUT, .path = "secrets/x", .body = "{\"data\":{\"k\":\"value\"}}");
	expect(&f, OK, NULL, PUT, .path = "secrets/y", .body = "{\"data\":{\"k\":\"value\"}}");
	expect(&f, OK, NULL, PUT, .path = "secrets/w", .body = "{\"data\":{\"k\":\"value\"}}");
	expect(&f, OK, NULL, PUT, .path = "profiles/a/b",
	       .body = "{\"$schema\":\"s\",\"$extends\":[\"base\"],\"p\":\"${secret:x#k}\"}");
	expect(&f, OK, NULL, PUT, .path = "profiles/k/k", .body = "{\"n\":1}",
	       .idempotency_key = "one");
	expect_at(&f, OK, NULL, others[ARRAY_SIZE(others) - 1].what, __FILE__, __LINE__);
}

static void close_it(void)
{
	fixture_close(&f);
	alloc_hook_set(NULL, NULL);
}

TestSuite(write_faults, .init = open_it, .fini = close_it, .timeout = 120);

Test(write_faults, memory_that_fails_leaves_a_write_undone)
{
	for (size_t i = 0; i < ARRAY_SIZE(writes); i++)
		try_all(&writes[i], i);
}

Test(write_faults, memory_that_fails_shortens_no_response)
{
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		try_all(&others[i], i);
}

Test(write_faults, a_store_that_fails_leaves_a_write_undone)
{
	fault.is_of_store = true;
	for (size_t i = 0; i < ARRAY_SIZE(writes); i++)
		try_all(&writes[i], i);
}

Test(write_faults, a_store_that_fails_shortens_no_response)
{
	fault.is_of_store = true;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		try_all(&others[i], i);
}
