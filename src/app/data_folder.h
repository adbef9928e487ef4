/* The paths of the files in a data folder, and the folder itself. One thread. */
#pragma once

#include "base/result.h"
#include "base/slice.h"

#include <limits.h>

#define ROOT_KEY_FILE	 "root.key"
#define AUDIT_KEY_FILE	 "audit.pub"
#define ADMIN_TOKEN_FILE "admin.token"

/* Writes FOLDER/NAME with its NUL. E_TOO_LARGE where it does not fit. */
MUST_USE enum result data_path(char ret[static PATH_MAX], struct slice folder, const char *name,
			       struct error *err);
/* Writes the path of the root key: `root_key`, or FOLDER/root.key where that is empty.
 * E_TOO_LARGE. */
MUST_USE enum result data_root_key_path(char ret[static PATH_MAX], struct slice folder,
					struct slice root_key, struct error *err);

/* The same for the file of an administrator's token: FOLDER/admin.token where `token_file` is
 * empty. */
MUST_USE enum result data_token_path(char ret[static PATH_MAX], struct slice folder,
				     struct slice token_file, struct error *err);

/* Creates the folder with mode 0700, unless it exists. E_MALFORMED for its name, E_IO. */
MUST_USE enum result data_make_folder(struct slice folder, struct error *err);
