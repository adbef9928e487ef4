/* What a committed write tells those that wait for changes. */
#pragma once

#include "service/write/write.h"

/* Appends the revision to the change feed. The committer's; the write is durable. */
void write_published(struct commit_job *job, struct service *s);
