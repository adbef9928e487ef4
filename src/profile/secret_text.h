/*
 * Strings with references to secrets, as a list of their parts. Private to this folder.
 *
 * The parts are kept because a reveal must not parse the string again: a `${` that was written as
 * `$${`, or that comes from a value, would look like a reference.
 */
#pragma once

#include "base/buf.h"
#include "profile/profile.h"

/* A literal or one reference to a secret. The fields from `has_default` on are those of a
 * secret. */
struct secret_part {
	struct slice literal; /* when it is no secret */
	size_t at;	      /* the offset of the literal in its string */
	bool is_secret;
	bool has_default;
	struct slice path; /* "secrets/orders/warehouse" */
	struct slice key;  /* empty: the whole object */
	uint64_t version;
	struct tree_node fallback;		 /* a scalar, with has_default */
	const struct secret_text *fallback_text; /* of a default that holds secrets itself */
};

/* Lives in the arena of the effective configuration. */
struct secret_text {
	const char *text; /* the text of the node in the tree; its address identifies the string */
	const struct secret_part *parts;
	uint32_t count;
	uint32_t refs_count; /* secrets, with those in defaults */
	const struct secret_text *next;
};

/* One string of the effective configuration with references to secrets. In document order. */
struct secret_use {
	const struct secret_text *text;
	uint32_t first; /* its first entry of effective.secrets */
};

static inline bool secret_text_is_whole(const struct secret_text *t)
{
	return t->count == 1 && t->parts[0].is_secret;
}

/* Appends a scalar as text inside a string. False for null, maps and lists, which cannot be part of
 * a string. */
bool scalar_append(struct buf *ret, const struct tree_node *n);
