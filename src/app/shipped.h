/* Documents that a new store begins with: policies/ of the source tree, embedded at build time by scripts/embed. */
#pragma once

#include "service/service.h"

extern const struct shipped_document shipped_policies[];
extern const size_t shipped_policies_count;
