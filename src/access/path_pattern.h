/*
 * Path patterns, as the rules of policies have them under `on`: `*` stands for one whole segment,
 * `**` for any number of segments, also for none; every other segment is literal. The work is
 * bounded by the segments of the pattern times those of the path (at most 17 x 17); nothing is
 * allocated.
 */
#pragma once

#include "base/slice.h"

#include <stdbool.h>

/* Whether the pattern matches the whole path, such as "config/orders/production". */
bool path_pattern_matches(struct slice pattern, struct slice path);

/* Whether the pattern can match some path under `prefix` ("" or ending in '/'). */
bool path_pattern_reaches(struct slice pattern, struct slice prefix);

/* Whether `deny` matches every path under `prefix` that `allow` matches. False may also mean that
 * this is too hard to decide. */
bool path_pattern_covers(struct slice deny, struct slice allow, struct slice prefix);
