/* The response to a dry run. */
#pragma once

#include "service/write/write.h"

/* Of a write that was checked; its problems stand in the report. In a worker. */
enum step dry_run_response(struct verb_context *ctx, struct write *w);
