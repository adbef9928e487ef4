/*
 * A deterministic finite automaton for expressions that one can decide, which are most of those
 * that people write. It matches in one pass over the text without backtracking, so its cost is
 * known before it starts and it cannot run out of a bound.
 */
#pragma once

#include "schema/regex/pattern_tree.h"

struct automaton;

/* NULL where the expression needs more than an automaton (back references, lookarounds, \b, \p{…}),
 * too many states or more than `*work` steps of construction, or where memory is short: PCRE2 must
 * match it then. Subtracts the steps from `*work`. `scratch` is used during the construction only.
 * Free with automaton_free(). */
struct automaton *automaton_make(const struct pattern_tree *tree, struct arena *scratch,
				 uint32_t *work);
size_t automaton_size(const struct automaton *m); /* in bytes; 0 for NULL */
void automaton_free(struct automaton *m);	  /* takes NULL */

/* The price of a byte of text, in quarters of a step. */
uint32_t automaton_weight(const struct automaton *m);
/* Whether `text` (valid UTF-8) holds a match anywhere. */
bool automaton_is_match(const struct automaton *m, struct slice text);
