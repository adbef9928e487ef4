/* What keeps other processes out of this one's memory. */
#pragma once

#include "base/result.h"

/* No core dumps (RLIMIT_CORE 0), no reading of /proc/<pid>/mem or attaching by the same user
 * (PR_SET_DUMPABLE 0), no gaining of rights by exec (PR_SET_NO_NEW_PRIVS). Works unprivileged.
 * E_IO. */
MUST_USE enum result process_harden(struct error *err);
