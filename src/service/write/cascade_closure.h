/* All that depends on a write. */
#pragma once

#include "service/write/write.h"

struct path_list {
	struct slice *items;
	uint32_t count;
};

/* The profiles and schemas that depend on the changed documents, with these,
 * in the order of their paths; the list lives in `a`. `budget` NULL: not counted. E_LIMIT. */
MUST_USE enum result cascade_closure(struct path_list *ret, const struct snapshot *snapshot,
				     const struct write *w, struct budget *budget, struct arena *a,
				     struct error *err);
