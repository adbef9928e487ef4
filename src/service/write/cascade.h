/* The check of all that depends on a write. */
#pragma once

#include "service/write/write.h"

/* Resolves and validates them; the affected profiles and schemas are then in the write. E_INVALID,
 * E_CONFLICT: the reasons are in the report. */
MUST_USE enum result cascade_check(struct verb_context *ctx, struct write *w, struct error *err);
