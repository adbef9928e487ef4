/* The environment variables of a child that runs with a configuration. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/result.h"
#include "doc/tree.h"

struct environment_request {
	const char *const *picks; /* --env: "NAME=/pointer" */
	size_t picks_count;
	const char *all_prefix;	 /* --env-all; NULL: not given */
	const char *config_file; /* the value of REEVE_CONFIG_FILE */
	bool is_unsafe;		 /* --env-unsafe: picks may name variables that steer programs */
	/* --env-allow: patterns of the names that --env-all may set. Without any it may set all
	 * names that begin with its prefix, which is then not empty. */
	const char *const *allowed;
	size_t allowed_count;
	/* Outputs, for a message to the user: the names that --env-all omitted because they steer
	 * programs, with blanks between, and how many it omitted because no pattern allows them.
	 * Either may be NULL. */
	struct buf *omitted;
	size_t *not_allowed;
};

/* Builds a NULL-terminated list of "NAME=value" in `a`, which the caller must have made an arena
 * that wipes: the variables that are asked for, then this process's environment without
 * REEVE_TOKEN, REEVE_TOKEN_FILE and the names that are set already.
 *
 * E_INVALID: a malformed name, a picked name that steers programs (variable_steers()), an empty
 * prefix without patterns, a pointer at which there is no value or a map or a list, two values for
 * one name. E_MALFORMED: a pick that is not NAME=/pointer. E_LIMIT: more than 4096 variables. */
MUST_USE enum result environment_build(char ***ret, struct arena *a,
				       const struct environment_request *request,
				       const struct tree_node *config, struct error *err);
