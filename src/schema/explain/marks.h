/*
 * The members or items of one instance value that have been evaluated (2020-12 core, section 11):
 * `sure` ones, and `maybe` ones where an opaque value decides. unevaluatedProperties and
 * unevaluatedItems apply to those without a mark.
 *
 * A mark is a bit at the position of the member or item. A position may have both marks; `sure`
 * then counts. The users check positions; these functions do not.
 */
#pragma once

#include "base/memory.h"
#include "doc/tree.h"

#include <stdbool.h>
#include <stdint.h>

/* Marks must not be copied or moved after marks_init(), because the pointers may lead into
 * `inside`. */
struct marks {
	uint64_t inside[2]; /* `sure` and `maybe` point to it for up to 63 members */
	uint64_t *sure;
	uint64_t *maybe;
	/* Of 64 bits, in each of the two sets. */
	uint32_t words;
};

/* Needs no marks_clear(). */
#define MARKS_NULL ((struct marks){{0, 0}, NULL, NULL, 0})

/* For `count` members or items, none of them marked. Clear with marks_clear(). False without
 * memory; marks_clear() is allowed then too. */
bool marks_init(struct marks *m, uint32_t count);
void marks_clear(struct marks *m);
/* Adds the marks of a subschema; without `is_sure` all become maybe. Both are for the same
 * value. */
void marks_merge(struct marks *to, const struct marks *from, bool is_sure);
/* Marks as sure also the bits behind the last member, which nothing reads. */
void marks_set_all(struct marks *m);

/* The position of a member, from the address of its value, which must be the value in the object's
 * list of members and not a copy. */
static inline uint32_t marks_position(const struct tree_node *object, const struct tree_node *value)
{
	const struct tree_member *member =
		(const struct tree_member *)((const char *)value -
					     offsetof(struct tree_member, value));

	return (uint32_t)(member - object->of.members);
}

/* Marks a member or item; without `is_sure` as maybe. */
static inline void marks_set(struct marks *m, uint32_t at, bool is_sure)
{
	(is_sure ? m->sure : m->maybe)[at / 64] |= UINT64_C(1) << at % 64;
}

/* Without doubt. */
static inline bool marks_has(const struct marks *m, uint32_t at)
{
	return (m->sure[at / 64] >> at % 64 & 1) != 0;
}

static inline bool marks_has_maybe(const struct marks *m, uint32_t at)
{
	return (m->maybe[at / 64] >> at % 64 & 1) != 0;
}
