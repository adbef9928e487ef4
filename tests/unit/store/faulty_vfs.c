/* The file of the real file system lies behind ours in one piece of memory. */
#include "faulty_vfs.h"

#include <errno.h>
#include <sqlite3.h>
#include <string.h>

enum faulty_kind faulty_kind;
const char *faulty_ending = "";
int faulty_after, faulty_times, faulty_failed;

struct faulty_file {
	sqlite3_file base;
	const char *name; /* lives with the connection; NULL for a temporary one */
	sqlite3_file *real;
};

static sqlite3_vfs *inner;
static sqlite3_vfs ours;

static sqlite3_file *real_of(sqlite3_file *f)
{
	return ((struct faulty_file *)f)->real;
}

static bool is_due(sqlite3_file *f, bool is_of_kind)
{
	const char *name = ((struct faulty_file *)f)->name;
	size_t len = name != NULL ? strlen(name) : 0, ending = strlen(faulty_ending);

	if (!is_of_kind || len < ending || strcmp(name + len - ending, faulty_ending) != 0)
		return false;
	if (faulty_after > 0) {
		faulty_after--;
		return false;
	}
	if (faulty_times == 0)
		return false;
	faulty_times--;
	faulty_failed++;
	return true;
}

static int write_file(sqlite3_file *f, const void *data, int len, sqlite3_int64 at)
{
	sqlite3_file *real = real_of(f);

	if (!is_due(f, faulty_kind == FAULTY_WRITE_FULL || faulty_kind == FAULTY_WRITE_FULL_LIE))
		return real->pMethods->xWrite(real, data, len, at);
	real->pMethods->xWrite(real, data, faulty_kind == FAULTY_WRITE_FULL ? len / 2 : len, at);
	return SQLITE_FULL;
}

static int sync_file(sqlite3_file *f, int flags)
{
	sqlite3_file *real = real_of(f);

	if (is_due(f, faulty_kind == FAULTY_SYNC)) {
		errno = ENOSPC; /* of a network file system: it is no full disk at this point */
		return SQLITE_IOERR_FSYNC;
	}
	return real->pMethods->xSync(real, flags);
}

#define REAL(f, method, ...) real_of(f)->pMethods->method(real_of(f), ##__VA_ARGS__)

static int close_file(sqlite3_file *f)
{
	return REAL(f, xClose);
}

static int read_file(sqlite3_file *f, void *data, int len, sqlite3_int64 at)
{
	return REAL(f, xRead, data, len, at);
}

static int truncate_file(sqlite3_file *f, sqlite3_int64 size)
{
	return is_due(f, faulty_kind == FAULTY_WRITE_FULL) ? SQLITE_IOERR_TRUNCATE
							   : REAL(f, xTruncate, size);
}

static int size_file(sqlite3_file *f, sqlite3_int64 *ret)
{
	return REAL(f, xFileSize, ret);
}

static int lock_file(sqlite3_file *f, int lock)
{
	return REAL(f, xLock, lock);
}

static int unlock_file(sqlite3_file *f, int lock)
{
	return REAL(f, xUnlock, lock);
}

static int check_lock(sqlite3_file *f, int *ret)
{
	return REAL(f, xCheckReservedLock, ret);
}

static int control_file(sqlite3_file *f, int op, void *arg)
{
	return REAL(f, xFileControl, op, arg);
}

static int sector_size(sqlite3_file *f)
{
	return REAL(f, xSectorSize);
}

static int characteristics(sqlite3_file *f)
{
	return REAL(f, xDeviceCharacteristics);
}

static int map_index(sqlite3_file *f, int region, int size, int extend, void volatile **ret)
{
	return REAL(f, xShmMap, region, size, extend, ret);
}

static int lock_index(sqlite3_file *f, int from, int count, int flags)
{
	return REAL(f, xShmLock, from, count, flags);
}

static void barrier(sqlite3_file *f)
{
	REAL(f, xShmBarrier);
}

static int unmap_index(sqlite3_file *f, int is_deleted)
{
	return REAL(f, xShmUnmap, is_deleted);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = close_file,
	.xRead = read_file,
	.xWrite = write_file,
	.xTruncate = truncate_file,
	.xSync = sync_file,
	.xFileSize = size_file,
	.xLock = lock_file,
	.xUnlock = unlock_file,
	.xCheckReservedLock = check_lock,
	.xFileControl = control_file,
	.xSectorSize = sector_size,
	.xDeviceCharacteristics = characteristics,
	.xShmMap = map_index,
	.xShmLock = lock_index,
	.xShmBarrier = barrier,
	.xShmUnmap = unmap_index,
};

static int open_file(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *f, int flags,
		     int *ret_flags)
{
	struct faulty_file *file = (struct faulty_file *)f;
	int code;

	(void)vfs;
	file->name = name;
	file->real = (sqlite3_file *)(file + 1);
	code = inner->xOpen(inner, name, file->real, flags, ret_flags);
	f->pMethods = code == SQLITE_OK ? &methods : NULL;
	return code;
}

void faulty_vfs_register(void)
{
	inner = sqlite3_vfs_find("unix");
	ours = *inner;
	ours.pNext = NULL;
	/* In the place of the one that the store asks for. */
	ours.zName = "unix";
	ours.szOsFile = (int)sizeof(struct faulty_file) + inner->szOsFile;
	ours.xOpen = open_file;
	sqlite3_vfs_register(&ours, 1);
}
