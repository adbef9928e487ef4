/* The root key in a file: one line with 32 bytes in base64 (as written here) or hexadecimal, which
 * only its owner can read. Without that key no stored data can ever be read, and no backup contains
 * it. */
#pragma once

#include "crypto/secret_memory.h"

/* Makes a random root key and writes it durably to a new file of mode 0400. E_CONFLICT when the
 * file exists. */
MUST_USE enum result root_key_create(const char *path, struct secret_memory *m, struct error *err);

/* E_NOT_FOUND, E_IO; E_FORBIDDEN when the file is not 0400 or 0600, or belongs neither to the user
 * of this process nor to root; E_MALFORMED when it does not hold a key. */
MUST_USE enum result root_key_read(struct key **ret, struct secret_memory *m, const char *path,
				   struct error *err);
