/* A data folder: reeve.db, and beside it root.key and audit.pub. Opening one in the order in which its parts need each other. */
#pragma once

#include "base/result.h"
#include "base/slice.h"

#include <limits.h>

struct keyring;
struct secret_memory;
struct store;

#define ROOT_KEY_FILE  "root.key"
#define AUDIT_KEY_FILE "audit.pub"

/* What serve and restore hold. */
struct data {
	struct secret_memory *memory;
	struct store *store;
	struct keyring *keyring;
};

#define DATA_NULL                \
	{                        \
		NULL, NULL, NULL \
	}

/* `root_key` empty: FOLDER/root.key. Warns in the log when keys cannot be locked in memory. */
MUST_USE enum result data_open(struct data *ret, struct slice folder, struct slice root_key,
			       struct error *err);
void data_clear(struct data *d); /* what was taken out is NULL */

/* FOLDER/NAME with its NUL. E_TOO_LARGE. */
MUST_USE enum result data_path(char ret[static PATH_MAX], struct slice folder, const char *name,
			       struct error *err);
/* The root key's place: as given, else in the folder. */
MUST_USE enum result data_root_key_path(char ret[static PATH_MAX], struct slice folder,
					struct slice root_key, struct error *err);

/* Makes the folder, mode 0700, where there is none. E_CONFLICT when it holds anything. */
MUST_USE enum result data_make_folder(struct slice folder, struct error *err);

/* Cryptography started, and memory for keys. */
MUST_USE enum result data_start_crypto(struct secret_memory **ret, struct error *err);
