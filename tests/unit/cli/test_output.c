#include "cli/output.h"

#include "cli/command.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <pty.h>
#include <stdio.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static void redirect(void)
{
	cr_redirect_stdout();
	cr_redirect_stderr();
}

TestSuite(output, .init = redirect);

Test(output, no_argument_begins_another_line)
{
	print_line(TO_STDOUT, "%s: %d", "a\nb\r\t\x1b[2J\xc2\x9b\xe2\x80\xae", 7);
	fflush(stdout);
	cr_expect_stdout_eq_str("a\\x0ab\\x0d\\x09\\x1b[2J\\u009b\\u202e: 7\n");
}

Test(output, a_text_for_people_keeps_its_lines_and_tabs_and_nothing_else)
{
	cr_expect_eq(print_text(TO_STDERR, SLICE_LITERAL("a\n\tb\r\xff\0z\n")), EXIT_DONE);
	cr_expect_stderr_eq_str("a\n\tb\\x0d\\xff\\x00z\n");
}

Test(output, content_is_written_byte_for_byte_where_there_is_no_terminal)
{
	cr_expect_eq(print_content(SLICE_LITERAL("a\x1b[2J\r\xff")), EXIT_DONE);
	cr_expect_eq(print_content_line(SLICE_LITERAL("b")), EXIT_DONE);
	cr_expect_eq(print_content_line(SLICE_LITERAL("c\n")), EXIT_DONE);
	cr_expect_stdout_eq_str("a\x1b[2J\r\xff"
				"b\nc\n");
}

Test(output, a_text_larger_than_the_buffer_is_split_between_characters)
{
	char text[10001], shown[10001];

	for (size_t i = 0; i + 1 < sizeof text; i += 2)
		memcpy(text + i, "\xc3\xbc", 2);
	text[10000] = '\0';
	cr_expect_eq(print_text(TO_STDOUT, slice_text(text)), EXIT_DONE);
	fclose(stdout);
	cr_expect_eq(fread(shown, 1, sizeof shown, cr_get_redirected_stdout()), 10000);
	cr_expect_eq(memcmp(shown, text, 10000), 0);
}

/* Runs as a child at a terminal, and prints a document. */
static _Noreturn void show(void)
{
	struct termios raw;

	if (dup2(STDIN_FILENO, STDOUT_FILENO) < 0 || tcgetattr(STDOUT_FILENO, &raw) != 0)
		_exit(9);
	cfmakeraw(&raw);
	tcsetattr(STDOUT_FILENO, TCSANOW, &raw);
	_exit(is_output_terminal() ? print_content(SLICE_LITERAL("a: \x1b[2J\n\tb\xe2\x81\xa6"))
				   : 8);
}

Test(output, content_is_harmless_on_a_terminal)
{
	char shown[256];
	size_t len = 0;
	int terminal, status;
	pid_t pid = forkpty(&terminal, NULL, NULL, NULL);

	cr_assert(pid >= 0);
	if (pid == 0)
		show();
	for (;;) {
		ssize_t got = read(terminal, shown + len, sizeof shown - len - 1);

		if (got <= 0)
			break;
		len += (size_t)got;
	}
	shown[len] = '\0';
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_DONE, "%d", status);
	cr_expect_str_eq(shown, "a: \\x1b[2J\n\tb\\u2066");
	close(terminal);
}
