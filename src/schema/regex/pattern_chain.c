/*
 * A link takes all it can. That is right when no character that it takes could begin what follows, or when it takes a
 * fixed number; anything else is left to the automaton.
 */
#include "schema/regex/pattern_chain.h"

#include "base/text.h"
#include "schema/regex/pattern_letters.h"

#define LINKS_MAX 64
/* What the table of bytes gives for those that are no character by themselves; in no mask. */
#define NO_LETTER 63

struct link {
	uint64_t mask; /* of letters */
	uint32_t low, high;
};

struct chain {
	struct letters letters;
	uint8_t letter_of[256]; /* by byte */
	bool is_whole;		/* ends with $ */
	uint32_t count;
	struct link links[LINKS_MAX];
};

/* What a group that holds one thing holds: to a yes or no, (C+) and C+ are the same. */
static const struct pattern_node *unwrap(const struct pattern_node *n)
{
	while ((n->kind == PATTERN_SEQUENCE || n->kind == PATTERN_GROUP) && n->child != NULL &&
	       n->child->next == NULL)
		n = n->child;
	return n;
}

static bool add_link(struct chain *c, struct pattern_class **sets, const struct pattern_node *n)
{
	uint32_t low = 1, high = 1;

	n = unwrap(n);
	if (n->kind == PATTERN_REPEAT) {
		low = n->low;
		high = n->high;
		n = unwrap(n->child);
	}
	if (n->kind != PATTERN_CLASS || n->set->properties != NULL || c->count == LINKS_MAX)
		return false;
	sets[c->count] = n->set;
	c->links[c->count++] = (struct link){0, low, high};
	return true;
}

/* Whether link `i` may take all it can: what could come behind it begins otherwise. */
static bool is_certain(const struct chain *c, uint32_t i)
{
	const struct link *link = &c->links[i];

	if (link->low == link->high)
		return true;
	for (uint32_t next = i + 1; next < c->count; next++) {
		if ((c->links[next].mask & link->mask) != 0 && c->links[next].high != 0)
			return false;
		if (c->links[next].low != 0)
			return true;
	}
	return true;
}

static bool gather(struct chain *c, struct pattern_class **sets, const struct pattern_tree *tree)
{
	const struct pattern_node *n = tree->root->child;

	if (tree->root->kind != PATTERN_SEQUENCE || n == NULL || n->kind != PATTERN_START)
		return false;
	for (n = n->next; n != NULL && n->kind != PATTERN_END; n = n->next)
		if (!add_link(c, sets, n))
			return false;
	c->is_whole = n != NULL;
	return n == NULL || n->next == NULL;
}

struct chain *chain_make(const struct pattern_tree *tree, struct arena *a)
{
	struct chain made = {.count = 0}, *ret;
	struct pattern_class *sets[LINKS_MAX];
	uint64_t masks[LINKS_MAX];

	if (!gather(&made, sets, tree) || !letters_make(&made.letters, masks, sets, made.count, a))
		return NULL;
	if (made.letters.count > NO_LETTER)
		return NULL;
	memset(made.letter_of, NO_LETTER, sizeof made.letter_of);
	memcpy(made.letter_of, made.letters.ascii, sizeof made.letters.ascii);
	for (uint32_t i = 0; i < made.count; i++)
		made.links[i].mask = masks[i];
	for (uint32_t i = 0; i < made.count; i++)
		if (!is_certain(&made, i))
			return NULL;
	ret = arena_alloc(a, offsetof(struct chain, links) + made.count * sizeof *ret->links);
	if (ret != NULL)
		memcpy(ret, &made, offsetof(struct chain, links) + made.count * sizeof *ret->links);
	return ret;
}

/* How many of the bytes at `p`, in fours, are characters of the link by themselves. */
static size_t skip_fours(const struct chain *c, uint64_t mask, const char *p, size_t len)
{
	const uint8_t *letter_of = c->letter_of;
	size_t at = 0;

	for (; len - at >= 4; at += 4) {
		const unsigned char *b = (const unsigned char *)p + at;

		if ((mask >> letter_of[b[0]] & mask >> letter_of[b[1]] & mask >> letter_of[b[2]] &
		     mask >> letter_of[b[3]] & 1) == 0)
			break;
	}
	return at;
}

/* Moves `*at` past as many characters of the link as there are; false when they are too few. */
static bool take(const struct chain *c, const struct link *link, struct slice text, size_t *at)
{
	size_t left = text.len - *at, here;
	uint32_t count;

	count = (uint32_t)skip_fours(c, link->mask, text.data + *at,
				     left < link->high ? left : link->high);
	for (here = *at + count; here < text.len && count < link->high; count++) {
		uint8_t letter = c->letter_of[(unsigned char)text.data[here]];
		size_t next = here + 1;

		if (letter == NO_LETTER) {
			next = here;
			letter = letters_find(&c->letters, utf8_next(text, &next));
		}
		if ((link->mask >> letter & 1) == 0)
			break;
		here = next;
	}
	*at = here;
	return count >= link->low;
}

uint32_t chain_weight(const struct chain *c)
{
	return letters_weight(&c->letters);
}

bool chain_is_match(const struct chain *c, struct slice text)
{
	size_t at = 0;

	for (uint32_t i = 0; i < c->count; i++)
		if (!take(c, &c->links[i], text, &at))
			return false;
	return !c->is_whole || at == text.len;
}
