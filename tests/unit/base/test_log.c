#include "base/log.h"

#include "base/buf.h"
#include "base/file.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

Test(log, a_quoted_value_can_break_no_line)
{
	static const struct {
		const char *text;
		size_t size;
		const char *quoted;
	} cases[] = {
		{"plain", 64, "\"plain\""},
		{"a\"b\\c", 64, "\"a\\\"b\\\\c\""},
		{"one\ntwo\x1b", 64, "\"one\\x0atwo\\x1b\""},
		{"\xc2\x9b\xe2\x80\xae\xff", 64, "\"\\u009b\\u202e\\xff\""},
		{"\xf3\xa0\x81\x81", 12, "\"\""},
		{"0123456789", 12, "\"0123\""},
		{"x", 3, "\"\""},
		{"x", 2, ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char out[64] = "?";

		cr_expect_str_eq(log_quote(out, cases[i].size, slice_text(cases[i].text)),
				 cases[i].quoted);
	}
}

/* What one call writes to the sink. */
static void capture(struct buf *ret, enum log_level most, enum log_level level, const char *value)
{
	int ends[2];

	cr_assert_eq(pipe(ends), 0);
	log_set_sink(ends[1], most);
	log_line(level, "event", "key=%s", value);
	log_line(level, "bare", "%s", "");
	log_set_sink(STDERR_FILENO, LOG_INFO);
	close(ends[1]);
	cr_assert_eq(file_read_fd(ret, ends[0], "pipe", 100000, NULL), OK);
	close(ends[0]);
}

Test(log, a_line_has_time_level_event_and_pairs)
{
	CLEANUP(buf_clear) struct buf b = BUF_NULL;

	capture(&b, LOG_INFO, LOG_WARN, "value");
	cr_assert(b.len > 26);
	cr_expect_eq(b.data[23], 'Z');
	cr_expect(strstr(b.data, "Z warn event key=value\n") != NULL, "%s", b.data);
	cr_expect(strstr(b.data, "Z warn bare\n") != NULL, "%s", b.data);
}

Test(log, what_is_below_the_level_is_not_written)
{
	CLEANUP(buf_clear) struct buf b = BUF_NULL;

	capture(&b, LOG_WARN, LOG_INFO, "value");
	cr_expect_eq(b.len, 0);
}

Test(log, control_characters_make_no_second_line)
{
	CLEANUP(buf_clear) struct buf b = BUF_NULL;

	capture(&b, LOG_DEBUG, LOG_ERROR, "x\n2026-11-20T00:00:00.000Z info forged");
	cr_expect(strstr(b.data, "key=x\\x0a2026") != NULL, "%s", b.data);
	cr_expect(strstr(b.data, "\n2026-11-20T00:00:00.000Z info forged") == NULL);
}

Test(log, what_reorders_or_hides_text_is_made_visible)
{
	CLEANUP(buf_clear) struct buf b = BUF_NULL;

	capture(&b, LOG_DEBUG, LOG_ERROR, "\xc2\x9b\xe2\x80\xae\xff gr\xc3\xbc\xc3\x9f");
	cr_expect(strstr(b.data, "key=\\u009b\\u202e\\xff gr\xc3\xbc\xc3\x9f\n") != NULL, "%s",
		  b.data);
}

Test(log, a_long_line_is_cut)
{
	CLEANUP(buf_clear) struct buf b = BUF_NULL;
	char value[5000];

	memset(value, '\x01', sizeof value);
	value[sizeof value - 1] = '\0';
	capture(&b, LOG_INFO, LOG_INFO, value);
	struct slice rest = buf_slice(&b), line;
	cr_assert(slice_next_part(&rest, '\n', &line));
	cr_expect(line.len <= 2010 && line.len > 1900, "%zu", line.len);
}

Test(log, levels_are_parsed_by_their_names)
{
	enum log_level level = LOG_INFO;

	cr_expect(log_level_parse(SLICE_LITERAL("debug"), &level) && level == LOG_DEBUG);
	cr_expect(log_level_parse(SLICE_LITERAL("error"), &level) && level == LOG_ERROR);
	cr_expect_not(log_level_parse(SLICE_LITERAL("trace"), &level));
}

static int full_pipe[2];

static void drain_pipe(int signal)
{
	char bytes[65536];

	(void)signal;
	if (read(full_pipe[0], bytes, sizeof bytes) < 0)
		abort();
}

/* A signal that comes while the sink takes nothing costs no line. */
Test(log, a_write_that_a_signal_interrupts_is_begun_again)
{
	struct sigaction action = {.sa_handler = drain_pipe};
	struct itimerval soon = {.it_value = {0, 50000}};
	CLEANUP(buf_clear) struct buf b = BUF_NULL;
	struct itimerval never = {0};

	cr_assert_eq(pipe2(full_pipe, O_NONBLOCK), 0);
	while (write(full_pipe[1], "x", 1) == 1)
		;
	cr_assert_eq(fcntl(full_pipe[1], F_SETFL, 0), 0);
	cr_assert_eq(sigaction(SIGALRM, &action, NULL), 0);
	log_set_sink(full_pipe[1], LOG_INFO);
	cr_assert_eq(setitimer(ITIMER_REAL, &soon, NULL), 0);
	log_line(LOG_INFO, "event", "key=%s", "value");
	cr_assert_eq(setitimer(ITIMER_REAL, &never, NULL), 0);
	log_set_sink(STDERR_FILENO, LOG_INFO);
	close(full_pipe[1]);
	cr_assert_eq(file_read_fd(&b, full_pipe[0], "pipe", 100000, NULL), OK);
	close(full_pipe[0]);
	cr_expect(strstr(buf_slice(&b).data, "info event key=value\n") != NULL);
}
