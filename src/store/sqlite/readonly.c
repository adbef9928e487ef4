/*
 * Reads data that another process serves or has served, and never changes them.
 *
 * Beside a running server the reader uses SQLite's shared index of the log. After a clean stop the
 * file alone is read. A killed server leaves a log, or a journal that is still to be rolled back;
 * where that needs write permission which this process does not have, a private copy is recovered
 * and read.
 *
 * The three ways are tried in this order (sqlite_open_reader()), and the store remembers the one
 * that worked for its sessions. A private copy lives in a folder of mode 0700 under TMPDIR until
 * the store is closed; it needs as much space as the data.
 */
#include "store/sqlite/internal.h"

#include "base/file.h"
#include "base/retry.h"
#include "store/sqlite/copy.h"
#include "store/sqlite/format.h"
#include "store/sqlite/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The files that SQLite keeps beside a database that was not closed: a write-ahead log or a
 * rollback journal. */
static const char *const logs[] = {"-wal", "-journal"};

/* Only the names that SQLite makes are removed, then the folder if it is empty: no removal of a
 * tree whose name came from the environment. */
void copy_remove(char *folder)
{
	static const char *const all[] = {"", "-wal", "-shm", "-journal"};

	if (folder == NULL)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		char path[PATH_MAX + 32];

		snprintf(path, sizeof path, "%s/" SQLITE_FILE "%s", folder, all[i]);
		unlink(path);
	}
	rmdir(folder);
	alloc_free(folder);
}

static enum result copy_bytes(int from, int to, const char *name, struct error *err)
{
	char bytes[64 * 1024];

	for (;;) {
		ssize_t got = RETRY(read(from, bytes, sizeof bytes));
		enum result rc;

		if (got < 0)
			return fail_errno(err, E_IO, "read %s", name);
		if (got == 0)
			return OK;
		rc = file_write_fd(to, slice_make(bytes, (size_t)got), name, err);
		if (rc != OK)
			return wrap(err, rc, "copy");
	}
}

/* An empty log counts as absent: SQLite truncates it at the end of a checkpoint. */
static bool has_file(const char *file, const char *ending)
{
	char path[PATH_MAX + 16];
	struct stat st;

	snprintf(path, sizeof path, "%s%s", file, ending);
	return stat(path, &st) == 0 && st.st_size != 0;
}

static bool has_log(const char *file)
{
	return has_file(file, logs[0]) || has_file(file, logs[1]);
}

static enum result copy_file(const char *file, const char *copy, const char *ending,
			     struct error *err)
{
	char from_path[PATH_MAX + 16], to_path[PATH_MAX + 16];

	snprintf(from_path, sizeof from_path, "%s%s", file, ending);
	snprintf(to_path, sizeof to_path, "%s%s", copy, ending);
	CLEANUP(file_closep) int from = RETRY(open(from_path, O_RDONLY | O_CLOEXEC));
	if (from < 0)
		return fail_errno(err, E_IO, "open %s", from_path);
	CLEANUP(file_closep)
	int to = RETRY(open(to_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
	if (to < 0)
		return fail_errno(err, E_IO, "create %s", to_path);
	return copy_bytes(from, to, from_path, err);
}

/* A server that runs is read through its shared index, so these are the files of one that was
 * killed, and nothing changes them meanwhile. */
static enum result copy_all(const char *file, const char *copy, struct error *err)
{
	enum result rc = copy_file(file, copy, "", err);

	for (size_t i = 0; rc == OK && i < ARRAY_SIZE(logs); i++)
		if (has_file(file, logs[i]))
			rc = copy_file(file, copy, logs[i], err);
	return rc;
}

/* A private folder; closing the store removes it. */
static enum result make_folder(struct sqlite_store *s, struct error *err)
{
	const char *root = secure_getenv("TMPDIR");
	char folder[PATH_MAX];

	if (snprintf(folder, sizeof folder, "%s/reeve-XXXXXX", root != NULL ? root : "/tmp") >=
	    (int)sizeof folder)
		return fail(err, E_TOO_LARGE, "TMPDIR: the path is too long");
	if (mkdtemp(folder) == NULL) /* 0700 */
		return fail_errno(err, E_IO, "make folder %s", folder);
	s->copied_to = alloc_text(folder, strlen(folder));
	if (s->copied_to != NULL)
		return OK;
	rmdir(folder);
	return fail(err, E_MEMORY, "copy %s: out of memory", s->file);
}

/* Opens the file in this mode and reads from it once: SQLite opens the file and its log at the
 * first read, so only then a missing right shows. */
static enum result try_mode(struct sqlite_store *s, const char *file, enum db_mode mode,
			    struct error *err)
{
	enum result rc = db_open(&s->db, file, mode, err);

	if (rc == OK)
		rc = db_run(&s->db, "SELECT count(*) FROM sqlite_schema", file, ARGS_NONE, err);
	if (rc != OK)
		db_close(&s->db);
	else
		s->mode = mode;
	return rc;
}

/* Makes the private folder and gives the path of the copy in it. */
static enum result name_copy(struct sqlite_store *s, char **ret, struct error *err)
{
	char path[PATH_MAX + 16];
	enum result rc = make_folder(s, err);

	if (rc != OK)
		return rc;
	snprintf(path, sizeof path, "%s/" SQLITE_FILE, s->copied_to);
	*ret = alloc_text(path, strlen(path));
	return *ret != NULL ? OK : fail(err, E_MEMORY, "copy %s: out of memory", s->file);
}

/* Opens the copy once for writing, so that SQLite recovers what a killed server left and an older
 * format becomes ours; then it is what the store reads. */
static enum result read_copy(struct sqlite_store *s, char *file_take, struct error *err)
{
	CLEANUP(alloc_freep) char *file = file_take;
	enum result rc = try_mode(s, file, DB_WRITE, err);

	if (rc != OK)
		return rc;
	rc = format_take_steps(&s->db, s->file, &store_migration, err);
	db_close(&s->db);
	if (rc == OK)
		rc = try_mode(s, file, DB_READ, err);
	if (rc == OK) {
		alloc_free(s->file);
		s->file = steal(&file);
	}
	return rc;
}

static enum result recover_copy(struct sqlite_store *s, struct error *err)
{
	CLEANUP(alloc_freep) char *file = NULL;
	enum result rc = name_copy(s, &file, err);

	if (rc == OK)
		rc = copy_all(s->file, file, err);
	return rc == OK ? read_copy(s, steal(&file), err) : rc;
}

/* The file itself must not be migrated: a server of an older release may still use it. */
static enum result check_format(struct sqlite_store *s, struct error *err)
{
	CLEANUP(alloc_freep) char *file = NULL;
	uint32_t format = 0;
	enum result rc = format_read(&s->db, s->file, &format, err);

	if (rc != OK || format == STORE_FORMAT)
		return rc;
	if (format > STORE_FORMAT)
		return fail(err, E_UNSUPPORTED,
			    "%s has format %u; this program reads formats up to %u", s->file,
			    format, STORE_FORMAT);
	rc = name_copy(s, &file, err);
	if (rc == OK)
		rc = db_copy(&s->db, file, NULL, NULL, err);
	db_close(&s->db);
	return rc == OK ? read_copy(s, steal(&file), err) : rc;
}

enum result sqlite_open_reader(struct sqlite_store *s, struct error *err)
{
	struct stat st;
	enum result rc;

	s->is_readonly = true;
	if (stat(s->file, &st) != 0)
		return fail_errno(err, errno == ENOENT ? E_NOT_FOUND : E_IO, "open %s", s->file);
	rc = try_mode(s, s->file, DB_READ, err);
	/* E_IO stands for a missing right here, and E_FULL for a full disk, on which the index of a
	 * log cannot be made. Without a log the file alone is complete, and DB_IMMUTABLE needs no
	 * right to write. With one, the newest commits may be in the log only, so it has to be
	 * recovered in a copy. */
	if (rc == E_IO || rc == E_FULL)
		rc = has_log(s->file) ? recover_copy(s, err)
				      : try_mode(s, s->file, DB_IMMUTABLE, err);
	return rc == OK ? check_format(s, err) : rc;
}
