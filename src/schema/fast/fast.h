/*
 * The fast pass: runs a program's instructions over an instance and says only whether it matches. It stops where a value
 * may not be looked at, or a bound runs out; the exhaustive pass then decides, or the bound is the answer.
 */
#pragma once

#include "schema/compile/compiled.h"

enum run_outcome {
	RUN_NO,
	RUN_YES,
	RUN_UNDECIDED, /* a value that may not be looked at decides */
	RUN_FAILED,    /* `*rc` and `err` say why */
};

/* `*ret_steps` is what it took of the schema's limit. `budget` may be NULL. */
MUST_USE enum run_outcome run_program(const struct schema *s, const struct tree_node *instance,
				      struct budget *budget, uint64_t *ret_steps, enum result *rc,
				      struct error *err);
