/*
 * Writes and reads the file of the root key.
 *
 * The checks of mode and owner are made on the open file, not on its name, so that it cannot be
 * replaced between check and read. Every copy of the key outside secret memory is wiped: the buffer
 * of the line by buf_clear(), the parsed bytes by key_take_bytes(). No state; called while a
 * program starts.
 */
#include "crypto/root_key.h"

#include "base/file.h"
#include "base/retry.h"
#include "base/text.h"
#include "crypto/base64.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* 64 hexadecimal digits and a newline need 65. */
#define FILE_BYTES_MAX 256

/* Borrows the bytes of the key for key_lend(). */
static enum result append_base64(void *ctx, const uint8_t bytes[static KEY_BYTES],
				 struct error *err)
{
	struct buf *line = ctx;

	base64_append(line, BASE64_STANDARD, bytes, KEY_BYTES);
	buf_append_char(line, '\n');
	return buf_check(line, err);
}

enum result root_key_create(const char *path, struct secret_memory *m, struct error *err)
{
	CLEANUP(key_freep) struct key *root = NULL;
	CLEANUP(buf_clear) struct buf line = BUF_NULL;
	enum result rc = key_new_random(&root, m, err);

	if (rc == OK)
		rc = key_lend(root, append_base64, &line, err);
	if (rc == OK)
		rc = file_create(path, buf_slice(&line), 0400, err);
	return rc == OK ? OK : wrap(err, rc, "root key");
}

static enum result check_file(int fd, const char *path, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return fail_errno(err, E_IO, "%s", path);
	if (!S_ISREG(st.st_mode))
		return fail(err, E_FORBIDDEN, "%s is not a regular file", path);
	if ((st.st_mode & 07777) != 0400 && (st.st_mode & 07777) != 0600)
		return fail(err, E_FORBIDDEN, "%s has mode %04o; it must be 0400 or 0600", path,
			    st.st_mode & 07777);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return fail(err, E_FORBIDDEN, "%s belongs to user %u; it must be %u or root", path,
			    st.st_uid, geteuid());
	return OK;
}

/* Hexadecimal first: 64 digits are no base64 of 32 bytes, so no text has two readings. The error
 * does not quote the line. */
static enum result parse_line(struct key **ret, struct secret_memory *m, struct slice line,
			      const char *path, struct error *err)
{
	uint8_t bytes[KEY_BYTES];

	if (line.len != 0 && line.data[line.len - 1] == '\n')
		line.len--;
	if (!hex_parse(line, bytes, sizeof bytes) &&
	    !base64_parse(BASE64_STANDARD, line, bytes, sizeof bytes)) {
		mem_wipe(bytes, sizeof bytes);
		return fail(err, E_MALFORMED,
			    "%s holds no key: it must be one line with %d bytes in base64 or "
			    "hexadecimal",
			    path, KEY_BYTES);
	}
	return key_take_bytes(ret, m, bytes, err);
}

enum result root_key_read(struct key **ret, struct secret_memory *m, const char *path,
			  struct error *err)
{
	CLEANUP(buf_clear) struct buf line = BUF_NULL;
	/* O_NONBLOCK: opening a pipe must not wait for its writer. */
	CLEANUP(file_closep) int fd = RETRY(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
	enum result rc;

	if (fd < 0)
		return fail_errno(err, errno == ENOENT ? E_NOT_FOUND : E_IO, "root key: open %s",
				  path);
	rc = check_file(fd, path, err);
	if (rc == OK)
		rc = file_read_fd(&line, fd, path, FILE_BYTES_MAX, err);
	if (rc == OK)
		rc = parse_line(ret, m, buf_slice(&line), path, err);
	return rc == OK ? OK : wrap(err, rc, "root key");
}
