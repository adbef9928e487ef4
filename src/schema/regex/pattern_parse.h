/*
 * An ECMA-262 regular expression as a tree, from which it is translated for PCRE2 (pattern_translate.h).
 *
 * Read as with the `u` flag: characters are code points, \p{…} is known. Where `u` refuses what ECMA-262 otherwise allows
 * and people write (Annex B.1.2: "\-" or "\_" for the character itself, a lone "]", "}" or "{", a class such as [\w-.]),
 * we read it as Annex B does. What only other dialects know is refused.
 */
#pragma once

#include "base/arena.h"
#include "base/result.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

#define PATTERN_DEPTH_MAX  100 /* groups inside one another */
#define PATTERN_GROUPS_MAX 200
#define PATTERN_NO_MAXIMUM UINT32_MAX
#define CODE_POINT_MAX	   0x10ffffu

struct code_range {
	uint32_t first, last; /* both within */
};

/* A \p{…} or \P{…} in PCRE2's writing. */
struct pattern_property {
	const char *text;
	const struct pattern_property *next;
};

/* Ranges are sorted, do not touch and hold no surrogate. With properties the set is the union of both, and what
 * `is_negated` says applies to it; without, `is_negated` is false: the ranges are complemented already. */
struct pattern_class {
	struct code_range *ranges;
	uint32_t count;
	uint32_t size;
	const struct pattern_property *properties;
	bool is_negated;
	uint32_t index; /* for whoever walks the tree */
};

enum pattern_kind {
	PATTERN_SEQUENCE, /* of `child` and its siblings; none: matches the empty text */
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

struct pattern_tree {
	const struct pattern_node *root;
	bool has_back; /* a back reference: groups must be captured */
};

/* Everything lives in `a`. E_INVALID with offset and reason, E_LIMIT for depth or number of groups, E_MEMORY. `ecma` is valid
 * UTF-8, at most PATTERN_BYTES_MAX bytes, and must outlive the tree. */
MUST_USE enum result pattern_parse(struct pattern_tree *ret, struct arena *a, struct slice ecma,
				   struct error *err);
