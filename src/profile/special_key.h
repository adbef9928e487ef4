/* The `$` keys of profiles. Private to this folder. */
#pragma once

#include "base/slice.h"
#include "doc/tree.h"

/* The form of a map: plain keys, `$value` alone, or some of `$append`, `$prepend` and `$remove`. */
enum map_form { MAP_PLAIN, MAP_VALUE, MAP_LIST_EDIT };

/* Looks at the first member only: the map must have passed profile_read_header(). An empty map is
 * MAP_PLAIN. */
enum map_form map_form(const struct tree_node *map);

/* The key that was meant: `$$x` is `$x`. Borrows. */
static inline struct slice key_unescape(struct slice key)
{
	if (key.len >= 2 && key.data[0] == '$' && key.data[1] == '$')
		return slice_from(key, 1);
	return key;
}

/* Whether the key begins with exactly one `$`: a header key or an operator, never data. */
static inline bool key_is_special(struct slice key)
{
	return key.len != 0 && key.data[0] == '$' && (key.len == 1 || key.data[1] != '$');
}

/* How many slots of a hash table are searched. The tables are at most half full, where ordinary
 * keys need less than a tenth of it. Keys that were chosen to collide are refused here, before
 * their cost becomes the square of their number. */
#define PROBES_MAX 1000
