/* The files that init and restore create next to the store: the audit log's public key and a token.
 * Existing files are never overwritten. */
#pragma once

#include "base/buf.h"
#include "base/result.h"
#include "base/slice.h"

#include <stdbool.h>

/* E_CONFLICT where `path` exists. Called before anything is created, so that a run that cannot
 * store its token leaves nothing behind. E_MALFORMED for a path that is empty or too long. */
MUST_USE enum result initial_file_check_absent(struct slice path, struct error *err);

/* Whether a file is one of ours that holds a token, or a part of one after a crash: such a file may
 * be removed. False for one that does not exist, is a link or belongs to another user. */
bool initial_file_is_token(const char *path);

/* Writes one line to a new file of mode 0600. Appends the newline to `token`, which the caller
 * clears. E_CONFLICT where the file exists, E_IO, E_MEMORY. */
MUST_USE enum result initial_files_write_token(struct slice path, struct buf *token,
					       struct error *err);

/* Writes FOLDER/audit.pub with mode 0644: auditors who run as other users verify the log with it.
 * `vkey` is the line without its newline. E_CONFLICT, E_IO, E_MEMORY. */
MUST_USE enum result initial_files_write_audit_key(struct slice folder, struct slice vkey,
						   struct error *err);
