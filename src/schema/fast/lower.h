/*
 * From rules to instructions (instruction.h): a block for each subschema that is not merely a reference, small ones set in
 * where they are referred to, everything that one instruction can ask of a value put into one. Schemas with a
 * dynamic scope are left to the explaining pass.
 */
#pragma once

#include "schema/compile/compile.h"

/* Of looking for what would make a program faster; beyond it nothing more is looked for. */
#define EFFORT_MAX UINT64_C(10000000)

struct lowering {
	struct compiler *c;
	struct program rules; /* a view of the compiler's rules and what they refer to */
	uint32_t *block_of;   /* for each subschema */
	uint8_t *types_of;    /* for each subschema, once asked for */
	struct vec pending;   /* uint32_t: the subschema of each block */
	uint32_t inlined;     /* rules set in elsewhere: bounded */
	uint64_t effort;      /* spent, up to EFFORT_MAX */
	uint64_t charged;     /* of effort and of what was made */
};

/* Appends the instructions; block 0 is the root's. */
MUST_USE enum result lower_program(struct compiler *c);

/* The block of a subschema, through references; it will be lowered if it is not yet. BLOCK_NEVER for `false`. */
MUST_USE enum result lower_block(struct lowering *work, uint32_t subschema, uint32_t *ret);

struct instruction *lower_emit(struct lowering *work, enum operation operation);

/* The subschema behind references that stand alone. */
uint32_t lower_resolve(const struct lowering *work, uint32_t subschema);

/* Reserves a table of slots for `count` positions, all NONE. */
MUST_USE enum result lower_add_slots(struct lowering *work, uint32_t count, uint32_t *ret_first,
				     uint32_t *ret_mask);
void lower_fill_slot(struct lowering *work, uint32_t first, uint32_t mask, uint64_t hash,
		     uint32_t position);

/* One instruction for all rules of the subschema that look at an object's members, or an array's items. */
MUST_USE enum result lower_object(struct lowering *work, const struct subschema *s);
MUST_USE enum result lower_array(struct lowering *work, const struct subschema *s);

/* An object plan's keys. lower_find_entry() looks among the entries from `first` on. */
MUST_USE enum result lower_add_entry(struct lowering *work, const struct name *name,
				     uint32_t block);
uint32_t lower_find_entry(const struct lowering *work, uint32_t first, const struct name *name);
MUST_USE enum result lower_entry_slots(struct lowering *work, struct object_plan *plan);

/* lower_cover.c */
void lower_mark_covering(struct lowering *work);
MUST_USE enum result lower_unevaluated(struct lowering *work, uint32_t subschema);

/* lower_value.c */
MUST_USE enum result lower_enum(struct lowering *work, const struct rule *rule);
MUST_USE enum result lower_numbers(struct lowering *work, const struct subschema *s);
MUST_USE enum result lower_length(struct lowering *work, const struct subschema *s);

/* lower_branch.c: anyOf and oneOf. */
MUST_USE enum result lower_branches(struct lowering *work, const struct rule *rule);
