/*
 * The file through which one child reads its configuration (REEVE_CONFIG_FILE).
 *
 * The file is alone in a folder on a memory file system, so that no secret reaches a disk; the
 * folder has mode 0700, the file 0600. Each new content replaces the file by rename, so that a
 * reader sees one whole revision. The supervisor holds a lock on the folder as long as it runs. A
 * supervisor that was killed cannot remove its folder: config_file_open() removes folders of the
 * same user that nobody holds locked.
 */
#pragma once

#include "base/buf.h"
#include "base/result.h"

struct config_file {
	char folder[256];
	char path[300]; /* of the file */
	int lock_fd;
};

#define CONFIG_FILE_NULL      \
	(struct config_file)  \
	{                     \
		.lock_fd = -1 \
	}

/* Makes the folder under the first of XDG_RUNTIME_DIR and /dev/shm that is on a memory file system.
 * E_UNAVAILABLE where neither is; E_IO. */
MUST_USE enum result config_file_open(struct config_file *ret, struct error *err);

/* Replaces the file's content. E_IO; the file then still has its former content. */
MUST_USE enum result config_file_write(const struct config_file *f, struct slice content,
				       struct error *err);

void config_file_close(struct config_file *f); /* removes the file and its folder */
