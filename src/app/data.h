/*
 * A data folder: reeve.db, and next to it root.key and audit.pub. Opens its parts in the order in
 * which they need each other: memory for keys, store, root key, keyring.
 */
#pragma once

#include "app/data_folder.h"

struct keyring;
struct secret_memory;
struct store;

/* The opened parts. The caller may take one out with steal(), which leaves NULL. */
struct data {
	/* Locked memory for keys. It must outlive the keyring. */
	struct secret_memory *memory;
	struct store *store;
	/* The keys of the store, unwrapped with the root key. */
	struct keyring *keyring;
};

#define DATA_NULL                \
	{                        \
		NULL, NULL, NULL \
	}

/* What becomes of the copy that a migration of the store makes. */
enum data_origin {
	DATA_OF_SERVER,	  /* it stays, and a warning in the log names it */
	DATA_FROM_BACKUP, /* it is removed, since it only repeats the backup */
};

/* Opens the data folder; an empty `root_key` means FOLDER/root.key. Logs a warning where keys
 * cannot be locked in memory, and where a migration left a copy (`origin`). On success the caller
 * clears `ret` with data_clear(). On failure `ret` is untouched; the result is that of the part
 * that could not be opened: E_NOT_FOUND without a store or a root key, E_BUSY where another server
 * has the store open, E_CRYPTO where the root key belongs to another store, E_CONFLICT where init
 * or restore did not finish in the folder (unfinished.h). */
MUST_USE enum result data_open(struct data *ret, struct slice folder, struct slice root_key,
			       enum data_origin origin, struct error *err);
/* Closes the parts that are not NULL. */
void data_clear(struct data *d);

/* Starts libsodium and gives memory for keys, which the caller frees. Logs a warning where that
 * memory cannot be locked. */
MUST_USE enum result data_start_crypto(struct secret_memory **ret, struct error *err);
