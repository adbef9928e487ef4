/*
 * Every keyword of both drafts (keyword.def): its name, the drafts and the vocabulary that it
 * belongs to, and where its value holds subschemas. How a keyword is compiled stands in compile.c.
 */
#pragma once

#include "base/slice.h"
#include "schema/compile/dialect.h"

/* Where a keyword's value holds schemas. */
enum keyword_shape {
	/* A plain value, or one in which nothing is a schema: const, enum, required. */
	SHAPE_NONE,
	/* One schema: not, items. */
	SHAPE_SCHEMA,
	/* An array of schemas: allOf, prefixItems. */
	SHAPE_LIST,
	/* An object with a schema for each key: properties, $defs. */
	SHAPE_MAP,
	SHAPE_SCHEMA_OR_LIST, /* draft 7's items */
	SHAPE_MAP_OR_NAMES,   /* dependencies: a schema or a list of names per key */
};

/* The order is that of keyword.def, in which the keywords of a subschema are compiled and checked.
 * KEYWORDS is their number, and stands for no keyword. */
enum keyword_id {
#define KEYWORD(id, name, drafts, vocabulary, shape, compile) KEYWORD_##id,
#include "schema/compile/keyword.def"
#undef KEYWORD
	KEYWORDS,
};

/* A row of the table. Keywords that both drafts have under one name with different meanings have
 * two rows. */
struct keyword {
	const char *name;
	uint8_t drafts;	     /* enum draft_bit */
	uint8_t shape;	     /* enum keyword_shape */
	uint16_t vocabulary; /* enum vocabulary */
};

extern const struct keyword keywords[KEYWORDS]; /* by enum keyword_id */

/* The keyword of that name in the draft; KEYWORDS where there is none. Names are compared with
 * regard to case. */
enum keyword_id keyword_find(struct slice name, enum draft_bit draft);

/* The keyword whose name is the most similar to a mistyped one; SLICE_NULL where none is similar.
 * Borrowed from the table. Compares with every name, so the caller charges for it. */
struct slice keyword_nearest(struct slice name, enum draft_bit draft);
