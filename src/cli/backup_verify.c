/*
 * backup verify: checks a file that `reeve backup` wrote, as `reeved restore` does before it makes
 * anything, and changes nothing.
 *
 * Without a key the file is compared with itself: its hash, and what its note says. That finds
 * damage, but not a file that somebody made. With the log's public key also the signature and the
 * audit log are checked, and that the rows are what the log says; with the root key, every content
 * and every row. The root key gives the public key too.
 *
 * Exit codes: 0 for a file in which nothing is wrong; 1 for one that is damaged or could not be
 * verified; 2 where the key or the older checkpoint cannot be read.
 */
#include "cli/backup_verify.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/retry.h"
#include "cli/key_file.h"
#include "cli/options.h"
#include "cli/session.h"
#include "cli/store_keys.h"
#include "cli/store_report.h"
#include "crypto/crypto.h"
#include "store/backup_file.h"
#include "store/open_keyring.h"
#include "store/sqlite/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

struct backup_verification {
	const char *file, *key_file, *root_key_file, *older_file;
	struct vkey key; /* of key_file, else of the root key */
	bool has_key;
	struct store_keys keys;
	struct buf older;
	struct backup_file backup;
	struct store *store;
};

static void verification_clear(struct backup_verification *v)
{
	buf_clear(&v->older);
	backup_file_clear(&v->backup);
	store_close(v->store);
	store_keys_clear(&v->keys); /* the store borrows them */
}

static enum result read_inputs(struct backup_verification *v, struct error *err)
{
	enum result rc = crypto_start(err);

	if (rc == OK && v->key_file != NULL)
		rc = key_file_read(&v->key, v->key_file, err);
	v->has_key = rc == OK && v->key_file != NULL;
	if (rc == OK && v->root_key_file != NULL)
		rc = store_keys_read(&v->keys, v->root_key_file, err);
	if (rc == OK && v->older_file != NULL)
		rc = file_read(&v->older, v->older_file, NOTE_BYTES_MAX, err);
	return rc;
}

static enum result open_keys(struct backup_verification *v, struct error *err)
{
	enum result rc = v->root_key_file != NULL ? store_keys_open(&v->keys, v->store, err) : OK;

	if (rc == OK && v->root_key_file != NULL && !v->has_key) {
		rc = store_log_key(&v->key, v->store, v->keys.ring, err);
		v->has_key = rc == OK;
	}
	return rc;
}

/* Leaves the store open for the next part. */
static enum result check_file(struct backup_verification *v, struct error *err)
{
	CLEANUP(file_closep) int fd = RETRY(open(v->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
	enum result rc;

	if (fd < 0)
		return fail_errno(err, errno == ENOENT ? E_NOT_FOUND : E_IO, "open %s", v->file);
	rc = backup_file_read(&v->backup, fd, v->file, err);
	if (rc == OK)
		rc = backup_file_copy(&v->backup, fd, -1, v->file, err);
	if (rc == OK)
		rc = store_open_sqlite_file(&v->store, v->file, err);
	if (rc == OK)
		rc = backup_file_compare(&v->backup, v->store, err);
	if (rc == OK)
		rc = open_keys(v, err);
	if (rc == OK && v->has_key && v->backup.note.len != 0)
		rc = backup_note_verify(buf_slice(&v->backup.note), &v->key, err);
	return rc;
}

static void print_note(const struct backup_verification *v)
{
	const struct backup_note *n = &v->backup.says;
	char time[TIMESTAMP_BYTES];

	if (v->backup.note.len == 0) {
		print_line(TO_STDOUT, "%s has no signature: a release without them wrote it",
			   v->file);
		return;
	}
	timestamp_format(time, n->time_ms);
	print_line(TO_STDOUT, "whole: a backup of %s, made %s", n->origin, time);
	print_line(TO_STDOUT, "epoch %llu, revision %llu, %llu audit entries",
		   (unsigned long long)n->epoch, (unsigned long long)n->revision,
		   (unsigned long long)n->size);
}

static int check_store(struct backup_verification *v)
{
	struct store_report to = {.command = &backup_verify_command};
	struct store_check_report r;
	struct store_check what = {.store = v->store,
				   .key = &v->key,
				   .keyring = v->keys.ring,
				   .older = v->older_file != NULL ? buf_slice(&v->older)
								  : SLICE_NULL,
				   .finding = store_report_finding,
				   .progress = store_report_progress,
				   .ctx = &to};
	struct error err = ERROR_NULL;
	enum result rc = store_check(&r, &what, &err);

	print_progress_end();
	if (rc == OK) {
		store_report_log(&r.log);
		store_report_sound(&r, v->keys.ring != NULL);
	} else {
		store_report_unsound(&to, &r, rc, &err);
	}
	buf_clear(&r.checkpoint);
	return rc == OK ? EXIT_DONE : EXIT_REFUSED;
}

static int run_verify(int argc, char **argv)
{
	CLEANUP(verification_clear)
	struct backup_verification v = {.keys = STORE_KEYS_NULL,
					.older = BUF_NULL,
					.backup = BACKUP_FILE_NULL};
	const struct option_row rows[] = {{"key", 0, OPTION_TEXT, &v.key_file},
					  {"root-key", 0, OPTION_TEXT, &v.root_key_file},
					  {"older", 0, OPTION_TEXT, &v.older_file}};
	struct error err = ERROR_NULL;
	struct operands operands;
	int code;

	if (!options_parse(&operands, &backup_verify_command, argc, argv, OPTION_SET(rows), &code))
		return code;
	v.file = operands.items[0];
	if (v.older_file != NULL && v.key_file == NULL && v.root_key_file == NULL)
		return usage_error(&backup_verify_command, "--older needs --key or --root-key");
	if (read_inputs(&v, &err) != OK) {
		print_failure(&backup_verify_command, E_IO, &err);
		return EXIT_USAGE;
	}
	if (check_file(&v, &err) != OK)
		return print_failure(&backup_verify_command, E_CORRUPT, &err);
	print_note(&v);
	if (v.has_key)
		return check_store(&v);
	print_line(TO_STDOUT, "not checked without the log's public key (--key FILE): who signed "
			      "it, the audit log, and that the rows are what the log says");
	return EXIT_DONE;
}

const struct command backup_verify_command = {
	.name = "backup verify",
	.summary = "Check a file that `reeve backup` wrote",
	.help = "Usage: reeve backup verify FILE [--key FILE] [--root-key FILE] [--older FILE]\n\n"
		"Checks that no byte of a backup was changed, without a server. With the log's\n"
		"public key also who signed it, its audit log, and that its documents and tokens\n"
		"are what the log says. With the root key also every content.\n\n"
		"  --key FILE       your copy of the log's public key (audit.pub)\n"
		"  --root-key FILE  the root key of the store\n"
		"  --older FILE     a checkpoint that you saved before the backup was made\n"
		"\nExample: reeve backup verify reeve-2026-11-20.backup --key audit.pub\n",
	.operands_min = 1,
	.operands_max = 1,
	.run = run_verify};
