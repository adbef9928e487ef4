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

/* Whether one pass over the text decides, which takes pattern_price() steps and no more; pattern_match_linear() is then enough. */
bool pattern_is_linear(const struct pattern *p);
/* What a match of so many bytes surely takes. */
uint64_t pattern_price(const struct pattern *p, size_t len);
bool pattern_match_linear(const struct pattern *p, struct slice text);

/* Whether `text` (valid UTF-8) holds a match anywhere. `*steps` is what it may take (of about 10 ns), and becomes what it left;
 * linear matchers take what the text's length comes to. E_LIMIT when the steps, or PCRE2's bounds of depth or memory,
 * ran out: neither a match nor none. Wipes what it kept of the text. */
MUST_USE enum result pattern_match(const struct pattern *p, struct slice text, uint64_t *steps,
				   bool *ret_is_match, struct error *err);
