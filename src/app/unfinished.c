/*
 * Makes, clears and ends DIR/unfinished.
 *
 * Orders that must hold:
 *   begin   mkdir, sync; `made`, sync; only then files outside, such as the token's
 *   commit  all files synced; rename DIR/unfinished/reeve.db to DIR/reeve.db, sync; then remove
 *   clear   DIR/reeve.db first, then the other files, sync; then the content of DIR/unfinished;
 *           `made` and the folder last
 *
 * So DIR is finished if DIR/reeve.db is there and DIR/unfinished/reeve.db is not, and a clearing
 * that is interrupted never looks like that. DIR was empty when the first run began, and `made`
 * names the files elsewhere, which did not exist then; so what is removed was made by a run. As a
 * guard against a `made` that was changed, it must belong to the user who runs the command, and a
 * token's file is removed only if it looks like one.
 *
 * A folder of that name may be somebody else's. Ours has `made`, or nothing but a part of that; any
 * other keeps its files, and a link is never followed.
 */
#include "app/unfinished.h"

#include "app/data_folder.h"
#include "app/initial_files.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/retry.h"
#include "store/sqlite/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MADE_FILE      "made"
#define MADE_BYTES_MAX ((size_t)4 * PATH_MAX)

/* The content of `made`. All empty where the file does not exist: then nothing was made. */
struct made {
	char command[16];
	char token_file[PATH_MAX];
	char root_key[PATH_MAX];
};

static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* A path goes on one line of `made`. */
static enum result make_absolute(char ret[static PATH_MAX], struct slice path, struct error *err)
{
	char here[PATH_MAX] = "";
	bool is_absolute = path.len != 0 && path.data[0] == '/';
	int len;

	while (path.len > 1 && path.data[path.len - 1] == '/')
		path.len--;
	if (path.len == 0 || memchr(path.data, '\n', path.len) != NULL)
		return fail(err, E_MALFORMED, "a path must not be empty or hold a line break");
	if (!is_absolute && getcwd(here, sizeof here) == NULL)
		return fail_errno(err, E_IO, "find the current folder");
	len = snprintf(ret, PATH_MAX, "%s%s%.*s", here, is_absolute ? "" : "/", SLICE_ARGS(path));
	return len < PATH_MAX
		       ? OK
		       : fail(err, E_TOO_LARGE, "a path is longer than %d bytes", PATH_MAX - 1);
}

static enum result path_in(char ret[static PATH_MAX], const char *folder, const char *name,
			   struct error *err)
{
	return data_path(ret, slice_text(folder), name, err);
}

/*
 * The file `made`.
 */

static bool take_value(struct slice line, const char *name, char *ret, size_t size)
{
	struct slice word, value = line;

	if (!slice_next_part(&value, ' ', &word) || !slice_is_text(word, name) || value.len == 0 ||
	    value.len >= size)
		return false;
	snprintf(ret, size, "%.*s", SLICE_ARGS(value));
	return true;
}

/* Leaves `ret` at -1 where there is no such file. */
static enum result open_made(int *ret, const char *path, struct error *err)
{
	CLEANUP(file_closep)
	int fd = RETRY(open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return OK;
	if (fd < 0 || fstat(fd, &st) != 0)
		return fail_errno(err, E_IO, "open %s", path);
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid())
		return fail(err, E_CONFLICT,
			    "%s is not a file of yours: run the command as the user who ran it "
			    "before",
			    path);
	*ret = fd;
	fd = -1;
	return OK;
}

static bool parse_made(struct made *ret, struct slice text)
{
	struct slice line;

	while (slice_next_part(&text, '\n', &line) && line.len != 0) {
		if (!take_value(line, "reeved", ret->command, sizeof ret->command) &&
		    !take_value(line, "token", ret->token_file, sizeof ret->token_file) &&
		    !take_value(line, "root-key", ret->root_key, sizeof ret->root_key))
			return false;
	}
	return ret->command[0] != '\0';
}

static enum result read_made(struct made *ret, const char *inside, struct error *err)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	CLEANUP(file_closep) int fd = -1;
	struct made m = {.command = ""};
	char path[PATH_MAX];
	enum result rc = path_in(path, inside, MADE_FILE, err);

	if (rc == OK)
		rc = open_made(&fd, path, err);
	if (rc == OK && fd >= 0)
		rc = file_read_fd(&text, fd, path, MADE_BYTES_MAX, err);
	if (rc == OK && fd >= 0 && !parse_made(&m, buf_slice(&text)))
		rc = fail(err, E_CORRUPT, "%s is malformed", path);
	if (rc == OK)
		*ret = m;
	return rc;
}

static enum result write_made(const struct unfinished *u, struct error *err)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	char path[PATH_MAX];
	enum result rc = path_in(path, u->inside, MADE_FILE, err);

	buf_printf(&text, "reeved %s\ntoken %s\n", u->command, u->token_file);
	/* A root key that exists before is no work of a run, so it is not named. */
	if (u->root_key[0] != '\0' && (u->is_root_key_kept || !exists(u->root_key)))
		buf_printf(&text, "root-key %s\n", u->root_key);
	if (rc == OK)
		rc = buf_check(&text, err);
	return rc == OK ? file_write(path, buf_slice(&text), 0600, err) : rc;
}

/*
 * Clearing. Failures are ignored where a later step finds what was not removed.
 */

static void remove_in(const char *folder, const char *name)
{
	char path[PATH_MAX];

	if (path_in(path, folder, name, NULL) == OK)
		unlink(path);
}

/* Not what a link of that name leads to. */
static DIR *open_inside(const char *inside)
{
	int fd = RETRY(open(inside, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
	DIR *open = fd >= 0 ? fdopendir(fd) : NULL;

	if (open == NULL && fd >= 0)
		close(fd);
	return open;
}

/* Flat: neither init nor restore makes folders in it. Without `made` there can only be a part of
 * it, which has letters behind its name. */
static void empty_inside(const char *inside, bool is_made_kept)
{
	DIR *open = open_inside(inside);
	struct stat st;
	const char *name;
	bool has_made;

	if (open == NULL)
		return;
	has_made = fstatat(dirfd(open), MADE_FILE, &st, AT_SYMLINK_NOFOLLOW) == 0;
	while ((name = file_next_name(open)) != NULL) {
		if (strcmp(name, MADE_FILE) != 0 &&
		    (has_made || strncmp(name, MADE_FILE ".", strlen(MADE_FILE ".")) == 0))
			unlinkat(dirfd(open), name, 0);
	}
	(void)RETRY(fsync(dirfd(open)));
	if (!is_made_kept)
		unlinkat(dirfd(open), MADE_FILE, 0);
	closedir(open);
}

static enum result refuse_foreign(const char *inside, struct error *err)
{
	return fail(err, E_CONFLICT, "%s is not a folder that only reeved used: move it away",
		    inside);
}

static enum result remove_inside(const char *inside, struct error *err)
{
	empty_inside(inside, false);
	if (rmdir(inside) == 0)
		return file_sync_folder(inside, err);
	if (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR)
		return refuse_foreign(inside, err);
	return fail_errno(err, E_IO, "remove %s", inside);
}

static enum result clear_outside(const char *folder, const char *token_file, struct error *err)
{
	char store[PATH_MAX];
	enum result rc = path_in(store, folder, SQLITE_FILE, err);

	if (rc != OK)
		return rc;
	if (unlink(store) != 0 && errno != ENOENT)
		return fail_errno(err, E_IO, "remove %s", store);
	rc = file_sync_folder(store, err);
	remove_in(folder, AUDIT_KEY_FILE);
	if (rc == OK && token_file[0] != '\0' && initial_file_is_token(token_file)) {
		unlink(token_file);
		rc = file_sync_folder(token_file, err);
	}
	return rc == OK ? file_sync_folder(store, err) : rc;
}

static enum result refuse(const char *command, const char *folder, struct error *err)
{
	if (strcmp(command, "init") == 0)
		return fail(err, E_CONFLICT,
			    "%s is not finished: `reeved init` was interrupted there; run it again "
			    "with the same flags and --resume",
			    folder);
	if (strcmp(command, "restore") == 0)
		return fail(err, E_CONFLICT,
			    "%s is not finished: `reeved restore` was interrupted there; run it "
			    "again with the same flags",
			    folder);
	return fail(err, E_CONFLICT,
		    "%s is not finished: `reeved init` or `reeved restore` was interrupted there; "
		    "run that command again, and init with --resume",
		    folder);
}

/* A root key that the interrupted run made is used again, so that no copy of it becomes useless. */
static enum result keep_root_key(struct unfinished *u, const struct made *made, struct error *err)
{
	if (made->root_key[0] == '\0' || !exists(made->root_key))
		return OK;
	if (strcmp(made->root_key, u->root_key) != 0)
		return fail(err, E_CONFLICT,
			    "the interrupted run made the root key %s: name it with --root-key",
			    made->root_key);
	u->is_root_key_kept = true;
	return OK;
}

/* The lock is held, so the run that `made` tells of has ended. `made` itself stays: it names a root
 * key that is kept. */
static enum result clear_earlier(struct unfinished *u, const struct unfinished_plan *plan,
				 struct error *err)
{
	struct made made;
	struct stat st;
	enum result rc;

	if (lstat(u->inside, &st) != 0 || !S_ISDIR(st.st_mode))
		return refuse_foreign(u->inside, err);
	rc = read_made(&made, u->inside, err);
	if (rc != OK)
		return rc;
	if (!plan->may_begin_anew ||
	    (made.command[0] != '\0' && strcmp(made.command, plan->command) != 0))
		return refuse(made.command, u->folder, err);
	if (made.command[0] == '\0')
		return remove_inside(u->inside, err);
	rc = keep_root_key(u, &made, err);
	if (rc == OK)
		rc = clear_outside(u->folder, made.token_file, err);
	if (rc == OK)
		empty_inside(u->inside, true);
	return rc;
}

/*
 * Beginning.
 */

static bool is_allowed(const struct unfinished *u, const char *name)
{
	static const char *const allowed[] = {SQLITE_LOCK, UNFINISHED_FOLDER};
	char path[PATH_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++) {
		if (strcmp(name, allowed[i]) == 0)
			return true;
	}
	return u->is_root_key_kept && path_in(path, u->folder, name, NULL) == OK &&
	       strcmp(path, u->root_key) == 0;
}

/* A new store must not be mixed with other files: unfinished_undo() and a later run remove files of
 * DIR by their names. */
static enum result check_empty(const struct unfinished *u, struct error *err)
{
	DIR *folder = file_open_folder(u->folder);
	const char *name;
	int code;

	if (folder == NULL)
		return fail_errno(err, E_IO, "open %s", u->folder);
	do
		name = file_next_name(folder);
	while (name != NULL && is_allowed(u, name));
	code = name == NULL ? errno : ENOTEMPTY;
	closedir(folder);
	errno = code;
	if (code == ENOTEMPTY)
		return fail(err, E_CONFLICT, "%s is not empty: choose a new folder", u->folder);
	return code == 0 ? OK : fail_errno(err, E_IO, "read %s", u->folder);
}

static enum result name_all(struct unfinished *u, const struct unfinished_plan *plan,
			    struct error *err)
{
	enum result rc = make_absolute(u->folder, plan->folder, err);

	u->command = plan->command;
	if (rc == OK)
		rc = path_in(u->inside, u->folder, UNFINISHED_FOLDER, err);
	if (rc == OK)
		rc = make_absolute(u->token_file, plan->token_file, err);
	if (rc == OK && plan->root_key.len != 0)
		rc = make_absolute(u->root_key, plan->root_key, err);
	return rc;
}

/* Before the lock, so that a folder of other use gets no file of ours. */
static enum result look_before(const struct unfinished *u, struct error *err)
{
	enum result rc = OK;

	if (exists(u->inside))
		return OK;
	rc = initial_file_check_absent(slice_text(u->token_file), err);
	if (rc == OK)
		rc = data_make_folder(slice_text(u->folder), err);
	return rc == OK ? check_empty(u, err) : rc;
}

static enum result make_inside(const struct unfinished *u, struct error *err)
{
	enum result rc;

	if (mkdir(u->inside, 0700) != 0 && errno != EEXIST)
		return fail_errno(err, E_IO, "create folder %s", u->inside);
	rc = file_sync_folder(u->inside, err);
	return rc == OK ? write_made(u, err) : rc;
}

static enum result begin(struct unfinished *u, const struct unfinished_plan *plan,
			 struct error *err)
{
	enum result rc = look_before(u, err);

	if (rc == OK)
		rc = store_lock_folder(&u->lock, u->folder, err);
	if (rc == OK && exists(u->inside))
		rc = clear_earlier(u, plan, err);
	if (rc == OK)
		rc = check_empty(u, err);
	if (rc == OK)
		rc = initial_file_check_absent(slice_text(u->token_file), err);
	if (rc != OK)
		return rc;
	rc = make_inside(u, err);
	if (rc != OK)
		unfinished_undo(u);
	return rc;
}

enum result unfinished_begin(struct unfinished *ret, const struct unfinished_plan *plan,
			     struct error *err)
{
	struct unfinished u = UNFINISHED_NULL;
	enum result rc = name_all(&u, plan, err);

	if (rc == OK)
		rc = begin(&u, plan, err);
	if (rc == OK)
		*ret = u;
	else
		unfinished_clear(&u);
	return rc;
}

/*
 * Ending.
 */

/* A log beside the store would hold its newest commits, and the rename would leave it behind. */
static enum result check_closed(const struct unfinished *u, struct error *err)
{
	static const char *const logs[] = {SQLITE_FILE "-wal", SQLITE_FILE "-journal"};

	for (size_t i = 0; i < ARRAY_SIZE(logs); i++) {
		char path[PATH_MAX];
		enum result rc = path_in(path, u->inside, logs[i], err);

		if (rc != OK)
			return rc;
		if (exists(path))
			return fail(err, E_IO, "the store could not be closed: %s remained", path);
	}
	return OK;
}

enum result unfinished_commit(struct unfinished *u, struct error *err)
{
	char built[PATH_MAX], store[PATH_MAX];
	enum result rc = path_in(built, u->inside, SQLITE_FILE, err);

	if (rc == OK)
		rc = path_in(store, u->folder, SQLITE_FILE, err);
	if (rc == OK)
		rc = check_closed(u, err);
	if (rc == OK)
		rc = file_sync(built, err);
	if (rc == OK)
		rc = file_rename_new(built, store, err);
	if (rc == OK)
		rc = file_sync_folder(store, err);
	if (rc == OK)
		rc = file_sync_folder(built, err);
	if (rc != OK)
		return rc;
	/* What cannot be removed now is removed by the first start. */
	remove_inside(u->inside, NULL);
	return OK;
}

void unfinished_undo(struct unfinished *u)
{
	if (clear_outside(u->folder, u->is_token_made ? u->token_file : "", NULL) != OK)
		return;
	if (u->is_root_key_made) {
		unlink(u->root_key);
		if (file_sync_folder(u->root_key, NULL) != OK)
			return;
	}
	if (u->is_root_key_kept)
		empty_inside(u->inside, true);
	else
		remove_inside(u->inside, NULL);
}

void unfinished_clear(struct unfinished *u)
{
	store_unlock_folder(&u->lock);
}

/*
 * Starts.
 */

static enum result look(struct slice folder, char ret_inside[static PATH_MAX], bool *ret_is_left,
			struct error *err)
{
	char store[PATH_MAX], built[PATH_MAX];
	struct made made;
	enum result rc = data_path(ret_inside, folder, UNFINISHED_FOLDER, err);

	*ret_is_left = rc == OK && exists(ret_inside);
	if (!*ret_is_left)
		return rc;
	rc = data_path(store, folder, SQLITE_FILE, err);
	if (rc == OK)
		rc = path_in(built, ret_inside, SQLITE_FILE, err);
	if (rc != OK || (exists(store) && !exists(built)))
		return rc;
	rc = read_made(&made, ret_inside, err);
	if (rc != OK)
		return rc;
	snprintf(store, sizeof store, "%.*s", SLICE_ARGS(folder));
	return refuse(made.command, store, err);
}

enum result unfinished_check(struct slice folder, struct error *err)
{
	char inside[PATH_MAX];
	bool is_left;

	return look(folder, inside, &is_left, err);
}

enum result unfinished_settle(struct slice folder, struct error *err)
{
	char inside[PATH_MAX];
	bool is_left = false;
	enum result rc = look(folder, inside, &is_left, err);

	return rc == OK && is_left ? remove_inside(inside, err) : rc;
}
