#include "agent/render.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

static bool is_in_memory(const char *folder)
{
	struct statfs fs;

	return folder != NULL && folder[0] == '/' && statfs(folder, &fs) == 0 &&
	       (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
}

enum result render_open(struct render *ret, struct error *err)
{
	const char *const places[] = {getenv("XDG_RUNTIME_DIR"), "/dev/shm"};
	struct render r = RENDER_NULL;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (!is_in_memory(places[i]) ||
		    snprintf(r.folder, sizeof r.folder, "%s/reeve-run.XXXXXX", places[i]) >=
			    (int)sizeof r.folder ||
		    mkdtemp(r.folder) == NULL)
			continue;
		snprintf(r.file, sizeof r.file, "%s/config.json", r.folder);
		*ret = r;
		return OK;
	}
	return fail(
		err, E_UNAVAILABLE,
		"no memory file system to put the configuration on: neither XDG_RUNTIME_DIR nor "
		"/dev/shm is a tmpfs that can be written");
}

static enum result write_content(const char *name, struct slice content, struct error *err)
{
	CLEANUP(file_closep)
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return fail_errno(err, E_IO, "create %s", name);
	while (content.len != 0) {
		ssize_t put = write(fd, content.data, content.len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return fail_errno(err, E_IO, "write %s", name);
		content = slice_from(content, (size_t)put);
	}
	return OK;
}

enum result render_write(const struct render *r, struct slice content, struct error *err)
{
	char fresh[320];
	enum result rc;

	snprintf(fresh, sizeof fresh, "%s.new", r->file);
	rc = write_content(fresh, content, err);
	if (rc == OK && rename(fresh, r->file) != 0)
		rc = fail_errno(err, E_IO, "rename to %s", r->file);
	if (rc != OK)
		unlink(fresh);
	return rc;
}

void render_close(struct render *r)
{
	if (r->folder[0] == '\0')
		return;
	unlink(r->file);
	rmdir(r->folder);
	*r = (struct render)RENDER_NULL;
}
