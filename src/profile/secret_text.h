/*
 * Strings that hold references to secrets, in parts, so that what a reveal puts in never depends on reading
 * the string again: a literal `${` in it stays one. Private to profile_*.c.
 */
#pragma once

#include "base/buf.h"
#include "profile/profile.h"

struct secret_part {
	struct slice literal; /* of a part that is no secret */
	size_t at;	      /* where a literal begins in the string that it was made for */
	bool is_secret;
	bool has_default;
	struct slice path; /* "secrets/orders/warehouse" */
	struct slice key;  /* empty: the whole object */
	uint64_t version;
	struct tree_node fallback;		 /* a scalar, with has_default */
	const struct secret_text *fallback_text; /* of a default that holds secrets itself */
};

/* Lives in the effective configuration's arena. */
struct secret_text {
	const char *text; /* as the string stands in the tree: tells strings apart by address */
	const struct secret_part *parts;
	uint32_t count;
	uint32_t refs_count; /* secrets in it, those in defaults included */
	const struct secret_text *next;
};

/* A string of the effective configuration that holds secrets. In document order. */
struct secret_use {
	const struct secret_text *text;
	uint32_t first; /* its first entry of effective.secrets */
};

static inline bool secret_text_is_whole(const struct secret_text *t)
{
	return t->count == 1 && t->parts[0].is_secret;
}

/* Appends a scalar as it reads inside other text. False for null, maps and lists, which cannot stand there. */
bool scalar_append(struct buf *ret, const struct tree_node *n);
