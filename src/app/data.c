/*
 * The parts of a data folder. They depend on each other in one direction: secret memory, then the
 * store, then the root key, then the keyring, which decrypts rows of the store with the root key.
 * data_clear() closes them in reverse, since the keys of the keyring are in the secret memory.
 *
 * Runs in the main thread of reeved, before other threads start and after they have ended.
 */
#include "app/data.h"

#include "base/log.h"
#include "base/memory.h"
#include "crypto/crypto.h"
#include "crypto/keyring.h"
#include "crypto/root_key.h"
#include "service/service.h"
#include "store/sqlite.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum result data_path(char ret[static PATH_MAX], struct slice folder, const char *name,
		      struct error *err)
{
	int len = snprintf(ret, PATH_MAX, "%.*s/%s", SLICE_ARGS(folder), name);

	if (len < 0 || len >= PATH_MAX)
		return fail(err, E_TOO_LARGE,
			    "the data folder's path is too long: at most %d bytes", PATH_MAX - 1);
	return OK;
}

enum result data_root_key_path(char ret[static PATH_MAX], struct slice folder,
			       struct slice root_key, struct error *err)
{
	int len;

	if (root_key.len == 0)
		return data_path(ret, folder, ROOT_KEY_FILE, err);
	len = snprintf(ret, PATH_MAX, "%.*s", SLICE_ARGS(root_key));
	if (len < 0 || len >= PATH_MAX)
		return fail(err, E_TOO_LARGE, "the root key's path is too long: at most %d bytes",
			    PATH_MAX - 1);
	return OK;
}

/* A new store must not be mixed with the files of an old one. initial_files_undo() relies on it
 * too: it removes all files of the folder after a failure. */
static enum result check_empty(const char *path, struct error *err)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	bool is_empty = true;

	if (folder == NULL)
		return fail_errno(err, E_IO, "open %s", path);
	while (is_empty && (entry = readdir(folder)) != NULL)
		is_empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	closedir(folder);
	return is_empty ? OK : fail(err, E_CONFLICT, "%s is not empty: choose a new folder", path);
}

enum result data_make_folder(struct slice folder, struct error *err)
{
	char path[PATH_MAX];

	if (folder.len == 0 || folder.len >= sizeof path)
		return fail(err, E_MALFORMED, "the data folder's path must have 1 to %d bytes",
			    PATH_MAX - 1);
	snprintf(path, sizeof path, "%.*s", SLICE_ARGS(folder));
	/* The store refuses a folder that other users can open (store/sqlite.h). */
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return fail_errno(err, E_IO, "create folder %s", path);
	return check_empty(path, err);
}

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
 * service_open_keyring() takes it in every case. */
static enum result open_parts(struct data *d, struct slice folder, struct slice root_key,
			      enum data_origin origin, struct error *err)
{
	char folder_path[PATH_MAX], key_path[PATH_MAX];
	struct key *root = NULL;
	enum result rc;

	snprintf(folder_path, sizeof folder_path, "%.*s", SLICE_ARGS(folder));
	rc = data_root_key_path(key_path, folder, root_key, err);
	if (rc == OK)
		rc = data_start_crypto(&d->memory, err);
	if (rc == OK)
		rc = store_open_sqlite(&d->store, folder_path, false, err);
	if (rc != OK)
		return rc;
	settle_migration(d, origin);
	rc = root_key_read(&root, d->memory, key_path, err);
	if (rc != OK)
		return rc;
	return service_open_keyring(&d->keyring, d->store, d->memory, root, err);
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
	if (d->keyring != NULL)
		keyring_free(d->keyring);
	store_close(d->store);
	if (d->memory != NULL)
		secret_memory_free(d->memory);
	*d = (struct data)DATA_NULL;
}
