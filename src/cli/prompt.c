#include "cli/prompt.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

static void drop_line_end(struct buf *b)
{
	if (b->len != 0 && b->data[b->len - 1] == '\n')
		buf_cut(b, b->len - 1);
	if (b->len != 0 && b->data[b->len - 1] == '\r')
		buf_cut(b, b->len - 1);
}

static enum result read_line(struct buf *ret, size_t bytes_max, struct error *err)
{
	char c;

	for (;;) {
		ssize_t got = read(STDIN_FILENO, &c, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail_errno(err, E_IO, "read from the terminal");
		if (got == 0 || c == '\n')
			return buf_check(ret, err);
		if (ret->len == bytes_max)
			return fail(err, E_TOO_LARGE, "is longer than %zu bytes", bytes_max);
		buf_append_char(ret, c);
	}
}

enum result prompt_secret(struct buf *ret, struct slice name, size_t bytes_max, struct error *err)
{
	struct termios before, quiet;
	enum result rc;

	if (!isatty(STDIN_FILENO)) {
		rc = file_read_fd(ret, STDIN_FILENO, "standard input", bytes_max, err);
		drop_line_end(ret);
		return rc;
	}
	if (tcgetattr(STDIN_FILENO, &before) != 0)
		return fail_errno(err, E_IO, "terminal");
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	fprintf(stderr, "%.*s: ", SLICE_ARGS(name));
	fflush(stderr);
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) != 0)
		return fail_errno(err, E_IO, "terminal");
	rc = read_line(ret, bytes_max, err);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	fputc('\n', stderr);
	return rc;
}

bool prompt_yes(const char *question)
{
	CLEANUP(buf_clear) struct buf answer = BUF_NULL;
	struct error ignored;

	if (!isatty(STDIN_FILENO))
		return false;
	fprintf(stderr, "%s [y/N] ", question);
	fflush(stderr);
	return read_line(&answer, 64, &ignored) == OK && answer.len != 0 &&
	       (answer.data[0] == 'y' || answer.data[0] == 'Y');
}
