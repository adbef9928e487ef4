/* What of a configuration a child gets as environment variables. */
#pragma once

#include "base/arena.h"
#include "base/result.h"
#include "doc/tree.h"

struct environment_wish {
	const char *const *picks; /* --env: "NAME=/pointer" */
	size_t picks_count;
	const char *all_prefix;	 /* --env-all; NULL: not asked for */
	const char *config_file; /* REEVE_CONFIG_FILE */
};

/* A NULL-terminated list of "NAME=value" in `a` (which is to be wiped): this process's environment without REEVE_TOKEN and REEVE_TOKEN_FILE, then what is wished. E_INVALID: a
 * name that would change how programs run (PATH, LD_*, PYTHON* …), a pointer that leads nowhere, a value that is a map or a list, two values for one name. */
MUST_USE enum result environment_build(char ***ret, struct arena *a,
				       const struct environment_wish *wish,
				       const struct tree_node *config, struct error *err);

bool environment_name_is_safe(struct slice name);
