/* The policies of a new store: the files in policies/, which scripts/embed puts into the
 * program. */
#pragma once

#include "service/service.h"

extern const struct shipped_document shipped_policies[];
extern const size_t shipped_policies_count;
