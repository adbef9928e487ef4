/*
 * A persistent ordered map: an AVL tree whose nodes are shared between its copies. A copy costs
 * one reference. A change copies the path to the changed node, or changes it in place where no
 * other copy shares that path. So a snapshot costs nothing, and a commit costs what it changed.
 *
 * Values carry their own key and are shared by reference count through `ops`. One thread at a time
 * may change a map; any number of threads may read its copies at the same time.
 */
#pragma once

#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

struct pmap_node;

/* What a map needs to know of its values. Each node holds one reference to its value. */
struct pmap_ops {
	struct slice (*key)(const void *value); /* never changes, lives as long as the value */
	void (*ref)(void *value);
	void (*unref)(void *value);
};

/* One copy of a map. Zeroed but for `ops` it is empty. pmap_clear() gives its nodes back. */
struct pmap {
	struct pmap_node *root;
	const struct pmap_ops *ops;
};

#define PMAP_INIT(ops_) ((struct pmap){NULL, (ops_)})

/* A copy costs one reference. It is the caller's to clear; neither of the two sees later changes of
 * the other. */
struct pmap pmap_copy(const struct pmap *m);
/* The map is empty afterwards and can be used again. Nodes that other copies share stay. */
void pmap_clear(struct pmap *m);

/* Borrowed from the map; NULL where there is none. */
void *pmap_get(const struct pmap *m, struct slice key);

/* Takes over one reference of `value_take` (also on failure) in place of what stood under its key.
 * False: no memory, the map is as it was. */
bool pmap_put(struct pmap *m, void *value_take);

/* False: no memory, the map is as it was. Nothing there is no failure. */
bool pmap_remove(struct pmap *m, struct slice key);

/* The number of values, from the root node: no walk. */
uint32_t pmap_count(const struct pmap *m);

/* Both hold the very same nodes: nothing was changed between them. */
static inline bool pmap_is_same(const struct pmap *a, const struct pmap *b)
{
	return a->root == b->root;
}

/* The walks go in the order of keys (bytes, as slice_compare() has it); the map must not change
 * meanwhile. A balanced tree of 2^32 nodes is lower than this. */
#define PMAP_HEIGHT_MAX 64

/* Borrows from the map; nothing to clear. */
struct pmap_walk {
	const struct pmap_node *above[PMAP_HEIGHT_MAX];
	uint32_t depth;
};

/* The next is the first value whose key is not below `from`. */
void pmap_walk_from(struct pmap_walk *w, const struct pmap *m, struct slice from);
void *pmap_walk_next(struct pmap_walk *w); /* borrowed; NULL at the end */
