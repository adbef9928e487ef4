/* The `$` keys of profiles. Private to profile_*.c. */
#pragma once

#include "base/slice.h"
#include "doc/tree.h"

/* What a map says: plain keys, `$value` alone, or some of `$append`, `$prepend`, `$remove`. */
enum map_form { MAP_PLAIN, MAP_VALUE, MAP_LIST_EDIT };

/* Of a map that profile_read_header() has passed: by its first member. */
enum map_form map_form(const struct tree_node *map);

/* A key as it is meant: `$$x` is `$x`. Borrows. */
static inline struct slice key_unescape(struct slice key)
{
	if (key.len >= 2 && key.data[0] == '$' && key.data[1] == '$')
		return slice_from(key, 1);
	return key;
}

/* Begins with one `$`: a header key or an operator, never data. */
static inline bool key_is_special(struct slice key)
{
	return key.len != 0 && key.data[0] == '$' && (key.len == 1 || key.data[1] != '$');
}

/* How far a table is searched. Half empty, no table of honest keys needs a tenth of it; keys that were
 * chosen to collide end here rather than cost the square of their number. */
#define PROBES_MAX 1000
