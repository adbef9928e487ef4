/* Built from the end backwards, so that each part knows where it leads. */
#include "schema/regex/pattern_network.h"

#define SETS_MAX 1024

struct builder {
	struct arena *arena;
	struct network *net;
	struct pattern_class **sets;
	size_t sets_count;
	uint64_t *masks;
};

/* Numbers every class of the tree; false where something in it cannot be decided by letters alone. */
static bool gather(struct builder *b, const struct pattern_node *n)
{
	switch ((enum pattern_kind)n->kind) {
	case PATTERN_LOOK:
	case PATTERN_EDGE:
	case PATTERN_BACK:
		return false;
	case PATTERN_CLASS:
		if (n->set->properties != NULL || b->sets_count == SETS_MAX)
			return false;
		n->set->index = (uint32_t)b->sets_count;
		b->sets[b->sets_count++] = n->set;
		return true;
	case PATTERN_SEQUENCE:
	case PATTERN_CHOICE:
	case PATTERN_REPEAT:
	case PATTERN_GROUP:
	case PATTERN_START:
	case PATTERN_END:
		break;
	}
	for (const struct pattern_node *c = n->child; c != NULL; c = c->next)
		if (!gather(b, c))
			return false;
	return true;
}

static bool add_place(struct builder *b, struct place place, uint16_t *ret)
{
	if (b->net->count == PLACES_MAX)
		return false;
	b->net->places[b->net->count] = place;
	*ret = b->net->count++;
	return true;
}

static bool build(struct builder *b, const struct pattern_node *n, uint16_t next, uint16_t *ret);

static bool build_sequence(struct builder *b, const struct pattern_node *n, uint16_t next,
			   uint16_t *ret)
{
	const struct pattern_node **children;
	size_t count = 0;

	for (const struct pattern_node *c = n->child; c != NULL; c = c->next)
		count++;
	children = arena_alloc_array(b->arena, count, sizeof(struct pattern_node *));
	if (children == NULL)
		return false;
	count = 0;
	for (const struct pattern_node *c = n->child; c != NULL; c = c->next)
		children[count++] = c;
	while (count-- > 0)
		if (!build(b, children[count], next, &next))
			return false;
	*ret = next;
	return true;
}

static bool build_choice(struct builder *b, const struct pattern_node *n, uint16_t next,
			 uint16_t *ret)
{
	uint16_t branch, head;

	if (!build(b, n->child, next, &head))
		return false;
	for (const struct pattern_node *c = n->child->next; c != NULL; c = c->next)
		if (!build(b, c, next, &branch) ||
		    !add_place(b, (struct place){PLACE_FORK, head, branch, 0}, &head))
			return false;
	*ret = head;
	return true;
}

static bool build_repeat(struct builder *b, const struct pattern_node *n, uint16_t next,
			 uint16_t *ret)
{
	uint16_t tail = next, inner;

	if (n->low > PLACES_MAX || (n->high != PATTERN_NO_MAXIMUM && n->high > PLACES_MAX))
		return false;
	if (n->high == PATTERN_NO_MAXIMUM) {
		if (!add_place(b, (struct place){PLACE_FORK, 0, next, 0}, &tail) ||
		    !build(b, n->child, tail, &inner))
			return false;
		b->net->places[tail].next = inner;
	} else {
		for (uint32_t i = n->low; i < n->high; i++)
			if (!build(b, n->child, tail, &inner) ||
			    !add_place(b, (struct place){PLACE_FORK, inner, next, 0}, &tail))
				return false;
	}
	for (uint32_t i = 0; i < n->low; i++)
		if (!build(b, n->child, tail, &tail))
			return false;
	*ret = tail;
	return true;
}

static bool build(struct builder *b, const struct pattern_node *n, uint16_t next, uint16_t *ret)
{
	switch ((enum pattern_kind)n->kind) {
	case PATTERN_CLASS:
		return add_place(b, (struct place){PLACE_READ, next, 0, b->masks[n->set->index]},
				 ret);
	case PATTERN_START:
		return add_place(b, (struct place){PLACE_START, next, 0, 0}, ret);
	case PATTERN_END:
		return add_place(b, (struct place){PLACE_END, next, 0, 0}, ret);
	case PATTERN_CHOICE:
		return build_choice(b, n, next, ret);
	case PATTERN_REPEAT:
		return build_repeat(b, n, next, ret);
	case PATTERN_SEQUENCE:
	case PATTERN_GROUP:
		return build_sequence(b, n, next, ret);
	case PATTERN_LOOK:
	case PATTERN_EDGE:
	case PATTERN_BACK:
		break;
	}
	return false;
}

bool network_make(struct network *ret, const struct pattern_tree *tree, struct arena *a)
{
	struct builder b = {.arena = a, .net = ret};
	uint16_t match;

	b.sets = arena_alloc_array(a, SETS_MAX, sizeof *b.sets);
	b.masks = arena_alloc_array(a, SETS_MAX, sizeof *b.masks);
	ret->places = arena_alloc_array(a, PLACES_MAX, sizeof *ret->places);
	ret->count = 0;
	return b.sets != NULL && b.masks != NULL && ret->places != NULL && gather(&b, tree->root) &&
	       letters_make(&ret->letters, b.masks, b.sets, b.sets_count, a) &&
	       add_place(&b, (struct place){PLACE_MATCH, 0, 0, 0}, &match) &&
	       build(&b, tree->root, match, &ret->start);
}
