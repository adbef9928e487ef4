/*
 * The dialect of a schema: its draft and the vocabularies in force (2020-12 core, section 8.1). Two
 * schemas with the same text mean different things in different dialects.
 */
#pragma once

#include <stdint.h>

/* The vocabularies of 2020-12, of which a metaschema may choose some. Draft 7 has all of them. */
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

/* `format` is a keyword where either of them is in force. */
#define VOCABULARIES_FORMAT (VOCABULARY_FORMAT_ANNOTATION | VOCABULARY_FORMAT_ASSERTION)
#define VOCABULARIES_2020_12                                                           \
	(VOCABULARY_CORE | VOCABULARY_APPLICATOR | VOCABULARY_UNEVALUATED |            \
	 VOCABULARY_VALIDATION | VOCABULARY_META_DATA | VOCABULARY_FORMAT_ANNOTATION | \
	 VOCABULARY_CONTENT | VOCABULARY_REEVE)

/* A keyword may belong to both drafts; a schema has one. */
enum draft_bit { IN_2020_12 = 1, IN_7 = 2, IN_BOTH = 3 };

/* A keyword outside `vocabularies` is ignored, as an unknown one is. */
struct dialect {
	enum draft_bit draft;
	uint16_t vocabularies; /* enum vocabulary set */
};
