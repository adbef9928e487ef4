/* The worker's half of a write. */
#pragma once

#include "service/write/write.h"

/* All of a write that comes before the commit. STEP_RESPOND with the response where it ends here
 * (refused, nothing changed, dry run), else STEP_COMMIT. */
enum step write_prepare(struct verb_context *ctx, struct write *w);
