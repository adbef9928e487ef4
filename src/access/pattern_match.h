/* Path patterns beside the public path_pattern_matches(). */
#pragma once

#include "base/slice.h"

#include <stdbool.h>

/* Whether the pattern can match some path under `prefix` ("" or ending in '/'). */
bool path_pattern_reaches(struct slice pattern, struct slice prefix);

/* Whether every path under `prefix` that `allow` matches is one that `deny` matches. False may also
 * mean that it was too hard to tell. */
bool path_pattern_covers(struct slice deny, struct slice allow, struct slice prefix);
