/* A check of a whole store: what it finds in rows that were written so, and that it says it when it
 * could not look. tests/api/test_verify.py changes files. */
#include "fixture.h"

#include "audit/audit_log.h"
#include "crypto/content.h"
#include "crypto/crypto.h"
#include "store/check/check.h"
#include "store/failing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is wrong in the store that is made. */
struct wrong {
	bool has_other_content, has_other_digest, has_unsaid_token, lacks_content;
};

static struct folder folder;
static struct store *store;
static struct secret_memory *memory;
static struct keyring *ring;
static struct vkey log_key;
static struct audit_log a_log;

static void put_line(const char *action, const struct audit_touch *touch)
{
	CLEANUP(buf_clear) struct buf line = BUF_NULL;
	struct audit_entry e = {.epoch = 1,
				.revision = 1,
				.action = slice_text(action),
				.outcome = SLICE_LITERAL("ok"),
				.touched = touch,
				.touched_count = 1};
	uint8_t leaf[HASH_BYTES];
	struct audit_row row = {.paths = &touch->path, .paths_count = 1};

	EXPECT_OK(audit_log_append(&a_log, &e, 1000, &line, leaf, err));
	row.index = e.index;
	row.time_ms = e.time_ms;
	row.action = e.action;
	row.outcome = e.outcome;
	row.entry = buf_slice(&line);
	row.leaf = slice_make((const char *)leaf, sizeof leaf);
	EXPECT_OK(store_put_audit(store, &row, 1, err));
}

static void put_document(const char *path, const struct wrong *w)
{
	struct slice source = SLICE_LITERAL("a: 1\n"), other = SLICE_LITERAL("a: 2\n");
	struct content_place place = {SLICE_LITERAL("schemas"), slice_text(path), 1,
				      SLICE_LITERAL("application/yaml")};
	struct audit_touch touch = {.path = place.path,
				    .version = 1,
				    .has_mac = true,
				    .state = AUDIT_STATE_LIVE};
	CLEANUP(buf_clear) struct buf sealed = BUF_NULL, wrapped = BUF_NULL;
	struct change_row change = {.revision = 1,
				    .path = place.path,
				    .origin = SLICE_LITERAL("put"),
				    .version = 1};
	struct version_row row = version_of(path, 1, 1);
	uint8_t digest[HASH_BYTES];

	sha256_slice(digest, w->has_other_digest ? other : source);
	EXPECT_OK(content_seal(&sealed, &wrapped, ring, &place,
			       w->has_other_content ? other : source, err));
	row.content_type = place.content_type;
	row.digest = slice_make((const char *)digest, sizeof digest);
	row.sealed = buf_slice(&sealed);
	row.wrapped_key = buf_slice(&wrapped);
	row.key_generation = keyring_generation(ring);
	EXPECT_OK(store_put_versions(store, &row, 1, err));
	EXPECT_OK(store_put_changes(store, &change, 1, err));
	audit_value_mac(touch.mac, keyring_derived(ring, DERIVED_VALUE_MAC), place.path, 1, source);
	put_line("document.put", &touch);
}

static const char token_record[] =
	"{\"accessor\":\"a\",\"name\":\"n\",\"policies\":[],\"addresses\":[],\"parent\":\"\","
	"\"created_ms\":0,\"expires_ms\":0,\"ttl_ms\":0,\"max_expires_ms\":0,\"created_by\":\"\"}";

static void put_token(const struct wrong *w)
{
	static const char hash[HASH_BYTES] = "hash";
	struct token_row row = {.hash = slice_make(hash, sizeof hash),
				.accessor = SLICE_LITERAL("a"),
				.record = slice_text(token_record),
				.uses_left = -1};
	struct audit_touch touch = {.path = SLICE_LITERAL("sys/tokens/a"),
				    .state = AUDIT_STATE_LIVE,
				    .has_digest = true};

	audit_token_digest(touch.digest, row.hash, row.record);
	EXPECT_OK(store_put_tokens(store, &row, 1, err));
	if (!w->has_unsaid_token)
		put_line("token.create", &touch);
}

static void put_head(void)
{
	CLEANUP(buf_clear) struct buf state = BUF_NULL, note = BUF_NULL;
	struct log_row row = {.size = a_log.tree.size, .time_ms = a_log.last_time_ms};
	const struct meta_row meta[] = {{META_EPOCH, SLICE_LITERAL("1")},
					{META_REVISION, SLICE_LITERAL("1")},
					{META_LAST_MS, SLICE_LITERAL("7")},
					{META_LOG_ORIGIN, SLICE_LITERAL("x/y")}};
	uint8_t rows[HASH_BYTES];
	struct revision_row revision = revision_of(1);

	revision.time_ms = 7;
	EXPECT_OK(store_put_revisions(store, &revision, 1, err));
	EXPECT_OK(store_put_meta(store, meta, ARRAY_SIZE(meta), err));
	audit_log_append_state(&state, &a_log);
	EXPECT_OK(store_state(store, rows, err));
	EXPECT_OK(audit_log_sign(&a_log, rows, &log_key, keyring_signing_seed(ring), &note, err));
	row.peaks = buf_slice(&state);
	row.checkpoint = buf_slice(&note);
	EXPECT_OK(store_put_log(store, &row, err));
}

static void make(struct folder f, const struct wrong *w)
{
	uint8_t root_bytes[KEY_BYTES] = {1};
	struct key *root;

	folder = f;
	a_log = (struct audit_log)AUDIT_LOG_EMPTY;
	EXPECT_OK(crypto_start(err));
	EXPECT_OK(secret_memory_new(&memory, err));
	EXPECT_OK(key_take_bytes(&root, memory, root_bytes, err));
	EXPECT_OK(keyring_create(&ring, memory, root, SLICE_LITERAL("0123456789abcdef"), err));
	EXPECT_OK(vkey_init_from_seed(&log_key, SLICE_LITERAL("x/y"), keyring_signing_seed(ring),
				      err));
	store = store_make(&folder);
	store_authenticate(store, ring);
	EXPECT_OK(store_begin(store, NULL, err));
	put_document("schemas/a", w);
	put_document("schemas/b", &(struct wrong){false});
	put_token(w);
	put_head();
	EXPECT_OK(store_commit(store, err));
	store_authenticate(store, NULL); /* as it is opened */
}

static void end(void)
{
	store_close(store);
	keyring_free(ring);
	secret_memory_free(memory);
	folder_remove(&folder);
}

/* The findings, a line for each. */
static struct buf found;

static void note_finding(void *ctx, const struct store_finding *f)
{
	(void)ctx;
	cr_expect(f->remedy[0] != '\0');
	buf_printf(&found, "%s %s: %s\n", f->table, f->key, f->problem);
}

static enum result check(struct store_check_report *r, bool has_keys, struct error *err)
{
	struct store_check what = {.store = store,
				   .key = &log_key,
				   .keyring = has_keys ? ring : NULL,
				   .finding = note_finding};
	enum result rc;

	buf_reset(&found);
	rc = store_check(r, &what, err);
	buf_clear(&r->checkpoint);
	return rc;
}

static void expect_found(struct wrong w, bool has_keys, const char *wanted)
{
	struct store_check_report r;
	struct error err = ERROR_NULL;
	enum result rc;

	make(folder_new(), &w);
	rc = check(&r, has_keys, &err);
	cr_expect_eq(rc, wanted[0] != '\0' ? E_CORRUPT : OK, "%s: %s", result_name(rc), err.text);
	cr_expect_str_eq(found.data != NULL ? found.data : "", wanted);
	buf_clear(&found);
	end();
}

Test(check, a_store_as_it_was_written_is_sound_on_disk_and_in_memory)
{
	for (int i = 0; i < 2; i++) {
		struct store_check_report r;
		struct error err = ERROR_NULL;

		make(i == 0 ? folder_new() : folder_new_in_memory(), &(struct wrong){false});
		cr_expect_eq(check(&r, true, &err), OK, "%s", err.text);
		cr_expect_eq(r.documents, 2);
		cr_expect_eq(r.versions, 2);
		cr_expect_eq(r.contents, 2);
		cr_expect_eq(r.tokens, 1);
		cr_expect_eq(r.log.entries, 3);
		cr_expect_eq(r.unsaid, 0);
		cr_expect(r.is_log_read);
		end();
	}
	buf_clear(&found);
}

Test(check, a_content_is_compared_with_its_digest_and_with_the_log_once_the_keys_are_there)
{
	const char *const other =
		"contents schemas/a version 1: it does not have the digest of its version\n"
		"contents schemas/a version 1: it is not the content whose value_mac is in the log\n";

	expect_found((struct wrong){.has_other_content = true}, true, other);
	expect_found((struct wrong){.has_other_content = true}, false, "");
	expect_found((struct wrong){.has_other_digest = true}, true,
		     "contents schemas/a version 1: it does not have the digest of its version\n");
	expect_found((struct wrong){.has_other_content = true, .has_other_digest = true}, true,
		     "contents schemas/a version 1: it is not the content whose value_mac is in "
		     "the log\n");
}

Test(check, a_token_that_no_entry_names_is_found)
{
	expect_found((struct wrong){.has_unsaid_token = true}, false,
		     "tokens a: no entry of the log made it\n");
}

static int calls_left;

static bool may_call(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return calls_left-- != 0;
}

Test(check, whichever_call_of_the_store_fails_it_is_never_called_sound)
{
	int n;

	make(folder_new(), &(struct wrong){false});
	EXPECT_OK(store_wrap_failing(&store, store, may_call, NULL, err));
	for (n = 0;; n++) {
		struct store_check_report r;
		struct error err = ERROR_NULL;
		enum result rc;

		cr_assert_lt(n, 200, "never ends");
		calls_left = n;
		rc = check(&r, true, &err);
		if (calls_left >= 0) {
			cr_expect_eq(rc, OK, "%s", err.text);
			break;
		}
		cr_expect_eq(rc, E_IO, "call %d: %s", n, result_name(rc));
	}
	cr_expect_gt(n, 12);
	buf_clear(&found);
	end();
}

static uint32_t allocations;

static bool may_allocate(void *ctx)
{
	return ++allocations != *(uint32_t *)ctx;
}

Test(check, whichever_allocation_fails_it_is_never_called_sound)
{
	make(folder_new_in_memory(), &(struct wrong){false});
	for (uint32_t n = 1;; n++) {
		struct store_check_report r;
		struct store_check what = {.store = store, .key = &log_key, .keyring = ring};
		struct error err = ERROR_NULL;
		enum result rc;

		cr_assert_lt(n, 2000, "never ends");
		allocations = 0;
		alloc_hook_set(may_allocate, &n);
		rc = store_check(&r, &what, &err);
		alloc_hook_set(NULL, NULL);
		buf_clear(&r.checkpoint);
		if (allocations < n) {
			cr_expect_eq(rc, OK, "%s", err.text);
			break;
		}
		cr_expect_eq(rc, E_MEMORY, "allocation %u: %s %s", n, result_name(rc), err.text);
	}
	end();
}
