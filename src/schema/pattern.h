/* ECMA-262 regular expressions (with the `u` flag's meaning of characters), translated for PCRE2, with bounds. */
#pragma once

#include "base/result.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

#define PATTERN_BYTES_MAX 4096

/* What the patterns of one schema may come to together: bytes kept, and work on automata, after which PCRE2 does the rest. */
struct pattern_budget {
	size_t bytes;
	uint32_t work;
};

#define PATTERN_BUDGET_DEFAULT ((struct pattern_budget){(size_t)32 * 1024 * 1024, 4000000})

struct pattern; /* immutable once compiled; matched by any number of threads */

/* E_INVALID with the offset and the reason for what ECMA-262 does not allow or PCRE2 cannot do; E_LIMIT for one that is too
 * large once compiled; E_MEMORY. */
MUST_USE enum result pattern_compile(struct pattern **ret, struct slice ecma, struct error *err);
/* As pattern_compile(), and takes what it costs off `budget`: E_LIMIT when no bytes are left. */
MUST_USE enum result pattern_compile_within(struct pattern **ret, struct slice ecma,
					    struct pattern_budget *budget, struct error *err);
void pattern_free(struct pattern *p); /* takes NULL */

/* Whether `text` (valid UTF-8) holds a match anywhere. E_LIMIT when `steps_max` (PCRE2's match limit), the depth or the heap
 * bound ran out: neither a match nor none. Wipes what it kept of the text. */
MUST_USE enum result pattern_match(const struct pattern *p, struct slice text, uint32_t steps_max,
				   bool *ret_is_match, struct error *err);
