/*
 * A preloaded library that records what a program does to the files below one folder: every call
 * that changes a file or a folder, with its data, and the begin and the end of every sync. disk.py
 * makes from the recording what a disk may hold after a power cut.
 *
 * POWERLOSS_ROOT    the folder, as an absolute path without symbolic links
 * POWERLOSS_RECORD  the recording, to which events are appended; outside of the folder
 * POWERLOSS_KILL    kills the process at its n-th event
 *
 * Must hold: an event stands in the recording before the call that it describes returns, and the
 * order of the events is the order in which the calls took effect. One mutex around call and event
 * keeps that order within a process; processes that change the folder run one after another. A sync
 * holds no mutex. It is two events, because only what was written before its beginning is on the
 * disk at its end. The disk itself is not synced: a sync takes SYNC_NS instead, in which other
 * threads go on.
 *
 * All calls go to the kernel directly (syscall()), so the library works below a sanitizer too.
 * Files whose name ends in "-shm" are left out: SQLite makes them anew after a crash.
 */
#undef _FILE_OFFSET_BITS /* it would give open() the name open64() */
#undef _FORTIFY_SOURCE	 /* it would define open() and others in the headers */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define FILES_MAX   65536
#define EVENT_MAGIC 0x74766570u
#define SYNC_NS	    300000 /* as a good disk takes */
#define RECORD_FD   400	   /* above the descriptors that tests count */
#define COPY_BYTES  65536

/* As in disk.py. */
enum op {
	OP_CREATE = 1, /* path, inode; offset: mode */
	OP_WRITE,      /* inode, offset, data */
	OP_TRUNCATE,   /* inode; offset: the new size */
	OP_ALLOCATE,   /* inode; offset: the size that the file has at least */
	OP_MKDIR,      /* path, inode; offset: mode */
	OP_RENAME,     /* path, other */
	OP_LINK,       /* path, other: the new name */
	OP_UNLINK,     /* path; also a folder */
	OP_CHMOD,      /* inode; offset: mode */
	OP_SYNC_BEGIN, /* inode; offset: number of the sync */
	OP_SYNC_END,   /* the same */
	OP_MAPPED,     /* inode: writes through a mapping are not seen */
};

struct event {
	uint32_t magic, op;
	uint64_t inode, offset;
	uint32_t path_len, other_len, data_len, process;
};

/* Descriptors of files and folders below the root. Set and cleared by the thread that opens and
 * closes. */
static unsigned char is_recorded[FILES_MAX];
static char root[PATH_MAX];
static size_t root_len; /* 0: record nothing */
static int record = -1;
static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;
static uint64_t syncs, events, kill_at;

__attribute__((constructor)) static void start(void)
{
	const char *folder = getenv("POWERLOSS_ROOT"), *file = getenv("POWERLOSS_RECORD");
	const char *kill_text = getenv("POWERLOSS_KILL");
	long fd;

	if (folder == NULL || file == NULL || strlen(folder) >= sizeof root)
		return;
	fd = syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	record = (int)syscall(SYS_fcntl, (int)fd, F_DUPFD_CLOEXEC, RECORD_FD);
	syscall(SYS_close, (int)fd);
	if (record < 0)
		abort();
	kill_at = kill_text != NULL ? strtoull(kill_text, NULL, 10) : 0;
	strcpy(root, folder);
	root_len = strlen(root);
}

/* In one call, because another process may append at the same time. */
static void append(const struct event *e, const void *path, const void *other, const void *data)
{
	const struct iovec parts[] = {{(void *)(uintptr_t)e, sizeof *e},
				      {(void *)(uintptr_t)path, e->path_len},
				      {(void *)(uintptr_t)other, e->other_len},
				      {(void *)(uintptr_t)data, e->data_len}};
	const size_t len = sizeof *e + e->path_len + e->other_len + e->data_len;

	if (syscall(SYS_writev, record, parts, 4) != (long)len)
		abort(); /* a recording with a gap would prove nothing */
}

static void count_event(void)
{
	if (++events == kill_at)
		syscall(SYS_kill, getpid(), SIGKILL);
}

/* With the mutex held, as note_data(). errno stays that of the recorded call. */
static void note(enum op op, uint64_t inode, uint64_t offset, const char *path, const char *other)
{
	const int saved = errno;
	const struct event e = {.magic = EVENT_MAGIC,
				.op = op,
				.inode = inode,
				.offset = offset,
				.path_len = path != NULL ? (uint32_t)strlen(path) : 0,
				.other_len = other != NULL ? (uint32_t)strlen(other) : 0,
				.process = (uint32_t)getpid()};

	append(&e, path, other, NULL);
	count_event();
	errno = saved;
}

static uint64_t inode_of(int fd)
{
	struct stat st;

	return syscall(SYS_fstat, fd, &st) == 0 ? (uint64_t)st.st_ino : 0;
}

static void note_data(int fd, uint64_t offset, const void *data, size_t len)
{
	const int saved = errno;
	const struct event e = {.magic = EVENT_MAGIC,
				.op = OP_WRITE,
				.inode = inode_of(fd),
				.offset = offset,
				.data_len = (uint32_t)len,
				.process = (uint32_t)getpid()};

	append(&e, NULL, NULL, data);
	count_event();
	errno = saved;
}

static bool is_recorded_fd(int fd)
{
	return root_len != 0 && fd >= 0 && fd < FILES_MAX && is_recorded[fd];
}

static void set_recorded(int fd, bool value)
{
	if (fd >= 0 && fd < FILES_MAX)
		is_recorded[fd] = value;
}

/* The absolute path without "//" and a "/" at its end, in `ret`. False: it is not below the root.
 */
static bool resolve(char ret[static PATH_MAX], int folder, const char *path)
{
	char whole[2 * PATH_MAX], link[64];
	size_t len = 0;

	if (root_len == 0)
		return false;
	whole[0] = '\0';
	if (path[0] != '/' && folder == AT_FDCWD) {
		if (syscall(SYS_getcwd, whole, (size_t)PATH_MAX) < 0)
			return false;
		len = strlen(whole);
	} else if (path[0] != '/') {
		long got;

		snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
		got = syscall(SYS_readlink, link, whole, (size_t)PATH_MAX - 1);
		if (got < 0)
			return false;
		len = (size_t)got;
	}
	snprintf(whole + len, sizeof whole - len, "/%s", path);
	len = 0;
	for (const char *p = whole; *p != '\0' && len < PATH_MAX - 1; p++)
		if (*p != '/' || len == 0 || ret[len - 1] != '/')
			ret[len++] = *p;
	while (len > 1 && ret[len - 1] == '/')
		len--;
	ret[len] = '\0';
	if (len >= 4 && strcmp(ret + len - 4, "-shm") == 0)
		return false;
	return strncmp(ret, root, root_len) == 0 && (ret[root_len] == '/' || ret[root_len] == '\0');
}

static int open_file(int folder, const char *path, int flags, mode_t mode)
{
	char name[PATH_MAX];
	struct stat before;
	bool exists;
	int fd;

	if (!resolve(name, folder, path)) {
		fd = (int)syscall(SYS_openat, folder, path, flags, mode);
		set_recorded(fd, false);
		return fd;
	}
	pthread_mutex_lock(&order);
	exists = syscall(SYS_newfstatat, AT_FDCWD, name, &before, AT_SYMLINK_NOFOLLOW) == 0;
	fd = (int)syscall(SYS_openat, folder, path, flags, mode);
	if (fd >= 0 && !exists)
		note(OP_CREATE, inode_of(fd), mode, name, NULL);
	else if (fd >= 0 && (flags & O_TRUNC) != 0 && before.st_size != 0)
		note(OP_TRUNCATE, inode_of(fd), 0, NULL, NULL);
	pthread_mutex_unlock(&order);
	set_recorded(fd, true);
	return fd;
}

#define TAKE_MODE(mode, flags)               \
	mode_t mode = 0;                     \
	if (((flags)&O_CREAT) != 0) {        \
		va_list more;                \
		va_start(more, flags);       \
		mode = va_arg(more, mode_t); \
		va_end(more);                \
	}
#define OPEN(name)                                             \
	int name(const char *path, int flags, ...);            \
	int name(const char *path, int flags, ...)             \
	{                                                      \
		TAKE_MODE(mode, flags)                         \
		return open_file(AT_FDCWD, path, flags, mode); \
	}
#define OPEN_AT(name)                                           \
	int name(int folder, const char *path, int flags, ...); \
	int name(int folder, const char *path, int flags, ...)  \
	{                                                       \
		TAKE_MODE(mode, flags)                          \
		return open_file(folder, path, flags, mode);    \
	}

OPEN(open)
OPEN(open64)
OPEN(__open_2)
OPEN(__open64_2)
OPEN_AT(openat)
OPEN_AT(openat64)
OPEN_AT(__openat_2)
OPEN_AT(__openat64_2)

/* The six X at the end become letters. */
static int open_temporary(char *name, int flags)
{
	char *end = name + strlen(name) - 6;

	for (int i = 0; i < 100; i++) {
		unsigned char random[6];
		int fd;

		if (syscall(SYS_getrandom, random, sizeof random, 0) != sizeof random)
			return -1;
		for (size_t k = 0; k < sizeof random; k++)
			end[k] = (char)('a' + random[k] % 26);
		fd = open_file(AT_FDCWD, name, flags | O_RDWR | O_CREAT | O_EXCL, 0600);
		if (fd >= 0 || errno != EEXIST)
			return fd;
	}
	return -1;
}

int mkostemp(char *path, int flags)
{
	return open_temporary(path, flags);
}

int mkostemp64(char *path, int flags)
{
	return open_temporary(path, flags);
}

int close(int fd)
{
	set_recorded(fd, false);
	return (int)syscall(SYS_close, fd);
}

int mkdirat(int folder, const char *path, mode_t mode)
{
	char name[PATH_MAX];
	struct stat st;
	int rc;

	if (!resolve(name, folder, path))
		return (int)syscall(SYS_mkdirat, folder, path, mode);
	pthread_mutex_lock(&order);
	rc = (int)syscall(SYS_mkdirat, folder, path, mode);
	if (rc == 0 && syscall(SYS_newfstatat, AT_FDCWD, name, &st, 0) == 0)
		note(OP_MKDIR, (uint64_t)st.st_ino, mode, name, NULL);
	pthread_mutex_unlock(&order);
	return rc;
}

int mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}

/* Both names are below the root, or neither is. */
static int name_to_name(enum op op, int from_folder, const char *from, int to_folder,
			const char *to, unsigned flags)
{
	const long number = op == OP_RENAME ? SYS_renameat2 : SYS_linkat;
	char from_name[PATH_MAX], to_name[PATH_MAX];
	bool is_from = resolve(from_name, from_folder, from);
	bool is_to = resolve(to_name, to_folder, to);
	int rc;

	if (!is_from && !is_to)
		return (int)syscall(number, from_folder, from, to_folder, to, flags);
	if (is_from != is_to || (flags & RENAME_EXCHANGE) != 0)
		abort();
	pthread_mutex_lock(&order);
	rc = (int)syscall(number, from_folder, from, to_folder, to, flags);
	if (rc == 0)
		note(op, 0, 0, from_name, to_name);
	pthread_mutex_unlock(&order);
	return rc;
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
	return name_to_name(OP_RENAME, from_folder, from, to_folder, to, flags);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
	return name_to_name(OP_RENAME, from_folder, from, to_folder, to, 0);
}

int rename(const char *from, const char *to)
{
	return name_to_name(OP_RENAME, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags)
{
	return name_to_name(OP_LINK, from_folder, from, to_folder, to, (unsigned)flags);
}

int link(const char *from, const char *to)
{
	return name_to_name(OP_LINK, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlinkat(int folder, const char *path, int flags)
{
	char name[PATH_MAX];
	int rc;

	if (!resolve(name, folder, path))
		return (int)syscall(SYS_unlinkat, folder, path, flags);
	pthread_mutex_lock(&order);
	rc = (int)syscall(SYS_unlinkat, folder, path, flags);
	if (rc == 0)
		note(OP_UNLINK, 0, 0, name, NULL);
	pthread_mutex_unlock(&order);
	return rc;
}

int unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path)
{
	return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int chmod(const char *path, mode_t mode)
{
	char name[PATH_MAX];
	struct stat st;
	int rc;

	if (!resolve(name, AT_FDCWD, path))
		return (int)syscall(SYS_fchmodat, AT_FDCWD, path, mode);
	pthread_mutex_lock(&order);
	rc = (int)syscall(SYS_fchmodat, AT_FDCWD, path, mode);
	if (rc == 0 && syscall(SYS_newfstatat, AT_FDCWD, name, &st, 0) == 0)
		note(OP_CHMOD, (uint64_t)st.st_ino, mode, NULL, NULL);
	pthread_mutex_unlock(&order);
	return rc;
}

/* A call that takes a descriptor and a number. */
static int change_file(long number, enum op op, int fd, uint64_t value)
{
	int rc;

	if (!is_recorded_fd(fd))
		return (int)syscall(number, fd, value);
	pthread_mutex_lock(&order);
	rc = (int)syscall(number, fd, value);
	if (rc == 0)
		note(op, inode_of(fd), value, NULL, NULL);
	pthread_mutex_unlock(&order);
	return rc;
}

int fchmod(int fd, mode_t mode)
{
	return change_file(SYS_fchmod, OP_CHMOD, fd, mode);
}

/* Where write() goes on: at the end with O_APPEND. */
static uint64_t position_of(int fd)
{
	struct stat st;

	if ((syscall(SYS_fcntl, fd, F_GETFL) & O_APPEND) != 0 && syscall(SYS_fstat, fd, &st) == 0)
		return (uint64_t)st.st_size;
	return (uint64_t)syscall(SYS_lseek, fd, 0, SEEK_CUR);
}

/* At the descriptor's position, or at an offset. */
static ssize_t put_data(int fd, const void *data, size_t len, const off_t *at)
{
	uint64_t offset;
	ssize_t put;

	if (!is_recorded_fd(fd))
		return at == NULL ? syscall(SYS_write, fd, data, len)
				  : syscall(SYS_pwrite64, fd, data, len, *at);
	pthread_mutex_lock(&order);
	offset = at == NULL ? position_of(fd) : (uint64_t)*at;
	put = at == NULL ? syscall(SYS_write, fd, data, len)
			 : syscall(SYS_pwrite64, fd, data, len, *at);
	if (put > 0)
		note_data(fd, offset, data, (size_t)put);
	pthread_mutex_unlock(&order);
	return put;
}

ssize_t write(int fd, const void *data, size_t len)
{
	return put_data(fd, data, len, NULL);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
	return put_data(fd, data, len, &offset);
}

ssize_t pwrite64(int fd, const void *data, size_t len, off_t offset)
{
	return put_data(fd, data, len, &offset);
}

/* At most COPY_BYTES, read and written here, so that the data are known. */
static ssize_t copy_part(int to, int from, off_t *offset, size_t len)
{
	char data[COPY_BYTES];
	ssize_t got = offset != NULL ? syscall(SYS_pread64, from, data,
					       len < sizeof data ? len : sizeof data, *offset)
				     : syscall(SYS_read, from, data,
					       len < sizeof data ? len : sizeof data);

	if (got > 0 && offset != NULL)
		*offset += got;
	return got > 0 ? write(to, data, (size_t)got) : got;
}

ssize_t sendfile(int to, int from, off_t *offset, size_t len)
{
	return is_recorded_fd(to) ? copy_part(to, from, offset, len)
				  : syscall(SYS_sendfile, to, from, offset, len);
}

ssize_t sendfile64(int to, int from, off_t *offset, size_t len)
{
	return sendfile(to, from, offset, len);
}

/* ENOSYS: the callers have another way. */
ssize_t copy_file_range(int from, off_t *from_offset, int to, off_t *to_offset, size_t len,
			unsigned flags)
{
	if (!is_recorded_fd(to))
		return syscall(SYS_copy_file_range, from, from_offset, to, to_offset, len, flags);
	errno = ENOSYS;
	return -1;
}

int ftruncate(int fd, off_t size)
{
	return change_file(SYS_ftruncate, OP_TRUNCATE, fd, (uint64_t)size);
}

int ftruncate64(int fd, off_t size)
{
	return ftruncate(fd, size);
}

/* Space alone is no content; only a greater size is recorded. Holes are not made by anyone here. */
int fallocate(int fd, int mode, off_t offset, off_t len)
{
	int rc;

	if (!is_recorded_fd(fd))
		return (int)syscall(SYS_fallocate, fd, mode, offset, len);
	if ((mode & ~FALLOC_FL_KEEP_SIZE) != 0)
		abort();
	pthread_mutex_lock(&order);
	rc = (int)syscall(SYS_fallocate, fd, mode, offset, len);
	if (rc == 0 && mode == 0)
		note(OP_ALLOCATE, inode_of(fd), (uint64_t)(offset + len), NULL, NULL);
	pthread_mutex_unlock(&order);
	return rc;
}

int fallocate64(int fd, int mode, off_t offset, off_t len)
{
	return fallocate(fd, mode, offset, len);
}

int posix_fallocate(int fd, off_t offset, off_t len)
{
	return fallocate(fd, 0, offset, len) == 0 ? 0 : errno;
}

int posix_fallocate64(int fd, off_t offset, off_t len)
{
	return posix_fallocate(fd, offset, len);
}

static void *map_file(void *at, size_t len, int protection, int flags, int fd, off_t offset)
{
	if (is_recorded_fd(fd) && (flags & MAP_SHARED) != 0 && (protection & PROT_WRITE) != 0) {
		pthread_mutex_lock(&order);
		note(OP_MAPPED, inode_of(fd), 0, NULL, NULL);
		pthread_mutex_unlock(&order);
	}
	return (void *)syscall(SYS_mmap, at, len, protection, flags, fd, offset);
}

void *mmap(void *at, size_t len, int protection, int flags, int fd, off_t offset)
{
	return map_file(at, len, protection, flags, fd, offset);
}

void *mmap64(void *at, size_t len, int protection, int flags, int fd, off_t offset)
{
	return map_file(at, len, protection, flags, fd, offset);
}

static int sync_file(int fd, long number)
{
	const struct timespec pause = {0, SYNC_NS};
	uint64_t id;

	if (!is_recorded_fd(fd))
		return (int)syscall(number, fd);
	pthread_mutex_lock(&order);
	id = ++syncs;
	note(OP_SYNC_BEGIN, inode_of(fd), id, NULL, NULL);
	pthread_mutex_unlock(&order);
	syscall(SYS_nanosleep, &pause, NULL);
	pthread_mutex_lock(&order);
	note(OP_SYNC_END, inode_of(fd), id, NULL, NULL);
	pthread_mutex_unlock(&order);
	return 0;
}

int fsync(int fd)
{
	return sync_file(fd, SYS_fsync);
}

int fdatasync(int fd)
{
	return sync_file(fd, SYS_fdatasync);
}

/* It writes pages back, but neither the size nor what the disk's cache holds: no promise. */
int sync_file_range(int fd, off_t offset, off_t len, unsigned flags)
{
	return is_recorded_fd(fd) ? 0 : (int)syscall(SYS_sync_file_range, fd, offset, len, flags);
}
