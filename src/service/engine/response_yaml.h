/* JSON answers as YAML, which may take long and so is never done by an event loop for a large
 * one. */
#pragma once

#include "service/engine/engine.h"

/* Whether the response is JSON and YAML was requested. */
bool render_is_needed(const struct call *c);

/* Makes it YAML. E_LIMIT: that would be too large, or the budget (may be NULL) ran out; the answer
 * is as it was. */
MUST_USE enum result render_yaml(struct call *c, struct budget *budget, struct error *err);
