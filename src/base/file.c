#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void file_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

enum result file_read_fd(struct buf *ret, int fd, const char *name, size_t max_bytes,
			 struct error *err)
{
	size_t total = 0;

	for (;;) {
		ssize_t got;

		if (!buf_reserve(ret, 64 * 1024))
			return fail(err, E_MEMORY, "read %s: out of memory", name);
		got = read(fd, ret->data + ret->len, 64 * 1024);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail_errno(err, E_IO, "read %s", name);
		if (got == 0)
			break;
		total += (size_t)got;
		if (total > max_bytes)
			return fail(err, E_TOO_LARGE, "%s is larger than %zu bytes", name,
				    max_bytes);
		ret->len += (size_t)got;
	}
	if (ret->data != NULL)
		ret->data[ret->len] = '\0';
	return OK;
}

enum result file_read(struct buf *ret, const char *path, size_t max_bytes, struct error *err)
{
	CLEANUP(file_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return fail_errno(err, errno == ENOENT ? E_NOT_FOUND : E_IO, "open %s", path);
	return file_read_fd(ret, fd, path, max_bytes, err);
}

static enum result write_all(int fd, const char *path, struct slice content, struct error *err)
{
	while (content.len != 0) {
		ssize_t put = write(fd, content.data, content.len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return fail_errno(err, E_IO, "write %s", path);
		content = slice_from(content, (size_t)put);
	}
	if (fsync(fd) != 0)
		return fail_errno(err, E_IO, "sync %s", path);
	return OK;
}

enum result file_sync_folder(const char *path, struct error *err)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		snprintf(folder, sizeof folder, ".");
	else
		snprintf(folder, sizeof folder, "%.*s", (int)(slash - path + 1), path);

	CLEANUP(file_closep) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		return fail_errno(err, E_IO, "sync folder %s", folder);
	return OK;
}

enum result file_write(const char *path, struct slice content, mode_t mode, struct error *err)
{
	char temporary[PATH_MAX];
	enum result rc;

	if (snprintf(temporary, sizeof temporary, "%s.XXXXXX", path) >= (int)sizeof temporary)
		return fail(err, E_TOO_LARGE, "%s: the path is too long", path);
	CLEANUP(file_closep) int fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return fail_errno(err, E_IO, "create %s", temporary);
	rc = fchmod(fd, mode) == 0 ? write_all(fd, path, content, err)
				   : fail_errno(err, E_IO, "chmod %s", path);
	if (rc == OK && rename(temporary, path) != 0)
		rc = fail_errno(err, E_IO, "rename to %s", path);
	if (rc != OK) {
		unlink(temporary);
		return rc;
	}
	return file_sync_folder(path, err);
}

enum result file_create(const char *path, struct slice content, mode_t mode, struct error *err)
{
	enum result rc;
	CLEANUP(file_closep) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	if (fd < 0)
		return fail_errno(err, errno == EEXIST ? E_CONFLICT : E_IO, "create %s", path);
	rc = write_all(fd, path, content, err);
	if (rc != OK) {
		unlink(path);
		return rc;
	}
	return file_sync_folder(path, err);
}
