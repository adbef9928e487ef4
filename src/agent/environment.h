/* What of a configuration a child gets as environment variables. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/result.h"
#include "doc/tree.h"

struct environment_request {
	const char *const *picks; /* --env: "NAME=/pointer" */
	size_t picks_count;
	const char *all_prefix;	 /* --env-all; NULL: not asked for */
	const char *config_file; /* REEVE_CONFIG_FILE */
	bool is_unsafe;		 /* --env-unsafe: picks may name what steers programs */
	/* --env-allow: patterns of the names that --env-all may give; none: all that begin with
	 * its prefix, which is then not empty. */
	const char *const *allowed;
	size_t allowed_count;
	/* What --env-all left out, to be told: the names that steer programs, with blanks
	 * between, and how many others no pattern allows. Either may be NULL. */
	struct buf *left_out;
	size_t *not_allowed;
};

/* A NULL-terminated list of "NAME=value" in `a` (which is to be wiped): what is wished, then
 * this process's environment without REEVE_TOKEN, REEVE_TOKEN_FILE and the names that are
 * wished. E_INVALID: a malformed name, a picked one that steers programs (variable_steers()), an
 * empty prefix without patterns, a pointer that leads nowhere, a value that is a map or a list,
 * two values for one name. E_LIMIT: more than 4096 wished. */
MUST_USE enum result environment_build(char ***ret, struct arena *a,
				       const struct environment_request *request,
				       const struct tree_node *config, struct error *err);
