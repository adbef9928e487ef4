/*
 * Resolving references. Private to this folder: resolve.c, interpolate.c, interpolate_secret.c and
 * reference_target.c work on one struct resolver. They are one recursion: a node's value may need
 * that of another node.
 *
 * E_INVALID from any of these functions means that a problem was added to the report and that the
 * caller may go on to find others. Any other failure ends profile_resolve().
 */
#pragma once

#include "profile/merge.h"
#include "profile/reference_parse.h"
#include "profile/secret_text.h"

#define RESOLVE_DEPTH_MAX 256 /* references and containers inside one another */

/* One profile_resolve() under way, on one thread. */
struct resolver {
	struct merged_node config, vars;
	struct slice app, name;
	struct arena *scratch; /* freed at the end of profile_resolve() */
	struct arena *out;     /* of the effective configuration */
	struct profile_report report;
	struct merged_node
		*active[RESOLVE_DEPTH_MAX]; /* what is being resolved or followed, innermost last */
	uint32_t depth;
	size_t interpolated_bytes; /* of all strings that were put together */
	/* All strings with secrets that were made, the newest first; also those that are no value
	 * of the result themselves. */
	const struct secret_text *secrets;
	uint32_t secrets_count;
};

/* Puts the node on top of `active`, for messages, cycles and the bound on depth: E_LIMIT at
 * RESOLVE_DEPTH_MAX. resolver_leave() takes it off and must follow on every way out. */
MUST_USE enum result resolver_enter(struct resolver *r, struct merged_node *d);
void resolver_leave(struct resolver *r);

/* Adds a problem at the node that is being resolved; there must be one. The message must not hold a
 * value. */
MUST_USE enum result resolver_refuse(struct resolver *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The same, for a node that is reached again while it is being resolved. */
MUST_USE enum result resolver_refuse_cycle(struct resolver *r, const struct merged_node *again);

/* Sets d->value; d->state is then RESOLVE_DONE. */
MUST_USE enum result resolve_node(struct resolver *r, struct merged_node *d);

/* Sets d->text, the parsed string. A syntax error is reported once. */
MUST_USE enum result resolver_parse(struct resolver *r, struct merged_node *d);

/* The node that a reference to a key, a pointer or a variable leads to; NULL when there is none.
 * The node need not be resolved yet. */
MUST_USE enum result reference_target(struct resolver *r, struct merged_node **ret,
				      const struct ref_part *part);
/* Adds the problem that there is none. */
MUST_USE enum result refuse_missing(struct resolver *r, const struct ref_part *part);

/* The value of a text. A text that is only one reference takes the type of the value; any other is
 * a string. */
MUST_USE enum result resolve_text(struct resolver *r, struct resolved *ret,
				  const struct ref_text *text);
/* The value of one reference. Inside other text (not `is_whole`) a default without references is
 * taken as written. */
MUST_USE enum result resolve_part(struct resolver *r, struct resolved *ret,
				  const struct ref_part *part, bool is_whole);

/* The value of a reference to a secret: a string that is still a reference. */
MUST_USE enum result resolve_secret(struct resolver *r, struct resolved *ret,
				    const struct ref_part *part, bool is_whole);

/* The value of a default. `is_whole`: the reference is the whole string, so the default has a type
 * of its own. */
MUST_USE enum result resolve_fallback(struct resolver *r, struct resolved *ret,
				      const struct ref_text *text, bool is_whole);

/* Counts the bytes of strings that were put together. E_LIMIT over PROFILE_EFFECTIVE_BYTES_MAX in
 * one profile_resolve(). */
MUST_USE enum result resolver_charge(struct resolver *r, size_t bytes);

/* Makes a string node of the buffer, whose bytes resolver_charge() has counted. */
MUST_USE enum result resolver_take_string(struct resolver *r, struct resolved *ret,
					  const struct buf *text);
/* Adds the parts of a string with secrets; they are copied. */
MUST_USE enum result resolver_take_secret(struct resolver *r, struct resolved *ret,
					  const struct secret_part *parts, uint32_t count);
