/*
 * An ECMA-262 regular expression as a tree: pattern_parse.h makes it, the automaton (pattern_nfa.h)
 * and the translation for PCRE2 (pattern_translate.h) read it. All of a tree lives in the arena
 * that pattern_parse() was given.
 */
#pragma once

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

/* Bounds for patterns that a client writes. PATTERN_NO_MAXIMUM is the `high` of +, * and {2,}. */
/* Bounds of an expression, which a client may have written; beyond them it is refused. */
#define PATTERN_DEPTH_MAX  100 /* groups inside one another */
#define PATTERN_GROUPS_MAX 200
#define PATTERN_NO_MAXIMUM UINT32_MAX
#define CODE_POINT_MAX	   0x10ffffu

struct code_range {
	uint32_t first, last; /* both are in the range */
};

/* A \p{…} or \P{…} in PCRE2's syntax; the next one of the same class, or NULL. */
struct unicode_property {
	const char *text;
	const struct unicode_property *next;
};

/* Ranges are sorted, do not touch and hold no surrogate. With properties the set is the union of
 * both, or its complement where `is_negated`; without, `is_negated` is false: the ranges are
 * complemented already. */
struct pattern_class {
	struct code_range *ranges;
	uint32_t count;
	uint32_t size;
	const struct unicode_property *properties;
	bool is_negated;
	uint32_t index; /* of the class among the tree's, set by pattern_nfa.c */
};

/* The kinds of nodes and their fields. Names in comments are fields of struct pattern_node. */
enum pattern_kind {
	PATTERN_SEQUENCE, /* of `child` and its siblings; may be empty */
	PATTERN_CHOICE,	  /* one of `child` and its siblings */
	PATTERN_CLASS,	  /* one of `set` */
	PATTERN_REPEAT,	  /* `child`, `low` to `high` times */
	PATTERN_GROUP,	  /* capturing, number `low` */
	PATTERN_LOOK,	  /* ahead or behind, negated or not */
	PATTERN_START,	  /* ^ */
	PATTERN_END,	  /* $ */
	PATTERN_EDGE,	  /* \b, negated: \B */
	PATTERN_BACK,	  /* back reference to group `low` */
};

/* Children are a linked list. A group that does not capture is a sequence. */
struct pattern_node {
	uint8_t kind; /* enum pattern_kind */
	bool is_negated;
	bool is_behind;
	bool is_lazy;
	uint32_t low, high;
	struct pattern_class *set;
	struct pattern_node *child; /* first */
	struct pattern_node *next;  /* sibling */
};

/* Owns nothing. */
struct pattern_tree {
	const struct pattern_node *root;
	bool has_back; /* a back reference: groups must be captured */
};
