/* What is refused before libyaml sees it: for its place could not be told afterwards, for libyaml would read
 * it as YAML 1.1, or for it would cost too much. */
#pragma once

#include "base/result.h"
#include "base/slice.h"

/* `input` without a byte order mark. E_MALFORMED, E_LIMIT, with line and column. */
MUST_USE enum result yaml_check(struct slice input, struct error *err);
