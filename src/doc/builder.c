/*
 * The stack on which both readers build a tree. It holds the finished children of all open
 * containers, and in the slot below its children each open container itself. While {"a": [1, 2 is
 * read, the stack is:
 *
 *   [0] object   [1] member "a": array   [2] 1   [3] 2   [4] free: builder_top()
 *
 * When a container closes, its children are copied into the arena as one array and leave the stack.
 * So the memory of the stack is bounded by the input, and each container is one array. Not
 * recursive: `frames` is the bound on depth.
 *
 * The stack belongs to the builder, all else to the tree's arena. One thread.
 */
#include "doc/builder.h"

#define STACK_MIN 32

void builder_init(struct builder *b, struct tree *tree, const struct doc_limits *limits)
{
	b->tree = tree;
	b->stack = NULL;
	b->used = b->size = 0;
	b->depth = b->nodes = 0;
	b->depth_max =
		limits->depth_max < DOC_DEPTH_CEILING ? limits->depth_max : DOC_DEPTH_CEILING;
	b->nodes_max = limits->nodes_max;
	b->budget = limits->budget;
}

/* The stack holds numbers by value: it is wiped if they may be secrets. */
static void release_stack(struct builder *b)
{
	if (b->tree->arena.is_wiped)
		mem_wipe(b->stack, b->size * sizeof *b->stack);
	alloc_free(b->stack);
}

void builder_clear(struct builder *b)
{
	release_stack(b);
	b->stack = NULL;
	b->used = b->size = 0;
}

enum result builder_fail_memory(const struct builder *b, struct error *err)
{
	if (b->tree->arena.is_exhausted)
		return fail(err, E_LIMIT, "the document needs more memory than it may use");
	return fail(err, E_MEMORY, "out of memory");
}

/* Doubles the stack, in a fresh block rather than by realloc(), which could leave an unwiped copy
 * behind. */
enum result builder_grow(struct builder *b, struct error *err)
{
	uint32_t size = b->size == 0 ? STACK_MIN : b->size * 2;
	struct tree_member *stack;

	if (b->size > UINT32_MAX / 2)
		return fail(err, E_LIMIT, "the document has too many values");
	stack = alloc_zero_array(size, sizeof *stack);
	if (stack == NULL)
		return fail(err, E_MEMORY, "out of memory");
	if (b->used != 0)
		memcpy(stack, b->stack, b->used * sizeof *stack);
	release_stack(b);
	b->stack = stack;
	b->size = size;
	return OK;
}

enum result builder_fail_nodes(const struct builder *b, uint32_t line, uint32_t column,
			       struct error *err)
{
	return fail_at(err, E_LIMIT, line, column, "the document has more than %u values",
		       b->nodes_max);
}

enum result builder_open(struct builder *b, enum tree_kind kind, uint32_t line, uint32_t column,
			 struct error *err)
{
	struct tree_member *top;
	enum result rc;

	if (b->depth >= b->depth_max)
		return fail_at(err, E_LIMIT, line, column,
			       "maps and lists are nested more than %u deep", b->depth_max);
	rc = builder_top(b, &top, err);
	if (rc != OK)
		return rc;
	/* The key of a member was written to the slot before; only the value is set. */
	top->value = (struct tree_node){.kind = (uint8_t)kind, .line = line, .column = column};
	b->frames[b->depth++] = (struct builder_frame){.slot = b->used, .kind = (uint8_t)kind};
	return builder_push(b, 1, err);
}

/* Items use only the value of each slot, so they are copied one by one; members are copied
 * whole. */
static enum result set_array(struct builder *b, struct tree_node *ret, uint32_t first,
			     uint32_t count, struct error *err)
{
	struct tree_node *items = NULL;

	if (count != 0) {
		items = arena_alloc_array(&b->tree->arena, count, sizeof *items);
		if (items == NULL)
			return builder_fail_memory(b, err);
	}
	for (uint32_t i = 0; i < count; i++)
		items[i] = b->stack[first + i].value;
	tree_set_array(ret, items, count);
	return OK;
}

/* The budget steps of sorting the members of a large object: about count * log2(count /
 * TREE_INDEX_MIN). */
static uint64_t index_steps(uint32_t count)
{
	uint64_t steps = 0;

	for (uint32_t i = TREE_INDEX_MIN; i < count; i *= 2)
		steps += count;
	return steps;
}

static enum result set_object(struct builder *b, struct tree_node *ret, uint32_t first,
			      uint32_t count, struct error *err)
{
	struct tree_member *members = NULL;
	enum result rc = budget_take(b->budget, index_steps(count), err);

	if (rc != OK)
		return rc;
	if (count != 0) {
		members = arena_copy(&b->tree->arena, &b->stack[first], count * sizeof *members);
		if (members == NULL)
			return builder_fail_memory(b, err);
	}
	rc = tree_set_object(ret, &b->tree->arena, members, count, err);
	/* In an input a duplicate key is an error of syntax. */
	return rc == E_INVALID ? E_MALFORMED : rc;
}

enum result builder_close(struct builder *b, const struct tree_node **ret, struct error *err)
{
	const struct builder_frame *frame = &b->frames[b->depth - 1];
	struct tree_node *node = &b->stack[frame->slot].value;
	uint32_t first = frame->slot + 1, count = b->used - first;
	uint32_t line = node->line, column = node->column;
	enum result rc = frame->kind == TREE_ARRAY ? set_array(b, node, first, count, err)
						   : set_object(b, node, first, count, err);

	if (rc != OK)
		return rc;
	/* tree_set_array() and tree_set_object() have cleared the place. */
	node->line = line;
	node->column = column;
	b->used = first;
	b->depth--;
	if (ret != NULL)
		*ret = node;
	return OK;
}
