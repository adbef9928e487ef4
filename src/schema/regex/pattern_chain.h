/*
 * Expressions such as ^[a-z]+$, ^.{1,64}$, ^\d{4}-\d{2}-\d{2}$ or ^sha256:[0-9a-f]{64}$: from the start, one class after another, each
 * so often, where taking as many as there are is never wrong. The commonest of all; counted, without states.
 */
#pragma once

#include "schema/regex/pattern_parse.h"

struct chain;

/* NULL where the expression is none, or without memory. Lives in `a`. */
struct chain *chain_make(const struct pattern_tree *tree, struct arena *a);

/* What a byte costs, in quarters of a step. */
uint32_t chain_weight(const struct chain *c);
bool chain_is_match(const struct chain *c, struct slice text);
