/*
 * All output of `reeve`, through stdio. Text for people passes write_visible(), which escapes
 * control characters; content for programs is written as it is, unless a terminal would interpret
 * it.
 *
 * Errors of standard output stay in the stream until output_finish(), which main() calls last: a
 * full disk is an exit code and a message, a reader that went away (`reeve log | head`) is neither
 * a message nor a success.
 */
#include "cli/output.h"

#include "base/buf.h"
#include "base/retry.h"
#include "base/stream.h"
#include "base/text.h"
#include "cli/exit_code.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

void output_start(void)
{
	stream_repeat_writes(&stdout, STDOUT_FILENO);
	stream_repeat_writes(&stderr, STDERR_FILENO);
}

static FILE *stream_of(enum print_to to)
{
	/* Keeps the order of lines where both streams are the same terminal. */
	if (to == TO_STDERR)
		fflush(stdout);
	return to == TO_STDERR ? stderr : stdout;
}

/* Writes `text` as text_visible() escapes it, except for the ASCII characters in `kept`. */
static bool write_visible(FILE *to, struct slice text, const char *kept)
{
	/* Writes in pieces of this size: a text may be large, and one call for each character would
	 * be slow. */
	char out[4096];
	size_t used = 0, at = 0;
	bool is_written = true;

	while (at < text.len) {
		if (text.data[at] != '\0' && strchr(kept, text.data[at]) != NULL)
			out[used++] = text.data[at++];
		else
			used += text_visible(out + used, text, &at);
		if (used + TEXT_VISIBLE_BYTES > sizeof out || at == text.len) {
			is_written &= fwrite(out, 1, used, to) == used;
			used = 0;
		}
	}
	mem_wipe(out, sizeof out); /* it may have been a secret */
	return is_written;
}

/* Formats first and escapes the result as a whole, so that no argument can bring in a line break or
 * a control character, whatever the format. */
static void PRINTF_LIKE(3, 0)
	print_formatted(enum print_to to, const char *end, const char *fmt, va_list args)
{
	CLEANUP(buf_clear) struct buf text = BUF_NULL;
	FILE *stream = stream_of(to);

	buf_vprintf(&text, fmt, args);
	write_visible(stream,
		      buf_is_failed(&text) ? SLICE_LITERAL("out of memory") : buf_slice(&text), "");
	fputs(end, stream);
}

void print_line(enum print_to to, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print_formatted(to, "\n", fmt, args);
	va_end(args);
}

int print_text(enum print_to to, struct slice text)
{
	FILE *stream = stream_of(to);

	return write_visible(stream, text, "\n\t") && fflush(stream) == 0 ? EXIT_DONE
									  : EXIT_REFUSED;
}

bool is_output_terminal(void)
{
	return isatty(STDOUT_FILENO);
}

int print_content(struct slice content)
{
	bool is_written;

	if (is_output_terminal())
		return print_text(TO_STDOUT, content);
	is_written = fwrite(content.data, 1, content.len, stdout) == content.len;
	return is_written && fflush(stdout) == 0 ? EXIT_DONE : EXIT_REFUSED;
}

int print_content_line(struct slice content)
{
	int code = print_content(content);

	if (code == EXIT_DONE && (content.len == 0 || content.data[content.len - 1] != '\n'))
		code = print_content(SLICE_LITERAL("\n"));
	return code;
}

void print_prompt(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print_formatted(TO_STDERR, "", fmt, args);
	va_end(args);
	fflush(stderr);
}

void print_progress(const char *fmt, ...)
{
	va_list args;

	if (!isatty(STDERR_FILENO))
		return;
	/* The next text begins at the start of the line and covers the old one. */
	fputs("\r", stderr);
	va_start(args, fmt);
	print_formatted(TO_STDERR, "", fmt, args);
	va_end(args);
}

void print_progress_end(void)
{
	if (isatty(STDERR_FILENO))
		fputs("\r", stderr);
}

/* "reeve log | head" is not an error to report: poll() gives POLLERR for a pipe without a
 * reader. */
static bool is_reader_gone(void)
{
	struct pollfd out = {STDOUT_FILENO, POLLOUT, 0};

	return RETRY(poll(&out, 1, 0)) > 0 && (out.revents & POLLERR) != 0;
}

int output_finish(int code)
{
	if (fflush(stdout) == 0 && ferror(stdout) == 0)
		return code;
	if (!is_reader_gone())
		print_line(TO_STDERR, "reeve: cannot write to standard output");
	return code == EXIT_DONE || code == EXIT_CHANGES ? EXIT_REFUSED : code;
}
