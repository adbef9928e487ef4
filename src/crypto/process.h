/* Keeping other processes out of the memory of this one. */
#pragma once

#include "base/result.h"

/* Forbids core dumps (RLIMIT_CORE 0), reading of /proc/<pid>/mem and attaching by the same user
 * (PR_SET_DUMPABLE 0), and gaining rights by exec (PR_SET_NO_NEW_PRIVS). Needs no privileges.
 * E_IO. */
MUST_USE enum result process_harden(struct error *err);
