/* What the parts of the cascade share: what is checked after a write, and what was wrong before. */
#pragma once

#include "service/write/write.h"

/* The documents as they are without the write, looked at only where something is wrong with it. */
struct before {
	struct verb_context *ctx;
	struct write *write;
	struct view view;
	bool has_view;
};

void before_clear(struct before *b);

/* Where a document's errors begin in the write's report. */
struct errors_mark {
	uint32_t count, dropped;
};

/* Makes warnings of those errors behind `mark` that `f` had before the write, or all where the
 * write only brings secrets. Nothing where it was served before, or was not there. E_LIMIT,
 * E_UNAVAILABLE (a secret was opened and cannot be recorded) and other failures of looking. */
MUST_USE enum result before_weigh(struct before *b, const struct affected *f, bool was_served,
				  const struct errors_mark *mark, struct error *err);

/* An abstract profile: only its chain and its schema's being there, the rest is its heirs'. Adds to
 * `report`; E_INVALID. */
MUST_USE enum result cascade_check_abstract(struct view *v, struct slice path,
					    struct check_report *report, struct error *err);
