#include "cli/prompt.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/* Runs as a child at a terminal, and asks for a value. Exits with 0 if "typed" is typed, with 1 on
 * an error. */
static _Noreturn void ask(void)
{
	struct buf value = BUF_NULL;
	struct error err = ERROR_NULL;
	enum result rc = prompt_secret(&value, slice_text("password"), 100, &err);

	if (rc != OK)
		_exit(1);
	_exit(slice_is_text(buf_slice(&value), "typed") ? 0 : 2);
}

static bool has_echo(int terminal)
{
	struct termios t;

	cr_assert_eq(tcgetattr(terminal, &t), 0);
	return (t.c_lflag & ECHO) != 0;
}

/* Types once the prompt is shown. Returns the wait status, and in `shown` all that the terminal
 * showed. */
static int type(const char *keys, char *shown, size_t size, int *terminal)
{
	const struct timespec pause = {0, 10000000};
	size_t len = 0;
	int status;
	pid_t pid = forkpty(terminal, NULL, NULL, NULL);

	cr_assert(pid >= 0);
	if (pid == 0)
		ask();
	while (len < strlen("password: ")) {
		ssize_t got = read(*terminal, shown + len, size - len - 1);

		cr_assert(got > 0);
		len += (size_t)got;
	}
	while (has_echo(*terminal))
		nanosleep(&pause, NULL);
	cr_assert_eq(write(*terminal, keys, strlen(keys)), (ssize_t)strlen(keys));
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	for (;;) {
		ssize_t got = read(*terminal, shown + len, size - len - 1);

		if (got <= 0)
			break;
		len += (size_t)got;
	}
	shown[len] = '\0';
	return status;
}

Test(prompt, typed_text_is_read_and_not_shown)
{
	char shown[256];
	int terminal, status = type("typed\n", shown, sizeof shown, &terminal);

	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%x", (unsigned)status);
	cr_expect_null(strstr(shown, "typed"), "%s", shown);
	close(terminal);
}

Test(prompt, the_end_of_input_is_not_an_empty_secret)
{
	char shown[256];
	int terminal, status = type("\x04", shown, sizeof shown, &terminal);

	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 1, "%x", (unsigned)status);
	close(terminal);
}

Test(prompt, an_interrupt_ends_the_program_and_leaves_the_terminal_as_it_was)
{
	char shown[256];
	int terminal, status = type("half\x03", shown, sizeof shown, &terminal);

	cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT, "%x", (unsigned)status);
	cr_expect(has_echo(terminal));
	close(terminal);
}
