/*
 * What a store files an entry under, so that queries find it, against what the entry says. Only the entry is hashed:
 * who changes the other hides it from a filtered list and from no proof, and is found here.
 */
#pragma once

#include "audit/entry.h"

struct audit_index_row {
	int64_t time_ms;
	struct slice actor, action, outcome;
	const struct slice *paths; /* by slice_compare() */
	uint32_t paths_count;
};

/* E_CORRUPT when a query by what the entry says would miss it, the text saying which; E_MEMORY. Paths
 * that the entry does not name are no finding: it may have been too short for all that it touched. */
MUST_USE enum result audit_index_check(const struct audit_index_row *index_row, struct slice line,
				       struct error *err);
