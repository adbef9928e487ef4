/*
 * A configuration as a file for one child: in a folder of its own on a memory file system, 0700,
 * the file 0600, replaced by rename, so that a reader sees one revision whole and nothing reaches a
 * disk. Its owner holds a lock on the folder; what an owner that was killed outright left behind is
 * removed by the next to open one.
 */
#pragma once

#include "base/buf.h"
#include "base/result.h"

struct render {
	char folder[256];
	char file[300];
	int lock_fd;
};

#define RENDER_NULL           \
	(struct render)       \
	{                     \
		.lock_fd = -1 \
	}

/* Makes the folder under XDG_RUNTIME_DIR or /dev/shm, whichever is on a memory file system;
 * E_UNAVAILABLE where neither is. */
MUST_USE enum result render_open(struct render *ret, struct error *err);

MUST_USE enum result render_write(const struct render *r, struct slice content, struct error *err);

void render_close(struct render *r); /* removes file and folder */
