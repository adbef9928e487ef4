/*
 * regex/ owns regular expressions: ECMA-262, where characters are code points as with the `u` flag,
 * matched within bounds.
 *
 * A pattern is parsed to a tree (pattern_parse.h). An automaton is made from it where one can
 * decide it (pattern_automaton.h); otherwise the tree is translated for PCRE2
 * (pattern_translate.h). matcher.h stands before this with a shortcut for literals. No match may
 * take unbounded time or memory: an automaton is linear, PCRE2 counts its steps.
 */
#pragma once

#include "base/result.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

#define PATTERN_BYTES_MAX 4096

/* Bounds of all patterns of one schema together: bytes kept, and steps of making automata. Without
 * steps left, patterns go to PCRE2; without bytes left they are refused. */
struct pattern_budget {
	size_t bytes;
	uint32_t work;
};

#define PATTERN_BUDGET_DEFAULT ((struct pattern_budget){(size_t)32 * 1024 * 1024, 4000000})

struct pattern; /* immutable once compiled; matched by any number of threads */

/* Compiles a pattern; free it with pattern_free(). E_INVALID with the offset and the reason where
 * ECMA-262 does not allow it or PCRE2 cannot match it; E_LIMIT where it is too large; E_MEMORY. */
MUST_USE enum result pattern_compile(struct pattern **ret, struct slice ecma, struct error *err);
/* As pattern_compile(), and subtracts its size and work from `budget`. E_LIMIT where no bytes are
 * left. */
MUST_USE enum result pattern_compile_within(struct pattern **ret, struct slice ecma,
					    struct pattern_budget *budget, struct error *err);
void pattern_free(struct pattern *p); /* takes NULL */

/* Whether the pattern has an automaton. Then pattern_match_linear() may be used, and takes
 * pattern_price() steps at most. */
bool pattern_is_linear(const struct pattern *p);
/* The least price of a match with a text of `len` bytes, in steps. */
uint64_t pattern_price(const struct pattern *p, size_t len);
bool pattern_match_linear(const struct pattern *p, struct slice text);

/* Whether `text` (valid UTF-8) contains a match anywhere. `*steps` is the number of steps (of about
 * 10 ns) that the match may take, and becomes the number that is left. E_LIMIT where the steps, or
 * PCRE2's bounds of depth or memory, ran out: then it is unknown whether there is a match.
 * E_MEMORY. Keeps no copy of the text. */
MUST_USE enum result pattern_match(const struct pattern *p, struct slice text, uint64_t *steps,
				   bool *ret_is_match, struct error *err);
