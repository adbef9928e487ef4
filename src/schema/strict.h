/*
 * The checks that only a stored schema must pass: it matches its metaschema, and it has no unknown
 * keywords, which are typing errors more often than annotations.
 */
#pragma once

#include "schema/compile/compile.h"

/* Between compile_index() and compile_rules(). Compiles the metaschema, which is itself not checked
 * in this way. E_INVALID with every reason in the compiler's report; E_LIMIT, E_MEMORY. */
MUST_USE enum result strict_check(struct compiler *c, const struct tree_node *root,
				  struct error *err);
