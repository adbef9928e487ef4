/* Resolving references: what profile_resolve.c, profile_compose.c and profile_locate.c share. Private to profile_*.c. */
#pragma once

#include "profile/merge.h"
#include "profile/reference_parse.h"
#include "profile/secret_text.h"

#define RESOLVE_DEPTH_MAX 256 /* references and containers inside one another */

struct resolver {
	struct merged_node config, vars;
	struct slice app, name;
	struct arena *scratch; /* ends with the call */
	struct arena *out;     /* the effective configuration's */
	struct profile_report report;
	struct merged_node
		*active[RESOLVE_DEPTH_MAX]; /* what is being resolved or followed, innermost last */
	uint32_t depth;
	size_t interpolated_bytes; /* of all strings that were put together */
	const struct secret_text *secrets;
	uint32_t secrets_count;
};

/* Results of all these: E_INVALID says that a problem was added and that others may still be looked for; any other
 * failure ends the whole. */

MUST_USE enum result resolver_enter(struct resolver *r, struct merged_node *d);
void resolver_leave(struct resolver *r);

/* Adds a problem at the draft in hand. */
MUST_USE enum result resolver_refuse(struct resolver *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* For a draft that is reached again from within itself. */
MUST_USE enum result resolver_refuse_cycle(struct resolver *r, const struct merged_node *again);

/* d->value, once d->state is DRAFT_DONE. */
MUST_USE enum result resolve_node(struct resolver *r, struct merged_node *d);

/* d->text, the parsed string. A failure is noted once. */
MUST_USE enum result resolver_parse(struct resolver *r, struct merged_node *d);

/* The draft that a reference to a key, pointer or variable leads to; NULL where there is none. */
MUST_USE enum result reference_target(struct resolver *r, struct merged_node **ret,
				      const struct ref_part *part);
/* Adds the problem of one that is missing. */
MUST_USE enum result refuse_missing(struct resolver *r, const struct ref_part *part);

/* What a text comes to. A single reference takes the type of what it refers to, all else is a string. */
MUST_USE enum result resolve_text(struct resolver *r, struct resolved *ret,
				  const struct ref_text *text);
/* What one reference comes to; in other text (not `is_whole`) a literal default is taken as written. */
MUST_USE enum result resolve_part(struct resolver *r, struct resolved *ret,
				  const struct ref_part *part, bool is_whole);

/* A reference to a secret: a string that stays one. */
MUST_USE enum result resolve_secret(struct resolver *r, struct resolved *ret,
				    const struct ref_part *part, bool is_whole);

/* A default. */
MUST_USE enum result resolve_fallback(struct resolver *r, struct resolved *ret,
				      const struct ref_text *text, bool is_whole);

/* Counts bytes that were put together, as they are. E_LIMIT. */
MUST_USE enum result resolver_charge(struct resolver *r, size_t bytes);

/* Makes a string of a buffer whose bytes were charged. */
MUST_USE enum result resolver_take_string(struct resolver *r, struct resolved *ret,
					  const struct buf *text);
/* Makes its parts known; they are copied. */
MUST_USE enum result resolver_take_secret(struct resolver *r, struct resolved *ret,
					  const struct secret_part *parts, uint32_t count);
