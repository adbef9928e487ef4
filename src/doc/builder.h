/*
 * Building a tree, for both readers. Open containers collect their children on one growable stack;
 * when a container closes, they are copied into the arena as one array. The builder counts depth
 * and nodes, so that no reader can forget to. builder.c draws the stack.
 *
 * A reader calls builder_top(), fills the slot, then builder_push() for a scalar or builder_open()
 * for a container. The root is the slot at the bottom once all containers are closed.
 */
#pragma once

#include "doc/limits.h"
#include "doc/tree.h"

/* Budget steps of one value, with its key. */
#define BUILDER_NODE_STEPS 20

/* An open container and where it stands on the stack. */
struct builder_frame {
	/* The index of the container's own node; its children follow. */
	uint32_t slot;
	/* TREE_ARRAY or TREE_OBJECT. */
	uint8_t kind;
};

struct builder {
	struct tree *tree;
	struct tree_member *stack; /* an array's items use only the value of each */
	/* Slots in use, and slots allocated. */
	uint32_t used, size;
	/* Open containers now, and at most. */
	uint32_t depth, depth_max;
	/* Values so far, those of aliases counted each time, and at most. */
	uint32_t nodes, nodes_max;
	struct budget *budget;
	struct builder_frame frames[DOC_DEPTH_CEILING];
};

/* `tree` and the budget of `limits` must outlive the builder. A depth above DOC_DEPTH_CEILING is
 * lowered to it, since `frames` has no more room. */
void builder_init(struct builder *b, struct tree *tree, const struct doc_limits *limits);
void builder_clear(struct builder *b); /* wipes when the tree is wiped */

/* E_LIMIT when a bound of the arena was reached, else E_MEMORY. */
enum result builder_fail_memory(const struct builder *b, struct error *err);

/* Slow paths of the inline functions below. E_MEMORY, E_LIMIT; the second always fails, with the
 * place of the value that is one too many. */
enum result builder_grow(struct builder *b, struct error *err);
enum result builder_fail_nodes(const struct builder *b, uint32_t line, uint32_t column,
			       struct error *err);

/* The free slot on top: a reader writes a key and then a value to it. Valid until the next call. */
static inline enum result builder_top(struct builder *b, struct tree_member **ret,
				      struct error *err)
{
	if (b->used == b->size) {
		enum result rc = builder_grow(b, err);

		if (rc != OK)
			return rc;
	}
	*ret = &b->stack[b->used];
	return OK;
}

/* Counts the value in the top slot, which builder_top() gave, and keeps it. `nodes` is the number
 * of its nodes with all below. */
static inline enum result builder_push(struct builder *b, uint32_t nodes, struct error *err)
{
	const struct tree_node *value = &b->stack[b->used].value;

	if (!budget_spend(b->budget, BUILDER_NODE_STEPS))
		return budget_result(b->budget, err);
	if (nodes > b->nodes_max - b->nodes)
		return builder_fail_nodes(b, value->line, value->column, err);
	b->nodes += nodes;
	b->used++;
	return OK;
}

/* Opens a container in the top slot; E_LIMIT when it is too deep. */
enum result builder_open(struct builder *b, enum tree_kind kind, uint32_t line, uint32_t column,
			 struct error *err);

/* Closes the innermost container. E_MALFORMED with its place for a duplicate key. `ret` (may be
 * NULL) is the finished node, valid until the next call. */
enum result builder_close(struct builder *b, const struct tree_node **ret, struct error *err);

/* The kind of the innermost open container; there must be one. */
static inline enum tree_kind builder_kind(const struct builder *b)
{
	return (enum tree_kind)b->frames[b->depth - 1].kind;
}
