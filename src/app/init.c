/*
 * reeved init: creates a data folder with keys, a store and the first token.
 *
 * The order: refuse what exists (the token's file, a folder with content), create the folder, then
 * the root key, the store in DIR/unfinished, audit.pub and the token; at last the store gets its
 * name (unfinished.h). So a run that is interrupted leaves a folder that does not serve, and
 * --resume clears it and begins anew. If a step fails, the files that were made are removed again,
 * the root key only if this run created it; the folder itself remains. An existing root key is used
 * as it is, which lets an operator keep it on another disk or create it elsewhere.
 */
#include "app/command.h"
#include "app/data.h"
#include "app/initial_files.h"
#include "app/flags.h"
#include "app/shipped.h"
#include "app/unfinished.h"
#include "base/memory.h"
#include "base/random.h"
#include "crypto/keyring.h"
#include "crypto/root_key.h"
#include "store/sqlite/sqlite.h"

#include <stdio.h>
#include <unistd.h>

/* 128 random bits: no two stores have the same id. It is bound into all sealed data, so that a row
 * of one store cannot be decrypted as a row of another (crypto/keyring.h). */
#define STORE_ID_BYTES 16

enum init_flag { INIT_DATA, INIT_TOKEN_FILE, INIT_ROOT_KEY, INIT_RESUME, INIT_FLAGS };

static const struct flag_row init_flags[INIT_FLAGS] = {
	[INIT_DATA] = {"data", false},
	[INIT_TOKEN_FILE] = {"admin-token-file", false},
	[INIT_ROOT_KEY] = {"root-key", false},
	[INIT_RESUME] = {"resume", true},
};

static const char init_help[] =
	"Usage: reeved init --data DIR --admin-token-file FILE [--root-key FILE]\n"
	"                   [--resume]\n\n"
	"Creates a data folder with new keys, the shipped policies and an administrator's\n"
	"token.\n\n"
	"  --data DIR               the folder; must be empty or not exist\n"
	"  --admin-token-file FILE  a new file (mode 0600) for the token\n"
	"  --root-key FILE          the root key's file, which is created (mode 0400) if it does\n"
	"                           not exist; DIR/root.key by default\n"
	"  --resume                 clear what an interrupted init left in DIR, and begin anew; a\n"
	"                           root key that it created is used again\n\n"
	"Example:\n\n"
	"  reeved init --data ./data --admin-token-file ./admin.token\n\n"
	"Keep a copy of the root key in another place: backups do not hold it, and without it\n"
	"nobody can read the data.\n";

/* One run of the command. `values` are slices of argv; the rest belongs to this struct. */
struct init {
	struct slice values[INIT_FLAGS];
	char key_path[PATH_MAX];
	struct unfinished run;
	struct data data;
	/* The administrator's token (wiped with the buffer) and the line of audit.pub. */
	struct buf token, vkey;
};

/* A crash may have cut off the root key of the interrupted run. No data depend on that. */
static enum result drop_broken_key(struct init *i, struct error *err)
{
	struct key *root = NULL;
	enum result rc = root_key_read(&root, i->data.memory, i->key_path, err);

	if (rc == OK)
		key_free(root);
	if (rc != E_MALFORMED)
		return rc;
	if (unlink(i->key_path) != 0)
		return fail_errno(err, E_IO, "remove %s", i->key_path);
	i->run.is_root_key_kept = false;
	return OK;
}

/* Reads the root key back from its file also when it was created just now: a file that later starts
 * could not read must fail here, while no data depends on it. */
static enum result make_keys(struct init *i, struct error *err)
{
	uint8_t store_id[STORE_ID_BYTES];
	struct key *root = NULL;
	enum result rc = i->run.is_root_key_kept ? drop_broken_key(i, err) : OK;

	if (rc == OK && access(i->key_path, F_OK) != 0) {
		rc = root_key_create(i->key_path, i->data.memory, err);
		i->run.is_root_key_made = rc == OK;
	}
	if (rc == OK)
		rc = root_key_read(&root, i->data.memory, i->key_path, err);
	if (rc != OK)
		return rc;
	random_fill(&system_random, store_id, sizeof store_id);
	return keyring_create(&i->data.keyring, i->data.memory, root,
			      slice_make((const char *)store_id, sizeof store_id), err);
}

static enum result make_store(struct init *i, struct error *err)
{
	enum result rc = store_open_sqlite(&i->data.store, i->run.inside, true, err);

	if (rc == OK)
		rc = service_init(&(struct stopped_store){i->data.store, i->data.keyring,
							  &system_clock},
				  shipped_policies, shipped_policies_count, &i->token, &i->vkey,
				  err);
	/* Closes the store before it gets its name. */
	data_clear(&i->data);
	return rc;
}

/* The token cannot be shown a second time, so it is on the disk before the store has its name. */
static enum result make_files(struct init *i, struct error *err)
{
	enum result rc =
		initial_files_write_audit_key(i->values[INIT_DATA], buf_slice(&i->vkey), err);

	if (rc == OK) {
		rc = initial_files_write_token(i->values[INIT_TOKEN_FILE], &i->token, err);
		i->run.is_token_made = rc == OK;
	}
	return rc == OK ? unfinished_commit(&i->run, err) : rc;
}

static enum result make_all(struct init *i, struct error *err)
{
	enum result rc = data_root_key_path(i->key_path, i->values[INIT_DATA],
					    i->values[INIT_ROOT_KEY], err);

	if (rc == OK)
		rc = unfinished_begin(&i->run,
				      &(struct unfinished_plan){
					      .command = "init",
					      .may_begin_anew =
						      slice_is_text(i->values[INIT_RESUME], "true"),
					      .folder = i->values[INIT_DATA],
					      .token_file = i->values[INIT_TOKEN_FILE],
					      .root_key = slice_text(i->key_path)},
				      err);
	if (rc != OK)
		return rc;
	rc = data_start_crypto(&i->data.memory, err);
	if (rc == OK)
		rc = make_keys(i, err);
	if (rc == OK)
		rc = make_store(i, err);
	if (rc == OK)
		rc = make_files(i, err);
	if (rc != OK) {
		data_clear(&i->data);
		unfinished_undo(&i->run);
	}
	return rc;
}

static void print_summary(const struct init *i)
{
	printf("data folder      %.*s\n"
	       "administrator    %.*s (holds the token, which is not shown again)\n"
	       "root key         %s%s\n"
	       "audit log's key  %.*s/" AUDIT_KEY_FILE " (public; for your auditors)\n\n"
	       "Keep a copy of the root key in another place: a backup does not hold it, and\n"
	       "without it nobody can read the data.\n\n"
	       "next: reeved serve --data %.*s",
	       SLICE_ARGS(i->values[INIT_DATA]), SLICE_ARGS(i->values[INIT_TOKEN_FILE]),
	       i->key_path,
	       i->run.is_root_key_made || i->run.is_root_key_kept ? "" : " (existed already)",
	       SLICE_ARGS(i->values[INIT_DATA]), SLICE_ARGS(i->values[INIT_DATA]));
	if (i->values[INIT_ROOT_KEY].data != NULL)
		printf(" --root-key %s", i->key_path);
	printf("\n");
}

static void init_clear(struct init *i)
{
	unfinished_clear(&i->run);
	buf_clear(&i->token);
	buf_clear(&i->vkey);
}

int command_init(int argc, char **argv)
{
	CLEANUP(init_clear) struct init i = {.run = UNFINISHED_NULL, .data = DATA_NULL};
	struct error err = ERROR_NULL;
	bool is_help;
	enum result rc;

	rc = flags_parse(i.values, &is_help, (struct flag_set){init_flags, INIT_FLAGS}, argc, argv,
			 &err);
	if (rc == OK && is_help) {
		fputs(init_help, stdout);
		return EXIT_DONE;
	}
	if (rc == OK &&
	    (i.values[INIT_DATA].data == NULL || i.values[INIT_TOKEN_FILE].data == NULL))
		rc = fail(&err, E_MALFORMED, "--data and --admin-token-file are needed");
	if (rc != OK) {
		fprintf(stderr, "reeved init: %s\n\n%s", err.text, init_help);
		return EXIT_USAGE;
	}
	rc = make_all(&i, &err);
	if (rc != OK) {
		fprintf(stderr, "reeved init: %s\n", err.text);
		return EXIT_FAILED;
	}
	print_summary(&i);
	return EXIT_DONE;
}
