/*
 * What a reader of documents accepts, and what it warns of. The bounds hold for one document; a
 * budget bounds the work of the whole request that the document belongs to.
 */
#pragma once

#include "base/budget.h"

#include <stddef.h>
#include <stdint.h>

/* The bounds of stored documents. Recursion over a tree relies on the depth, counters of 32 bits on
 * the bytes. */
#define DOC_DEPTH_MAX	  64
#define DOC_DEPTH_CEILING 512 /* no reader goes deeper, whatever its limits say */
#define DOC_NODES_MAX	  100000
#define DOC_BYTES_MAX	  (1024 * 1024)

/* The bounds for one call of a reader. Reaching one is E_TOO_LARGE (bytes) or E_LIMIT. */
struct doc_limits {
	size_t bytes_max;      /* of input */
	uint32_t depth_max;    /* containers inside one another; DOC_DEPTH_MAX for stored input */
	uint32_t nodes_max;    /* values in all */
	struct budget *budget; /* of the request that reads; NULL: the bounds above suffice */
};

#define DOC_LIMITS_DEFAULT ((struct doc_limits){DOC_BYTES_MAX, DOC_DEPTH_MAX, DOC_NODES_MAX, NULL})

#define DOC_WARNINGS_MAX 100 /* further ones are counted and dropped */

/* A place where another reader may understand the text differently. */
struct doc_warning {
	uint32_t line, column; /* from 1 */
	const char *text; /* never a value; static, or in the arena of the tree that was read */
};

/* The first warnings of one document, in its order; `dropped` counts the others. */
struct doc_warnings {
	struct doc_warning items[DOC_WARNINGS_MAX];
	uint32_t count;
	uint32_t dropped;
};
