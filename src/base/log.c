/*
 * Log lines.
 *
 * The sink and its level are mutable globals. They are set before threads start and only read
 * later, so they need no lock. A line is put together on the stack and leaves by one write(2):
 * LINE_BYTES is below PIPE_BUF (4,096 on Linux), up to which a write to a pipe is atomic, so that
 * the lines of several threads do not mix. No allocation, because a lack of memory must be logged
 * too.
 */
#include "base/log.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/retry.h"
#include "base/text.h"

#include <stdio.h>
#include <unistd.h>

#define LINE_BYTES 2000

static int sink_fd = STDERR_FILENO;
static enum log_level sink_most = LOG_INFO;

static const char *const level_names[] = {
	[LOG_ERROR] = "error",
	[LOG_WARN] = "warn",
	[LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
};

void log_set_sink(int fd, enum log_level most)
{
	sink_fd = fd;
	sink_most = most;
}

bool log_level_parse(struct slice word, enum log_level *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(level_names); i++) {
		if (slice_is_text(word, level_names[i])) {
			*ret = (enum log_level)i;
			return true;
		}
	}
	return false;
}

/* The line is lost when the sink fails: there is no other place to report that. The loop is for
 * sinks that take a part of a line, such as a terminal. */
static void write_all(const char *line, size_t len)
{
	while (len != 0) {
		ssize_t put = RETRY(write(sink_fd, line, len));

		if (put <= 0)
			return;
		line += put;
		len -= (size_t)put;
	}
}

void log_line(enum log_level level, const char *event, const char *fmt, ...)
{
	char stamp[TIMESTAMP_BYTES], pairs[LINE_BYTES], line[LINE_BYTES + TEXT_VISIBLE_BYTES];
	struct slice rest;
	size_t used, at = 0;
	va_list args;
	int head;

	if (level > sink_most)
		return;
	timestamp_format(stamp, clock_wall_ms(&system_clock));
	va_start(args, fmt);
	vsnprintf(pairs, sizeof pairs, fmt, args);
	va_end(args);
	head = snprintf(line, LINE_BYTES, "%s %s %s%s", stamp, level_names[level], event,
			pairs[0] != '\0' ? " " : "");
	if (head < 0)
		return;
	used = (size_t)head < LINE_BYTES ? (size_t)head : LINE_BYTES - 1;
	rest = slice_text(pairs);
	rest.len = utf8_whole(rest);
	/* The last character may go beyond LINE_BYTES by its escaped form, for which `line` has
	 * room. What is beyond is cut below, between characters. */
	while (at < rest.len && used < LINE_BYTES)
		used += text_visible(line + used, rest, &at);
	if (used >= LINE_BYTES)
		used = utf8_whole(slice_make(line, LINE_BYTES));
	line[used++] = '\n';
	write_all(line, used);
}

/* Room is kept for the backslash of one more character, the closing quote and the NUL, so that a
 * value that is cut still has both of its quotes. */
const char *log_quote(char *ret, size_t size, struct slice text)
{
	size_t used = 0, at = 0;

	if (size < 3) {
		if (size != 0)
			ret[0] = '\0';
		return ret;
	}
	ret[used++] = '"';
	while (at < text.len && used + 7 < size) {
		char out[TEXT_VISIBLE_BYTES];
		bool is_escaped = text.data[at] == '"' || text.data[at] == '\\';
		size_t len = text_visible(out, text, &at);

		if (used + len + 3 > size)
			break;
		if (is_escaped)
			ret[used++] = '\\';
		memcpy(ret + used, out, len);
		used += len;
	}
	ret[used++] = '"';
	ret[used] = '\0';
	return ret;
}
