/*
 * Reads a token from a file, and checks a token from anywhere. A token becomes part of a header
 * line, so one with a line break could add headers of its own: token_check() is the gate for both
 * sources. No error text quotes the token. The buffer that is read into is the caller's, who must
 * clear it also on failure.
 */
#include "client/token_file.h"

#include "base/file.h"
#include "base/retry.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* Many times the length of Reeve's tokens. It bounds the reading where a wrong file is named. */
#define TOKEN_BYTES_MAX 4096

enum result token_check(struct buf *token, struct error *err)
{
	/* Editors and `echo` end a file with a newline. */
	while (token->len != 0 && strchr(" \t\r\n", token->data[token->len - 1]) != NULL)
		buf_cut(token, token->len - 1);
	for (size_t i = 0; i < token->len; i++) {
		if (token->data[i] <= ' ' || token->data[i] >= 0x7f)
			return fail(err, E_MALFORMED,
				    "the token holds a blank, a control character or a letter that "
				    "is not ASCII");
	}
	return buf_check(token, err);
}

enum result token_file_read(struct buf *ret, unsigned *ret_mode, const char *path,
			    struct error *err)
{
	/* O_NONBLOCK: opening a FIFO must not wait for a writer. */
	CLEANUP(file_closep)
	int fd = RETRY(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
	struct stat st;
	enum result rc;

	if (fd < 0)
		return fail_errno(err, E_IO, "open the token file %s", path);
	if (fstat(fd, &st) != 0)
		return fail_errno(err, E_IO, "read the mode of the token file %s", path);
	/* After open(), on the descriptor, so the file that is checked is the one that is read. A
	 * FIFO could be read once only, but the file is read again for each renewal. */
	if (!S_ISREG(st.st_mode))
		return fail(
			err, E_MALFORMED,
			"the token file %s is not a regular file; give a token that is not in a "
			"file in REEVE_TOKEN",
			path);
	rc = file_read_fd(ret, fd, path, TOKEN_BYTES_MAX, err);
	if (rc == OK)
		rc = token_check(ret, err);
	if (rc != OK)
		return wrap(err, rc, "token file %s", path);
	if (ret->len == 0)
		return fail(err, E_MALFORMED, "the token file %s is empty", path);
	*ret_mode = st.st_mode & 07777;
	return OK;
}
