/* Whole files, bounded. Paths are as the user gave them and stand in error texts. */
#pragma once

#include "base/buf.h"
#include "base/result.h"

#include <sys/types.h>

/* Appends the file's bytes; E_TOO_LARGE over `max_bytes`, E_NOT_FOUND where there is none, else E_IO. */
MUST_USE enum result file_read(struct buf *ret, const char *path, size_t max_bytes,
			       struct error *err);

/* As file_read() from an open descriptor up to its end. `name` stands in the error. */
MUST_USE enum result file_read_fd(struct buf *ret, int fd, const char *name, size_t max_bytes,
				  struct error *err);

/* Replaces the file so that a crash leaves the old or the new one, whole and durable: a temporary
 * file beside it, fsync, rename, fsync of the folder. */
MUST_USE enum result file_write(const char *path, struct slice content, mode_t mode,
				struct error *err);

/* As file_write(), but E_CONFLICT where the file exists already. */
MUST_USE enum result file_create(const char *path, struct slice content, mode_t mode,
				 struct error *err);

/* Makes durable that the file is in its folder, under that name. */
MUST_USE enum result file_sync_folder(const char *path, struct error *err);

/* For CLEANUP: closes a descriptor that is not negative. */
void file_closep(int *fd);
