/*
 * The value tree. JSON and YAML are read into it; merging, validating and writing work on it.
 *
 * A tree is flat: an object is one array of members and an array is one array of nodes, all in an
 * arena. Every node knows the place where it was read, every key and string its hash, every number
 * its own text, so that nothing is lost between reading and writing. A tree never changes after it
 * was read or built; any number of threads may read it.
 *
 * The readers bound depth, nodes and bytes (doc/limits.h), so a recursion over a tree that was read
 * is bounded by DOC_DEPTH_MAX.
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
	/* `as.integer` is the exact value; else `as.real` is the nearest double. */
	TREE_FITS_INT64 = 1 << 1,
	TREE_IS_SECRET = 1 << 2, /* the value is a secret or contains one */
	TREE_IS_OPAQUE = 1 << 3, /* a secret that may not be read: only its kind is known */
};

struct tree_member;

/* 32 bytes. */
struct tree_node {
	uint8_t kind;	 /* enum tree_kind */
	uint8_t flags;	 /* enum tree_flag */
	uint16_t source; /* its document: an index of the tree's user; 0 from readers */
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
		/* Object of more than TREE_INDEX_MIN members: positions sorted by (hash, key). */
		const uint32_t *index;
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

/* Objects of more members have an index; smaller ones are searched by a scan of the hashes. */
#define TREE_INDEX_MIN 16

/* An arena and the value in it. The arena is wiped when it is cleared if the tree was made with
 * `is_secret`. */
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

/* Frees the tree; `t` may be used again. */
void tree_clear(struct tree *t);

/* The text of a string or a number, borrowed. Other kinds have none. */
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

/* For the inline functions below: finds a member of an object with more than TREE_INDEX_MIN
 * members. */
const struct tree_member *tree_find_indexed(const struct tree_node *object, struct slice key,
					    uint64_t hash);

/* The member, or NULL; also NULL when `object` is NULL or no object. Compares at most log2(members)
 * + 16 hashes, even when keys were chosen to collide. Inline, because the schema engine calls it
 * most. */
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

/* Like tree_get_member(), but returns the value. */
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

/* Like tree_get(), for a string literal. */
#define TREE_GET(object, literal) tree_get((object), SLICE_LITERAL(literal))

/* Equality as in JSON Schema 2020-12 core, section 4.2.2: numbers by value, in any notation and of
 * any size; members in any order. A node flagged TREE_IS_OPAQUE equals only itself. */
bool tree_is_equal(const struct tree_node *a, const struct tree_node *b);

/* Trees that are equal have the same hash. */
uint64_t tree_hash(const struct tree_node *n);

/* Building. Each fills `*ret` (place and flags zero unless said otherwise). Memory that `*ret`
 * points to must live in the arena `a` or outlive it; the _copy functions copy it first and return
 * false without memory. */
void tree_set_null(struct tree_node *ret);
void tree_set_bool(struct tree_node *ret, bool truth);
void tree_set_string(struct tree_node *ret, struct slice text); /* NUL-terminated by the caller */
bool tree_copy_string(struct tree_node *ret, struct arena *a, struct slice text);
bool tree_copy_integer(struct tree_node *ret, struct arena *a, int64_t value);

/* The longest number, which bounds the exact computations (number.c). */
#define NUMBER_BYTES_MAX 1100

/* A number from its JSON text (RFC 8259 section 6; NUL-terminated; the caller has checked the
 * syntax). Keeps the text and sets flags and value. False for a text over NUMBER_BYTES_MAX and for
 * an exponent of more than 9 digits. */
bool tree_set_number(struct tree_node *ret, struct slice text);

/* Arrays and objects from items that live in the arena. tree_set_object() computes hashes that are
 * 0, builds the index and finds duplicate keys: E_INVALID with the place of the second one and the
 * name of the key. E_LIMIT when the bound of the arena is reached, else E_MEMORY. */
void tree_set_array(struct tree_node *ret, const struct tree_node *items, uint32_t count);
MUST_USE enum result tree_set_object(struct tree_node *ret, struct arena *a,
				     struct tree_member *members, uint32_t count,
				     struct error *err);

/* A deep copy into `a` with places, sources and flags. E_LIMIT, E_MEMORY as above. */
MUST_USE enum result tree_copy(struct tree_node *ret, struct arena *a, const struct tree_node *from,
			       struct error *err);

/* Numbers are compared exactly, in any size: as decimals where a double would round. <0, 0, >0. */
int number_compare(const struct tree_node *a, const struct tree_node *b);
/* Equal numbers have the same hash. It is not made of the nearest double alone: very many numbers
 * share one double. */
uint64_t number_hash(const struct tree_node *n);
/* Whether `n` is an integer multiple of `step` (> 0), computed exactly in decimals. */
bool number_is_multiple(const struct tree_node *n, const struct tree_node *step);
/* The nearest double, also of a number that fits an int64. */
double number_real(const struct tree_node *n);
