/* The rows of a data directory that queries use are verified together with the entries. */
#include "../temporary.h"
#include "store/check/log_pages.h"

#include "audit/audit_log.h"
#include "crypto/crypto.h"
#include "store/sqlite/sqlite.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ENTRIES 2100 /* more than two pages and more than two buckets */
#define ORIGIN	"reeve.example/log"

/* Makes one row differ from its entry. */
struct misfiling {
	const char *wanted; /* of the report; NULL: the log is sound */
	uint64_t at;
	struct slice actor, action, outcome, path;
	int64_t later_ms;
};

struct data {
	char folder[80];
	struct secret_memory *memory;
	struct key *seed;
	struct vkey key;
	struct store *store;
	struct buf checkpoint;
};

static void put_entry(struct store *store, struct audit_log *log, const struct misfiling *m,
		      struct buf *line)
{
	char text[64];
	struct audit_touch touched[2] = {{.path = SLICE_LITERAL("config/a/b")}};
	struct audit_entry e = {
		.epoch = 1,
		.actor = SLICE_LITERAL("ci"),
		.action = SLICE_LITERAL("secret.read"),
		.outcome = SLICE_LITERAL("ok"),
		.touched = touched,
		.touched_count = ARRAY_SIZE(touched),
	};
	uint64_t index = log->tree.size;
	bool is_wrong = m->wanted != NULL && index == m->at;
	uint8_t leaf[HASH_BYTES];
	struct slice paths[2] = {touched[0].path};
	struct audit_row row = {.paths = paths, .paths_count = 2};

	snprintf(text, sizeof text, "secrets/s%llu", (unsigned long long)(index % 7));
	touched[1].path = slice_text(text);
	cr_assert_eq(audit_log_append(log, &e, (int64_t)(1000 + index), line, leaf, NULL), OK);
	paths[1] = is_wrong && m->path.len != 0 ? m->path : touched[1].path;
	row.index = index;
	row.time_ms = e.time_ms + (is_wrong ? m->later_ms : 0);
	row.actor = is_wrong && m->actor.len != 0 ? m->actor : e.actor;
	row.action = is_wrong && m->action.len != 0 ? m->action : e.action;
	row.outcome = is_wrong && m->outcome.len != 0 ? m->outcome : e.outcome;
	row.entry = buf_slice(line);
	row.leaf = slice_make((const char *)leaf, sizeof leaf);
	cr_assert_eq(store_put_audit(store, &row, 1, NULL), OK);
	buf_reset(line);
}

static void data_make(struct data *d, const struct misfiling *m)
{
	CLEANUP(buf_clear) struct buf line = BUF_NULL;
	struct audit_log log = AUDIT_LOG_EMPTY;
	struct error err = ERROR_NULL;

	cr_assert(temporary_folder(d->folder, sizeof d->folder));
	cr_assert_eq(crypto_start(NULL), OK);
	cr_assert_eq(secret_memory_new(&d->memory, NULL), OK);
	cr_assert_eq(key_new_random(&d->seed, d->memory, NULL), OK);
	cr_assert_eq(vkey_init_from_seed(&d->key, SLICE_LITERAL(ORIGIN), d->seed, NULL), OK);
	cr_assert_eq(store_open_sqlite(&d->store, d->folder, true, &err), OK, "%s", err.text);
	cr_assert_eq(store_begin(d->store, NULL, NULL), OK);
	while (log.tree.size < ENTRIES)
		put_entry(d->store, &log, m, &line);
	cr_assert_eq(audit_log_sign(&log, NULL, &d->key, d->seed, &d->checkpoint, NULL), OK);
	cr_assert_eq(store_commit(d->store, NULL), OK);
}

static void data_clear(struct data *d)
{
	static const char *const names[] = {"reeve.db", "reeve.lock"};

	store_close(d->store);
	key_free(d->seed);
	secret_memory_free(d->memory);
	buf_clear(&d->checkpoint);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char path[128];

		snprintf(path, sizeof path, "%s/%s", d->folder, names[i]);
		unlink(path);
	}
	rmdir(d->folder);
}

static enum result verify(struct audit_report *ret, const struct data *d)
{
	struct store_session *session;
	enum result rc;

	cr_assert_eq(store_session_open(&session, d->store, NULL), OK);

	struct audit_pages pages = AUDIT_PAGES_INIT(audit_fetch_store, session);
	struct audit_verification what = {.key = &d->key,
					  .checkpoint = buf_slice(&d->checkpoint),
					  .rows = {audit_pages_next, &pages}};
	rc = audit_verify(ret, &what, NULL);
	audit_pages_clear(&pages);
	store_session_close(session);
	return rc;
}

Test(log_pages, an_entry_that_a_query_would_miss_is_detected)
{
	static const struct misfiling cases[] = {
		{.wanted = NULL},
		{.wanted = "entry 0: it is not indexed by its own actor",
		 .at = 0,
		 .actor = SLICE_INIT("nobody")},
		{.wanted = "entry 999: it is not indexed by its own action",
		 .at = 999,
		 .action = SLICE_INIT("secret.rea")},
		{.wanted = "entry 1023: it is not indexed by its own outcome",
		 .at = 1023,
		 .outcome = SLICE_INIT("forbidden")},
		{.wanted = "entry 1024: it is not indexed by its own path",
		 .at = 1024,
		 .path = SLICE_INIT("secrets/s")},
		{.wanted = "entry 2099: it is not indexed by its own path",
		 .at = 2099,
		 .path = SLICE_INIT("config/a/b")},
		{.wanted = "entry 1000: it is not indexed by its own time",
		 .at = 1000,
		 .later_ms = 1000000},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *wanted = cases[i].wanted;
		struct data d = {.checkpoint = BUF_NULL};
		struct audit_report r;

		data_make(&d, &cases[i]);
		cr_expect_eq(verify(&r, &d), wanted == NULL ? OK : E_CORRUPT, "%zu: %s", i,
			     r.first_problem);
		cr_expect_eq(r.problems, wanted != NULL);
		if (wanted != NULL)
			cr_expect(strncmp(r.first_problem, wanted, strlen(wanted)) == 0, "%s",
				  r.first_problem);
		data_clear(&d);
	}
}
