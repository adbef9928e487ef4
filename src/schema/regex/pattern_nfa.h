/*
 * The nondeterministic form of an expression (Thompson 1968): states joined by steps that read one
 * letter or nothing. The automaton is made from it, and it is freed with its arena when the
 * automaton is complete.
 */
#pragma once

#include "schema/regex/pattern_letters.h"

/* a{1,1000} needs 1,000 copies of its part. With more states than this an expression has no
 * automaton. */
#define NFA_STATES_MAX 2000

enum nfa_kind {
	NFA_MATCH,
	NFA_READ,  /* a letter of `mask`, then `next` */
	NFA_SPLIT, /* `next` or `other`, without reading */
	NFA_START, /* `next`, at the start of the text only */
	NFA_END,   /* `next`, at the end of the text only */
};

/* States are numbered; `next` and `other` are numbers. `mask` has a bit for each letter that
 * NFA_READ accepts. */
struct nfa_state {
	uint8_t kind; /* enum nfa_kind */
	uint16_t next, other;
	uint64_t mask;
};

/* `letters` is the alphabet of the masks. */
struct nfa {
	struct nfa_state *states; /* NFA_STATES_MAX of room */
	uint16_t count;
	uint16_t start;
	struct letters letters;
};

/* Everything lives in `a`. False where the expression needs more than this form can express (back
 * references, lookarounds, \b, \p{…}), where it needs too many states, or without memory. */
bool nfa_make(struct nfa *ret, const struct pattern_tree *tree, struct arena *a);
