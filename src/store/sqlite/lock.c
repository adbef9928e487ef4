/*
 * The data folder belongs to one user and to one server at a time.
 *
 * We lock a file of our own, because SQLite's exclusive mode would keep readers such as `reeve
 * audit verify` out. The file stays when the lock is released: if it were removed, two processes
 * could lock two files of the same name. The kernel releases the lock when the process ends,
 * however it ends, so no lock is ever left behind.
 *
 * Nothing here follows a link in the last part of a name that it opens, and no file is made with
 * rights for others.
 */
#include "store/sqlite/sqlite.h"
#include "store/sqlite/internal.h"

#include "base/retry.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

void lock_drop(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Names the process that holds the lock, where its number can be read: the operator's next
 * question. The text may be of an earlier server for a moment, since the lock is taken before the
 * number is written. */
static enum result refuse_second(int fd, const char *folder, struct error *err)
{
	char text[24] = "";
	ssize_t got = RETRY(pread(fd, text, sizeof text - 1, 0));
	uint64_t process = 0;

	if (got > 0 && text[got - 1] == '\n')
		got--;
	if (got > 0 && slice_to_u64(slice_make(text, (size_t)got), INT_MAX, &process))
		return fail(err, E_BUSY, "another reeved serves %s (process %llu)", folder,
			    (unsigned long long)process);
	return fail(err, E_BUSY, "another reeved serves %s", folder);
}

enum result lock_take(int *ret, const char *folder, struct error *err)
{
	char path[PATH_MAX], text[24];
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int len;

	if (snprintf(path, sizeof path, "%s/%s", folder, SQLITE_LOCK) >= (int)sizeof path)
		return fail(err, E_TOO_LARGE, "%s: the path is too long", folder);
	CLEANUP(lock_drop)
	int fd = RETRY(open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
	if (fd < 0)
		return fail_errno(err, E_IO, "open %s", path);
	/* The lock belongs to the open file, not to the process: another close() does not release
	 * it. */
	if (RETRY(fcntl(fd, F_OFD_SETLK, &lock)) != 0) {
		if (errno == EAGAIN || errno == EACCES)
			return refuse_second(fd, folder, err);
		return fail_errno(err, E_IO, "lock %s", path);
	}
	/* For people and for refuse_second(): the lock itself does not depend on the content, so a
	 * full disk is no reason to fail. Written over the former number first, whose space the
	 * file has. */
	len = snprintf(text, sizeof text, "%ld\n", (long)getpid());
	if (RETRY(pwrite(fd, text, (size_t)len, 0)) != len && !errno_is_full(errno))
		return fail_errno(err, E_IO, "write %s", path);
	if (RETRY(ftruncate(fd, len)) != 0)
		return fail_errno(err, E_IO, "write %s", path);
	*ret = fd;
	fd = -1;
	return OK;
}

/* The rights of the folder come before those of the files: with 0700 no other user can reach the
 * log that SQLite makes beside the database. */
enum result folder_check(const char *folder, bool may_make, struct error *err)
{
	struct stat st;

	if (may_make && mkdir(folder, 0700) != 0 && errno != EEXIST)
		return fail_errno(err, E_IO, "make folder %s", folder);
	if (stat(folder, &st) != 0)
		return fail_errno(err, errno == ENOENT ? E_NOT_FOUND : E_IO, "open folder %s",
				  folder);
	if (!S_ISDIR(st.st_mode))
		return fail(err, E_IO, "%s is not a folder", folder);
	if ((st.st_mode & 077) != 0)
		return fail(err, E_FORBIDDEN,
			    "%s may be entered by others than its owner (mode %04o): chmod 0700",
			    folder, (unsigned)(st.st_mode & 07777));
	return OK;
}

/* An existing file is changed by its name: closing a descriptor of it would release SQLite's
 * locks. */
enum result file_make_private(const char *file, struct error *err)
{
	struct stat st;
	int fd;

	if (lstat(file, &st) == 0) {
		if (!S_ISREG(st.st_mode))
			return fail(err, E_IO, "%s is not a plain file", file);
		if ((st.st_mode & 077) != 0 && chmod(file, 0600) != 0)
			return fail_errno(err, E_IO, "chmod %s", file);
		return OK;
	}
	fd = RETRY(open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
	if (fd < 0)
		return fail_errno(err, E_IO, "create %s", file);
	close(fd);
	return OK;
}

enum result store_lock_folder(int *ret, const char *folder, struct error *err)
{
	enum result rc = folder_check(folder, false, err);

	return rc == OK ? lock_take(ret, folder, err) : rc;
}

void store_unlock_folder(int *lock)
{
	lock_drop(lock);
}
