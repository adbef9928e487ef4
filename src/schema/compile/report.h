/* Adding problems to a report: texts are copied; a full report counts further problems and drops
 * them. */
#pragma once

#include "schema/schema.h"

/* Bound of the texts in a report. */
#define REPORT_BYTES_MAX ((size_t)1024 * 1024)

/* Whether a further problem would only be counted. */
bool report_is_full(const struct schema_report *r, uint32_t max);

/* `max` bounds the number of problems. OK or E_MEMORY. */
MUST_USE enum result report_add(struct schema_report *r, const struct schema_problem *problem,
				uint32_t max);
/* As report_add(), for keywords that an opaque value left undecided. A full list drops them
 * uncounted. */
MUST_USE enum result report_add_unchecked(struct schema_report *r,
					  const struct schema_problem *problem, uint32_t max);
