/*
 * The kernel's randomness. Nothing is kept in the process, so that a forked process cannot repeat a
 * sequence. Any thread may call.
 */
#include "base/random.h"

#include "base/log.h"
#include "base/retry.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* Identifiers that repeat would be worse than no process. Nothing is cleaned up: this may be any
 * thread, at any place. */
static _Noreturn void end_process(int code)
{
	log_line(
		LOG_ERROR, "no_randomness",
		"reason=\"getrandom: %s\" advice=\"allow the system call getrandom: a filter of "
		"system calls (SystemCallFilter=, a container's seccomp profile) or a kernel before Linux 3.17 "
		"refuses it\"",
		strerrordesc_np(code));
	_exit(1);
}

static void fill_from_kernel(void *ctx, void *ret, size_t len)
{
	unsigned char *at = ret;

	(void)ctx;
	while (len != 0) {
		/* Without flags: it waits after the boot until the kernel has collected enough, and
		 * never gives weak bytes. */
		ssize_t got = RETRY(getrandom(at, len, 0));

		if (got <= 0)
			end_process(got < 0 ? errno : EIO);
		at += got;
		len -= (size_t)got;
	}
}

const struct random_source system_random = {fill_from_kernel, NULL};

/* Draws again above the last multiple of `below`: a plain remainder would give small numbers
 * more often. At least half of all values are accepted, so that two draws are enough on average. */
uint64_t random_below(const struct random_source *r, uint64_t below)
{
	uint64_t limit = UINT64_MAX - UINT64_MAX % below;
	uint64_t value;

	do
		random_fill(r, &value, sizeof value);
	while (value >= limit);
	return value % below;
}
