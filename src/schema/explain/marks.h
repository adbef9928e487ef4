/*
 * The members or items of one instance value that have been evaluated (2020-12 core, section 11):
 * `sure` ones, and `maybe` ones where an opaque value decides.
 */
#pragma once

#include "base/memory.h"
#include "doc/tree.h"

#include <stdbool.h>
#include <stdint.h>

struct marks {
	uint64_t inside[2]; /* `sure` and `maybe` point to it for up to 64 members */
	uint64_t *sure;
	uint64_t *maybe;
	uint32_t words;
};

/* Needs no marks_clear(). */
#define MARKS_NULL ((struct marks){{0, 0}, NULL, NULL, 0})

/* For `count` members or items, none of them marked. False without memory. */
bool marks_init(struct marks *m, uint32_t count);
void marks_clear(struct marks *m);
/* Adds the marks of a subschema; without `is_sure` all become maybe. Both are for the same
 * value. */
void marks_merge(struct marks *to, const struct marks *from, bool is_sure);
void marks_set_all(struct marks *m);

/* The position of a member, from the address of its value. */
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

static inline bool marks_has(const struct marks *m, uint32_t at)
{
	return (m->sure[at / 64] >> at % 64 & 1) != 0;
}

static inline bool marks_has_maybe(const struct marks *m, uint32_t at)
{
	return (m->maybe[at / 64] >> at % 64 & 1) != 0;
}
