/*
 * The files that init and restore create: a token (0600) and audit.pub (0644). file_create() makes
 * them durable and never follows an existing name, so that no file of the user is overwritten even
 * if it appears after the check.
 */
#include "app/initial_files.h"

#include "app/data_folder.h"
#include "base/file.h"
#include "base/retry.h"
#include "crypto/token_text.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Paths arrive as slices, for system calls they need a NUL. */
static enum result terminate(char ret[static PATH_MAX], struct slice path, struct error *err)
{
	if (path.len == 0 || path.len >= PATH_MAX)
		return fail(err, E_MALFORMED, "a file's path must have 1 to %d bytes",
			    PATH_MAX - 1);
	snprintf(ret, PATH_MAX, "%.*s", SLICE_ARGS(path));
	return OK;
}

enum result initial_file_check_absent(struct slice path, struct error *err)
{
	char name[PATH_MAX];
	enum result rc = terminate(name, path, err);

	if (rc != OK)
		return rc;
	return access(name, F_OK) != 0 ? OK : fail(err, E_CONFLICT, "%s exists already", name);
}

/* A crash may have left a file that is empty, cut off or has zeros in place of its content. */
bool initial_file_is_token(const char *path)
{
	char text[TOKEN_TEXT_BYTES + 2] = "";
	struct stat st;
	ssize_t got;

	CLEANUP(file_closep)
	int fd = RETRY(open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid())
		return false;
	got = RETRY(read(fd, text, sizeof text));
	return got >= 0 && (size_t)got < sizeof text &&
	       (text[0] == '\0' ||
		strncmp(text, TOKEN_PREFIX, strnlen(text, strlen(TOKEN_PREFIX))) == 0);
}

enum result initial_files_write_token(struct slice path, struct buf *token, struct error *err)
{
	char name[PATH_MAX];
	enum result rc = terminate(name, path, err);

	buf_append_char(token, '\n');
	if (rc == OK)
		rc = buf_check(token, err);
	return rc == OK ? file_create(name, buf_slice(token), 0600, err) : rc;
}

enum result initial_files_write_audit_key(struct slice folder, struct slice vkey, struct error *err)
{
	CLEANUP(buf_clear) struct buf line = BUF_NULL;
	char name[PATH_MAX];
	enum result rc = data_path(name, folder, AUDIT_KEY_FILE, err);

	buf_append_slice(&line, vkey);
	buf_append_char(&line, '\n');
	if (rc == OK)
		rc = buf_check(&line, err);
	return rc == OK ? file_create(name, buf_slice(&line), 0644, err) : rc;
}
