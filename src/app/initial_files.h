/* What init and restore leave behind beside the data: the log's public key and a token, each in a file that was not there. */
#pragma once

#include "base/buf.h"
#include "base/result.h"
#include "base/slice.h"

/* E_CONFLICT when something is at `path` already: asked before anything is made. */
MUST_USE enum result initial_file_check_absent(struct slice path, struct error *err);

/* One line, mode 0600. */
MUST_USE enum result initial_files_write_token(struct slice path, struct buf *token,
					       struct error *err);

/* FOLDER/audit.pub, mode 0644. */
MUST_USE enum result initial_files_write_audit_key(struct slice folder, struct slice vkey,
						   struct error *err);

/* After a failure: the folder was empty before, so all that is in it is ours. Keeps the folder itself. */
void initial_files_undo(struct slice folder);
