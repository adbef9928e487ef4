#include "base/random.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

static void fill_from_kernel(void *ctx, void *ret, size_t len)
{
	unsigned char *at = ret;

	(void)ctx;
	while (len != 0) {
		ssize_t got = getrandom(at, len, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			abort(); /* identifiers that repeat would be worse */
		at += got;
		len -= (size_t)got;
	}
}

const struct random_source system_random = {fill_from_kernel, NULL};

uint64_t random_below(const struct random_source *r, uint64_t below)
{
	uint64_t limit = UINT64_MAX - UINT64_MAX % below;
	uint64_t value;

	do
		random_fill(r, &value, sizeof value);
	while (value >= limit);
	return value % below;
}
