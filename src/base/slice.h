/*
 * A borrowed sequence of bytes: never freed, never written to, valid as long as the memory that it
 * points into. Not NUL-terminated unless the function that returns it says so.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* `data` may be NULL when `len` is 0. May hold NULs and bytes that are not UTF-8. */
struct slice {
	const char *data;
	size_t len;
};

/* SLICE_LITERAL takes string literals only: the "" before its argument makes anything else an
 * error. */
#define SLICE_NULL	 ((struct slice){NULL, 0})
#define SLICE_LITERAL(s) ((struct slice){"" s, sizeof(s) - 1})
/* The same for an initializer of a static table. */
#define SLICE_INIT(s)               \
	{                           \
		"" s, sizeof(s) - 1 \
	}
/* For printf: "%.*s", SLICE_ARGS(s). The length must be below INT_MAX, which holds for every text
 * within the bounds of documents and requests. */
#define SLICE_ARGS(s) (int)(s).len, (s).data

/* Borrows `len` bytes at `data`. */
static inline struct slice slice_make(const char *data, size_t len)
{
	return (struct slice){data, len};
}

/* Borrows a NUL-terminated text, without its NUL. NULL gives an empty slice with NULL. */
static inline struct slice slice_text(const char *text)
{
	return (struct slice){text, text != NULL ? strlen(text) : 0};
}

/* Not for secrets: its time depends on the content. */
static inline bool slice_is_equal(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* Compares with a NUL-terminated text. Not for secrets either. */
static inline bool slice_is_text(struct slice a, const char *text)
{
	return slice_is_equal(a, slice_text(text));
}

/* Every slice starts with an empty prefix. Bytes only: "/ab" starts with "/a", so code that
 * compares paths must also look at the next byte. */
static inline bool slice_starts_with(struct slice a, struct slice prefix)
{
	return a.len >= prefix.len &&
	       (prefix.len == 0 || memcmp(a.data, prefix.data, prefix.len) == 0);
}

/* The rest from `offset` on. An offset beyond the end gives an empty slice, so that a parser need
 * not compare first. */
static inline struct slice slice_from(struct slice a, size_t offset)
{
	return offset >= a.len ? (struct slice){a.data + a.len, 0}
			       : (struct slice){a.data + offset, a.len - offset};
}

/* At most the first `len` bytes. */
static inline struct slice slice_first(struct slice a, size_t len)
{
	return len >= a.len ? a : (struct slice){a.data, len};
}

/* <0, 0, >0: by bytes as unsigned numbers; a prefix comes before the longer text. */
int slice_compare(struct slice a, struct slice b);

/* Moves the text before the first `separator` from `*rest` to `*part`. False when `*rest` is used
 * up (its data is then NULL). "a//b" gives "a", "", "b"; "" gives one empty part; SLICE_NULL gives
 * no part. */
bool slice_next_part(struct slice *rest, char separator, struct slice *part);

/* Decimal digits only, no sign, no blank. False when empty, malformed or above `max`; `*ret` is
 * then untouched. */
bool slice_to_u64(struct slice s, uint64_t max, uint64_t *ret);

/* For hash_bytes(), for more than 16 bytes. */
uint64_t hash_long_bytes(const void *data, size_t len);

/* Multiply-and-fold: the high half of a 128-bit product carries what the low half lost. */
static inline uint64_t hash_fold(uint64_t a, uint64_t b)
{
	__extension__ typedef unsigned __int128 u128;
	u128 product = (u128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* An unkeyed 64-bit hash for tables whose worst case is bounded in another way (a sorted index, a
 * limit on probes). The same input gives the same hash in every process. Not for security. Inline
 * because most keys are short: their first and last bytes are read as two overlapping words. */
static inline uint64_t hash_bytes(const void *data, size_t len)
{
	const unsigned char *p = (const unsigned char *)data;
	uint64_t head = 0, tail = 0;
	uint32_t word;

	if (len > 16)
		return hash_long_bytes(data, len);
	if (len >= 8) {
		memcpy(&head, p, 8);
		memcpy(&tail, p + len - 8, 8);
	} else if (len >= 4) {
		memcpy(&word, p, 4);
		head = word;
		memcpy(&word, p + len - 4, 4);
		tail = word;
	} else if (len != 0) {
		head = (uint64_t)p[0] << 16 | (uint64_t)p[len / 2] << 8 | p[len - 1];
	}
	head = hash_fold(head ^ UINT64_C(0xd6e8feb86659fd93), tail ^ UINT64_C(0x9e3779b97f4a7c15));
	return hash_fold(head ^ len, UINT64_C(0xa0761d6478bd642f));
}

/* hash_bytes() of the content. Equal slices have equal hashes; tables must compare the bytes
 * too. */
static inline uint64_t slice_hash(struct slice s)
{
	return hash_bytes(s.data, s.len);
}
