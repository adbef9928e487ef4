/*
 * Reads an ECMA-262 regular expression (section 22.2.1) as with the `u` flag: characters are code
 * points, \p{…} is known.
 *
 * The `u` flag refuses some forms that ECMA-262 allows without it and that people write (Annex
 * B.1.2): "\-" or "\_" for the character itself, a lone "]", "}" or "{", a class such as [\w-.].
 * These are read as Annex B reads them. Syntax that only other dialects know is refused.
 */
#pragma once

#include "base/result.h"
#include "base/slice.h"
#include "schema/regex/pattern_tree.h"

/* The tree lives in `a`. `ecma` is valid UTF-8 of at most PATTERN_BYTES_MAX bytes and must outlive
 * the tree. E_INVALID with the offset and the reason; E_LIMIT for too many groups or groups nested
 * too deep; E_MEMORY. */
MUST_USE enum result pattern_parse(struct pattern_tree *ret, struct arena *a, struct slice ecma,
				   struct error *err);
