/*
 * See sqlite/reserve.h. The formats that are read here are those of sqlite.org/walformat.html: the
 * log is a header of 32 bytes and frames of 24 bytes and a page; the index begins with a header
 * whose fifth number is that of the last committed frame. A frame counts in a recovery only if its
 * checksum, which runs over all frames before it, is right.
 *
 * On a file system that takes no blocks ahead (or copies on write) the reserve promises nothing,
 * and a full disk shows in the commit: sqlite/write.c undoes it then.
 */
#include "store/sqlite/reserve.h"

#include "base/file.h"
#include "base/random.h"
#include "base/retry.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define LOG_HEADER_BYTES   32
#define FRAME_HEADER_BYTES 24
#define FRAME_BYTES	   (FRAME_HEADER_BYTES + 4096)
/* For a transaction of usual size: a group of many small writes takes some 200 pages. A larger one
 * takes its space itself, and is undone where there is none. */
#define LOG_AHEAD_PAGES 256
#define LOG_STEP_BYTES	((uint64_t)1 << 20)
/* SQLite cuts the log to this size when it starts anew (journal_size_limit in sqlite/write.c). */
#define LOG_BYTES_KEPT ((uint64_t)64 << 20)
/* A region of the index holds the numbers of 4096 frames (the first some less). A transaction of
 * the largest size, with the log's blocks not taken ahead, must not find the index too small. */
#define INDEX_REGION_BYTES 32768
#define INDEX_REGION_PAGES 4096
#define INDEX_AHEAD_PAGES  (2 * INDEX_REGION_PAGES)
#define INDEX_LAST_FRAME   4
/* Enough for the index of a log of 32,000 pages. */
#define BALLAST_BYTES (256 * 1024)

static sqlite3_file *file_of(struct db *db, int which)
{
	sqlite3_file *file = NULL;

	if (sqlite3_file_control(db->handle, "main", which, &file) != SQLITE_OK || file == NULL ||
	    file->pMethods == NULL)
		return NULL;
	return file;
}

/* Takes blocks behind the end of the file without making it longer, so that nothing is different
 * for a reader. Whether it has them, or the file system takes none ahead. */
static bool allocate(int fd, uint64_t from, uint64_t to)
{
	int failed = RETRY(fallocate(fd, FALLOC_FL_KEEP_SIZE, (off_t)from, (off_t)(to - from)));

	return failed == 0 || errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL;
}

static int open_log(const struct reserve *r)
{
	char path[PATH_MAX + 8];

	snprintf(path, sizeof path, "%s-wal", r->file);
	return RETRY(open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW));
}

static uint64_t bytes_for(uint32_t log_pages)
{
	return LOG_HEADER_BYTES + ((uint64_t)log_pages + LOG_AHEAD_PAGES) * FRAME_BYTES;
}

uint64_t reserve_free_bytes(const struct reserve *r)
{
	struct statvfs space;

	return RETRY(statvfs(r->file, &space)) == 0 ? (uint64_t)space.f_bavail * space.f_frsize : 0;
}

/* Each page of the log may be a new one of the database. */
bool reserve_is_scarce(const struct reserve *r, uint32_t log_pages)
{
	return bytes_for(log_pages) > r->log_bytes &&
	       reserve_free_bytes(r) < bytes_for(log_pages) + LOG_STEP_BYTES;
}

/* In large steps while there is plenty of space, else just what is needed. */
static enum result extend_log(struct reserve *r, uint32_t log_pages, struct error *err)
{
	uint64_t needed = bytes_for(log_pages), from = r->log_bytes;
	uint64_t whole_steps = (needed + LOG_STEP_BYTES - 1) / LOG_STEP_BYTES * LOG_STEP_BYTES;
	bool is_scarce = reserve_is_scarce(r, log_pages);
	CLEANUP(file_closep) int fd = open_log(r);

	if (fd < 0)
		return fail_errno(err, E_IO, "open the log");
	if (!is_scarce && allocate(fd, from, whole_steps))
		r->log_bytes = whole_steps;
	else if (allocate(fd, from, needed))
		r->log_bytes = needed;
	else
		return fail_errno(err, E_IO, "reserve space for the log");
	return OK;
}

/* SQLite writes to each page of a region that it adds, so its blocks are on the disk. */
static enum result extend_index(struct reserve *r, struct db *db, uint32_t regions,
				struct error *err)
{
	sqlite3_file *file = file_of(db, SQLITE_FCNTL_FILE_POINTER);
	void volatile *region;
	int code;

	if (file == NULL || file->pMethods->iVersion < 2)
		return fail(err, E_INTERNAL, "the database's file has no index of a log");
	errno = 0;
	code = file->pMethods->xShmMap(file, (int)regions - 1, INDEX_REGION_BYTES, 1, &region);
	if (code != SQLITE_OK)
		return fail_errno(err, E_IO, "reserve space for the log's index");
	r->index_regions = regions;
	return OK;
}

enum result reserve_take(struct reserve *r, struct db *db, uint32_t log_pages, struct error *err)
{
	uint64_t pages = (uint64_t)log_pages + LOG_AHEAD_PAGES;
	uint64_t needed = bytes_for(log_pages);
	uint32_t regions = (uint32_t)((pages + INDEX_AHEAD_PAGES) / INDEX_REGION_PAGES) + 1;
	enum result rc = OK;

	if (needed <= LOG_BYTES_KEPT && r->log_bytes > LOG_BYTES_KEPT)
		r->log_bytes = LOG_BYTES_KEPT; /* it may have been cut */
	if (needed > r->log_bytes)
		rc = extend_log(r, log_pages, err);
	if (rc == OK && regions > r->index_regions)
		rc = extend_index(r, db, regions, err);
	return rc;
}

void reserve_forget_log(struct reserve *r)
{
	r->log_bytes = 0;
}

uint32_t reserve_log_pages(struct db *db)
{
	sqlite3_file *file = file_of(db, SQLITE_FCNTL_FILE_POINTER);
	void volatile *region = NULL;

	if (file == NULL || file->pMethods->iVersion < 2 ||
	    file->pMethods->xShmMap(file, 0, INDEX_REGION_BYTES, 0, &region) != SQLITE_OK ||
	    region == NULL)
		return 0;
	return ((uint32_t const volatile *)region)[INDEX_LAST_FRAME];
}

int reserve_log_errno(struct db *db)
{
	sqlite3_file *log = file_of(db, SQLITE_FCNTL_JOURNAL_POINTER);
	int number = 0;

	if (log == NULL ||
	    log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &number) != SQLITE_OK)
		return 0;
	return number;
}

/* The commit's last frame is not whole, since writing it failed; but parts of a frame that an
 * earlier round of the log left in its place could be the same. With zeros over the header of the
 * first frame none of them counts. Where there is no space even for these, as on a file system that
 * copies what is written over, the file is cut. */
enum result reserve_erase_tail(struct reserve *r, struct db *db, struct error *err)
{
	static const char zeros[FRAME_HEADER_BYTES];
	sqlite3_file *log = file_of(db, SQLITE_FCNTL_JOURNAL_POINTER);
	sqlite3_int64 at = LOG_HEADER_BYTES, size = 0;
	int code;

	if (log == NULL)
		return fail(err, E_IO, "the log cannot be reached");
	at += (sqlite3_int64)reserve_log_pages(db) * FRAME_BYTES;
	code = log->pMethods->xFileSize(log, &size);
	if (code == SQLITE_OK && size > at &&
	    log->pMethods->xWrite(log, zeros, sizeof zeros, at) != SQLITE_OK) {
		reserve_forget_log(r);
		code = log->pMethods->xTruncate(log, at);
	}
	if (code == SQLITE_OK)
		code = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
	return code == SQLITE_OK
		       ? OK
		       : fail(err, E_IO, "erase the end of the log: %s", sqlite3_errstr(code));
}

static void name_ballast(const struct reserve *r, char ret[static PATH_MAX + 32])
{
	const char *name = strrchr(r->file, '/');
	int len = name != NULL ? (int)(name - r->file) + 1 : 0;

	snprintf(ret, PATH_MAX + 32, "%.*s" SQLITE_RESERVE, len, r->file);
}

/* Random bytes, where blocks cannot be taken otherwise: a file system that compresses would keep
 * nothing of zeros. */
static bool fill_ballast(int fd)
{
	char bytes[4096];

	if (RETRY(fallocate(fd, 0, 0, BALLAST_BYTES)) == 0)
		return true;
	if (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL)
		return false;
	random_fill(&system_random, (uint8_t *)bytes, sizeof bytes);
	for (size_t at = 0; at < BALLAST_BYTES; at += sizeof bytes) {
		memcpy(bytes, &at, sizeof at);
		if (RETRY(write(fd, bytes, sizeof bytes)) != (ssize_t)sizeof bytes)
			return false;
	}
	return true;
}

void reserve_make_ballast(struct reserve *r)
{
	char path[PATH_MAX + 32];

	if (r->has_ballast || reserve_free_bytes(r) < 8 * (uint64_t)BALLAST_BYTES)
		return;
	name_ballast(r, path);
	CLEANUP(file_closep)
	int fd = RETRY(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
	if (fd < 0)
		return;
	r->has_ballast = fill_ballast(fd);
	if (!r->has_ballast)
		unlink(path);
}

bool reserve_drop_ballast(struct reserve *r)
{
	char path[PATH_MAX + 32];

	r->has_ballast = false;
	name_ballast(r, path);
	return unlink(path) == 0;
}

void reserve_give_back(struct reserve *r)
{
	CLEANUP(file_closep) int fd = open_log(r);
	struct stat st;

	reserve_drop_ballast(r);
	reserve_forget_log(r);
	/* Also frees the blocks behind the end. */
	if (fd >= 0 && fstat(fd, &st) == 0 && RETRY(ftruncate(fd, st.st_size)) != 0)
		return;
}
