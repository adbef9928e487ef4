/*
 * Refuses input before libyaml reads it: when the place of the error could not be found afterwards,
 * when libyaml would read it as YAML 1.1, or when it would cost too much time. Any thread may call.
 */
#pragma once

#include "base/result.h"
#include "base/slice.h"

/* `input` must have no byte order mark. E_MALFORMED, E_LIMIT, with line and column. */
MUST_USE enum result yaml_check(struct slice input, struct error *err);
