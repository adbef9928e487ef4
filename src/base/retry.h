/*
 * A system call that a signal interrupts (EINTR) is made again. Signals without a handler do that
 * too: a process that is stopped and goes on, or a debugger that attaches. Every call that can wait
 * stands in RETRY(), which scripts/check-layers checks; close(2) does not, since it has closed the
 * descriptor even then.
 */
#pragma once

#include <errno.h>

/* The result of a call that returns -1 and sets errno: `int fd = RETRY(open(path, O_RDONLY));`. The
 * call is evaluated anew each time. */
#define RETRY(call)                                      \
	__extension__({                                  \
		__typeof__(call) result_;                \
		do                                       \
			result_ = (call);                \
		while (result_ == -1 && errno == EINTR); \
		result_;                                 \
	})
