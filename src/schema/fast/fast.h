/*
 * The fast pass: runs a program's instructions over an instance and says only whether it matches. It stops where a value
 * may not be looked at, or a bound runs out; the explaining pass then decides, or the bound is the answer.
 */
#pragma once

#include "schema/compile/compiled.h"

enum fast_outcome {
	FAST_NO,
	FAST_YES,
	FAST_UNDECIDED, /* a value that may not be looked at decides */
	FAST_FAILED,	/* `*rc` and `err` say why */
};

/* `*ret_steps` is what it took of the schema's limit. `budget` may be NULL. */
MUST_USE enum fast_outcome fast_validate(const struct schema *s, const struct tree_node *instance,
					 struct budget *budget, uint64_t *ret_steps,
					 enum result *rc, struct error *err);
