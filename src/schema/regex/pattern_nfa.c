/*
 * The states are made from the end of the expression backwards, so that the state that follows is
 * always known. A repeat {2,5} is built by copies of its part, since states cannot count.
 *
 * Everything lives in the arena of the caller. Each failure means only that the pattern gets no
 * automaton; PCRE2 matches it then, within its own bounds.
 */
#include "schema/regex/pattern_nfa.h"

#define SETS_MAX 1024

/* `sets` and `masks` are by the number of a class (pattern_tree.h): its ranges, and then its
 * letters. */
struct builder {
	struct arena *arena;
	struct nfa *nfa;
	struct pattern_class **sets;
	size_t sets_count;
	uint64_t *masks;
};

/* Numbers every class of the tree; false where the tree holds something that letters alone cannot
 * decide. */
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

static bool add_state(struct builder *b, struct nfa_state state, uint16_t *ret)
{
	if (b->nfa->count == NFA_STATES_MAX)
		return false;
	b->nfa->states[b->nfa->count] = state;
	*ret = b->nfa->count++;
	return true;
}

static bool build(struct builder *b, const struct pattern_node *n, uint16_t next, uint16_t *ret);

/* Collects the children first, because they are built from the last to the first. */
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

/* A chain of splits. */
static bool build_choice(struct builder *b, const struct pattern_node *n, uint16_t next,
			 uint16_t *ret)
{
	uint16_t branch, head;

	if (!build(b, n->child, next, &head))
		return false;
	for (const struct pattern_node *c = n->child->next; c != NULL; c = c->next)
		if (!build(b, c, next, &branch) ||
		    !add_state(b, (struct nfa_state){NFA_SPLIT, head, branch, 0}, &head))
			return false;
	*ret = head;
	return true;
}

/* Required turns are copies, one after the other. Optional ones follow, each of which may be
 * skipped; an unbounded repeat is a loop. */
static bool build_repeat(struct builder *b, const struct pattern_node *n, uint16_t next,
			 uint16_t *ret)
{
	uint16_t tail = next, inner;

	if (n->low > NFA_STATES_MAX || (n->high != PATTERN_NO_MAXIMUM && n->high > NFA_STATES_MAX))
		return false;
	if (n->high == PATTERN_NO_MAXIMUM) {
		if (!add_state(b, (struct nfa_state){NFA_SPLIT, 0, next, 0}, &tail) ||
		    !build(b, n->child, tail, &inner))
			return false;
		b->nfa->states[tail].next = inner;
	} else {
		for (uint32_t i = n->low; i < n->high; i++)
			if (!build(b, n->child, tail, &inner) ||
			    !add_state(b, (struct nfa_state){NFA_SPLIT, inner, next, 0}, &tail))
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
		return add_state(b, (struct nfa_state){NFA_READ, next, 0, b->masks[n->set->index]},
				 ret);
	case PATTERN_START:
		return add_state(b, (struct nfa_state){NFA_START, next, 0, 0}, ret);
	case PATTERN_END:
		return add_state(b, (struct nfa_state){NFA_END, next, 0, 0}, ret);
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

bool nfa_make(struct nfa *ret, const struct pattern_tree *tree, struct arena *a)
{
	struct builder b = {.arena = a, .nfa = ret};
	uint16_t match;

	b.sets = arena_alloc_array(a, SETS_MAX, sizeof *b.sets);
	b.masks = arena_alloc_array(a, SETS_MAX, sizeof *b.masks);
	ret->states = arena_alloc_array(a, NFA_STATES_MAX, sizeof *ret->states);
	ret->count = 0;
	return b.sets != NULL && b.masks != NULL && ret->states != NULL && gather(&b, tree->root) &&
	       letters_make(&ret->letters, b.masks, b.sets, b.sets_count, a) &&
	       add_state(&b, (struct nfa_state){NFA_MATCH, 0, 0, 0}, &match) &&
	       build(&b, tree->root, match, &ret->start);
}
