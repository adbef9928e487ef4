/* URI references (RFC 3986): splitting and resolving. Only dot segments are normalised. */
#pragma once

#include "base/buf.h"
#include "base/slice.h"

/* The parts of a URI reference. A part may be present and empty, hence the flags. */
struct uri {
	struct slice scheme, authority, path, query, fragment;
	bool has_scheme, has_authority, has_query, has_fragment;
};

/* Splits any text into its five parts (RFC 3986, appendix B), which point into `text`. */
void uri_split(struct uri *ret, struct slice text);

/* Appends the target of `reference` relative to `base` (section 5.2), without a fragment. A
 * relative base is used as it is. */
void uri_resolve(struct buf *ret, struct slice base, struct slice reference);

/* The text before and after the first '#'. */
struct slice uri_without_fragment(struct slice text);
struct slice uri_fragment(struct slice text);

/* Appends `text` with %XX decoded; false where one is malformed. */
bool uri_decode(struct buf *ret, struct slice text);
