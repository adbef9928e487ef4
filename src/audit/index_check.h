/* Comparing the index columns of a stored entry with the entry itself. The log proves the entry by
 * its hash, but the columns by which queries find it are not hashed. A change of them hides the
 * entry from filtered queries, or shows it under a path of another document; this check finds it.
 */
#pragma once

#include "audit/line.h"

/* The columns of one entry, as the store has them. Borrowed for the call. */
struct audit_index_row {
	int64_t time_ms;
	struct slice actor, action, outcome;
	const struct slice *paths; /* sorted by slice_compare() */
	uint32_t paths_count;
};

/* E_CORRUPT when a query for the values of the entry would not find it, or one for another path
 * would; the text names the column. E_MEMORY. Paths in the index that the entry does not name are
 * allowed only where its list of touched documents was cut. */
MUST_USE enum result audit_index_check(const struct audit_index_row *index_row, struct slice line,
				       struct error *err);
/* The same for a line that was read already. */
MUST_USE enum result audit_index_check_line(const struct audit_index_row *index_row,
					    const struct audit_line *line, struct error *err);
