/*
 * Lowering: makes the instructions of the fast pass (instruction.h) from the rules of a program.
 *
 * Each subschema becomes a block, except one that is only a reference. Small subschemas are inlined
 * where they are applied. Rules that one instruction can check together become one instruction. The
 * order of checks may differ from the order of the rules, the verdict may not.
 *
 * Optimisations have a bound (EFFORT_MAX). Beyond it the instructions are slower, but still
 * correct.
 */
#pragma once

#include "schema/compile/compile.h"

/* Bound of the search for optimisations, in things looked at. */
#define EFFORT_MAX UINT64_C(10000000)

struct lowering {
	/* Receives the instructions; its rules are not changed, except for the flags and blocks of
	 * its subschemas. */
	struct compiler *c;
	struct program rules; /* a view of the compiler's rules and what they refer to */
	uint32_t *block_of;   /* for each subschema its block, or NONE */
	uint8_t *types_of;    /* for each subschema its types (enum type_bit), or unknown */
	struct vec pending;   /* uint32_t: the subschema of each block */
	uint32_t inlined;     /* rules that were inlined; bounded */
	uint64_t effort;      /* used so far, of EFFORT_MAX */
	uint64_t charged;     /* effort and made items that the budget has been charged for */
};

/* Appends the instructions to the compiler's arrays; block 0 is that of the root. E_LIMIT where the
 * budget ran out, E_MEMORY. */
MUST_USE enum result lower_program(struct compiler *c);

/* The block of a subschema, or of the one that it refers to; BLOCK_NEVER for `false`. A new block
 * will be lowered later. */
MUST_USE enum result lower_block(struct lowering *work, uint32_t subschema, uint32_t *ret);

/* Appends an instruction with zero operands; NULL without memory. Valid until the next one is
 * appended, so operands that need further blocks are made before. */
struct instruction *lower_emit(struct lowering *work, enum operation operation);

/* Appends a copy of a plan of `size` bytes to `plans`, which is one of the compiler's arrays, and
 * an instruction whose operand `a` is its position there. The targets, entries and tags that the
 * plan refers to are made before. E_MEMORY. */
MUST_USE enum result lower_emit_plan(struct lowering *work, enum operation operation,
				     struct vec *plans, const void *plan, size_t size);

/* The subschema itself, or where it is only a reference the one that it leads to. Follows a bounded
 * number of references, since they may form a circle. */
uint32_t lower_resolve(const struct lowering *work, uint32_t subschema);

/* Reserves a hash table for `count` positions in `slots`, all NONE. The slot of a hash is `hash &
 * mask`, and the next free one where it is taken (linear probing). E_MEMORY. */
MUST_USE enum result lower_add_slots(struct lowering *work, uint32_t count, uint32_t *ret_first,
				     uint32_t *ret_mask);
/* Adds a position to the table. Collisions count as effort, which the budget is charged for. */
void lower_fill_slot(struct lowering *work, uint32_t first, uint32_t mask, uint64_t hash,
		     uint32_t position);

/* lower_plan.c: one instruction for all rules of the subschema about the members of an object, or
 * about the items of an array. */
MUST_USE enum result lower_object(struct lowering *work, const struct subschema *s);
MUST_USE enum result lower_array(struct lowering *work, const struct subschema *s);

/* The keys of an object plan. lower_find_entry() searches the entries from `first` on. */
MUST_USE enum result lower_add_entry(struct lowering *work, const struct name *name,
				     uint32_t block);
uint32_t lower_find_entry(const struct lowering *work, uint32_t first, const struct name *name);
/* Makes the hash table of the plan's entries, and sets its price. Call it once all entries are
 * added. */
MUST_USE enum result lower_entry_slots(struct lowering *work, struct object_plan *plan);

/* lower_cover.c: unevaluatedItems and unevaluatedProperties. */
void lower_mark_covering(struct lowering *work);
/* To be called last for a subschema: the check comes after all its other instructions. */
MUST_USE enum result lower_unevaluated(struct lowering *work, uint32_t subschema);

/* lower_value.c: rules for one value. */
MUST_USE enum result lower_enum(struct lowering *work, const struct rule *rule);
MUST_USE enum result lower_numbers(struct lowering *work, const struct subschema *s);
MUST_USE enum result lower_length(struct lowering *work, const struct subschema *s);

/* lower_branch.c: anyOf and oneOf. */
MUST_USE enum result lower_branches(struct lowering *work, const struct rule *rule);
