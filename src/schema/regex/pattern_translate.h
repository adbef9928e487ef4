/* Writes the tree of an ECMA-262 expression in PCRE2's syntax (10.42), with the same meaning. */
#pragma once

#include "base/buf.h"
#include "schema/regex/pattern_tree.h"

#include <pcre2.h>

/* The options to compile the result with. */
#define PATTERN_COMPILE_OPTIONS                                                         \
	(PCRE2_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY | \
	 PCRE2_MATCH_UNSET_BACKREF)

/*
 * The number of a callout is its price. A number below CALLOUT_LOG is the number of steps that the
 * next part, or each character read since the last callout, costs more than a plain character. A
 * number above it, less CALLOUT_LOG, is the binary logarithm of the steps that the next part may
 * take without another callout.
 */
#define CALLOUT_LOG  200
#define CALLOUT_REST 255 /* the next part may read all of the rest of the text */

/* Appends the expression with callouts to `ret`. PCRE2 meets one between any two of its operations,
 * except between a few cheap ones, so that the callouts can count the work. E_INVALID for a repeat
 * of over 65,535 times, which PCRE2 refuses; E_MEMORY. */
MUST_USE enum result pattern_translate(struct buf *ret, const struct pattern_tree *tree,
				       struct error *err);
