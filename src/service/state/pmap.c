/*
 * A persistent AVL tree: copies share nodes, and a change copies only the path to what it changes.
 *
 * What must hold:
 * - A node with more than one reference is never written. If the root and every node on the way to
 *   a node have one reference each, nothing else can reach that node: it may be changed in place.
 * - Keys rise from left to right, and `count` and `height` of a node are those of its subtree.
 * - The heights of two siblings differ by at most 1, so 2^32 nodes are at most 46 high, below
 *   PMAP_HEIGHT_MAX. Only a removal that runs out of memory may leave a subtree less balanced.
 * - Memory is taken before anything is changed on the way (pmap_put allocates its node first), so
 *   that a failure leaves the map as it was.
 *
 * A reader takes no lock: it holds a reference to the root, which keeps every node below alive.
 * Counts go down with memory_order_acq_rel, because the thread that frees a node may not be the one
 * that wrote it.
 */
#include "service/state/pmap.h"

#include "base/memory.h"

#include <stdatomic.h>

struct pmap_node {
	atomic_uint refs;
	uint32_t count; /* of the subtree */
	uint8_t height;
	struct pmap_node *left, *right;
	void *value;
};

static uint32_t count_of(const struct pmap_node *n)
{
	return n != NULL ? n->count : 0;
}

static int height_of(const struct pmap_node *n)
{
	return n != NULL ? n->height : 0;
}

static struct pmap_node *node_ref(struct pmap_node *n)
{
	if (n != NULL)
		atomic_fetch_add_explicit(&n->refs, 1, memory_order_relaxed);
	return n;
}

/* Recursion goes no deeper than the tree is high. */
static void node_unref(const struct pmap_ops *ops, struct pmap_node *n)
{
	if (n == NULL || atomic_fetch_sub_explicit(&n->refs, 1, memory_order_acq_rel) != 1)
		return;
	node_unref(ops, n->left);
	node_unref(ops, n->right);
	ops->unref(n->value);
	alloc_free(n);
}

static void update(struct pmap_node *n)
{
	int left = height_of(n->left), right = height_of(n->right);

	n->height = (uint8_t)((left > right ? left : right) + 1);
	n->count = count_of(n->left) + count_of(n->right) + 1;
}

/* Makes the node at `*link` this map's alone: it stays if it is already, else a copy takes its
 * place. To be called from the root downwards: "one reference" says nothing if a node above is
 * shared. False: no memory, nothing changed. */
static bool own(const struct pmap_ops *ops, struct pmap_node **link)
{
	struct pmap_node *n = *link, *copy;

	if (atomic_load_explicit(&n->refs, memory_order_acquire) == 1)
		return true;
	copy = alloc_zero(sizeof *copy);
	if (copy == NULL)
		return false;
	atomic_init(&copy->refs, 1);
	copy->count = n->count;
	copy->height = n->height;
	copy->left = node_ref(n->left);
	copy->right = node_ref(n->right);
	copy->value = n->value;
	ops->ref(copy->value);
	*link = copy;
	node_unref(ops, n);
	return true;
}

/* All nodes that a rotation writes are owned by the caller. */
static void rotate_right(struct pmap_node **link)
{
	struct pmap_node *n = *link, *up = n->left;

	n->left = up->right;
	up->right = n;
	update(n);
	update(up);
	*link = up;
}

static void rotate_left(struct pmap_node **link)
{
	struct pmap_node *n = *link, *up = n->right;

	n->right = up->left;
	up->left = n;
	update(n);
	update(up);
	*link = up;
}

/* Balances the subtree at `*link`, which is not shared. Where there is no memory to copy a shared
 * node, the tree stays as it is: correct, only less balanced. On the way of an insertion no node is
 * shared. */
static void balance(const struct pmap_ops *ops, struct pmap_node **link)
{
	struct pmap_node *n = *link;
	int lean = height_of(n->left) - height_of(n->right);

	update(n);
	if (lean > 1) {
		if (!own(ops, &n->left))
			return;
		if (height_of(n->left->left) < height_of(n->left->right)) {
			if (!own(ops, &n->left->right))
				return;
			rotate_left(&n->left);
		}
		rotate_right(link);
	} else if (lean < -1) {
		if (!own(ops, &n->right))
			return;
		if (height_of(n->right->right) < height_of(n->right->left)) {
			if (!own(ops, &n->right->left))
				return;
			rotate_right(&n->right);
		}
		rotate_left(link);
	}
}

/* `fresh` is used where the key is new; else it stays the caller's. */
static bool put_at(const struct pmap_ops *ops, struct pmap_node **link, struct slice key,
		   void *value, struct pmap_node **fresh)
{
	int order;
	bool is_done;

	if (*link == NULL) {
		*link = steal(fresh);
		(*link)->value = value;
		return true;
	}
	if (!own(ops, link))
		return false;
	order = slice_compare(key, ops->key((*link)->value));
	if (order == 0) {
		ops->unref((*link)->value);
		(*link)->value = value;
		return true;
	}
	is_done = put_at(ops, order < 0 ? &(*link)->left : &(*link)->right, key, value, fresh);
	if (is_done)
		balance(ops, link);
	return is_done;
}

bool pmap_put(struct pmap *m, void *value_take)
{
	struct pmap_node *fresh = alloc_zero(sizeof *fresh);

	if (fresh == NULL) {
		m->ops->unref(value_take);
		return false;
	}
	atomic_init(&fresh->refs, 1);
	fresh->count = 1;
	fresh->height = 1;
	if (!put_at(m->ops, &m->root, m->ops->key(value_take), value_take, &fresh)) {
		m->ops->unref(value_take);
		alloc_free(fresh);
		return false;
	}
	alloc_free(fresh);
	return true;
}

/* Owns the way to the first node under `*link`, so that taking it cannot fail. */
static bool own_first(const struct pmap_ops *ops, struct pmap_node **link)
{
	while (*link != NULL) {
		if (!own(ops, link))
			return false;
		link = &(*link)->left;
	}
	return true;
}

/* Takes the first node out of the subtree, whose left spine own_first() made ours. */
static struct pmap_node *take_first(const struct pmap_ops *ops, struct pmap_node **link)
{
	struct pmap_node *first;

	if ((*link)->left == NULL) {
		first = *link;
		*link = steal(&first->right);
		return first;
	}
	first = take_first(ops, &(*link)->left);
	balance(ops, link);
	return first;
}

/* A node with two children is replaced by the next one in order. `gone` keeps no children, so that
 * node_unref() frees it and its value alone. */
static bool remove_here(const struct pmap_ops *ops, struct pmap_node **link)
{
	struct pmap_node *gone = *link, *next;

	if (gone->left == NULL || gone->right == NULL) {
		*link = gone->left != NULL ? gone->left : gone->right;
	} else {
		if (!own_first(ops, &gone->right))
			return false;
		next = take_first(ops, &gone->right);
		next->left = gone->left;
		next->right = gone->right;
		*link = next;
		balance(ops, link);
	}
	gone->left = gone->right = NULL;
	node_unref(ops, gone);
	return true;
}

static bool remove_at(const struct pmap_ops *ops, struct pmap_node **link, struct slice key)
{
	int order;
	bool is_done;

	if (!own(ops, link))
		return false;
	order = slice_compare(key, ops->key((*link)->value));
	if (order == 0)
		return remove_here(ops, link);
	is_done = remove_at(ops, order < 0 ? &(*link)->left : &(*link)->right, key);
	if (is_done)
		balance(ops, link);
	return is_done;
}

/* An absent key is looked for first, so that nothing is copied for it. */
bool pmap_remove(struct pmap *m, struct slice key)
{
	return pmap_get(m, key) == NULL || remove_at(m->ops, &m->root, key);
}

void *pmap_get(const struct pmap *m, struct slice key)
{
	const struct pmap_node *n = m->root;

	while (n != NULL) {
		int order = slice_compare(key, m->ops->key(n->value));

		if (order == 0)
			return n->value;
		n = order < 0 ? n->left : n->right;
	}
	return NULL;
}

struct pmap pmap_copy(const struct pmap *m)
{
	return (struct pmap){node_ref(m->root), m->ops};
}

void pmap_clear(struct pmap *m)
{
	node_unref(m->ops, m->root);
	m->root = NULL;
}

uint32_t pmap_count(const struct pmap *m)
{
	return count_of(m->root);
}

/* The stack holds the nodes that come still: those at which the way went left. Recursion-free, so
 * that a walk can stop and go on. */
void pmap_walk_from(struct pmap_walk *w, const struct pmap *m, struct slice from)
{
	const struct pmap_node *n = m->root;

	w->depth = 0;
	while (n != NULL && w->depth < PMAP_HEIGHT_MAX) {
		if (slice_compare(m->ops->key(n->value), from) >= 0) {
			w->above[w->depth++] = n;
			n = n->left;
		} else {
			n = n->right;
		}
	}
}

void *pmap_walk_next(struct pmap_walk *w)
{
	const struct pmap_node *n;
	void *value;

	if (w->depth == 0)
		return NULL;
	n = w->above[--w->depth];
	value = n->value;
	for (n = n->right; n != NULL && w->depth < PMAP_HEIGHT_MAX; n = n->left)
		w->above[w->depth++] = n;
	return value;
}
