/*
 * fast/ owns the fast pass and the instructions that it runs.
 *
 * lower_*.c makes instructions from the rules of a program when a schema is compiled (lower.h).
 * fast_*.c runs them over an instance and finds only whether it is valid, not why. It changes
 * nothing that other threads see, and allocates memory only for unevaluatedProperties and
 * unevaluatedItems of large values and for uniqueItems.
 *
 * Where an opaque value decides, or the schema has a dynamic scope, the fast pass is undecided and
 * the explaining pass decides. Where a bound runs out, validation fails.
 */
#pragma once

#include "schema/compile/compiled.h"

enum fast_outcome {
	FAST_NO,
	FAST_YES,
	FAST_UNDECIDED, /* an opaque value decides, or the schema has a dynamic scope */
	FAST_FAILED,	/* `*rc` and `err` say why */
};

/* Validates an instance. `*ret_steps` becomes the number of steps used of the schema's limit, `*rc`
 * is set for FAST_FAILED only. `budget` may be NULL. */
MUST_USE enum fast_outcome fast_validate(const struct schema *s, const struct tree_node *instance,
					 struct budget *budget, uint64_t *ret_steps,
					 enum result *rc, struct error *err);
