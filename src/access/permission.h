/* The permissions that rules of policies grant on paths. A set is the bitwise or of several. The
 * words stand in policies and in docs/api.md; the numbers are never stored. */
#pragma once

#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum permission {
	MAY_READ = 1 << 0, /* the content, its versions and differences */
	MAY_LIST = 1 << 1, /* that the document exists, in lists */
	MAY_WRITE = 1 << 2,
	MAY_CHECK = 1 << 3,  /* a write with dry_run, which changes nothing */
	MAY_DELETE = 1 << 4, /* and undelete */
	MAY_ROLLBACK = 1 << 5,
	MAY_DESTROY = 1 << 6, /* erase a version for good */
	MAY_AUDIT = 1 << 7,   /* read the audit log (path "sys/audit") */
	/* On a policy: give it to a token without having it. On "sys/tokens": see what others may.
	 */
	MAY_GRANT = 1 << 8,
	/* Needed on top of the other permission to change a policy, and for `force`. */
	MAY_ADMIN = 1 << 9,
	MAY_USE = 1 << 10, /* refer to the document without reading it */
};

/* The word of one permission, not of a set: "read". */
const char *permission_name(enum permission p);
bool permission_parse(struct slice name, enum permission *ret); /* false for an unknown name */
