/* The tree of an ECMA-262 expression written so that PCRE2 10.42 means the same by it. */
#pragma once

#include "base/buf.h"
#include "schema/regex/pattern_parse.h"

#include <pcre2.h>

/* What the text is to be compiled with. */
#define PATTERN_COMPILE_OPTIONS                                                         \
	(PCRE2_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY | \
	 PCRE2_MATCH_UNSET_BACKREF)

/*
 * The number of a callout says what it costs: below this how much dearer than a letter, in steps, what comes next is, or a
 * character of what was read; above it the binary logarithm of steps, which what comes next may take unseen.
 */
#define CALLOUT_LOG  200
#define CALLOUT_REST 255 /* up to all of the text that is left may be read */

/* Appends to `ret`, with callouts, of which one is met between any two things that PCRE2 does, but for what one reads in the
 * time of a few. E_INVALID for a repeat beyond PCRE2's 65,535, E_MEMORY. */
MUST_USE enum result pattern_translate(struct buf *ret, const struct pattern_tree *tree,
				       struct error *err);
