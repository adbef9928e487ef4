/*
 * reeved recover: makes a fresh administrator's token while the server is stopped, where the last
 * one was lost.
 *
 * The token is written to a file beside the wanted one before the store takes it, and gets its name
 * afterwards. So a crash leaves a store without a new token, or one whose token is in
 * FILE.unfinished; running the command again makes another in both cases, and removes that file.
 */
#include "app/command.h"
#include "app/data.h"
#include "app/data_check.h"
#include "app/flags.h"
#include "app/initial_files.h"
#include "app/shipped.h"
#include "base/file.h"
#include "base/memory.h"
#include "service/service.h"
#include "store/open_keyring.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum recover_flag {
	RECOVER_DATA,
	RECOVER_ROOT_KEY,
	RECOVER_REASON,
	RECOVER_TOKEN_FILE,
	RECOVER_RESET_POLICY,
	RECOVER_FLAGS,
};

static const struct flag_row recover_flags[RECOVER_FLAGS] = {
	[RECOVER_DATA] = {"data", false},
	[RECOVER_ROOT_KEY] = {"root-key", false},
	[RECOVER_REASON] = {"reason", false},
	[RECOVER_TOKEN_FILE] = {"admin-token-file", false},
	[RECOVER_RESET_POLICY] = {"reset-policy", true},
};

static const char recover_help[] =
	"Usage: reeved recover --data DIR --reason TEXT [--root-key FILE]\n"
	"                      [--admin-token-file FILE] [--reset-policy]\n\n"
	"Creates a new token for an administrator, for a store whose administrators have lost\n"
	"theirs. The server must be stopped. Other tokens stay valid. The audit log gets an\n"
	"entry with the reason.\n\n"
	"  --data DIR               the data folder\n"
	"  --reason TEXT            the reason, kept in the audit log\n"
	"  --root-key FILE          the root key; DIR/root.key by default\n"
	"  --admin-token-file FILE  a new file (mode 0600) for the token; DIR/" ADMIN_TOKEN_FILE
	" by\n"
	"                           default\n"
	"  --reset-policy           if policies/administrator does not give the right to\n"
	"                           administer, store the one that ships as its next version\n\n"
	"Example:\n\n"
	"  reeved recover --data ./data --reason \"token lost\" \\\n"
	"                 --admin-token-file ./admin2.token\n";

/* One run of the command. `values` are slices of argv. */
struct recover {
	struct slice values[RECOVER_FLAGS];
	char token_path[PATH_MAX];
	char temporary[PATH_MAX]; /* holds the token until that has its name */
	bool is_kept;
	struct data data;
};

/* For service_recover(): durable before the store takes the token. A run that was killed may have
 * left a file of that name. */
static enum result keep_token(void *ctx, struct buf *token, struct error *err)
{
	struct recover *r = ctx;
	enum result rc;

	if (snprintf(r->temporary, sizeof r->temporary, "%s.unfinished", r->token_path) >=
	    (int)sizeof r->temporary)
		return fail(err, E_TOO_LARGE, "%s: the path is too long", r->token_path);
	if (initial_file_is_token(r->temporary))
		unlink(r->temporary);
	rc = initial_files_write_token(slice_text(r->temporary), token, err);
	r->is_kept = rc == OK;
	return rc;
}

/* The token is valid by now, so its file is never removed. */
static enum result name_token(const struct recover *r, struct error *err)
{
	enum result rc = file_rename_new(r->temporary, r->token_path, err);

	if (rc == OK)
		rc = file_sync_folder(r->token_path, err);
	return rc == OK ? OK : wrap(err, rc, "the new token is in %s", r->temporary);
}

static const struct shipped_document *find_policy(void)
{
	for (size_t i = 0; i < shipped_policies_count; i++) {
		if (strcmp(shipped_policies[i].path, "policies/administrator") == 0)
			return &shipped_policies[i];
	}
	return NULL;
}

static enum result change_store(struct recover *r, struct error *err)
{
	bool may_reset = slice_is_text(r->values[RECOVER_RESET_POLICY], "true");
	const struct stopped_store store = {r->data.store, r->data.keyring, &system_clock};
	const struct recovery_order order = {.reason = r->values[RECOVER_REASON],
					     .policy = may_reset ? find_policy() : NULL,
					     .keep = keep_token,
					     .keep_ctx = r};

	return service_recover(&store, &order, err);
}

static enum result recover_all(struct recover *r, struct error *err)
{
	struct vkey key;
	enum result rc = data_token_path(r->token_path, r->values[RECOVER_DATA],
					 r->values[RECOVER_TOKEN_FILE], err);

	if (rc == OK)
		rc = initial_file_check_absent(slice_text(r->token_path), err);
	if (rc == OK)
		rc = data_open(&r->data, r->values[RECOVER_DATA], r->values[RECOVER_ROOT_KEY],
			       DATA_OF_SERVER, err);
	if (rc == OK)
		rc = store_log_key(&key, r->data.store, r->data.keyring, err);
	if (rc == OK)
		rc = data_check(&r->data, &key, SLICE_NULL, err);
	if (rc == OK)
		rc = change_store(r, err);
	data_clear(&r->data);
	if (rc == OK)
		return name_token(r, err);
	/* A commit that failed may be durable: the token may be one that works. */
	if (r->is_kept && rc == E_IO)
		return wrap(err, rc, "keep %s, whose token may be valid", r->temporary);
	if (r->is_kept)
		unlink(r->temporary);
	return rc;
}

int command_recover(int argc, char **argv)
{
	struct recover r = {.data = DATA_NULL};
	struct error err = ERROR_NULL;
	bool is_help;
	enum result rc;

	rc = flags_parse(r.values, &is_help, (struct flag_set){recover_flags, RECOVER_FLAGS}, argc,
			 argv, &err);
	if (rc == OK && is_help) {
		fputs(recover_help, stdout);
		return EXIT_DONE;
	}
	if (rc == OK && (r.values[RECOVER_DATA].len == 0 || r.values[RECOVER_REASON].len == 0))
		rc = fail(&err, E_MALFORMED, "--data and --reason are needed");
	if (rc != OK) {
		fprintf(stderr, "reeved recover: %s\n\n%s", err.text, recover_help);
		return EXIT_USAGE;
	}
	rc = recover_all(&r, &err);
	if (rc != OK) {
		fprintf(stderr, "reeved recover: %s\n", err.text);
		return EXIT_FAILED;
	}
	printf("administrator  %s (holds the token, which is not shown again)\n\n"
	       "next: reeved serve --data %.*s\n",
	       r.token_path, SLICE_ARGS(r.values[RECOVER_DATA]));
	return EXIT_DONE;
}
