/*
 * The keywords for the items of an array, and those whose value is a list of schemas. The drafts
 * differ: an array under draft 7's `items` is prefixItems in 2020-12, and additionalItems is then
 * `items`. Both become the same rules, so the passes need not know the draft.
 */
#include "schema/compile/compile.h"

/* Adds a list of subschemas to `links`; `*ret` is the position of the first. */
static enum result add_links(struct compiler *c, const struct tree_node *list, uint32_t *ret)
{
	*ret = c->links.count;
	for (uint32_t i = 0; i < list->count; i++) {
		uint32_t child, *link;
		enum result rc = compile_child(c, &list->of.items[i], &child);

		if (rc != OK)
			return rc;
		link = vec_push(&c->links, sizeof *link);
		if (link == NULL)
			return E_MEMORY;
		*link = child;
	}
	return OK;
}

/* allOf, anyOf, oneOf and prefixItems must be non-empty lists (2020-12 core, sections 10.2.1 and
 * 10.3.1.1). */
static enum result add_list_rule(struct compiler *c, const struct compile_place *at,
				 enum rule_op op, const struct tree_node *value)
{
	uint32_t first;
	enum result rc;

	if (value->kind != TREE_ARRAY || (value->count == 0 && at->keyword != KEYWORD_ITEMS_7))
		return compile_refuse(c, at, value, SLICE_NULL,
				      "must be a list of schemas, not empty");
	rc = add_links(c, value, &first);
	if (rc != OK)
		return rc;
	return compile_rule(c, at, op, first, value->count, 0);
}

enum result compile_list(struct compiler *c, const struct compile_place *at,
			 const struct tree_node *value)
{
	return add_list_rule(c, at,
			     at->keyword == KEYWORD_ALL_OF   ? RULE_ALL_OF
			     : at->keyword == KEYWORD_ANY_OF ? RULE_ANY_OF
							     : RULE_ONE_OF,
			     value);
}

enum result compile_prefix_items(struct compiler *c, const struct compile_place *at,
				 const struct tree_node *value)
{
	return add_list_rule(c, at, RULE_PREFIX_ITEMS, value);
}

/* `before` is the list of schemas for the first items, or NULL; the rule leaves as many items
 * out. */
static enum result add_items_rule(struct compiler *c, const struct compile_place *at,
				  const struct tree_node *value, const struct tree_node *before)
{
	uint32_t child;
	enum result rc = compile_child(c, value, &child);

	if (rc != OK)
		return rc;
	return compile_rule(c, at, RULE_ITEMS, child,
			    before != NULL && before->kind == TREE_ARRAY ? before->count : 0, 0);
}

enum result compile_items(struct compiler *c, const struct compile_place *at,
			  const struct tree_node *value)
{
	return add_items_rule(c, at, value, TREE_GET(at->schema, "prefixItems"));
}

enum result compile_items_7(struct compiler *c, const struct compile_place *at,
			    const struct tree_node *value)
{
	if (value->kind == TREE_ARRAY)
		return add_list_rule(c, at, RULE_PREFIX_ITEMS, value);
	return add_items_rule(c, at, value, NULL);
}

/* Draft 7: without a list in `items` it has no effect. */
enum result compile_additional_items(struct compiler *c, const struct compile_place *at,
				     const struct tree_node *value)
{
	const struct tree_node *items = TREE_GET(at->schema, "items");

	if (items == NULL || items->kind != TREE_ARRAY)
		return OK;
	return add_items_rule(c, at, value, items);
}

/* minContains or maxContains, which draft 7 does not have. `*ret` keeps its default where the
 * keyword is absent. A bound above UINT32_MAX is cut, since no array is that long. */
static enum result read_count(struct compiler *c, const struct compile_place *at,
			      enum keyword_id keyword, uint32_t *ret)
{
	const struct dialect *d = index_dialect(&c->resource_index, at->place);
	const struct tree_node *n = tree_get(at->schema, slice_text(keywords[keyword].name));
	struct compile_place of = {at->place, at->subschema, at->schema, keyword};

	if (n == NULL || d->draft == IN_7 || (d->vocabularies & VOCABULARY_VALIDATION) == 0)
		return OK;
	if (n->kind != TREE_NUMBER || (n->flags & TREE_IS_INTEGER) == 0 || number_real(n) < 0)
		return compile_refuse(c, &of, n, SLICE_NULL, "must be an integer of at least 0");
	*ret = number_real(n) < UINT32_MAX ? (uint32_t)number_real(n) : UINT32_MAX;
	return OK;
}

/* minContains and maxContains say how many items must match; at least one where minContains is
 * absent (2020-12 validation, section 6.4.5). A minimum of 0 still marks items as evaluated, so the
 * rule is kept. */
enum result compile_contains(struct compiler *c, const struct compile_place *at,
			     const struct tree_node *value)
{
	uint32_t child, least = 1, most = UINT32_MAX;
	enum result rc = compile_child(c, value, &child);

	if (rc == OK)
		rc = read_count(c, at, KEYWORD_MIN_CONTAINS, &least);
	if (rc == OK)
		rc = read_count(c, at, KEYWORD_MAX_CONTAINS, &most);
	if (rc != OK)
		return rc;
	return compile_rule(c, at, RULE_CONTAINS, child, least, most);
}

enum result compile_unique_items(struct compiler *c, const struct compile_place *at,
				 const struct tree_node *value)
{
	if (value->kind != TREE_BOOL)
		return compile_refuse(c, at, value, SLICE_NULL, "must be true or false");
	if (!value->of.truth)
		return OK;
	return compile_rule(c, at, RULE_UNIQUE_ITEMS, 0, 0, 0);
}

static enum result find_branch(struct compiler *c, const struct compile_place *at,
			       const char *keyword, uint32_t *ret)
{
	const struct tree_node *n = tree_get(at->schema, slice_text(keyword));

	*ret = NONE;
	return n != NULL ? compile_child(c, n, ret) : OK;
}

/* `then` and `else` have no effect without `if` (2020-12 core, section 10.2.2), so this compiles
 * all three. */
enum result compile_if(struct compiler *c, const struct compile_place *at,
		       const struct tree_node *value)
{
	uint32_t condition, yes = NONE, no = NONE;
	enum result rc = compile_child(c, value, &condition);

	if (rc == OK)
		rc = find_branch(c, at, "then", &yes);
	if (rc == OK)
		rc = find_branch(c, at, "else", &no);
	if (rc != OK)
		return rc;
	return compile_rule(c, at, RULE_IF, condition, yes, no);
}
