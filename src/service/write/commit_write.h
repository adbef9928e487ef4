/* The committer's half of a write. */
#pragma once

#include "service/write/write.h"

extern const struct commit_job_ops write_job_ops;
