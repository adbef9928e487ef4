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

/* A text in `texts`. */
struct text {
	uint32_t at;
	uint32_t len;
};

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

/* One keyword of a subschema, or a part of one. */
struct rule {
	uint8_t op;
	uint8_t keyword; /* enum keyword_id that it came from */
	uint16_t reserved;
	uint32_t a, b, c;
};

/* HAS_UNEVALUATED: it has unevaluatedItems or unevaluatedProperties. COVERS: it, or a subschema
 * that it applies to the same value, may evaluate members or items (2020-12 core, section 11). */
enum subschema_flag {
	SUBSCHEMA_HAS_UNEVALUATED = 1 << 0,
	SUBSCHEMA_COVERS = 1 << 1,
};

/* A subschema: its rules are neighbours, and all of them must hold. */
struct subschema {
	uint32_t first_rule;
	uint32_t rules;
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

/* A key of patternProperties, and its subschema. */
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

/* A value in the schema. The items of an array and the members of an object are neighbours, `first`
 * being the first of them. */
struct constant {
	uint8_t kind;  /* enum tree_kind */
	uint8_t flags; /* enum tree_flag */
	uint16_t reserved;
	uint32_t count; /* of items or members */
	struct text text;
	struct name key; /* of a member */
	union {
		bool truth;
		int64_t integer;
		double real;
		uint64_t hash;
		uint32_t first;
	} as;
};

struct pattern_entry {
	struct text source;
};

struct format_entry {
	struct text name;
};

/* The arrays of a program. One list, so that all are counted, copied and placed by the same
 * code. */
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

/* Does not own the arrays. */
struct program {
#define X(type, name)     \
	const type *name; \
	uint32_t name##_count;
	PROGRAM_ARRAYS(X)
#undef X
	uint32_t root_block;
	bool has_dynamic_scope;
};

static inline struct slice program_text(const struct program *p, struct text t)
{
	return slice_make(p->texts + t.at, t.len);
}
