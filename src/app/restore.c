/*
 * reeved restore: creates a data folder from a backup. Raises the epoch, so that clients notice
 * that an older state is back, and revokes the tokens of the backup. If a step fails, the files
 * that were made are removed again.
 *
 * The backup is the database file itself, encrypted as in the data folder; it holds neither the
 * root key nor audit.pub. The root key stays in the file that --root-key names and is not copied;
 * audit.pub is computed anew. The token's file comes last, as in init.c.
 */
#include "app/command.h"
#include "app/data.h"
#include "app/initial_files.h"
#include "app/flags.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"
#include "crypto/keyring.h"
#include "crypto/note.h"
#include "service/service.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define STORE_FILE     "reeve.db"
#define TOKEN_FILE     "admin.token"
#define COPY_BYTES_MAX (64 * 1024 * 1024)

enum restore_flag {
	RESTORE_DATA,
	RESTORE_FROM,
	RESTORE_ROOT_KEY,
	RESTORE_REASON,
	RESTORE_TOKEN_FILE,
	RESTORE_KEEP_TOKENS,
	RESTORE_FLAGS,
};

static const struct flag_row restore_flags[RESTORE_FLAGS] = {
	[RESTORE_DATA] = {"data", false},
	[RESTORE_FROM] = {"from", false},
	[RESTORE_ROOT_KEY] = {"root-key", false},
	[RESTORE_REASON] = {"reason", false},
	[RESTORE_TOKEN_FILE] = {"admin-token-file", false},
	[RESTORE_KEEP_TOKENS] = {"keep-tokens", true},
};

static const char restore_help[] =
	"Usage: reeved restore --data DIR --from FILE --root-key FILE --reason TEXT\n"
	"                      [--admin-token-file FILE] [--keep-tokens]\n\n"
	"Creates a data folder from a backup. Raises the epoch, so that clients notice that\n"
	"an older state is back, revokes all tokens, and creates a new token for an\n"
	"administrator.\n\n"
	"  --data DIR               the folder; must be empty or not exist\n"
	"  --from FILE              the backup, as `reeve backup` wrote it\n"
	"  --root-key FILE          the root key of the store that was backed up (not copied)\n"
	"  --reason TEXT            the reason, kept in the audit log\n"
	"  --admin-token-file FILE  a new file for the token; DIR/" TOKEN_FILE " by default\n"
	"  --keep-tokens            do not revoke the tokens of the backup\n\n"
	"Example:\n\n"
	"  reeved restore --data ./data2 --from ./backup.db --root-key ./data/root.key \\\n"
	"                 --reason \"disk lost\"\n";

/* One run of the command. `values` are slices of argv; the rest belongs to this struct. */
struct restore {
	struct slice values[RESTORE_FLAGS];
	char token_path[PATH_MAX];
	struct data data;
	/* The new administrator's token (wiped with the buffer) and the line of audit.pub. */
	struct buf token, vkey;
};

/* Copies inside the kernel until the end of the file, COPY_BYTES_MAX at a time. The fsync() comes
 * before the store is opened: a crash must not leave a store that lacks pages. */
static enum result copy_bytes(int to, int from, struct error *err)
{
	ssize_t copied;

	do {
		copied = sendfile(to, from, NULL, COPY_BYTES_MAX);
	} while (copied > 0 || (copied < 0 && errno == EINTR));
	if (copied < 0 || fsync(to) != 0)
		return fail_errno(err, E_IO, "copy the backup");
	return OK;
}

static enum result copy_backup(const struct restore *r, struct error *err)
{
	char from_path[PATH_MAX], to_path[PATH_MAX];
	enum result rc = data_path(to_path, r->values[RESTORE_DATA], STORE_FILE, err);

	if (rc != OK)
		return rc;
	snprintf(from_path, sizeof from_path, "%.*s", SLICE_ARGS(r->values[RESTORE_FROM]));
	CLEANUP(file_closep) int from = open(from_path, O_RDONLY | O_CLOEXEC);
	if (from < 0)
		return fail_errno(err, errno == ENOENT ? E_NOT_FOUND : E_IO, "open %s", from_path);
	/* O_EXCL: never over a store that appeared after the folder was checked. */
	CLEANUP(file_closep) int to = open(to_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (to < 0)
		return fail_errno(err, E_IO, "create %s", to_path);
	return copy_bytes(to, from, err);
}

/* The origin is the name of the log's key, which every checkpoint carries. */
static enum result append_origin(void *ctx, struct slice value, struct error *err)
{
	(void)err;
	buf_append_slice(ctx, value);
	return OK;
}

/* Computes the log's public key from the signing key, which the backup holds encrypted. */
static enum result read_audit_key(struct restore *r, struct error *err)
{
	CLEANUP(buf_clear) struct buf origin = BUF_NULL;
	struct store_session *session = NULL;
	struct vkey key;
	enum result rc = store_session_open(&session, r->data.store, err);

	if (rc != OK)
		return rc;
	rc = store_get_meta(session, META_LOG_ORIGIN, append_origin, &origin, err);
	store_session_close(session);
	if (rc == OK)
		rc = buf_check(&origin, err);
	if (rc == OK)
		rc = vkey_init_from_seed(&key, buf_slice(&origin),
					 keyring_signing_seed(r->data.keyring), err);
	if (rc != OK)
		return rc;
	vkey_append(&r->vkey, &key);
	return buf_check(&r->vkey, err);
}

/* The copied store is opened as a server would open it, which proves that the root key fits before
 * anything is changed. It is closed before the token is written. */
static enum result restore_service(struct restore *r, struct error *err)
{
	enum result rc = copy_backup(r, err);

	if (rc == OK)
		rc = data_open(&r->data, r->values[RESTORE_DATA], r->values[RESTORE_ROOT_KEY],
			       DATA_FROM_BACKUP, err);
	if (rc == OK)
		rc = read_audit_key(r, err);
	if (rc == OK)
		rc = service_restore(&(struct stopped_store){r->data.store, r->data.keyring,
							     &system_clock},
				     r->values[RESTORE_REASON],
				     r->values[RESTORE_KEEP_TOKENS].data != NULL &&
					     slice_is_text(r->values[RESTORE_KEEP_TOKENS], "true"),
				     &r->token, err);
	data_clear(&r->data);
	if (rc == OK)
		rc = initial_files_write_audit_key(r->values[RESTORE_DATA], buf_slice(&r->vkey),
						   err);
	return rc == OK ? initial_files_write_token(slice_text(r->token_path), &r->token, err) : rc;
}

static enum result restore_all(struct restore *r, struct error *err)
{
	struct slice token_file = r->values[RESTORE_TOKEN_FILE];
	enum result rc;

	if (token_file.data == NULL)
		rc = data_path(r->token_path, r->values[RESTORE_DATA], TOKEN_FILE, err);
	else
		rc = data_root_key_path(r->token_path, r->values[RESTORE_DATA], token_file, err);
	if (rc == OK)
		rc = initial_file_check_absent(slice_text(r->token_path), err);
	if (rc == OK)
		rc = data_make_folder(r->values[RESTORE_DATA], err);
	if (rc != OK)
		return rc;
	rc = restore_service(r, err);
	if (rc != OK)
		initial_files_undo(r->values[RESTORE_DATA]);
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
	buf_clear(&r->token);
	buf_clear(&r->vkey);
}

int command_restore(int argc, char **argv)
{
	CLEANUP(restore_clear) struct restore r = {.data = DATA_NULL};
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
