/*
 * Streams over fopencookie(3), as the functions of stdio do not repeat write(2). Buffered like the
 * streams that they replace: errors at once, output in lines on a terminal and in blocks elsewhere.
 * The process's end flushes them, and nothing closes them.
 */
#include "base/stream.h"

#include "base/retry.h"

#include <unistd.h>

/* For stdio fewer bytes than asked for are an error, so that all are written here. */
static ssize_t write_repeatedly(void *fd, const char *bytes, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t put = RETRY(write(*(const int *)fd, bytes + done, len - done));

		if (put <= 0)
			break;
		done += (size_t)put;
	}
	return (ssize_t)done;
}

void stream_repeat_writes(FILE **stream, int fd)
{
	static int descriptors[] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
	const cookie_io_functions_t functions = {.write = write_repeatedly};
	FILE *repeating = fopencookie(&descriptors[fd], "w", functions);
	int mode = fd == STDERR_FILENO ? _IONBF : isatty(fd) ? _IOLBF : _IOFBF;

	if (repeating == NULL)
		return;
	setvbuf(repeating, NULL, mode, BUFSIZ);
	*stream = repeating;
}
