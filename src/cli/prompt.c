/*
 * Questions on the terminal. The value of a secret is read without echo, one byte at a time, so
 * that nothing behind the line is taken from standard input and no copy remains in the buffer of a
 * stream.
 *
 * While echo is off, the signals that could end or stop the process are blocked, and a signalfd
 * tells of them: the terminal is set back first, then the signal takes effect. One thread.
 */
#include "cli/prompt.h"

#include "base/file.h"
#include "base/retry.h"
#include "cli/output.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

/* A piped value usually ends with a newline that is not part of it ("echo secret | reeve …"). */
static void drop_line_end(struct buf *b)
{
	if (b->len != 0 && b->data[b->len - 1] == '\n')
		buf_cut(b, b->len - 1);
	if (b->len != 0 && b->data[b->len - 1] == '\r')
		buf_cut(b, b->len - 1);
}

/* Waits for input or a signal. A signal stays pending and takes effect once it is unblocked. */
static bool is_interrupted(int signal_fd)
{
	struct pollfd fds[] = {{STDIN_FILENO, POLLIN, 0}, {signal_fd, POLLIN, 0}};

	(void)RETRY(poll(fds, signal_fd >= 0 ? 2 : 1, -1));
	return (fds[1].revents & POLLIN) != 0;
}

/* Reads until a newline, the end of input or a signal. `signal_fd` is -1 where signals are not
 * blocked. */
static enum result read_line(struct buf *ret, int signal_fd, size_t bytes_max, struct error *err)
{
	for (;;) {
		ssize_t got;
		char c;

		if (is_interrupted(signal_fd))
			return fail(err, E_UNAVAILABLE, "interrupted");
		got = RETRY(read(STDIN_FILENO, &c, 1));
		if (got < 0)
			return fail_errno(err, E_IO, "read from the terminal");
		if (got == 0 && ret->len == 0)
			return fail(err, E_INVALID, "nothing was typed");
		if (got == 0 || c == '\n')
			return buf_check(ret, err);
		if (ret->len == bytes_max)
			return fail(err, E_TOO_LARGE, "is longer than %zu bytes", bytes_max);
		buf_append_char(ret, c);
	}
}

/* Signals are blocked by the caller until the terminal's echo is on again: Ctrl-C must not leave
 * the user with a terminal that shows nothing. */
static enum result ask(struct buf *ret, struct slice name, int signal_fd, size_t bytes_max,
		       struct error *err)
{
	struct termios before, quiet;
	enum result rc;

	if (tcgetattr(STDIN_FILENO, &before) != 0)
		return fail_errno(err, E_IO, "terminal");
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	print_prompt("%.*s: ", SLICE_ARGS(name));
	if (RETRY(tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet)) != 0)
		return fail_errno(err, E_IO, "terminal");
	rc = read_line(ret, signal_fd, bytes_max, err);
	(void)RETRY(tcsetattr(STDIN_FILENO, TCSAFLUSH, &before));
	print_line(TO_STDERR, "%s", "");
	return rc;
}

enum result prompt_secret(struct buf *ret, struct slice name, size_t bytes_max, struct error *err)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
	CLEANUP(file_closep) int signal_fd = -1;
	sigset_t held, before;
	enum result rc;

	/* A pipe: the whole input is the value, line breaks within it included. */
	if (!isatty(STDIN_FILENO)) {
		rc = file_read_fd(ret, STDIN_FILENO, "standard input", bytes_max, err);
		drop_line_end(ret);
		return rc;
	}
	sigemptyset(&held);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		sigaddset(&held, numbers[i]);
	/* Before the signalfd exists, so that no signal is lost between the two. */
	sigprocmask(SIG_BLOCK, &held, &before);
	/* Without a signalfd the signals wait until the user has typed the line. */
	signal_fd = signalfd(-1, &held, SFD_CLOEXEC | SFD_NONBLOCK);
	rc = ask(ret, name, signal_fd, bytes_max, err);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return rc;
}

bool prompt_yes(const char *question)
{
	CLEANUP(buf_clear) struct buf response = BUF_NULL;
	struct error ignored;

	if (!isatty(STDIN_FILENO))
		return false;
	print_prompt("%s [y/N] ", question);
	return read_line(&response, -1, 64, &ignored) == OK && response.len != 0 &&
	       (response.data[0] == 'y' || response.data[0] == 'Y');
}
