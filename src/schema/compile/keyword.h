/* Every keyword of both drafts: where its subschemas are, which vocabulary it belongs to, how it is compiled. */
#pragma once

#include "base/result.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

/* What makes two schemas with the same text mean different things: the draft, and the vocabularies in force. */
enum vocabulary {
	VOCABULARY_CORE = 1 << 0,
	VOCABULARY_APPLICATOR = 1 << 1,
	VOCABULARY_UNEVALUATED = 1 << 2,
	VOCABULARY_VALIDATION = 1 << 3,
	VOCABULARY_META_DATA = 1 << 4,
	VOCABULARY_FORMAT_ANNOTATION = 1 << 5,
	VOCABULARY_FORMAT_ASSERTION = 1 << 6,
	VOCABULARY_CONTENT = 1 << 7,
	VOCABULARY_REEVE = 1 << 8, /* x-secret, x-reload: always in force */
};

#define VOCABULARIES_FORMAT (VOCABULARY_FORMAT_ANNOTATION | VOCABULARY_FORMAT_ASSERTION)
#define VOCABULARIES_2020_12                                                           \
	(VOCABULARY_CORE | VOCABULARY_APPLICATOR | VOCABULARY_UNEVALUATED |            \
	 VOCABULARY_VALIDATION | VOCABULARY_META_DATA | VOCABULARY_FORMAT_ANNOTATION | \
	 VOCABULARY_CONTENT | VOCABULARY_REEVE)

enum draft_bit { IN_2020_12 = 1, IN_7 = 2, IN_BOTH = 3 };

/* Where a keyword's value holds schemas. */
enum keyword_shape {
	SHAPE_NONE,
	SHAPE_SCHEMA,
	SHAPE_LIST,
	SHAPE_MAP,
	SHAPE_SCHEMA_OR_LIST, /* draft 7's items */
	SHAPE_MAP_OR_NAMES,   /* dependencies: a schema or a list of names per key */
};

struct compiler;
struct compile_place;
struct tree_node;

enum keyword_id {
#define KEYWORD(id, name, drafts, vocabulary, shape, compile) KEYWORD_##id,
#include "schema/compile/keyword.def"
#undef KEYWORD
	KEYWORDS,
};

struct keyword {
	const char *name;
	uint8_t drafts; /* enum draft_bit */
	uint8_t shape;	/* enum keyword_shape */
	uint16_t vocabulary;
	/* Appends the keyword's rules; NULL for what asserts nothing. Only memory and bounds fail; what is wrong
	 * with the schema goes to compile_refuse(). */
	enum result (*compile)(struct compiler *c, const struct compile_place *at,
			       const struct tree_node *value);
};

extern const struct keyword keywords[KEYWORDS];

/* The keyword of that name in the draft, or KEYWORDS. */
enum keyword_id keyword_find(struct slice name, enum draft_bit draft);

/* The keyword nearest to a mistyped one, or SLICE_NULL. */
struct slice keyword_nearest(struct slice name, enum draft_bit draft);
