/*
 * Copies what one read transaction sees, for backups, restores and the copy before a migration.
 *
 * The copy is made under a temporary name beside the wanted one and renamed once it is durable, so
 * a file of the wanted name is always complete. Order: copy, sync the file, rename, sync the
 * folder. After a crash a file FILE.partial-XXXXXX may be left, of mode 0600: sqlite/stale.c
 * removes it. The copy has no write-ahead log, so that it can be read in a folder without write
 * permission.
 *
 * Runs on the thread of its caller and needs no lock of ours: SQLite lets the writer commit
 * meanwhile.
 */
#include "store/sqlite/copy.h"

#include "base/file.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* 1 MiB between two calls of `progress`. */
#define STEP_PAGES 256

/* sqlite3_backup copies page by page, free pages included: a copy holds what the file holds, also
 * of deleted rows. */
static enum result copy_pages(struct db *from, struct db *to,
			      void (*progress)(void *ctx, uint64_t done, uint64_t left), void *ctx,
			      struct error *err)
{
	sqlite3_backup *backup = sqlite3_backup_init(to->handle, "main", from->handle, "main");
	int code;

	if (backup == NULL)
		return db_fail(to, sqlite3_errcode(to->handle), "begin to copy", err);
	do {
		code = sqlite3_backup_step(backup, STEP_PAGES);
		if (code == SQLITE_OK && progress != NULL) {
			uint64_t left = (uint64_t)sqlite3_backup_remaining(backup);
			uint64_t all = (uint64_t)sqlite3_backup_pagecount(backup);

			progress(ctx, all - left, left);
		}
	} while (code == SQLITE_OK);
	sqlite3_backup_finish(backup);
	return code == SQLITE_DONE ? OK : db_fail(to, code, "copy", err);
}

/* Within a read transaction the pages do not change. Otherwise SQLite would restart the copy after
 * every commit. */
static enum result copy_snapshot(struct db *from, const char *temporary,
				 void (*progress)(void *ctx, uint64_t done, uint64_t left),
				 void *ctx, struct error *err)
{
	CLEANUP(db_close) struct db to = DB_NULL;
	bool has_begun = false;
	enum result rc = db_open(&to, temporary, DB_WRITE, err);

	if (rc == OK)
		rc = db_scope_begin(from, &has_begun, err);
	if (rc == OK)
		/* BEGIN alone takes no snapshot; the first read does. */
		rc = db_run(from, "SELECT count(*) FROM sqlite_schema", "begin to copy", ARGS_NONE,
			    err);
	if (rc == OK)
		rc = copy_pages(from, &to, progress, ctx, err);
	db_scope_end(from, has_begun);
	if (rc == OK)
		rc = db_exec(&to, "PRAGMA journal_mode = DELETE", "end the copy", err);
	return rc;
}

/* SQLite may have made the files of a journal beside the copy. */
static void remove_temporary(const char *temporary)
{
	static const char *const endings[] = {"", "-journal", "-wal", "-shm"};

	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		char path[PATH_MAX + 16];

		snprintf(path, sizeof path, "%s%s", temporary, endings[i]);
		unlink(path);
	}
}

enum result db_copy(struct db *from, const char *file,
		    void (*progress)(void *ctx, uint64_t done, uint64_t left), void *ctx,
		    struct error *err)
{
	char temporary[PATH_MAX];
	struct stat st;
	enum result rc;
	int fd;

	if (lstat(file, &st) == 0)
		return fail(err, E_CONFLICT, "%s exists already", file);
	if (snprintf(temporary, sizeof temporary, "%s" SQLITE_PARTIAL "XXXXXX", file) >=
	    (int)sizeof temporary)
		return fail(err, E_TOO_LARGE, "%s: the path is too long", file);
	fd = file_open_temporary(temporary);
	if (fd < 0)
		return fail_errno(err, E_IO, "create %s", temporary);
	close(fd);
	rc = copy_snapshot(from, temporary, progress, ctx, err);
	if (rc == OK)
		rc = file_sync(temporary, err);
	if (rc == OK)
		/* Another process may have made a file of that name since lstat(). */
		rc = file_rename_new(temporary, file, err);
	if (rc == OK)
		return file_sync_folder(file, err);
	remove_temporary(temporary);
	return wrap(err, rc, "copy to %s", file);
}
