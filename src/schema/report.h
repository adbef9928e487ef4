/* Putting problems into a report: texts are copied, a full report counts what it drops. */
#pragma once

#include "schema/schema.h"

MUST_USE enum result report_add(struct schema_report *r, const struct schema_problem *problem,
				uint32_t max);
MUST_USE enum result report_add_unchecked(struct schema_report *r,
					  const struct schema_problem *problem, uint32_t max);
