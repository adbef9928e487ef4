/* ECMA-262 regular expressions (with the `u` flag's meaning of characters), translated for PCRE2, with bounds. */
#pragma once

#include "base/result.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

#define PATTERN_BYTES_MAX 4096

struct pattern; /* immutable once compiled; matched by any number of threads */

/* E_INVALID with the offset and the reason for what ECMA-262 does not allow or PCRE2 cannot do; E_LIMIT for one that is too
 * large once compiled; E_MEMORY. */
MUST_USE enum result pattern_compile(struct pattern **ret, struct slice ecma, struct error *err);
void pattern_free(struct pattern *p); /* takes NULL */

/* Whether `text` (valid UTF-8) holds a match anywhere. E_LIMIT when `steps_max` (PCRE2's match limit), the depth or the heap
 * bound ran out: neither a match nor none. Wipes what it kept of the text. */
MUST_USE enum result pattern_match(const struct pattern *p, struct slice text, uint32_t steps_max,
				   bool *ret_is_match, struct error *err);
