/*
 * The configuration's file on a memory file system, in a folder of its own for each supervisor:
 * /dev/shm/reeve-run.XXXXXX/config.json.
 *
 * A struct config_file owns the folder, the file in it and the lock on the folder;
 * config_file_close() removes all three. The lock is flock() on the folder's descriptor: the kernel
 * releases it when its process ends, however it ends, so a locked folder has a living owner.
 * O_CLOEXEC keeps a child from inheriting the descriptor, which would keep the lock beyond the
 * supervisor's end.
 *
 * Between mkdtemp() and flock() a folder is there without a lock. Another supervisor that starts at
 * this moment must not remove it: folders younger than UNLOCKED_S are left alone.
 *
 * One thread, the supervisor's main thread, uses a config_file. It takes no lock of the process.
 */
#include "agent/config_file.h"

#include "base/file.h"
#include "base/retry.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#define PREFIX	  "reeve-run."
#define FILE_NAME "config.json"
/* In seconds; a folder that is younger may not be locked yet. */
#define UNLOCKED_S 60

/* A disk could keep the content after the file is deleted. XDG_RUNTIME_DIR may be any folder, and
 * /dev/shm may be missing in a container: only the file system's own type tells. A relative path
 * would depend on the folder in which the command was started. */
static bool is_in_memory(const char *folder)
{
	struct statfs fs;

	return folder != NULL && folder[0] == '/' && RETRY(statfs(folder, &fs)) == 0 &&
	       (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
}

/* By name, not by a walk through the folder: nothing else is ever in it, and if something is, the
 * removal of the folder fails and it stays. */
static void remove_content(int folder)
{
	unlinkat(folder, FILE_NAME, 0);
	unlinkat(folder, FILE_NAME ".new", 0);
}

/* /dev/shm belongs to all users. Following a link there, or removing the folder of another user,
 * would let one user delete the files of another. */
static bool is_old_and_ours(int place, const char *name)
{
	struct stat st;

	return strncmp(name, PREFIX, strlen(PREFIX)) == 0 &&
	       fstatat(place, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode) &&
	       st.st_uid == geteuid() && st.st_mtime < time(NULL) - UNLOCKED_S;
}

/* The lock tells a running owner from one that was killed; process ids are
 * reused, so they could not. */
static void remove_if_abandoned(int place, const char *name)
{
	CLEANUP(file_closep) int folder = -1;

	if (!is_old_and_ours(place, name))
		return;
	folder = RETRY(openat(place, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
	if (folder < 0 || RETRY(flock(folder, LOCK_EX | LOCK_NB)) != 0)
		return;
	remove_content(folder);
	unlinkat(place, name, AT_REMOVEDIR);
}

/* Best effort: a folder that cannot be removed now is tried again by the next supervisor. */
static void remove_abandoned(const char *place)
{
	DIR *d = file_open_folder(place);
	const char *name;

	if (d == NULL)
		return;
	while ((name = file_next_name(d)) != NULL)
		remove_if_abandoned(dirfd(d), name);
	closedir(d);
}

enum result config_file_open(struct config_file *ret, struct error *err)
{
	const char *const places[] = {getenv("XDG_RUNTIME_DIR"), "/dev/shm"};
	struct config_file f = CONFIG_FILE_NULL;

	/* A place that cannot be used is passed over. A folder that was made but cannot be locked
	 * is an error: it may be taken for an abandoned one. */
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (!is_in_memory(places[i]) ||
		    snprintf(f.folder, sizeof f.folder, "%s/" PREFIX "XXXXXX", places[i]) >=
			    (int)sizeof f.folder ||
		    mkdtemp(f.folder) == NULL)
			continue;
		snprintf(f.path, sizeof f.path, "%s/" FILE_NAME, f.folder);
		f.lock_fd = RETRY(open(f.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
		if (f.lock_fd < 0 || RETRY(flock(f.lock_fd, LOCK_EX | LOCK_NB)) != 0) {
			config_file_close(&f);
			return fail_errno(err, E_IO, "lock %s", places[i]);
		}
		remove_abandoned(places[i]);
		*ret = f;
		return OK;
	}
	return fail(err, E_UNAVAILABLE,
		    "no memory file system for the configuration: neither XDG_RUNTIME_DIR nor "
		    "/dev/shm is a tmpfs that can be written to");
}

static enum result write_content(const char *name, struct slice content, struct error *err)
{
	CLEANUP(file_closep)
	int fd = RETRY(open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));

	if (fd < 0)
		return fail_errno(err, E_IO, "create %s", name);
	return file_write_fd(fd, content, name, err);
}

/* Writes beside the file and renames (rename(2) replaces in one step): a reader opens either the
 * former content or the new one, whole. A reader that has the former file open keeps reading the
 * former content. No fsync(): a memory file system does not survive a crash anyway. */
enum result config_file_write(const struct config_file *f, struct slice content, struct error *err)
{
	char next_file[320];
	enum result rc;

	snprintf(next_file, sizeof next_file, "%s.new", f->path);
	rc = write_content(next_file, content, err);
	if (rc == OK && rename(next_file, f->path) != 0)
		rc = fail_errno(err, E_IO, "rename to %s", f->path);
	if (rc != OK)
		unlink(next_file);
	return rc;
}

void config_file_close(struct config_file *f)
{
	if (f->folder[0] == '\0')
		return;
	unlink(f->path);
	rmdir(f->folder);
	file_closep(&f->lock_fd);
	*f = CONFIG_FILE_NULL;
}
