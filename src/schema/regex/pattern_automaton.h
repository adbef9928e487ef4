/*
 * Expressions that a finite automaton can decide, which is most that people write: matched in one pass over the text
 * without backtracking, so that there is no step to count and nothing to run out of.
 */
#pragma once

#include "schema/regex/pattern_parse.h"

struct automaton;

/* NULL where the expression needs more (back references, lookarounds, \b, \p{…}), would take too many states or more than `*work`, which
 * it takes its own off, or without memory: PCRE2 must do it then. Free with automaton_free(). */
struct automaton *automaton_make(const struct pattern_tree *tree, struct arena *scratch,
				 uint32_t *work);
size_t automaton_size(const struct automaton *m); /* bytes; of NULL: 0 */
void automaton_free(struct automaton *m);	  /* takes NULL */

/* What a byte costs, in quarters of a step. */
uint32_t automaton_weight(const struct automaton *m);
bool automaton_is_match(const struct automaton *m, struct slice text);
