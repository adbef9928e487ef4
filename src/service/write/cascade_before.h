/* The problems that a document had before the write. */
#pragma once

#include "service/write/write.h"

/* The documents as they are without the write; looked at only where the write leaves a problem. */
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

/* Turns the errors after `mark` that `f` had before the write into warnings; all of them where the
 * write only adds secrets. Does nothing where `f` was served before or did not exist. E_LIMIT,
 * E_UNAVAILABLE (a secret was opened and cannot be recorded) and other failures of the check. */
MUST_USE enum result before_downgrade(struct before *b, const struct affected *f, bool was_served,
				      const struct errors_mark *mark, struct error *err);

/* Checks an abstract profile: its chain, and that its schema exists; the rest is checked with its
 * descendants. Adds to `report`; E_INVALID. */
MUST_USE enum result cascade_check_abstract(struct view *v, struct slice path,
					    struct check_report *report, struct error *err);
