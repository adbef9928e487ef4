/*
 * The program of a compiled schema: flat arrays that refer to each other by position, never by
 * pointer, and never to the source of the schema. The whole is therefore one block of memory that
 * may be moved, copied or stored.
 *
 * Rules state what the schema states, keyword by keyword; the explaining pass walks them
 * (explain/explain.h). Instructions are made from the rules (fast/lower.h) and run by the fast pass
 * (fast/fast.h).
 */
#pragma once

#include "base/slice.h"
#include "schema/compile/instruction.h"
#include "schema/compile/vec.h"

#include <stdint.h>

/* A text in `texts`: `len` bytes from `at` on, with a NUL behind them that `len` does not count.
 * Equal texts have the same `at`, so a comparison of positions suffices. */
struct text {
	uint32_t at;
	uint32_t len;
};

/* A key, with the hash that the index of an object in an instance uses. */
struct name {
	struct text text;
	uint64_t hash; /* slice_hash() of it */
};

/* The kinds of rules and their operands. A rule holds for values of kinds that its keyword is not
 * about. They are in the order of keyword.def, which lowering relies on (fast/lower.c). */
enum rule_op {
	RULE_FALSE, /* the schema `false` */
	RULE_SECRET,
	RULE_TYPE,    /* a: enum type_bit set */
	RULE_CONST,   /* a: constant */
	RULE_ENUM,    /* a: first constant, b: count */
	RULE_MAXIMUM, /* a: constant; also the next four */
	RULE_EXCLUSIVE_MAXIMUM,
	RULE_MINIMUM,
	RULE_EXCLUSIVE_MINIMUM,
	RULE_MULTIPLE_OF,
	RULE_MAX_LENGTH, /* a: bound; also the next five */
	RULE_MIN_LENGTH,
	RULE_MAX_ITEMS,
	RULE_MIN_ITEMS,
	RULE_MAX_PROPERTIES,
	RULE_MIN_PROPERTIES,
	RULE_PATTERN,		    /* a: pattern */
	RULE_FORMAT,		    /* a: format */
	RULE_REQUIRED,		    /* a: first name, b: count */
	RULE_DEPENDENT_REQUIRED,    /* a: first needed name, b: count, c: name of the key */
	RULE_PROPERTIES,	    /* a: first property, b: count */
	RULE_PATTERN_PROPERTIES,    /* a: first pattern property, b: count */
	RULE_ADDITIONAL_PROPERTIES, /* a: subschema; b, c: rules of properties and of
				     * patternProperties, or NONE */
	RULE_PROPERTY_NAMES,	    /* a: subschema */
	RULE_DEPENDENT_SCHEMAS,	    /* a: first property, b: count */
	RULE_PREFIX_ITEMS,	    /* a: first link, b: count */
	RULE_ITEMS,		    /* a: subschema, b: items that it leaves out */
	RULE_CONTAINS, /* a: subschema, b: at least, c: at most; UINT32_MAX: any number */
	RULE_UNIQUE_ITEMS,
	RULE_REF,	  /* a: subschema */
	RULE_DYNAMIC_REF, /* a: subschema, b: dynamic name */
	RULE_ALL_OF,	  /* a: first link, b: count; also the next two */
	RULE_ANY_OF,
	RULE_ONE_OF,
	RULE_NOT,		     /* a: subschema */
	RULE_IF,		     /* a, b, c: subschemas of if, then and else, or NONE */
	RULE_UNEVALUATED_ITEMS,	     /* a: subschema */
	RULE_UNEVALUATED_PROPERTIES, /* a: subschema */
	RULES,
};

/* One keyword of a subschema, or a part of one: each key of dependentRequired gives a rule. The
 * operands are positions in the arrays of the program, as enum rule_op says. */
struct rule {
	uint8_t op;
	uint8_t keyword; /* enum keyword_id that it came from */
	uint16_t reserved;
	uint32_t a, b, c;
};

/* What the unevaluated keywords need to know of a subschema. HAS_UNEVALUATED: it has
 * unevaluatedItems or unevaluatedProperties. COVERS: it, or a subschema that it applies to the same
 * value, may evaluate members or items (2020-12 core, section 11). */
enum subschema_flag {
	SUBSCHEMA_HAS_UNEVALUATED = 1 << 0,
	SUBSCHEMA_COVERS = 1 << 1,
};

/* A subschema: its rules are neighbours in `rules`, and all of them must hold. One without rules
 * accepts every value. Number 0 is the root of the schema. */
struct subschema {
	uint32_t first_rule;
	uint32_t rules;
	/* Of the index (resource_index.h); the dynamic scope of a validation lists these
	 * numbers. */
	uint32_t resource;
	uint8_t reload; /* 0: none; else 1 + enum schema_reload */
	uint8_t flags;
	uint16_t reserved;
	uint32_t block;	      /* of its instructions; NONE: it has no block of its own */
	struct text location; /* URI#/pointer */
};

/* A key of properties or dependentSchemas, and its subschema. */
struct property {
	struct name name;
	uint32_t subschema;
	uint32_t reserved;
};

/* A key of patternProperties, and its subschema. `pattern` is a position in `patterns` and in the
 * schema's matchers. */
struct pattern_property {
	uint32_t pattern;
	uint32_t subschema;
};

/* The subschema of a $dynamicAnchor's name in one resource. Sorted by resource, then name. */
struct dynamic_anchor {
	uint32_t resource;
	uint32_t name;
	uint32_t subschema;
};

/* The order of `dynamic_anchors`: for qsort() while compiling and for the search while
 * validating. */
static inline int dynamic_anchor_compare(const struct dynamic_anchor *a,
					 const struct dynamic_anchor *b)
{
	if (a->resource != b->resource)
		return a->resource < b->resource ? -1 : 1;
	return a->name < b->name ? -1 : a->name > b->name;
}

/* A value has exactly one of these types: an integer has TYPE_INTEGER only. A rule for `number` has
 * both bits. */
enum type_bit {
	TYPE_NULL = 1 << 0,
	TYPE_BOOLEAN = 1 << 1,
	TYPE_NUMBER = 1 << 2, /* with a fraction */
	TYPE_STRING = 1 << 3,
	TYPE_ARRAY = 1 << 4,
	TYPE_OBJECT = 1 << 5,
	TYPE_INTEGER = 1 << 6,
	TYPE_ANY = (1 << 7) - 1,
};

/* A value in the schema, of const, enum, a bound or multipleOf. The items of an array and the
 * members of an object are neighbours, `first` being the first of them. */
struct constant {
	uint8_t kind;  /* enum tree_kind */
	uint8_t flags; /* enum tree_flag */
	uint16_t reserved;
	uint32_t count; /* of items or members */
	/* Of a string; of a number its decimals, which number_compare() reads. */
	struct text text;
	struct name key; /* of a member */
	/* By kind: a boolean, a number that fits an int64 (TREE_FITS_INT64), another number, a
	 * string, an array or object. */
	union {
		bool truth;
		int64_t integer;
		double real;
		uint64_t hash;
		uint32_t first;
	} as;
};

/* Matchers own memory, so they stand in struct schema, in the order of these entries. */
struct pattern_entry {
	struct text source;
};

/* The row of the format stands in struct schema, because it is a pointer. */
struct format_entry {
	struct text name;
};

/* The arrays of a program, in one list, so that all are counted, copied and placed by the same
 * code.
 *
 * `names` holds the keys of required and dependentRequired. `links` holds the subschemas of lists:
 * of allOf, anyOf, oneOf and prefixItems. The arrays from `instructions` to `slots` are for the
 * fast pass only. `targets` holds blocks, or NONE or BLOCK_NEVER in place of one. `slots` holds
 * hash tables of positions, with NONE in a free slot; each has a power of two of slots and is at
 * most half full. */
#define PROGRAM_ARRAYS(X)                              \
	X(struct subschema, subschemas)                \
	X(struct rule, rules)                          \
	X(struct property, properties)                 \
	X(struct pattern_property, pattern_properties) \
	X(struct name, names)                          \
	X(uint32_t, links)                             \
	X(struct constant, constants)                  \
	X(struct pattern_entry, patterns)              \
	X(struct format_entry, formats)                \
	X(struct dynamic_anchor, dynamic_anchors)      \
	X(struct instruction, instructions)            \
	X(struct block, blocks)                        \
	X(struct entry, entries)                       \
	X(struct object_plan, object_plans)            \
	X(struct array_plan, array_plans)              \
	X(struct tag_plan, tag_plans)                  \
	X(struct tag, tags)                            \
	X(uint32_t, targets)                           \
	X(uint32_t, slots)                             \
	X(char, texts)

/* A view: the arrays belong to struct schema, or to the compiler while instructions are made.
 * `root_block` may be BLOCK_NEVER. With `has_dynamic_scope` some $dynamicRef depends on the way
 * that a validation takes, and only the explaining pass can decide. */
struct program {
#define X(type, name)     \
	const type *name; \
	uint32_t name##_count;
	PROGRAM_ARRAYS(X)
#undef X
	uint32_t root_block;
	bool has_dynamic_scope;
};

/* Borrowed; lives as long as the program. */
static inline struct slice program_text(const struct program *p, struct text t)
{
	return slice_make(p->texts + t.at, t.len);
}
