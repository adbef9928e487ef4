/*
 * The root key's first provider: a file that nobody but its owner can read, one line, 32 bytes in
 * base64 (as written here) or hexadecimal. Without that key nothing stored can ever be read, and
 * no backup holds it.
 */
#pragma once

#include "crypto/secret_memory.h"

/* Makes a random root key and writes it to a new file of mode 0400, durably. E_CONFLICT where a
 * file is. */
MUST_USE enum result root_key_create(const char *path, struct secret_memory *m, struct error *err);

/* E_NOT_FOUND, E_IO; E_FORBIDDEN when the file is not 0400 or 0600, or belongs to neither this
 * process's user nor root; E_MALFORMED when it is no key. */
MUST_USE enum result root_key_read(struct key **ret, struct secret_memory *m, const char *path,
				   struct error *err);
