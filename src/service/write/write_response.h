/* The response to a write. */
#pragma once

#include "service/write/write.h"

/* Fills call->out once revision and time are known. In the committer. */
enum result write_response(struct write *w, struct error *err);

/* The same for a caller who may write but has other rights by then: no digests, no problems.
 * Appended. */
void write_response_short(struct buf *ret, const struct write *w);
