/* Reading and writing whole files within a bound. Error texts name the path as the user gave it. */
#pragma once

#include "base/buf.h"
#include "base/result.h"

#include <dirent.h>
#include <sys/types.h>

/* Appends the file's bytes. E_NOT_FOUND without such a file, E_TOO_LARGE over `max_bytes`,
 * E_MEMORY, E_IO. On failure `ret` may hold the beginning of the file. */
MUST_USE enum result file_read(struct buf *ret, const char *path, size_t max_bytes,
			       struct error *err);

/* Like file_read(), from an open descriptor to its end; the descriptor stays the caller's. `name`
 * is for the error text. */
MUST_USE enum result file_read_fd(struct buf *ret, int fd, const char *name, size_t max_bytes,
				  struct error *err);

/* Writes the whole content to an open descriptor; E_IO. Durable only after fsync(). */
MUST_USE enum result file_write_fd(int fd, struct slice content, const char *name,
				   struct error *err);

/* Replaces the file atomically and durably (a temporary file beside it, fsync, rename, fsync of the
 * folder), so that a crash leaves either the old or the new content. `mode` is exact, without the
 * umask. E_TOO_LARGE for a path over PATH_MAX, E_IO. */
MUST_USE enum result file_write(const char *path, struct slice content, mode_t mode,
				struct error *err);

/* Writes a new file durably; E_CONFLICT when the file exists, E_IO. `mode` is exact, without
 * the umask. A file that could not be written as a whole is removed again. */
MUST_USE enum result file_create(const char *path, struct slice content, mode_t mode,
				 struct error *err);

/* Makes the file's name in its folder durable, for files that other code has made or renamed.
 * E_IO. */
MUST_USE enum result file_sync_folder(const char *path, struct error *err);

/* Makes the content of a file durable, for files that other code has written. E_IO. */
MUST_USE enum result file_sync(const char *path, struct error *err);

/* Renames within one file system and never replaces a file: E_CONFLICT where `to` exists, E_IO. The
 * new name is durable after file_sync_folder(). */
MUST_USE enum result file_rename_new(const char *from, const char *to, struct error *err);

/* A new file of mode 0600 whose name is `path` with other letters for the XXXXXX at its end, as
 * mkostemp(3). -1 with errno. */
int file_open_temporary(char *path);

/* opendir(3). NULL with errno. */
DIR *file_open_folder(const char *path);

/* The next name in the folder but "." and "..", valid until the next call. NULL at the end, with
 * errno 0, and where the folder cannot be read, with another errno. */
const char *file_next_name(DIR *folder);

/* For CLEANUP: closes a descriptor that is not negative. */
void file_closep(int *fd);
