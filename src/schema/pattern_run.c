/* Stops at the first character outside the class and at one more than there may be. */
#include "schema/pattern_run.h"

#include "base/text.h"

/* What a group that holds one thing holds: ^(C{a,b})$ and ^(?:…)$ are the same to a yes or no. */
static const struct pattern_node *unwrap(const struct pattern_node *n)
{
	while (n != NULL && (n->kind == PATTERN_SEQUENCE || n->kind == PATTERN_GROUP) &&
	       n->child != NULL && n->child->next == NULL)
		n = n->child;
	return n;
}

/* The repeat between ^ and $, or NULL. */
static const struct pattern_node *find_repeat(const struct pattern_tree *tree)
{
	const struct pattern_node *start = tree->root->child, *repeat;

	if (tree->root->kind != PATTERN_SEQUENCE || start == NULL || start->kind != PATTERN_START ||
	    start->next == NULL || start->next->next == NULL ||
	    start->next->next->kind != PATTERN_END || start->next->next->next != NULL)
		return NULL;
	repeat = unwrap(start->next);
	return repeat->kind == PATTERN_REPEAT ? repeat : NULL;
}

struct run *run_make(const struct pattern_tree *tree, struct arena *a)
{
	const struct pattern_node *repeat = find_repeat(tree), *class;
	struct pattern_class *set;
	struct run *ret;
	uint64_t mask;

	if (repeat == NULL)
		return NULL;
	class = unwrap(repeat->child);
	if (class == NULL || class->kind != PATTERN_CLASS || class->set->properties != NULL)
		return NULL;
	set = class->set;
	ret = arena_alloc(a, sizeof *ret);
	if (ret == NULL || !letters_make(&ret->letters, &mask, &set, 1, a))
		return NULL;
	for (uint32_t i = 0; i < LETTERS_MAX; i++)
		ret->is_in[i] = mask >> i & 1;
	ret->low = repeat->low;
	ret->high = repeat->high;
	return ret;
}

bool run_is_match(const struct run *r, struct slice text)
{
	size_t count = 0;

	for (size_t at = 0; at < text.len; count++) {
		unsigned char c = (unsigned char)text.data[at];
		uint8_t letter;

		if (c < 0x80) {
			letter = r->letters.ascii[c];
			at++;
		} else {
			letter = letters_find(&r->letters, utf8_next(text, &at));
		}
		if (!r->is_in[letter] || count == r->high)
			return false;
	}
	return count >= r->low;
}
