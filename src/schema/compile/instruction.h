/*
 * The instructions of the fast pass. They are made from the rules; one instruction checks several
 * keywords for an object, an array or a number. A block is a set of types, of which the value must
 * have one, and a sequence of instructions that must all hold.
 *
 * Example: {"type": "integer", "minimum": 1, "maximum": 9} becomes a block with the mask
 * TYPE_INTEGER and one OPERATION_RANGE with x = 1 and y = 9. The keyword `type` needs no
 * instruction.
 *
 * All structs hold positions in the arrays of the program (program.h), never pointers. Reserved
 * fields are 0; they fill the gaps that the compiler would leave.
 */
#pragma once

#include <stdint.h>

/* The kinds of instructions and their operands. An instruction holds for values of kinds that its
 * keywords are not about. */
enum operation {
	OPERATION_SECRET,
	OPERATION_OBJECT, /* a: object plan */
	OPERATION_ARRAY,  /* a: array plan */
	OPERATION_LENGTH, /* a: at least, b: at most */
	/* Both bounds of numbers at once. */
	OPERATION_RANGE,    /* x, y: least and most int64; a, b: rules for other numbers or NONE */
	OPERATION_BOUND,    /* a: rule */
	OPERATION_MULTIPLE, /* a: constant */
	/* This and the next two are for const and enum with strings only, OPERATION_ENUM for
	 * others. */
	OPERATION_TEXT,		      /* a, b: text; x: hash */
	OPERATION_TEXTS,	      /* a: first constant, b: count */
	OPERATION_TEXT_TABLE,	      /* a: first slot, b: mask; slots hold constants */
	OPERATION_ENUM,		      /* a: first constant, b: count */
	OPERATION_PATTERN,	      /* a: pattern */
	OPERATION_FORMAT,	      /* a: format */
	OPERATION_DEPENDENT_REQUIRED, /* a: rule */
	OPERATION_DEPENDENT_SCHEMA,   /* a: property, b: block */
	OPERATION_UNIQUE,
	OPERATION_CONTAINS, /* a: block, b: at least, c: at most */
	OPERATION_CALL,	    /* a: block */
	OPERATION_ANY_OF,   /* a: first target, b: count */
	OPERATION_ONE_OF,
	/* anyOf or oneOf, where a tag selects the branch. */
	OPERATION_TAGGED,      /* a: tag plan */
	OPERATION_NOT,	       /* a: block */
	OPERATION_IF,	       /* a, b, c: blocks */
	OPERATION_UNEVALUATED, /* a: subschema, whose other rules are known to hold */
};

/* 32 bytes, so that two share a cache line. `x` and `y` hold what does not fit 32 bits. */
struct instruction {
	uint8_t operation;
	uint8_t reserved[3];
	uint32_t a, b, c;
	union {
		int64_t integer;
		uint64_t hash;
	} x, y;
};

/* A type that is not in `mask` fails the block without running an instruction. `end` is the
 * position after the last instruction; where it equals `start` the types decide alone. */
struct block {
	uint32_t start, end;
	uint32_t mask; /* enum type_bit set */
};

/* A key of an object plan. It includes the start and end of its block, so that most keys need one
 * cache line. */
struct entry {
	uint64_t hash;
	/* The key; a position in `texts`. */
	uint32_t text;
	uint32_t len;
	/* Copied from the block, as `mask` is; 0 where `block` is NONE or BLOCK_NEVER. */
	uint32_t start, end;
	uint32_t block;
	uint8_t mask;
	uint8_t is_required;
	uint8_t accepts_any; /* any value is valid */
	uint8_t is_unlisted; /* required, but not in `properties` */
};

/* In place of the number of a block: no value is valid. NONE: every value is. Both are the largest
 * numbers, so that one comparison finds either. */
#define BLOCK_NEVER (UINT32_MAX - 1)

/* All rules about the members of an object. Entries are the keys of properties and required.
 *
 * `entry` is the first of `entries` neighbours, `pattern` the first of `patterns`. `required` is
 * the number of different required keys; the loop over members counts those that it meets. `least`
 * and `most` are minProperties and maxProperties, 0 and UINT32_MAX where they are absent. */
struct object_plan {
	uint32_t slot, slot_mask; /* in `slots`: positions of entries by hash */
	uint32_t entry, entries;
	uint32_t required;
	uint32_t least, most;
	uint32_t additional;	    /* block; NONE: anything, BLOCK_NEVER: nothing */
	uint32_t pattern, patterns; /* pattern properties */
	uint32_t pattern_target;    /* target of the first; the others follow */
	uint32_t names;		    /* block for keys, or NONE */
	uint32_t price;		    /* of comparing its keys beyond KEY_BYTES_FREE, in steps */
};

/* All rules about the items of an array, except contains, uniqueItems and unevaluatedItems. `least`
 * and `most` are minItems and maxItems; `prefix` is the first of `prefixes` targets, one for each
 * item of prefixItems. `items` is for the items after these. */
struct array_plan {
	uint32_t least, most;
	uint32_t prefix, prefixes; /* targets */
	uint32_t items;		   /* block; NONE: anything, BLOCK_NEVER: nothing */
	uint32_t reserved;
};

/* Branches of anyOf or oneOf that differ in the constant of one key, a tag. Instead of every
 * branch, only the one with the tag of the value is tried, and those without a tag.
 *
 * Example: {"oneOf": [{"properties": {"kind": {"const": "jdbc"}}}, {"properties": {"kind":
 * {"const": "file"}}}]} has the key "kind" and two tags. Without `is_required` a value that lacks
 * the key is compared with all branches. */
struct tag_plan {
	uint64_t hash; /* of the key */
	uint32_t text, len;
	uint32_t slot, slot_mask; /* in `slots`: positions of tags by the hash of their value */
	uint32_t others, others_count; /* targets: branches without such a constant */
	uint32_t all, all_count;       /* targets: every branch */
	uint8_t is_required;	       /* every tagged branch requires the key */
	uint8_t is_one;		       /* oneOf */
	uint8_t reserved[6];
};

/* One constant of a tag's key, and the block of its branch. `hash` is constant_tag_hash(). */
struct tag {
	uint64_t hash;
	uint32_t text, len; /* of a string */
	uint32_t block;
	uint32_t kind; /* enum tree_kind: a string, an int64 or a boolean */
};
