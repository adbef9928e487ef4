/*
 * SQLite repeats most system calls that a signal interrupts (EINTR), but takes an interrupted
 * fdatasync() for a failed disk, after which this store takes no more writes, and an interrupted
 * fcntl() for a lock that somebody else holds. Both are repeated here. No commit is acknowledged
 * that was not synced: the repeated call waits for all that the first one did not wait for.
 *
 * This is SQLite's own VFS with two calls replaced. fcntl() has a hook. A sync has none, so each
 * open file gets its own copy of the table of methods, in which xSync is ours. The copy lies behind
 * the file's own bytes (szOsFile), which SQLite allocates and frees.
 *
 * vfs_name() registers it once for the process, as SQLite keeps it for the process.
 */
#include "store/sqlite/vfs.h"

#include "base/retry.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* Behind the bytes of a file of SQLite's own VFS. */
struct file_methods {
	sqlite3_io_methods methods;
	int (*sync)(sqlite3_file *file, int flags); /* SQLite's */
};

/* `ours` starts as a copy of `unix_vfs`, so it is found again from the pointer that xOpen gets. */
static struct {
	sqlite3_vfs ours;
	sqlite3_vfs *unix_vfs; /* NULL: SQLite has none, or not the call to replace */
} registered;

static struct file_methods *methods_of(sqlite3_file *file)
{
	uintptr_t at = (uintptr_t)file + (uintptr_t)registered.unix_vfs->szOsFile;

	at = (at + _Alignof(struct file_methods) - 1) & ~(_Alignof(struct file_methods) - 1);
	return (struct file_methods *)at;
}

static int sync_repeatedly(sqlite3_file *file, int flags)
{
	struct file_methods *m = methods_of(file);
	int code, system_error;

	do {
		code = m->sync(file, flags);
		system_error = 0;
		if (code != SQLITE_OK)
			m->methods.xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &system_error);
	} while (code != SQLITE_OK && system_error == EINTR);
	return code;
}

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
		     int *ret_flags)
{
	struct file_methods *m = methods_of(file);
	int code = registered.unix_vfs->xOpen(registered.unix_vfs, name, file, flags, ret_flags);

	(void)vfs;
	/* A file that could not be opened may have no methods. */
	if (file->pMethods == NULL)
		return code;
	m->methods = *file->pMethods;
	m->sync = m->methods.xSync;
	m->methods.xSync = sync_repeatedly;
	file->pMethods = &m->methods;
	return code;
}

/* SQLite passes no third argument, a number or a pointer to a lock: all fit a pointer. */
static int fcntl_repeatedly(int fd, int command, ...)
{
	va_list args;
	void *value;

	va_start(args, command);
	value = va_arg(args, void *);
	va_end(args);
	return RETRY(fcntl(fd, command, value));
}

static void register_once(void)
{
	sqlite3_vfs *base = sqlite3_vfs_find("unix");

	if (base == NULL || base->iVersion < 3 ||
	    base->xSetSystemCall(base, "fcntl", (sqlite3_syscall_ptr)fcntl_repeatedly) != SQLITE_OK)
		return;
	registered.ours = *base;
	registered.ours.zName = "reeve";
	registered.ours.pNext = NULL;
	registered.ours.szOsFile +=
		(int)(sizeof(struct file_methods) + _Alignof(struct file_methods));
	registered.ours.xOpen = open_file;
	registered.unix_vfs = base;
	if (sqlite3_vfs_register(&registered.ours, 0) != SQLITE_OK)
		registered.unix_vfs = NULL;
}

const char *vfs_name(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, register_once);
	/* NULL is SQLite's default. */
	return registered.unix_vfs != NULL ? registered.ours.zName : NULL;
}
