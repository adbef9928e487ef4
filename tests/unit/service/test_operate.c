#include "../temporary.h"
#include "fixture.h"

#include "crypto/crypto.h"
#include "crypto/keyring.h"
#include "store/failing.h"
#include "store/open_keyring.h"
#include "store/sqlite/sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct fixture f;

static void open_it(void)
{
	fixture_open(&f);
}

static void close_it(void)
{
	fixture_close(&f);
}

TestSuite(operate, .init = open_it, .fini = close_it);

#define CHECK  .verb = VERB_ACCESS_CHECK
#define STATUS .verb = VERB_STATUS, .permission = MAY_READ, .path = "sys/status"
#define BACKUP .verb = VERB_BACKUP, .permission = MAY_READ, .path = "sys/backup"

static void put(const char *path, const char *body)
{
	expect(&f, OK, NULL, PUT, .path = path, .body = body, .is_yaml = true);
}

Test(operate, the_log_shows_the_newest_in_order_and_goes_on_from_any_entry)
{
	struct told t;

	for (int i = 0; i < 5; i++) {
		char body[32];

		snprintf(body, sizeof body, "a: %d\n", i);
		put("profiles/a/x", body);
	}
	t = ask(&f, (struct ask){AUDIT, .limit = 2});
	cr_expect_not_null(strstr(t.body, "\"index\":3,"), "%s", t.body);
	cr_expect(strstr(t.body, "\"index\":3,") < strstr(t.body, "\"index\":4,"));
	cr_expect_null(strstr(t.body, "\"index\":2,"));
	told_clear(&t);
	t = ask(&f, (struct ask){AUDIT, .limit = 2, .has_after_number = true, .after_number = 1,
				 .wants_lines = true});
	cr_expect(strncmp(t.body, "{\"v\":1,\"index\":1,", 17) == 0, "%s", t.body);
	cr_expect_not_null(strstr(t.body, "}\n{\"v\":1,\"index\":2,"));
	cr_expect_str_eq(t.call.out.next, "3");
	told_clear(&t);
	expect(&f, OK, "{\"items\":[]}", AUDIT, .has_after_number = true, .after_number = 5);
}

Test(operate, the_log_is_searched_by_actor_action_path_and_outcome)
{
	CLEANUP(buf_clear)
	struct buf token =
		fixture_token(&f, "nobody", "rules: [{allow: [read], on: secrets/none}]");

	put("profiles/a/x", "a: 1\n");
	expect(&f, E_FORBIDDEN, NULL, GET, .path = "profiles/a/x", .token = token.data);
	expect(&f, OK, "document.read", AUDIT, .actor = "nobody");
	expect(&f, OK, "document.put", AUDIT, .action = "document.*");
	expect(&f, OK, "document.read", AUDIT, .outcome = "forbidden");
	expect(&f, OK, "profiles/a/x", AUDIT, .audit_path = "profiles/");
	expect(&f, OK, "{\"items\":[]}", AUDIT, .actor = "nobody", .outcome = "ok");
}

Test(operate, who_may_audit_one_document_sees_its_entries_and_no_other_name)
{
	CLEANUP(buf_clear)
	struct buf token = fixture_token(&f, "half", "rules: [{allow: [audit], on: profiles/a/*}]");
	struct told t;

	expect(&f, OK, NULL, .verb = VERB_BATCH,
	       .body = "{\"changes\":[{\"op\":\"put\",\"path\":\"profiles/a/x\",\"content\":{}},"
		       "{\"op\":\"put\",\"path\":\"profiles/b/x\",\"content\":{}}]}");
	t = ask(&f, (struct ask){AUDIT, .audit_path = "profiles/a/x", .token = token.data});
	cr_assert_eq(t.result, OK, "%s", t.call.out.error.text);
	cr_expect_not_null(strstr(t.body, "profiles/a/x"), "%s", t.body);
	cr_expect_null(strstr(t.body, "profiles/b/x"), "%s", t.body);
	cr_expect_not_null(strstr(t.body, "\"touched_more\":1"), "%s", t.body);
	told_clear(&t);
	expect(&f, OK, "profiles/a/x", AUDIT, .audit_path = "profiles/", .token = token.data);
	expect(&f, E_FORBIDDEN, NULL, AUDIT, .audit_path = "profiles/b/x", .token = token.data);
	expect(&f, E_FORBIDDEN, NULL, AUDIT, .token = token.data);
}

Test(operate, an_entry_is_read_by_its_number)
{
	put("profiles/a/x", "a: 1\n");
	expect(&f, OK, "\"index\":0,", .verb = VERB_AUDIT_ENTRY, .permission = MAY_AUDIT,
	       .path = "sys/audit", .has_after_number = true);
	expect(&f, E_NOT_FOUND, "no entry 7", .verb = VERB_AUDIT_ENTRY, .permission = MAY_AUDIT,
	       .path = "sys/audit", .has_after_number = true, .after_number = 7);
}

Test(operate, a_check_says_which_rule_decided)
{
	CLEANUP(buf_clear)
	struct buf token = fixture_token(&f, "two",
					 "rules:\n- {allow: [read], on: profiles/**}\n"
					 "- {deny: [read], on: profiles/no/*}\n");

	expect(&f, OK, "{\"allowed\":true,\"rule\":{\"policy\":\"two\",\"rule\":1,\"line\":2}}",
	       CHECK, .token = token.data,
	       .body = "{\"permission\":\"read\",\"path\":\"profiles/a/x\"}");
	expect(&f, OK, "{\"allowed\":false,\"rule\":{\"policy\":\"two\",\"rule\":2,\"line\":3}}",
	       CHECK, .token = token.data,
	       .body = "{\"permission\":\"read\",\"path\":\"profiles/no/x\"}");
	expect(&f, OK, "{\"allowed\":false,\"rule\":null}", CHECK, .token = token.data,
	       .body = "{\"permission\":\"write\",\"path\":\"profiles/a/x\"}");
	expect(&f, E_MALFORMED, "permission", CHECK,
	       .body = "{\"permission\":\"fly\",\"path\":\"x\"}");
	expect(&f, E_MALFORMED, "needed", CHECK, .body = "{\"path\":\"x\"}");
}

Test(operate, anothers_rights_are_told_to_who_looks_after_tokens)
{
	CLEANUP(buf_clear)
	struct buf token = fixture_token(&f, "one", "rules: [{allow: [read], on: profiles/**}]");
	struct told t = ask(&f, (struct ask){.verb = VERB_TOKEN_SELF, .token = token.data});
	char body[200];

	snprintf(body, sizeof body,
		 "{\"permission\":\"read\",\"path\":\"profiles/a/x\",\"accessor\":\"%.26s\"}",
		 strstr(t.body, "\"accessor\":\"") + 12);
	told_clear(&t);
	expect(&f, OK, "\"allowed\":true,\"rule\":{\"policy\":\"one\"", CHECK, .body = body);
	expect(&f, E_FORBIDDEN, NULL, CHECK, .body = body, .token = token.data);
	expect(&f, E_NOT_FOUND, NULL, CHECK,
	       .body = "{\"permission\":\"read\",\"path\":\"x\",\"accessor\":\"none\"}");
}

Test(operate, status_counts_and_names_no_document)
{
	struct told t;

	put("profiles/a/x", "a: 1\n");
	put("secrets/hush", "{data: {k: v}}");
	t = ask(&f, (struct ask){STATUS});
	cr_assert_eq(t.result, OK);
	cr_expect_not_null(strstr(t.body,
				  "\"schemas\":0,\"profiles\":1,\"policies\":1,\"secrets\":1"),
			   "%s", t.body);
	cr_expect_not_null(strstr(t.body, "\"epoch\":1,\"revision\":3"));
	cr_expect_not_null(strstr(t.body, "\"audit\":{\"size\":2"));
	cr_expect_not_null(strstr(t.body, "\"store\":\"ok\""));
	cr_expect_null(strstr(t.body, "hush"));
	told_clear(&t);
}

Test(operate, metrics_are_counted)
{
	struct told t;

	put("profiles/a/x", "a: 1\n");
	t = ask(&f,
		(struct ask){.verb = VERB_METRICS, .permission = MAY_READ, .path = "sys/metrics"});
	cr_expect_not_null(strstr(t.body, "\nreeve_calls_total{verb=\"document.put\"} 1\n"));
	cr_expect_not_null(strstr(t.body, "\nreeve_commits_total 1\n"));
	cr_expect_not_null(strstr(t.body, "\nreeve_audit_entries_total 1\n"));
	cr_expect_not_null(strstr(t.body, "\nreeve_revision 2\n"));
	told_clear(&t);
}

Test(operate, a_backup_is_recorded_and_its_file_goes_with_the_call)
{
	struct asking *a;
	char file[400];

	NEEDS_BACKUPS(&f);
	a = ask_begin(&f, (struct ask){BACKUP});
	cr_assert(ask_wait(a, 10000));
	cr_assert_eq(ask_call(a)->out.result, OK, "%s", ask_call(a)->out.error.text);
	cr_expect_eq(ask_call(a)->out.kind, BODY_FILE);
	cr_expect(ask_call(a)->out.has_audit_index);
	snprintf(file, sizeof file, "%s", ask_call(a)->out.body->bytes.data);
	cr_expect_eq(access(file, R_OK), 0);
	ask_free(a);
	cr_expect_neq(access(file, F_OK), 0);
	expect(&f, OK, "backup.read", AUDIT, .audit_path = "sys/backup");
}

/* A store as init leaves it. */
struct founded {
	char folder[80];
	struct secret_memory *memory;
	struct store *store;
	struct keyring *keyring;
	struct buf token, vkey;
	uint8_t root[KEY_BYTES];
};

#define MUST(expr)                                                   \
	do {                                                         \
		struct error err = ERROR_NULL;                       \
		cr_assert_eq((expr), OK, "%s: %s", #expr, err.text); \
	} while (0)

static const char everything[] =
	"rules: [{allow: [read, list, write, check, delete, rollback, destroy, audit, grant, admin], "
	"on: \"**\"}]\n";

static struct key *root_key(struct founded *n)
{
	uint8_t bytes[KEY_BYTES];
	struct key *root;

	memcpy(bytes, n->root, sizeof bytes);
	MUST(key_take_bytes(&root, n->memory, bytes, &err));
	return root;
}

/* With `source` as its only policy. */
static enum result found_with(struct founded *n, const char *source)
{
	const struct shipped_document documents[] = {
		{"policies/administrator", source, strlen(source)},
	};
	struct error refused = ERROR_NULL;

	*n = (struct founded){.store = NULL};
	cr_assert(temporary_folder(n->folder, sizeof n->folder));
	memset(n->root, 7, sizeof n->root);
	MUST(crypto_start(&err));
	MUST(secret_memory_new(&n->memory, &err));
	MUST(store_open_sqlite(&n->store, n->folder, true, &err));
	MUST(keyring_create(&n->keyring, n->memory, root_key(n), SLICE_LITERAL("0123456789abcdef"),
			    &err));
	return service_init(&(struct stopped_store){n->store, n->keyring, &system_clock}, documents,
			    1, &n->token, &n->vkey, &refused);
}

static void found(struct founded *n)
{
	cr_assert_eq(found_with(n, everything), OK);
}

/* Serves it as if it were the fixture's own; its end is fixture_close(). */
static void serve(struct founded *n, struct fixture *ret)
{
	struct service_settings settings = SERVICE_SETTINGS_DEFAULT;

	*ret = (struct fixture){.memory = n->memory, .root_token = buf_steal(&n->token)};
	strcpy(ret->folder, n->folder);
	MUST(service_open(&ret->service,
			  &(struct service_parts){n->store, n->keyring, &settings, &system_clock},
			  &err));
	buf_clear(&n->vkey);
}

Test(founding, a_new_store_has_its_policies_a_token_and_a_log)
{
	struct founded n;
	struct fixture g;

	found(&n);
	keyring_free(n.keyring);
	MUST(store_open_keyring(&n.keyring, n.store, n.memory, root_key(&n), &err));
	serve(&n, &g);
	expect(&g, OK, "allow: [read, list", GET, .path = "policies/administrator",
	       .wants_source = true);
	expect(&g, OK, "\"action\":\"store.init\"", AUDIT);
	expect(&g, OK, "\"path\":\"sys/tokens/", AUDIT, .action = "token.create");
	expect(&g, OK, "\"revision\":1,", .verb = VERB_REVISION_GET, .revision = 1);
	expect(&g, OK, NULL, PUT, .path = "profiles/a/x", .body = "{}");
	fixture_close(&g);
}

Test(founding, another_root_key_opens_nothing)
{
	struct founded n;
	struct fixture g;
	struct keyring *other;
	struct error err = ERROR_NULL;

	found(&n);
	n.root[0] ^= 1;
	cr_expect_eq(store_open_keyring(&other, n.store, n.memory, root_key(&n), &err), E_CRYPTO);
	serve(&n, &g);
	fixture_close(&g);
}

Test(founding, a_policy_that_does_not_compile_makes_no_store)
{
	struct founded n;
	struct fixture g = {.service = NULL};
	struct error err = ERROR_NULL;
	struct keyring *ring;

	cr_expect_eq(found_with(&n, "rules: [{alow: [read], on: \"**\"}]\n"), E_INVALID);
	cr_expect_eq(n.token.len, 0);
	cr_expect_eq(store_open_keyring(&ring, n.store, n.memory, root_key(&n), &err), E_NOT_FOUND);
	store_close(n.store);
	keyring_free(n.keyring);
	buf_clear(&n.token);
	buf_clear(&n.vkey);
	g.memory = n.memory;
	strcpy(g.folder, n.folder);
	fixture_close(&g);
}

static void adopt(struct founded *n, bool is_keeping, struct buf *ret_token)
{
	MUST(service_restore(&(struct stopped_store){n->store, n->keyring, &system_clock},
			     SLICE_LITERAL("the disk died"), is_keeping, ret_token, &err));
}

Test(founding, a_restored_store_has_a_new_epoch_and_one_token)
{
	struct founded n;
	struct fixture g;
	struct buf fresh = BUF_NULL;

	found(&n);
	adopt(&n, false, &fresh);
	serve(&n, &g);
	expect(&g, E_UNAUTHENTICATED, NULL, .verb = VERB_TOKEN_SELF);
	buf_clear(&g.root_token);
	g.root_token = fresh;
	expect(&g, OK, NULL, .verb = VERB_TOKEN_SELF);
	expect(&g, OK, "\"epoch\":2,", STATUS);
	expect(&g, OK, "the disk died", AUDIT, .action = "store.restore");
	expect(&g, OK, "1 tokens ended", AUDIT, .action = "token.revoke");
	expect(&g, OK, NULL, PUT, .path = "profiles/a/x", .body = "{}");
	fixture_close(&g);
}

Test(founding, tokens_are_kept_when_asked_for)
{
	struct founded n;
	struct fixture g;
	CLEANUP(buf_clear) struct buf fresh = BUF_NULL;

	found(&n);
	adopt(&n, true, &fresh);
	serve(&n, &g);
	expect(&g, OK, NULL, .verb = VERB_TOKEN_SELF);
	expect(&g, OK, NULL, .verb = VERB_TOKEN_SELF, .token = fresh.data);
	fixture_close(&g);
}

static int calls_left;

static bool may_call(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return calls_left-- != 0;
}

/* One founding whose n-th store call fails; whether it came through. */
static bool found_failing(int n)
{
	static const struct shipped_document document = {"policies/administrator", everything,
							 sizeof everything - 1};
	struct founded f_ = {.store = NULL};
	struct fixture g = {.service = NULL};
	struct error refused = ERROR_NULL;
	struct keyring *ring;
	enum result rc;

	cr_assert(temporary_folder(f_.folder, sizeof f_.folder));
	MUST(crypto_start(&err));
	MUST(secret_memory_new(&f_.memory, &err));
	MUST(store_open_sqlite(&f_.store, f_.folder, true, &err));
	MUST(store_wrap_failing(&f_.store, f_.store, may_call, NULL, &err));
	MUST(keyring_create(&f_.keyring, f_.memory, root_key(&f_),
			    SLICE_LITERAL("0123456789abcdef"), &err));
	calls_left = n;
	rc = service_init(&(struct stopped_store){f_.store, f_.keyring, &system_clock}, &document,
			  1, &f_.token, &f_.vkey, &refused);
	calls_left = -1;
	cr_expect_eq(rc != OK, f_.token.len == 0, "call %d: a token without a store", n);
	if (rc != OK &&
	    store_open_keyring(&ring, f_.store, f_.memory, root_key(&f_), &refused) == OK)
		keyring_free(ring); /* the commit's own outcome is not known: then all is there */
	store_close(f_.store);
	keyring_free(f_.keyring);
	buf_clear(&f_.token);
	buf_clear(&f_.vkey);
	g.memory = f_.memory;
	strcpy(g.folder, f_.folder);
	fixture_close(&g);
	return rc == OK;
}

Test(founding, whichever_store_call_fails_no_token_is_handed_out, .timeout = 120)
{
	int n = 0;

	while (!found_failing(n))
		cr_assert_lt(++n, 200);
	cr_expect_gt(n, 10);
}

/* Keeps the token, or refuses to where `ctx` is NULL. */
static enum result keep(void *ctx, struct buf *token, struct error *err)
{
	if (ctx == NULL)
		return fail(err, E_IO, "no place for the token");
	buf_append_slice(ctx, buf_slice(token));
	return OK;
}

Test(founding, a_recovered_store_has_one_token_more)
{
	struct founded n;
	struct fixture g;
	struct buf fresh = BUF_NULL;

	found(&n);
	MUST(service_recover(&(struct stopped_store){n.store, n.keyring, &system_clock},
			     &(struct recovery_order){.reason = SLICE_LITERAL("it was lost"),
						      .keep = keep,
						      .keep_ctx = &fresh},
			     &err));
	serve(&n, &g);
	expect(&g, OK, NULL, .verb = VERB_TOKEN_SELF);
	buf_clear(&g.root_token);
	g.root_token = fresh;
	expect(&g, OK, NULL, .verb = VERB_TOKEN_SELF);
	expect(&g, OK, "\"epoch\":1,", STATUS);
	expect(&g, OK, "it was lost", AUDIT, .action = "store.recover");
	expect(&g, OK, NULL, PUT, .path = "profiles/a/x", .body = "{}");
	fixture_close(&g);
}

Test(founding, a_token_that_could_not_be_kept_is_not_made)
{
	struct founded n;
	struct fixture g;
	struct error told = ERROR_NULL;

	found(&n);
	cr_expect_eq(service_recover(&(struct stopped_store){n.store, n.keyring, &system_clock},
				     &(struct recovery_order){.reason =
								      SLICE_LITERAL("it was lost"),
							      .keep = keep},
				     &told),
		     E_IO);
	cr_expect(strstr(told.text, "no place") != NULL, "%s", told.text);
	serve(&n, &g);
	expect(&g, OK, "{\"items\":[]}", AUDIT, .action = "store.recover");
	fixture_close(&g);
}
