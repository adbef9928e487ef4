/*
 * reeved restore: creates a data folder from a backup. Raises the epoch, so that clients notice
 * that an older state is back, and revokes the tokens of the backup.
 *
 * All or nothing: the store is built in DIR/unfinished and gets its name as the last step
 * (unfinished.h). The order: copy and compare with the signed hash; open, which proves that the
 * root key fits; compare with the signed note; check the whole store; change it; close; audit.pub
 * and the token; the name. If a step fails, the files that were made are removed again.
 *
 * The backup is the database file itself, encrypted as in the data folder, and a signed note
 * (store/backup_file.h); it holds neither the root key nor audit.pub. The root key stays in the
 * file that --root-key names and is not copied; audit.pub is computed anew.
 */
#include "app/command.h"
#include "app/data.h"
#include "app/data_check.h"
#include "app/initial_files.h"
#include "app/flags.h"
#include "app/unfinished.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/retry.h"
#include "service/service.h"
#include "store/backup_file.h"
#include "store/open_keyring.h"
#include "store/sqlite/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum restore_flag {
	RESTORE_DATA,
	RESTORE_FROM,
	RESTORE_ROOT_KEY,
	RESTORE_REASON,
	RESTORE_TOKEN_FILE,
	RESTORE_KEEP_TOKENS,
	RESTORE_UNSIGNED,
	RESTORE_OLDER,
	RESTORE_FLAGS,
};

static const struct flag_row restore_flags[RESTORE_FLAGS] = {
	[RESTORE_DATA] = {"data", false},
	[RESTORE_FROM] = {"from", false},
	[RESTORE_ROOT_KEY] = {"root-key", false},
	[RESTORE_REASON] = {"reason", false},
	[RESTORE_TOKEN_FILE] = {"admin-token-file", false},
	[RESTORE_KEEP_TOKENS] = {"keep-tokens", true},
	[RESTORE_UNSIGNED] = {"unsigned", true},
	[RESTORE_OLDER] = {"older", false},
};

static const char restore_help[] =
	"Usage: reeved restore --data DIR --from FILE --root-key FILE --reason TEXT\n"
	"                      [--admin-token-file FILE] [--keep-tokens] [--unsigned]\n"
	"                      [--older FILE]\n\n"
	"Creates a data folder from a backup. Raises the epoch, so that clients notice that\n"
	"an older state is back, revokes all tokens, and creates a new token for an\n"
	"administrator. A restore that was interrupted leaves a folder that does not serve;\n"
	"run it again with the same flags.\n\n"
	"  --data DIR               the folder; must be empty or not exist\n"
	"  --from FILE              the backup, as `reeve backup` wrote it\n"
	"  --root-key FILE          the root key of the store that was backed up (not copied)\n"
	"  --reason TEXT            the reason, kept in the audit log\n"
	"  --admin-token-file FILE  a new file for the token; DIR/" ADMIN_TOKEN_FILE " by default\n"
	"  --keep-tokens            do not revoke the tokens of the backup\n"
	"  --unsigned               accept a file without a signature, such as a copy of the\n"
	"                           reeve.db of a server that was stopped\n"
	"  --older FILE             a checkpoint of the audit log that you kept: says how many\n"
	"                           entries the backup lacks, or checks that none was changed\n\n"
	"Example:\n\n"
	"  reeved restore --data ./data2 --from ./backup.db --root-key ./data/root.key \\\n"
	"                 --reason \"disk lost\"\n";

/* One run of the command. `values` are slices of argv; the rest belongs to this struct. */
struct restore {
	struct slice values[RESTORE_FLAGS];
	char from_path[PATH_MAX];
	char token_path[PATH_MAX];
	struct unfinished run;
	struct backup_file backup;
	struct data data;
	/* The new administrator's token (wiped with the buffer) and the line of audit.pub. */
	struct buf token, vkey;
};

static bool is_yes(const struct restore *r, enum restore_flag flag)
{
	return slice_is_text(r->values[flag], "true");
}

/* A file without a note may be that of a server that runs or was killed. It would be restored
 * without what that has acknowledged last. */
static enum result check_no_log(const char *file, struct error *err)
{
	static const char *const logs[] = {"-wal", "-journal"};

	for (size_t i = 0; i < ARRAY_SIZE(logs); i++) {
		char path[PATH_MAX + 16];
		struct stat st;

		snprintf(path, sizeof path, "%s%s", file, logs[i]);
		if (lstat(path, &st) == 0 && st.st_size != 0)
			return fail(err, E_CONFLICT,
				    "%s may hold commits that %s lacks: start and stop reeved "
				    "there, or move it away to restore without them",
				    path, file);
	}
	return OK;
}

/* Copies the database without the note: a server writes where the note stands. O_NONBLOCK: opening
 * a pipe must not wait for its writer. */
static enum result copy_backup(struct restore *r, struct error *err)
{
	char to_path[PATH_MAX];
	enum result rc = data_path(to_path, slice_text(r->run.inside), SQLITE_FILE, err);

	if (rc != OK)
		return rc;
	CLEANUP(file_closep)
	int from = RETRY(open(r->from_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
	if (from < 0)
		return fail_errno(err, errno == ENOENT ? E_NOT_FOUND : E_IO, "open %s",
				  r->from_path);
	rc = backup_file_read(&r->backup, from, r->from_path, err);
	if (rc == OK && r->backup.note.len == 0)
		rc = check_no_log(r->from_path, err);
	if (rc != OK)
		return rc;
	CLEANUP(file_closep)
	int to = RETRY(open(to_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
	if (to < 0)
		return fail_errno(err, E_IO, "create %s", to_path);
	rc = backup_file_copy(&r->backup, from, to, r->from_path, err);
	if (rc == OK && RETRY(fsync(to)) != 0)
		rc = fail_errno(err, E_IO, "sync %s", to_path);
	return rc;
}

/* Before the copy is opened for writing, which may migrate it. */
static enum result compare_note(const struct restore *r, struct error *err)
{
	struct store *copy = NULL;
	char path[PATH_MAX];
	enum result rc = data_path(path, slice_text(r->run.inside), SQLITE_FILE, err);

	if (rc == OK)
		rc = store_open_sqlite_file(&copy, path, err);
	if (rc != OK)
		return wrap(err, rc, "%s", r->from_path);
	if (r->backup.note.len != 0 || !is_yes(r, RESTORE_UNSIGNED))
		rc = backup_file_compare(&r->backup, copy, err);
	store_close(copy);
	if (rc == E_UNSUPPORTED)
		return wrap(err, rc, "%s (--unsigned accepts a copy of reeve.db)", r->from_path);
	return rc == OK ? OK : wrap(err, rc, "%s", r->from_path);
}

/* A checkpoint that was kept elsewhere may be newer than the backup: to restore that is no fault,
 * but the operator is told. Else the backup's log must go on from it; `ret` is then the note. */
static enum result read_older(const struct restore *r, const struct vkey *key, struct buf *ret,
			      struct error *err)
{
	struct slice file = r->values[RESTORE_OLDER];
	char path[PATH_MAX];
	struct checkpoint known;
	uint64_t size = 0;
	enum result rc;

	if (file.len == 0)
		return OK;
	if (file.len >= sizeof path)
		return fail(err, E_TOO_LARGE, "--older: the path is too long");
	snprintf(path, sizeof path, "%.*s", SLICE_ARGS(file));
	rc = file_read(ret, path, NOTE_BYTES_MAX, err);
	if (rc == OK)
		rc = checkpoint_verify(&known, buf_slice(ret), key, err);
	if (rc == OK)
		rc = data_log_size(&size, &r->data, err);
	if (rc != OK)
		return wrap(err, rc, "%s", path);
	if (known.size <= size)
		return OK;
	buf_clear(ret);
	fprintf(stderr,
		"reeved restore: warning: the backup is older than %s: the last %" PRIu64
		" entries of the log, and what they recorded, are not in it\n",
		path, known.size - size);
	return OK;
}

/* Everything that can be checked before anything is changed. */
static enum result check_copy(struct restore *r, const struct vkey *key, struct error *err)
{
	CLEANUP(buf_clear) struct buf older = BUF_NULL;
	enum result rc = OK;

	if (r->backup.note.len != 0)
		rc = backup_note_verify(buf_slice(&r->backup.note), key, err);
	if (rc == OK)
		rc = read_older(r, key, &older, err);
	if (rc == OK)
		rc = data_check(&r->data, key, older.len != 0 ? buf_slice(&older) : SLICE_NULL,
				err);
	if (rc == OK && r->backup.note.len == 0)
		fprintf(stderr,
			"reeved restore: warning: %s has no signature; its content was checked "
			"instead, and is whole\n",
			r->from_path);
	return rc == OK ? OK : wrap(err, rc, "%s", r->from_path);
}

/* Opened as a server would open it. */
static enum result open_copy(struct restore *r, struct error *err)
{
	struct vkey key;
	enum result rc = data_open(&r->data, slice_text(r->run.inside), r->values[RESTORE_ROOT_KEY],
				   DATA_FROM_BACKUP, err);

	if (rc == OK)
		rc = store_log_key(&key, r->data.store, r->data.keyring, err);
	if (rc != OK)
		return wrap(err, rc, "%s", r->from_path);
	vkey_append(&r->vkey, &key);
	rc = buf_check(&r->vkey, err);
	return rc == OK ? check_copy(r, &key, err) : rc;
}

static enum result make_store(struct restore *r, struct error *err)
{
	enum result rc = copy_backup(r, err);

	if (rc == OK)
		rc = compare_note(r, err);
	if (rc == OK)
		rc = open_copy(r, err);
	if (rc == OK)
		rc = service_restore(&(struct stopped_store){r->data.store, r->data.keyring,
							     &system_clock},
				     r->values[RESTORE_REASON], is_yes(r, RESTORE_KEEP_TOKENS),
				     &r->token, err);
	/* Closes the store before it gets its name. */
	data_clear(&r->data);
	return rc;
}

static enum result make_files(struct restore *r, struct error *err)
{
	enum result rc =
		initial_files_write_audit_key(r->values[RESTORE_DATA], buf_slice(&r->vkey), err);

	if (rc == OK) {
		rc = initial_files_write_token(slice_text(r->token_path), &r->token, err);
		r->run.is_token_made = rc == OK;
	}
	return rc == OK ? unfinished_commit(&r->run, err) : rc;
}

static enum result name_files(struct restore *r, struct error *err)
{
	struct slice from = r->values[RESTORE_FROM];

	if (from.len >= sizeof r->from_path)
		return fail(err, E_TOO_LARGE, "--from: the path is too long");
	snprintf(r->from_path, sizeof r->from_path, "%.*s", SLICE_ARGS(from));
	return data_token_path(r->token_path, r->values[RESTORE_DATA],
			       r->values[RESTORE_TOKEN_FILE], err);
}

static enum result restore_all(struct restore *r, struct error *err)
{
	enum result rc = name_files(r, err);

	if (rc == OK)
		rc = unfinished_begin(&r->run,
				      &(struct unfinished_plan){.command = "restore",
								.may_begin_anew = true,
								.folder = r->values[RESTORE_DATA],
								.token_file =
									slice_text(r->token_path)},
				      err);
	if (rc != OK)
		return rc;
	rc = make_store(r, err);
	if (rc == OK)
		rc = make_files(r, err);
	if (rc != OK)
		unfinished_undo(&r->run);
	return rc;
}

/* The first four flags are needed; the enum has them in this order for this loop. */
static enum result check_given(const struct restore *r, struct error *err)
{
	for (size_t i = RESTORE_DATA; i <= RESTORE_REASON; i++) {
		if (r->values[i].len == 0)
			return fail(err, E_MALFORMED, "--%s is needed", restore_flags[i].name);
	}
	return OK;
}

static void restore_clear(struct restore *r)
{
	unfinished_clear(&r->run);
	backup_file_clear(&r->backup);
	buf_clear(&r->token);
	buf_clear(&r->vkey);
}

int command_restore(int argc, char **argv)
{
	CLEANUP(restore_clear)
	struct restore r = {.run = UNFINISHED_NULL, .backup = BACKUP_FILE_NULL, .data = DATA_NULL};
	struct error err = ERROR_NULL;
	bool is_help;
	enum result rc;

	rc = flags_parse(r.values, &is_help, (struct flag_set){restore_flags, RESTORE_FLAGS}, argc,
			 argv, &err);
	if (rc == OK && is_help) {
		fputs(restore_help, stdout);
		return EXIT_DONE;
	}
	if (rc == OK)
		rc = check_given(&r, &err);
	if (rc != OK) {
		fprintf(stderr, "reeved restore: %s\n\n%s", err.text, restore_help);
		return EXIT_USAGE;
	}
	rc = restore_all(&r, &err);
	if (rc != OK) {
		fprintf(stderr, "reeved restore: %s\n", err.text);
		return EXIT_FAILED;
	}
	printf("data folder    %.*s\n"
	       "administrator  %s (holds the token, which is not shown again)\n\n"
	       "next: reeved serve --data %.*s --root-key %.*s\n",
	       SLICE_ARGS(r.values[RESTORE_DATA]), r.token_path, SLICE_ARGS(r.values[RESTORE_DATA]),
	       SLICE_ARGS(r.values[RESTORE_ROOT_KEY]));
	return EXIT_DONE;
}
