/* The permissions that rules of policies grant on paths. A set is the bitwise or of several. The
 * words stand in policies and in docs/api.md; the numbers are never stored. */
#pragma once

#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum permission {
	MAY_READ = 1 << 0,
	MAY_LIST = 1 << 1,
	MAY_WRITE = 1 << 2,
	MAY_CHECK = 1 << 3,
	MAY_DELETE = 1 << 4,
	MAY_ROLLBACK = 1 << 5,
	MAY_DESTROY = 1 << 6,
	MAY_AUDIT = 1 << 7,
	MAY_GRANT = 1 << 8,
	MAY_ADMIN = 1 << 9,
	MAY_USE = 1 << 10, /* refer to the document without reading it */
};

const char *permission_name(enum permission p);
bool permission_parse(struct slice name, enum permission *ret); /* false for an unknown name */
