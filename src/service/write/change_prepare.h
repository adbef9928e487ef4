/* The result of one change by itself. */
#pragma once

#include "service/write/write.h"

/* Version, state, new content. Looks at no other
 * change. */
MUST_USE enum result change_prepare(struct verb_context *ctx, struct write *w, struct change *c,
				    struct error *err);
