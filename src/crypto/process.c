/* Runs once, at the start of a program and before it reads a key. Later it would be too late: a
 * core file or a debugger could have the key already. */
#include "crypto/process.h"

#include <sys/prctl.h>
#include <sys/resource.h>

enum result process_harden(struct error *err)
{
	static const struct rlimit none = {0, 0};

	if (setrlimit(RLIMIT_CORE, &none) != 0)
		return fail_errno(err, E_IO, "forbid core dumps");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return fail_errno(err, E_IO, "forbid reading this process's memory");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return fail_errno(err, E_IO, "forbid gaining privileges");
	return OK;
}
