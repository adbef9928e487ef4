/* The bound on open files, of which each connection is one. */
#pragma once

#include "app/settings.h"
#include "base/result.h"

/* The descriptors that the server needs at the settings' connections_max: one for each connection,
 * and those of the store and of the server itself. */
uint64_t open_files_needed(const struct settings *settings);

/* Lowers connections_max to what fits into `files_max` open files, with a warning in the log that
 * names the number needed. E_UNAVAILABLE if even the least connections_max does not fit; `settings`
 * is untouched then. */
MUST_USE enum result open_files_fit(struct settings *settings, uint64_t files_max,
				    struct error *err);

/* Raises the process's bound (RLIMIT_NOFILE) as far as the system allows, and then fits the
 * settings into it. To be called before any thread starts. */
MUST_USE enum result open_files_raise(struct settings *settings, struct error *err);
