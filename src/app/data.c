/*
 * The parts of a data folder. They depend on each other in one direction: secret memory, then the
 * store, then the root key, then the keyring, which decrypts rows of the store with the root key.
 * data_clear() closes them in reverse, since the keys of the keyring are in the secret memory.
 *
 * Runs in the main thread of reeved, before other threads start and after they have ended.
 */
#include "app/data.h"

#include "app/unfinished.h"
#include "base/log.h"
#include "base/memory.h"
#include "crypto/crypto.h"
#include "crypto/keyring.h"
#include "crypto/root_key.h"
#include "service/service.h"
#include "store/open_keyring.h"
#include "store/sqlite/sqlite.h"

#include <stdio.h>
#include <unistd.h>

enum result data_start_crypto(struct secret_memory **ret, struct error *err)
{
	enum result rc = crypto_start(err);

	if (rc == OK)
		rc = secret_memory_new(ret, err);
	if (rc == OK && !secret_memory_is_locked(*ret))
		log_line(LOG_WARN, "keys_may_be_swapped",
			 "hint=\"raise the limit on locked memory (ulimit -l, LimitMEMLOCK)\"");
	return rc;
}

/* A copy that stays is as secret as the store, and keeps what a later destroy erases there. */
static void settle_migration(const struct data *d, enum data_origin origin)
{
	const char *copy = store_sqlite_migration_copy(d->store);
	char quoted[PATH_MAX + 3];

	if (copy == NULL || (origin == DATA_FROM_BACKUP && unlink(copy) == 0))
		return;
	log_line(LOG_WARN, "data_migrated",
		 "copy=%s hint=\"remove the copy once the new version has proved itself: destroy "
		 "does not erase what it holds\"",
		 log_quote(quoted, sizeof quoted, slice_text(copy)));
}

/* Leaves the parts that it opened in `d` also on failure. The root key needs no cleanup here:
 * store_open_keyring() takes it in every case. */
static enum result open_parts(struct data *d, struct slice folder, struct slice root_key,
			      enum data_origin origin, struct error *err)
{
	char folder_path[PATH_MAX], key_path[PATH_MAX];
	struct key *root = NULL;
	enum result rc;

	snprintf(folder_path, sizeof folder_path, "%.*s", SLICE_ARGS(folder));
	rc = data_root_key_path(key_path, folder, root_key, err);
	if (rc == OK)
		rc = unfinished_check(folder, err);
	if (rc == OK)
		rc = data_start_crypto(&d->memory, err);
	if (rc == OK)
		rc = store_open_sqlite(&d->store, folder_path, false, err);
	/* Once more, since only now nobody else changes the folder. */
	if (rc == OK)
		rc = unfinished_settle(folder, err);
	if (rc != OK)
		return rc;
	settle_migration(d, origin);
	rc = root_key_read(&root, d->memory, key_path, err);
	if (rc != OK)
		return rc;
	return store_open_keyring(&d->keyring, d->store, d->memory, root, err);
}

enum result data_open(struct data *ret, struct slice folder, struct slice root_key,
		      enum data_origin origin, struct error *err)
{
	struct data d = DATA_NULL;
	enum result rc = open_parts(&d, folder, root_key, origin, err);

	if (rc != OK) {
		data_clear(&d);
		return rc;
	}
	*ret = d;
	return OK;
}

void data_clear(struct data *d)
{
	store_close(d->store); /* before the keys that it borrows */
	if (d->keyring != NULL)
		keyring_free(d->keyring);
	if (d->memory != NULL)
		secret_memory_free(d->memory);
	*d = (struct data)DATA_NULL;
}
