#include "../temporary.h"
#include "fixture.h"

#include "access/token.h"
#include "audit/audit_log.h"
#include "crypto/content.h"
#include "crypto/crypto.h"
#include "crypto/token_text.h"
#include "http/native/native.h"
#include "service/engine/audit_write.h"
#include "service/setup/open_store.h"
#include "store/failing.h"
#include "store/sqlite/sqlite.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct asking {
	struct call call;
	struct service *service;
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	bool is_handed_back;
};

#define MUST(expr)                                                                              \
	do {                                                                                    \
		struct error err = ERROR_NULL;                                                  \
		enum result must_rc = (expr);                                                   \
		cr_assert_eq(must_rc, OK, "%s: %s: %s", #expr, result_name(must_rc), err.text); \
	} while (0)

static const char store_id[] = "0123456789abcdef";

static enum result keep_root(void *ctx, const uint8_t bytes[static KEY_BYTES], struct error *err)
{
	(void)err;
	memcpy(ctx, bytes, KEY_BYTES);
	return OK;
}

static enum result put_key(void *ctx, const struct key_row *row, struct error *err)
{
	char name[32];

	snprintf(name, sizeof name, "test_key_%d_%u", (int)row->purpose, row->generation);
	return store_put_meta(ctx, &(struct meta_row){name, row->wrapped}, 1, err);
}

static void put_token(struct store *s, const struct keyring *ring, const char *name,
		      const char *policy, int64_t uses, struct buf *ret)
{
	CLEANUP(buf_clear) struct buf record = BUF_NULL;
	struct slice policies[] = {slice_text(policy)};
	char accessor[ACCESSOR_BYTES];
	uint8_t hash[HASH_BYTES];
	struct token_record r = {.name = slice_text(name),
				 .policies = policies,
				 .policies_count = 1};

	accessor_generate(accessor);
	r.accessor = slice_text(accessor);
	token_record_write(&record, &r);
	MUST(token_generate(ret, &err));
	cr_assert(token_hash(hash, keyring_derived(ring, DERIVED_TOKEN_PEPPER), buf_slice(ret)));
	MUST(store_put_tokens(s,
			      &(struct token_row){.hash = {(const char *)hash, HASH_BYTES},
						  .accessor = r.accessor,
						  .record = buf_slice(&record),
						  .uses_left = uses != 0 ? uses : -1},
			      1, &err));
}

static void put_first_policy(struct store *s, const struct keyring *ring)
{
	static const char source[] = "rules: [{allow: [read, list, write, check, delete, rollback, "
				     "destroy, audit, grant, admin], on: \"**\"}]\n";
	struct content_place place = {.kind = SLICE_LITERAL("policies"),
				      .path = SLICE_LITERAL("policies/all"),
				      .version = 1,
				      .content_type = SLICE_LITERAL("application/yaml")};
	CLEANUP(buf_clear) struct buf sealed = BUF_NULL, wrapped = BUF_NULL;
	uint8_t digest[HASH_BYTES];

	sha256_slice(digest, slice_text(source));
	MUST(content_seal(&sealed, &wrapped, ring, &place, slice_text(source), &err));
	MUST(store_put_revisions(s, &(struct revision_row){.revision = 1, .time_ms = 1000}, 1,
				 &err));
	MUST(store_put_versions(s,
				&(struct version_row){.path = place.path,
						      .version = 1,
						      .revision = 1,
						      .created_ms = 1000,
						      .content_type = place.content_type,
						      .digest = {(const char *)digest, HASH_BYTES},
						      .state_revision = 1,
						      .key_generation = 1,
						      .wrapped_key = buf_slice(&wrapped),
						      .sealed = buf_slice(&sealed)},
				1, &err));
	MUST(store_put_changes(s,
			       &(struct change_row){.revision = 1,
						    .path = place.path,
						    .origin = SLICE_LITERAL("put"),
						    .version = 1},
			       1, &err));
}

static uint8_t root_bytes[KEY_BYTES];

static struct keyring *init_store(struct fixture *f, struct store *s)
{
	static const struct audit_log log = AUDIT_LOG_EMPTY;
	CLEANUP(buf_clear) struct buf checkpoint = BUF_NULL;
	struct keyring *ring;
	struct key *root;

	MUST(key_new_random(&root, f->memory, &err));
	MUST(key_lend(root, keep_root, root_bytes, &err));
	MUST(keyring_create(&ring, f->memory, root, slice_text(store_id), &err));
	store_authenticate(s, ring);
	MUST(store_begin(s, NULL, &err));
	MUST(keyring_each_row(ring, put_key, s, &err));
	MUST(store_put_meta(s, &(struct meta_row){META_EPOCH, SLICE_LITERAL("1")}, 1, &err));
	MUST(store_put_meta(s, &(struct meta_row){META_REVISION, SLICE_LITERAL("1")}, 1, &err));
	MUST(store_put_meta(s, &(struct meta_row){META_LAST_MS, SLICE_LITERAL("1000")}, 1, &err));
	MUST(store_put_meta(s, &(struct meta_row){META_LOG_ORIGIN, SLICE_LITERAL("reeve.test/log")},
			    1, &err));
	MUST(vkey_init_from_seed(&f->log_key, SLICE_LITERAL("reeve.test/log"),
				 keyring_signing_seed(ring), &err));
	put_first_policy(s, ring);
	put_token(s, ring, "root", "all", 0, &f->root_token);
	MUST(audit_write_head(s, ring, &f->log_key, &log, &checkpoint, &err));
	MUST(store_commit(s, &err));
	return ring;
}

static const struct clock *clock_of(const struct fixture *f)
{
	return f->clock != NULL ? f->clock : &system_clock;
}

static void serve(struct fixture *f, struct store *s, struct keyring *ring)
{
	f->store = s;
	MUST(service_open(&f->service, &(struct service_parts){s, ring, &f->settings, clock_of(f)},
			  &err));
}

static bool is_in_memory(void)
{
	const char *kind = getenv("REEVE_TEST_STORE");

	return kind != NULL && strcmp(kind, "memory") == 0;
}

static void open_store(struct store **ret, struct fixture *f, bool is_new)
{
	if (f->disk != NULL)
		MUST(store_open_memory(ret, f->disk, &err));
	else
		MUST(store_open_sqlite(ret, f->folder, is_new, &err));
}

void fixture_open_failing(struct fixture *f, bool (*may_call)(void *ctx, const char *name),
			  void *ctx)
{
	struct keyring *ring;
	struct store *s;

	*f = (struct fixture){.settings = SERVICE_SETTINGS_DEFAULT,
			      .may_call = may_call,
			      .may_call_ctx = ctx};
	cr_assert(temporary_folder(f->folder, sizeof f->folder));
	MUST(crypto_start(&err));
	MUST(secret_memory_new(&f->memory, &err));
	if (is_in_memory())
		MUST(memory_disk_new(&f->disk, &err));
	open_store(&s, f, true);
	ring = init_store(f, s);
	if (may_call != NULL)
		MUST(store_wrap_failing(&s, s, may_call, ctx, &err));
	serve(f, s, ring);
}

void fixture_open(struct fixture *f)
{
	fixture_open_failing(f, NULL, NULL);
}

struct vkey fixture_log_key(struct fixture *f)
{
	return f->log_key;
}

struct stored_keys {
	struct key_row rows[3];
	struct buf texts[3];
	size_t count;
};

static enum result keep_meta(void *ctx, struct slice value, struct error *err)
{
	buf_append_slice(ctx, value);
	return buf_check(ctx, err);
}

static void stop(struct fixture *f)
{
	service_drain(f->service);
	service_close(f->service);
	f->service = NULL;
}

/* The store and its keyring as a start finds them. */
static struct keyring *reopen(struct fixture *f, struct store **ret)
{
	struct stored_keys k = {0};
	struct store_session *ss;
	struct keyring *ring;
	struct key *root;
	uint8_t bytes[KEY_BYTES];

	if (f->service != NULL)
		stop(f);
	open_store(ret, f, false);
	MUST(store_session_open(&ss, *ret, &err));
	for (int purpose = 1; purpose <= 3; purpose++) {
		char name[32];

		snprintf(name, sizeof name, "test_key_%d_1", purpose);
		MUST(store_get_meta(ss, name, keep_meta, &k.texts[k.count], &err));
		k.rows[k.count].purpose = (enum key_purpose)purpose;
		k.rows[k.count].generation = 1;
		k.rows[k.count].wrapped = buf_slice(&k.texts[k.count]);
		k.count++;
	}
	store_session_close(ss);
	memcpy(bytes, root_bytes, KEY_BYTES);
	MUST(key_take_bytes(&root, f->memory, bytes, &err));
	MUST(keyring_open(&ring, f->memory, root, slice_text(store_id),
			  (struct key_rows){k.rows, k.count}, &err));
	for (size_t i = 0; i < k.count; i++)
		buf_clear(&k.texts[i]);
	return ring;
}

void fixture_restart(struct fixture *f)
{
	struct store *s;
	struct keyring *ring = reopen(f, &s);

	serve(f, s, ring);
}

bool fixture_restart_failing(struct fixture *f, atomic_int *left, int n)
{
	struct store *s;
	struct keyring *ring = reopen(f, &s);
	struct error refused = ERROR_NULL;
	enum result rc;
	bool is_over;

	if (f->may_call != NULL)
		MUST(store_wrap_failing(&s, s, f->may_call, f->may_call_ctx, &err));
	atomic_store(left, n);
	rc = service_open(&f->service, &(struct service_parts){s, ring, &f->settings, clock_of(f)},
			  &refused);
	is_over = atomic_exchange(left, -1) > 0;
	f->store = rc == OK ? s : NULL;
	cr_expect(rc == OK || refused.text[0] != '\0');
	cr_assert(rc == OK || !is_over, "%s", refused.text);
	return is_over;
}

static void remove_folder(const char *folder)
{
	DIR *d = opendir(folder);
	struct dirent *e;
	char path[400];

	while (d != NULL && (e = readdir(d)) != NULL) {
		snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
		unlink(path);
	}
	if (d != NULL)
		closedir(d);
	rmdir(folder);
}

void fixture_close(struct fixture *f)
{
	if (f->service != NULL)
		stop(f);
	secret_memory_free(f->memory);
	buf_clear(&f->root_token);
	remove_folder(f->folder);
	memory_disk_free(f->disk);
}

struct buf fixture_token(struct fixture *f, const char *name, const char *rules)
{
	CLEANUP(store_head_clear) struct store_head head = STORE_HEAD_NULL;
	CLEANUP(buf_clear) struct buf checkpoint = BUF_NULL;
	struct buf token = BUF_NULL;
	char path[128];
	struct keyring *ring;
	struct store *s;

	snprintf(path, sizeof path, "policies/%s", name);
	expect(f, OK, NULL, PUT, .path = path, .body = rules, .is_yaml = true);
	ring = reopen(f, &s);
	MUST(setup_open_store(&(struct stopped_store){s, ring, &system_clock}, &head, &err));
	MUST(store_begin(s, NULL, &err));
	put_token(s, ring, name, name, f->uses, &token);
	MUST(audit_write_head(s, ring, &head.log_key, &head.log, &checkpoint, &err));
	MUST(store_commit(s, &err));
	if (f->may_call != NULL)
		MUST(store_wrap_failing(&s, s, f->may_call, f->may_call_ctx, &err));
	serve(f, s, ring);
	return token;
}

static void handed_back(struct call *c)
{
	struct asking *a = c->ctx;

	pthread_mutex_lock(&a->mutex);
	a->is_handed_back = true;
	pthread_cond_broadcast(&a->cond);
	pthread_mutex_unlock(&a->mutex);
}

static struct slice given(const char *text)
{
	return text != NULL ? slice_text(text) : SLICE_NULL;
}

static void fill_write(struct write_input *in, const struct ask *what)
{
	in->is_dry_run = what->is_dry_run;
	in->is_forced = what->is_forced;
	in->has_if_version = what->has_if_version;
	in->if_version = what->if_version;
	in->revision = what->revision;
}

static void fill_page(struct page_input *in, const struct ask *what)
{
	in->prefix = given(what->prefix);
	in->path = given(what->audit_path);
	in->after = given(what->after);
	in->below = (struct optional_number){what->after_number, what->has_after_number};
	in->limit = what->limit;
}

static void fill_config(struct config_input *in, const struct ask *what)
{
	in->at = (struct past_state){what->revision, what->at_ms};
	in->key = given(what->key);
	in->format = what->format;
	in->is_revealed = what->is_revealed;
	in->is_explained = what->is_explained;
	in->wait_ms = what->wait_ms;
}

static void fill_audit(struct audit_input *in, const struct ask *what)
{
	in->actor = given(what->actor);
	in->action = given(what->action);
	in->outcome = given(what->outcome);
	in->path = given(what->audit_path);
	in->from_ms = what->from_ms;
	in->to_ms = what->to_ms;
	in->start = (struct optional_number){what->after_number, what->has_after_number};
	in->limit = what->limit;
	in->wants_lines = what->wants_lines;
}

static void fill_family(struct call_input *in, enum input_family family, const struct ask *what)
{
	switch (family) {
	case INPUT_DOCUMENT:
		in->document = (struct document_input){what->version,
						       {what->revision, what->at_ms},
						       what->wants_source};
		break;
	case INPUT_WRITE:
		fill_write(&in->write, what);
		break;
	case INPUT_PAGE:
		fill_page(&in->page, what);
		break;
	case INPUT_DIFF:
		in->diff = (struct diff_input){what->from, what->to};
		break;
	case INPUT_CONFIG:
		fill_config(&in->config, what);
		break;
	case INPUT_AUDIT:
		fill_audit(&in->audit, what);
		break;
	case INPUT_NUMBER:
		in->numbered.number = what->revision != 0 ? what->revision : what->after_number;
		break;
	case INPUT_TOKEN:
		in->token = (struct token_input){given(what->accessor), what->is_forced};
		break;
	case INPUT_NONE:
		break;
	}
}

static void fill(struct call *c, const struct ask *what)
{
	c->verb = what->verb;
	c->permission = what->permission;
	c->path = given(what->path);
	c->in.body = given(what->body);
	c->in.body_format = what->is_yaml ? DOC_YAML : DOC_JSON;
	c->in.wants_yaml = what->wants_yaml;
	c->in.if_none_match = given(what->etag);
	c->in.idempotency_key = given(what->idempotency_key);
	fill_family(&c->in, verb_input_family(what->verb), what);
}

/* The service calls `done` only for a call that it kept. */
static void submit(struct asking *a)
{
	if (service_submit(a->service, &a->call) == CALL_DONE)
		handed_back(&a->call);
}

struct asking *ask_begin(struct fixture *f, struct ask what)
{
	struct asking *a = calloc(1, sizeof *a);
	struct error err = ERROR_NULL;
	struct slice token =
		what.token != NULL ? slice_text(what.token) : buf_slice(&f->root_token);

	call_init(&a->call);
	a->service = f->service;
	pthread_mutex_init(&a->mutex, NULL);
	pthread_cond_init(&a->cond, NULL);
	a->call.codec = &native_codec;
	fill(&a->call, &what);
	a->call.ctx = a;
	a->call.done = handed_back;
	strcpy(a->call.request_id, "test");
	strcpy(a->call.address_text, "127.0.0.1");
	a->call.out.result = service_authenticate(f->service, &a->call, token, &err);
	if (a->call.out.result != OK) {
		atomic_store(&a->call.state, CALL_DONE);
		handed_back(&a->call);
		return a;
	}
	submit(a);
	return a;
}

enum call_state ask_state(const struct asking *a)
{
	return atomic_load(&a->call.state);
}

struct call *ask_call(struct asking *a)
{
	return &a->call;
}

/* Also goes on with a poll that was woken. A call is marked as done before it is handed back, so
 * only `is_handed_back` tells that no thread of the service uses it any more. */
bool ask_wait(struct asking *a, int64_t ms)
{
	struct timespec until;
	bool is_back, is_done;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	for (;;) {
		pthread_mutex_lock(&a->mutex);
		while (!a->is_handed_back) {
			if (pthread_cond_timedwait(&a->cond, &a->mutex, &until) != 0)
				break;
		}
		is_back = a->is_handed_back;
		is_done = is_back && atomic_load(&a->call.state) == CALL_DONE;
		if (!is_done)
			a->is_handed_back = false;
		pthread_mutex_unlock(&a->mutex);
		if (!is_back || is_done)
			return is_done;
		submit(a);
	}
}

void ask_free(struct asking *a)
{
	call_clear(&a->call);
	pthread_mutex_destroy(&a->mutex);
	pthread_cond_destroy(&a->cond);
	free(a);
}

static char *copy(struct slice s)
{
	return strndup(s.data != NULL ? s.data : "", s.len);
}

struct told ask(struct fixture *f, struct ask what)
{
	struct asking *a = ask_begin(f, what);
	struct told t = {0};

	cr_assert(ask_wait(a, 60000), "no answer came");
	t.result = a->call.out.result;
	t.body = copy(a->call.out.body != NULL ? buf_slice(&a->call.out.body->bytes) : SLICE_NULL);
	t.problems = copy(buf_slice(&a->call.out.problems));
	t.call.out = a->call.out;
	t.call.out.body = NULL;
	t.call.out.problems = (struct buf)BUF_NULL;
	ask_free(a);
	return t;
}

void told_clear(struct told *t)
{
	free(t->body);
	free(t->problems);
}

uint64_t expect_at(struct fixture *f, enum result wanted, const char *text, struct ask what,
		   const char *file, int line)
{
	struct told t = ask(f, what);
	uint64_t version =
		strtoull(t.call.out.etag[0] == '"' ? t.call.out.etag + 2 : "0", NULL, 10);
	bool is_there = text == NULL || strstr(t.body, text) != NULL ||
			strstr(t.problems, text) != NULL ||
			strstr(t.call.out.error.text, text) != NULL;

	cr_assert_eq(t.result, wanted, "%s:%d: %s instead of %s: %s %s %s", file, line,
		     result_name(t.result), result_name(wanted), t.call.out.error.text, t.problems,
		     t.body);
	cr_assert(is_there, "%s:%d: `%s` is not in `%s` `%s` `%s`", file, line, text, t.body,
		  t.problems, t.call.out.error.text);
	told_clear(&t);
	return version;
}
