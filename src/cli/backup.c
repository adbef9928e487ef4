/* backup: streams a copy of the store to a file, so that its size is not bounded by memory. The
 * subcommand that checks such a file is in backup_verify.c. */
#include "base/clock.h"
#include "base/file.h"
#include "base/retry.h"
#include "cli/backup_verify.h"
#include "cli/commands.h"
#include "cli/session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* The file that a backup is written to, for receive_backup(). */
struct received_file {
	int fd;
	const char *name;
	uint64_t bytes;
	/* The time of the last progress line, on the monotonic clock. */
	int64_t shown_ms;
};

/* Called for each piece of the body. A failure ends the request with that result. */
static enum result receive_backup(void *ctx, struct slice piece, struct error *err)
{
	struct received_file *f = ctx;
	int64_t now = clock_monotonic_ms(&system_clock);
	enum result rc;

	f->bytes += piece.len;
	rc = file_write_fd(f->fd, piece, f->name, err);
	if (rc != OK)
		return rc;
	/* At most five times a second: a terminal is slower than the network. */
	if (now - f->shown_ms > 200) {
		print_progress("%llu KiB", (unsigned long long)f->bytes / 1024);
		f->shown_ms = now;
	}
	return OK;
}

/* Gives the complete file `part` the name `file`; both are on the disk when it returns. link() and
 * not rename(): it fails if `file` exists by now, and never replaces an older backup. */
static enum result name_backup(int fd, const char *part, const char *file, struct error *err)
{
	if (RETRY(fsync(fd)) != 0 || linkat(AT_FDCWD, part, AT_FDCWD, file, 0) != 0)
		return fail_errno(err, E_IO, "%s", file);
	return file_sync_folder(file, err);
}

/* Writes to a temporary file first, so that `file` is either complete or absent. */
static int receive_into(struct session *s, const char *file)
{
	CLEANUP(buf_clear) struct buf part = BUF_NULL;
	struct received_file f = {.name = file};
	/* A day: a backup takes as long as the network needs. */
	struct client_request request = {.method = "GET",
					 .target = SLICE_LITERAL("/v1/backup"),
					 .accept = "application/octet-stream, */*",
					 .timeout_ms = 24 * 3600 * 1000,
					 .receive = receive_backup,
					 .receive_ctx = &f};
	struct error err = ERROR_NULL;
	int code;

	buf_printf(&part, "%s.part", file);
	if (buf_is_failed(&part))
		return EXIT_REFUSED;
	f.fd = RETRY(open(part.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
	if (f.fd < 0) {
		print_line(TO_STDERR, "reeve backup: create %s: %s", part.data, strerror(errno));
		return EXIT_USAGE;
	}
	code = session_call(s, &backup_command, &request);
	if (code == EXIT_DONE) {
		enum result rc = name_backup(f.fd, part.data, file, &err);

		if (rc != OK)
			code = print_failure(&backup_command, rc, &err);
	}
	close(f.fd);
	unlink(part.data);
	if (code == EXIT_DONE)
		print_line(TO_STDOUT,
			   "wrote %s, %llu bytes. It does not hold the root key, which you need to "
			   "restore it.",
			   file, (unsigned long long)f.bytes);
	return code;
}

static int run_backup(int argc, char **argv)
{
	CLEANUP(session_clear) struct session s = SESSION_NULL;
	const struct option_row rows[] = {SESSION_OPTIONS(&s)};
	struct operands operands;
	int code;

	if (!options_parse(&operands, &backup_command, argc, argv, OPTION_SET(rows), &code))
		return code;
	/* A backup has one form only, so -o names its file. */
	if (s.output == NULL)
		return usage_error(&backup_command, "-o FILE is missing");
	if (access(s.output, F_OK) == 0)
		return usage_error(&backup_command, "%s exists already", s.output);
	code = session_open(&s, &backup_command);
	return code == EXIT_DONE ? receive_into(&s, s.output) : code;
}

static const struct command *const backup_rows[] = {&backup_verify_command};

const struct command backup_command = {
	.name = "backup",
	.summary = "Copy the store to a file while the server runs",
	.help = "Usage: reeve backup -o FILE\n\n"
		"Writes a consistent, signed copy of the store. The copy is encrypted like the\n"
		"store and does not hold the root key. The command `reeved restore` makes a data\n"
		"folder from it.\n\n"
		"  -o, --output FILE  the new file; must not exist\n" SESSION_HELP
		"\n`reeve backup verify FILE` checks such a file.\n"
		"\nExample: reeve backup -o reeve-2026-11-20.backup\n",
	.run = run_backup,
	.subcommands = backup_rows,
	.subcommands_count = ARRAY_SIZE(backup_rows)};
