/*
 * Whole files, within a bound.
 *
 * A function that writes returns OK only when the content and the name are on the disk: fsync() of
 * the file, then fsync() of its folder. file_write() renames between the two, so a crash leaves the
 * old or the whole new content, and perhaps a temporary file "<path>.XXXXXX". After a crash in
 * file_create() the new file may be incomplete; after a failure there is none.
 *
 * Descriptors are O_CLOEXEC, since the agent starts other programs. Any thread may call; two
 * writers of one path do not disturb each other, and the last rename wins.
 */
#include "base/file.h"

#include "base/retry.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The result of close() is ignored: fsync() has reported before whether the content was written. */
void file_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* Does not ask for the size first: pipes and files in /proc have none, and a file may grow while it
 * is read. A file beyond the bound is noticed after at most 64 KiB more than allowed. */
enum result file_read_fd(struct buf *ret, int fd, const char *name, size_t max_bytes,
			 struct error *err)
{
	size_t total = 0;

	for (;;) {
		ssize_t got;

		if (!buf_reserve(ret, 64 * 1024))
			return fail(err, E_MEMORY, "read %s: out of memory", name);
		got = RETRY(read(fd, ret->data + ret->len, 64 * 1024));
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

DIR *file_open_folder(const char *path)
{
	DIR *folder;

	do
		folder = opendir(path);
	while (folder == NULL && errno == EINTR);
	return folder;
}

const char *file_next_name(DIR *folder)
{
	for (;;) {
		struct dirent *entry;

		errno = 0;
		entry = readdir(folder);
		if (entry == NULL && errno == EINTR)
			continue;
		if (entry == NULL)
			return NULL;
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			return entry->d_name;
	}
}

enum result file_read(struct buf *ret, const char *path, size_t max_bytes, struct error *err)
{
	CLEANUP(file_closep) int fd = RETRY(open(path, O_RDONLY | O_CLOEXEC));

	if (fd < 0)
		return fail_errno(err, errno == ENOENT ? E_NOT_FOUND : E_IO, "open %s", path);
	return file_read_fd(ret, fd, path, max_bytes, err);
}

/* write(2) may take a part only, for example on a disk that becomes full. The call after that
 * reports the reason. */
enum result file_write_fd(int fd, struct slice content, const char *path, struct error *err)
{
	while (content.len != 0) {
		ssize_t put = RETRY(write(fd, content.data, content.len));

		if (put < 0)
			return fail_errno(err, E_IO, "write %s", path);
		content = slice_from(content, (size_t)put);
	}
	return OK;
}

static enum result write_durably(int fd, const char *path, struct slice content, struct error *err)
{
	enum result rc = file_write_fd(fd, content, path, err);

	if (rc != OK)
		return rc;
	if (RETRY(fsync(fd)) != 0)
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

	CLEANUP(file_closep) int fd = RETRY(open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	if (fd < 0 || RETRY(fsync(fd)) != 0)
		return fail_errno(err, E_IO, "sync folder %s", folder);
	return OK;
}

enum result file_sync(const char *path, struct error *err)
{
	CLEANUP(file_closep) int fd = RETRY(open(path, O_RDONLY | O_CLOEXEC));

	if (fd < 0 || RETRY(fsync(fd)) != 0)
		return fail_errno(err, E_IO, "sync %s", path);
	return OK;
}

enum result file_rename_new(const char *from, const char *to, struct error *err)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return OK;
	/* Some file systems have no RENAME_NOREPLACE. link() does not replace a file either. */
	if ((errno == EINVAL || errno == ENOSYS) && link(from, to) == 0) {
		unlink(from);
		return OK;
	}
	if (errno == EEXIST)
		return fail(err, E_CONFLICT, "%s exists already", to);
	return fail_errno(err, E_IO, "rename to %s", to);
}

/* A failed call has put letters in the place of the last six bytes. */
int file_open_temporary(char *path)
{
	char *letters = path + strlen(path) - 6;
	int fd;

	do {
		memcpy(letters, "XXXXXX", 6);
		fd = mkostemp(path, O_CLOEXEC);
	} while (fd < 0 && errno == EINTR);
	return fd;
}

enum result file_write(const char *path, struct slice content, mode_t mode, struct error *err)
{
	char temporary[PATH_MAX];
	enum result rc;

	if (snprintf(temporary, sizeof temporary, "%s.XXXXXX", path) >= (int)sizeof temporary)
		return fail(err, E_TOO_LARGE, "%s: the path is too long", path);
	/* In the same folder, because rename(2) is atomic within one file system only. */
	CLEANUP(file_closep) int fd = file_open_temporary(temporary);
	if (fd < 0)
		return fail_errno(err, E_IO, "create %s", temporary);
	/* The mode is set before the first byte is written: mkostemp() has made the file 0600, so
	 * the content is never more public than asked for. */
	rc = RETRY(fchmod(fd, mode)) == 0 ? write_durably(fd, path, content, err)
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
	/* O_EXCL also refuses a symbolic link at `path`, so that the content cannot be led to
	 * another file. */
	CLEANUP(file_closep)
	int fd = RETRY(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));

	if (fd < 0)
		return fail_errno(err, errno == EEXIST ? E_CONFLICT : E_IO, "create %s", path);
	/* The umask may have taken rights. Not by name, which may lead elsewhere by now. */
	rc = RETRY(fchmod(fd, mode)) == 0 ? write_durably(fd, path, content, err)
					  : fail_errno(err, E_IO, "chmod %s", path);
	if (rc == OK)
		rc = file_sync_folder(path, err);
	/* A file that remained would make the next attempt fail. */
	if (rc != OK)
		unlink(path);
	return rc;
}
