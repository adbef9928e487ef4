/*
 * reeved init: creates a data folder with keys, a store and the first token.
 *
 * The order: refuse what exists (the token's file, a folder with content), create the folder, then
 * the root key, the store, audit.pub, and at last the token. So a token's file exists only for a
 * store that is complete. If a step fails, the files that were made are removed again, the root key
 * only if this run created it; the folder itself remains. An existing root key is used as it is,
 * which lets an operator keep it on another disk or create it elsewhere.
 */
#include "app/command.h"
#include "app/data.h"
#include "app/initial_files.h"
#include "app/flags.h"
#include "app/shipped.h"
#include "base/memory.h"
#include "base/random.h"
#include "crypto/keyring.h"
#include "crypto/root_key.h"
#include "store/sqlite.h"

#include <stdio.h>
#include <unistd.h>

/* 128 random bits: no two stores have the same id. It is bound into all sealed data, so that a row
 * of one store cannot be decrypted as a row of another (crypto/keyring.h). */
#define STORE_ID_BYTES 16

enum init_flag { INIT_DATA, INIT_TOKEN_FILE, INIT_ROOT_KEY, INIT_FLAGS };

static const struct flag_row init_flags[INIT_FLAGS] = {
	[INIT_DATA] = {"data", false},
	[INIT_TOKEN_FILE] = {"admin-token-file", false},
	[INIT_ROOT_KEY] = {"root-key", false},
};

static const char init_help[] =
	"Usage: reeved init --data DIR --admin-token-file FILE [--root-key FILE]\n\n"
	"Creates a data folder with new keys, the shipped policies and an administrator's\n"
	"token.\n\n"
	"  --data DIR               the folder; must be empty or not exist\n"
	"  --admin-token-file FILE  a new file (mode 0600) for the token\n"
	"  --root-key FILE          the root key's file, which is created (mode 0400) if it does\n"
	"                           not exist; DIR/root.key by default\n\n"
	"Example:\n\n"
	"  reeved init --data ./data --admin-token-file ./admin.token\n\n"
	"Keep a copy of the root key in another place: backups do not hold it, and without it\n"
	"nobody can read the data.\n";

/* One run of the command. `values` are slices of argv; the rest belongs to this struct. */
struct init {
	struct slice values[INIT_FLAGS];
	char key_path[PATH_MAX];
	/* This run created the root key, and removes it if a later step fails. */
	bool is_key_created;
	struct data data;
	/* The administrator's token (wiped with the buffer) and the line of audit.pub. */
	struct buf token, vkey;
};

/* Reads the root key back from its file also when it was created just now: a file that later starts
 * could not read must fail here, while no data depends on it. */
static enum result make_keys(struct init *i, struct error *err)
{
	uint8_t store_id[STORE_ID_BYTES];
	struct key *root = NULL;
	enum result rc;

	i->is_key_created = access(i->key_path, F_OK) != 0;
	if (i->is_key_created) {
		rc = root_key_create(i->key_path, i->data.memory, err);
		if (rc != OK)
			return rc;
	}
	rc = root_key_read(&root, i->data.memory, i->key_path, err);
	if (rc != OK)
		return rc;
	random_fill(&system_random, store_id, sizeof store_id);
	return keyring_create(&i->data.keyring, i->data.memory, root,
			      slice_make((const char *)store_id, sizeof store_id), err);
}

/* The token comes last. It cannot be shown a second time, so its file must not remain next to a
 * store that failed. */
static enum result make_store(struct init *i, struct error *err)
{
	char folder[PATH_MAX];
	enum result rc;

	snprintf(folder, sizeof folder, "%.*s", SLICE_ARGS(i->values[INIT_DATA]));
	rc = store_open_sqlite(&i->data.store, folder, true, err);
	if (rc == OK)
		rc = service_init(&(struct stopped_store){i->data.store, i->data.keyring,
							  &system_clock},
				  shipped_policies, shipped_policies_count, &i->token, &i->vkey,
				  err);
	if (rc == OK)
		rc = initial_files_write_audit_key(i->values[INIT_DATA], buf_slice(&i->vkey), err);
	return rc == OK ? initial_files_write_token(i->values[INIT_TOKEN_FILE], &i->token, err)
			: rc;
}

static enum result make_all(struct init *i, struct error *err)
{
	enum result rc = data_root_key_path(i->key_path, i->values[INIT_DATA],
					    i->values[INIT_ROOT_KEY], err);

	if (rc == OK)
		rc = initial_file_check_absent(i->values[INIT_TOKEN_FILE], err);
	if (rc == OK)
		rc = data_make_folder(i->values[INIT_DATA], err);
	if (rc != OK)
		return rc;
	rc = data_start_crypto(&i->data.memory, err);
	if (rc == OK)
		rc = make_keys(i, err);
	if (rc == OK)
		rc = make_store(i, err);
	/* Closes the store before its files are removed. */
	data_clear(&i->data);
	if (rc != OK) {
		initial_files_undo(i->values[INIT_DATA]);
		if (i->is_key_created)
			unlink(i->key_path);
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
	       i->key_path, i->is_key_created ? "" : " (existed already)",
	       SLICE_ARGS(i->values[INIT_DATA]), SLICE_ARGS(i->values[INIT_DATA]));
	if (i->values[INIT_ROOT_KEY].data != NULL)
		printf(" --root-key %s", i->key_path);
	printf("\n");
}

static void init_clear(struct init *i)
{
	buf_clear(&i->token);
	buf_clear(&i->vkey);
}

int command_init(int argc, char **argv)
{
	CLEANUP(init_clear) struct init i = {.data = DATA_NULL};
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
