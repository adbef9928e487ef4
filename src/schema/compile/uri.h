/* URI references (RFC 3986): taking apart and resolving. Nothing is normalised but dot segments. */
#pragma once

#include "base/buf.h"
#include "base/slice.h"

struct uri {
	struct slice scheme, authority, path, query, fragment;
	bool has_scheme, has_authority, has_query, has_fragment;
};

/* RFC 3986, appendix B: every text has its five parts. They point into `text`. */
void uri_split(struct uri *ret, struct slice text);

/* Appends what `reference` means where the base is `base` (section 5.2), without a fragment. A base that is itself
 * relative is taken as it is. */
void uri_resolve(struct buf *ret, struct slice base, struct slice reference);

/* The text before and after the first '#'. */
struct slice uri_without_fragment(struct slice text);
struct slice uri_fragment(struct slice text);

/* Appends `text` with %XX decoded; false where one is malformed. */
bool uri_decode(struct buf *ret, struct slice text);
