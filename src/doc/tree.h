/*
 * The value tree: what JSON and YAML are read into, merged, validated and written from.
 *
 * A tree is flat: an object is one array of members, an array one array of nodes, all in an arena. Every
 * node knows the place it was read from, every key and string its hash, every number its own text, so
 * that nothing is lost between reading and writing. Once read a tree is never changed; any number of
 * threads may read it.
 *
 * Bounds are the readers': depth, nodes and bytes (struct doc_limits), so recursion over a tree that
 * came from a reader is bounded by DOC_DEPTH_MAX.
 */
#pragma once

#include "base/arena.h"
#include "base/result.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum tree_kind {
	TREE_NULL,
	TREE_BOOL,
	TREE_NUMBER,
	TREE_STRING,
	TREE_ARRAY,
	TREE_OBJECT,
};

enum tree_flag {
	TREE_IS_INTEGER = 1 << 0, /* a number without a fraction: 1, 1.0, 1e3, of any size */
	TREE_FITS_INT64 =
		1 << 1, /* `as.integer` holds it exactly; else `as.real` the nearest double */
	TREE_IS_SECRET = 1 << 2, /* stands for a value of a secret, in whole or in part */
	TREE_IS_OPAQUE =
		1 << 3, /* only its kind is known here: a secret that may not be looked at */
};

struct tree_member;

/* 32 bytes. */
struct tree_node {
	uint8_t kind;  /* enum tree_kind */
	uint8_t flags; /* enum tree_flag */
	uint16_t
		source; /* which document it came from: an index of the tree's user's, 0 from readers */
	uint32_t count;	 /* items, members, or bytes of a string or of a number's text */
	uint32_t line;	 /* from 1; 0 when made, not read */
	uint32_t column; /* from 1, in code points */
	union {
		const char *text;	       /* string, number: NUL-terminated, may hold NULs */
		const struct tree_node *items; /* array */
		const struct tree_member *members; /* object, in the order read */
		bool truth;
	} of;
	union {
		uint64_t hash;	 /* string: slice_hash() of it */
		int64_t integer; /* number with TREE_FITS_INT64 */
		double real;	 /* other numbers; infinite when beyond a double */
		const uint32_t
			*index; /* object over TREE_INDEX_MIN members: positions by (hash, key) */
	} as;
};

/* 64 bytes: a key and its value side by side. */
struct tree_member {
	const char *key; /* NUL-terminated, may hold NULs */
	uint64_t hash;	 /* slice_hash() of it */
	uint32_t key_len;
	uint32_t line; /* of the key */
	uint32_t column;
	uint32_t reserved;
	struct tree_node value;
};

#define TREE_INDEX_MIN 16

/* An arena and the value in it. Wiped on clear when made with `is_secret`. */
struct tree {
	struct arena arena;
	struct tree_node root;
};

#define TREE_INIT(arena_bytes_max, is_secret_)           \
	{                                                \
		ARENA_INIT(arena_bytes_max, is_secret_), \
		{                                        \
			0                                \
		}                                        \
	}

void tree_clear(struct tree *t);

static inline struct slice tree_text(const struct tree_node *n)
{
	return (struct slice){n->of.text, n->count};
}

static inline struct slice tree_key(const struct tree_member *m)
{
	return (struct slice){m->key, m->key_len};
}

static inline bool tree_is_text(const struct tree_node *n, const char *text)
{
	return n->kind == TREE_STRING && slice_is_text(tree_text(n), text);
}

/* "null", "boolean", "number", "string", "array", "object". */
const char *tree_kind_name(enum tree_kind kind);

/* For the inline functions below: the member of an object over TREE_INDEX_MIN. */
const struct tree_member *tree_find_indexed(const struct tree_node *object, struct slice key,
					    uint64_t hash);

/* The member or NULL; NULL also for what is no object, or NULL. At most log2(members) + 16 compares of
 * hashes, also when keys were chosen to collide. Inline, for it is the schema engine's hot call. */
static inline const struct tree_member *tree_get_member_hashed(const struct tree_node *object,
							       struct slice key, uint64_t hash)
{
	if (object == NULL || object->kind != TREE_OBJECT)
		return NULL;
	if (object->count > TREE_INDEX_MIN)
		return tree_find_indexed(object, key, hash);
	for (uint32_t i = 0; i < object->count; i++) {
		const struct tree_member *m = &object->of.members[i];

		if (m->hash == hash && slice_is_equal(tree_key(m), key))
			return m;
	}
	return NULL;
}

static inline const struct tree_member *tree_get_member(const struct tree_node *object,
							struct slice key)
{
	return tree_get_member_hashed(object, key, slice_hash(key));
}

/* As tree_get_member(), the value. */
static inline const struct tree_node *tree_get_hashed(const struct tree_node *object,
						      struct slice key, uint64_t hash)
{
	const struct tree_member *m = tree_get_member_hashed(object, key, hash);

	return m != NULL ? &m->value : NULL;
}

static inline const struct tree_node *tree_get(const struct tree_node *object, struct slice key)
{
	return tree_get_hashed(object, key, slice_hash(key));
}

/* As tree_get(), for a string literal. */
#define TREE_GET(object, literal) tree_get((object), SLICE_LITERAL(literal))

/* JSON equality (JSON Schema 2020-12 core, section 4.2.2): numbers by value, however written and
 * however large; members in any order. A node flagged TREE_IS_OPAQUE equals only itself. */
bool tree_is_equal(const struct tree_node *a, const struct tree_node *b);

/* Consistent with tree_is_equal(). */
uint64_t tree_hash(const struct tree_node *n);

/* Building. Each fills `*ret` (place and flags zero unless said) from `a`; false without memory.
 * What is pointed to must live in `a` or outlive it; the _copy forms copy first. */
void tree_set_null(struct tree_node *ret);
void tree_set_bool(struct tree_node *ret, bool truth);
void tree_set_string(struct tree_node *ret, struct slice text); /* NUL-terminated by the caller */
bool tree_copy_string(struct tree_node *ret, struct arena *a, struct slice text);
bool tree_copy_integer(struct tree_node *ret, struct arena *a, int64_t value);

#define NUMBER_BYTES_MAX 1100

/* A number from its JSON text (RFC 8259 section 6, checked by the caller, NUL-terminated); keeps the
 * text, sets flags and value. Bounded: a text over NUMBER_BYTES_MAX or with an exponent beyond 9 digits
 * is false. */
bool tree_set_number(struct tree_node *ret, struct slice text);

/* Arrays and objects from items that live in the arena. tree_set_object() hashes the keys where
 * `hash` is 0, builds the index, and finds duplicates: E_INVALID, with the place of the second and the
 * key's name. E_LIMIT when the arena's bound is used up, else E_MEMORY. */
void tree_set_array(struct tree_node *ret, const struct tree_node *items, uint32_t count);
MUST_USE enum result tree_set_object(struct tree_node *ret, struct arena *a,
				     struct tree_member *members, uint32_t count,
				     struct error *err);

/* A deep copy into `a`, places, sources and flags kept. E_LIMIT, E_MEMORY as above. */
MUST_USE enum result tree_copy(struct tree_node *ret, struct arena *a, const struct tree_node *from,
			       struct error *err);

/* Numbers. Exact for every size: compared as decimals where a double would round. */
int number_compare(const struct tree_node *a, const struct tree_node *b);
/* Consistent with number_compare(). Not of the nearest double alone, for there are more numbers of one
 * double, and beyond all doubles, than a table of hashes could bear. */
uint64_t number_hash(const struct tree_node *n);
/* Whether `n` is an integer multiple of `step` (> 0), exactly as decimals. */
bool number_is_multiple(const struct tree_node *n, const struct tree_node *step);
/* Nearest double, also of what fits an int64. */
double number_real(const struct tree_node *n);
