/* Responses in JSON turned into YAML. That may take long, so an event loop does it only for a small
 * response. */
#pragma once

#include "service/engine/engine.h"

/* Whether the response is JSON and the client asked for YAML. */
bool render_is_needed(const struct call *c);

/* Replaces the body by its YAML form. E_LIMIT: that would be too large, or the budget (may be NULL)
 * ran out; the response is unchanged then. */
MUST_USE enum result render_yaml(struct call *c, struct budget *budget, struct error *err);
