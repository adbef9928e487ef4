/*
 * Which open files a child inherits. Noting at the start and passing only those is the reverse of
 * O_CLOEXEC at each open(): it also covers descriptors that a library opens without the flag, at
 * any time and in any thread.
 *
 * descriptors_note() runs once in the main thread, before others exist. descriptors_pass_only()
 * runs in the child between fork() and exec, where only async-signal-safe calls are allowed: it
 * makes system calls and allocates nothing.
 */
#include "agent/descriptors.h"

#include "base/file.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* After standard input, output and error, which every child gets. */
#define FIRST	     3
#define FALLBACK_MAX 4096 /* where the kernel has no close_range() (before 5.11) */

static int by_number(const void *a, const void *b)
{
	const int *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

void descriptors_note(struct descriptors *ret)
{
	/* Without /proc nothing is noted, and the child gets the three standard descriptors only:
	 * the safe side. */
	DIR *d = file_open_folder("/proc/self/fd");
	const char *name;

	ret->count = 0;
	if (d == NULL)
		return;
	while ((name = file_next_name(d)) != NULL && ret->count < DESCRIPTORS_MAX) {
		long fd = strtol(name, NULL, 10);

		if (fd >= FIRST && fd != dirfd(d) && fd <= INT_MAX)
			ret->items[ret->count++] = (int)fd;
	}
	closedir(d);
	if (ret->count != 0)
		qsort(ret->items, ret->count, sizeof *ret->items, by_number);
}

/* Marks them close-on-exec instead of closing them: the log is needed until exec succeeds. */
static void close_between(unsigned first, unsigned last)
{
	if (first > last || syscall(SYS_close_range, first, last, CLOSE_RANGE_CLOEXEC) == 0)
		return;
	for (unsigned fd = first; fd <= last && fd < FALLBACK_MAX; fd++)
		fcntl((int)fd, F_SETFD, FD_CLOEXEC);
}

/* Closes the gaps between the noted numbers, which are in rising order: with 5 and 8 noted that is
 * 3-4, 6-7 and 9 to the end. So a few system calls do, however many descriptors are open. */
void descriptors_pass_only(const struct descriptors *d)
{
	unsigned first = FIRST;

	for (size_t i = 0; i < d->count; i++) {
		close_between(first, (unsigned)d->items[i] - 1);
		first = (unsigned)d->items[i] + 1;
	}
	close_between(first, UINT_MAX);
}
