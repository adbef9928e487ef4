/*
 * Blocks, inlining, and the rules that become one instruction each.
 *
 * A block is reserved when something first refers to its subschema, and lowered when its turn
 * comes, so that recursive schemas end. The arrays of the compiler grow during lowering; pointers
 * into them are invalid after the next push. `rules` is a view of the arrays that lowering only
 * reads.
 */
#include "schema/fast/lower.h"

/* Bounds of the references that lower_resolve() follows, and of inlining. References may form a
 * circle, and inlining each small subschema into each other can double the program at every level:
 * so the depth, the weight of one and the number of rules in all are bounded. Beyond a bound a
 * subschema is called. */
#define HOPS_MAX	  32
#define INLINE_WEIGHT_MAX 32
#define INLINE_DEPTH_MAX  6
#define INLINED_MAX	  100000
#define TYPES_UNKNOWN	  0xff
#define STEPS_EFFORT	  2 /* for each item made or looked at */

static void clear_lowering(struct lowering *work)
{
	alloc_free(work->block_of);
	alloc_free(work->types_of);
	vec_clear(&work->pending);
}

struct instruction *lower_emit(struct lowering *work, enum operation operation)
{
	struct instruction *i = vec_push(&work->c->instructions, sizeof *i);

	if (i != NULL)
		i->operation = (uint8_t)operation;
	return i;
}

enum result lower_emit_plan(struct lowering *work, enum operation operation, struct vec *plans,
			    const void *plan, size_t size)
{
	void *made = vec_push(plans, size);
	struct instruction *i = lower_emit(work, operation);

	if (made == NULL || i == NULL)
		return E_MEMORY;
	memcpy(made, plan, size);
	i->a = plans->count - 1;
	return OK;
}

uint32_t lower_resolve(const struct lowering *work, uint32_t subschema)
{
	for (int hops = 0; hops < HOPS_MAX; hops++) {
		const struct subschema *s = &work->rules.subschemas[subschema];

		if (s->rules != 1 || work->rules.rules[s->first_rule].op != RULE_REF)
			break;
		subschema = work->rules.rules[s->first_rule].a;
	}
	return subschema;
}

/* The block of `false` is BLOCK_NEVER, so that its users need not enter it. */
enum result lower_block(struct lowering *work, uint32_t subschema, uint32_t *ret)
{
	const struct subschema *s;
	struct block *b;
	uint32_t *pending;

	subschema = lower_resolve(work, subschema);
	s = &work->rules.subschemas[subschema];
	if (s->rules != 0 && work->rules.rules[s->first_rule].op == RULE_FALSE) {
		*ret = BLOCK_NEVER;
		return OK;
	}
	if (work->block_of[subschema] != NONE) {
		*ret = work->block_of[subschema];
		return OK;
	}
	b = vec_push(&work->c->blocks, sizeof *b);
	pending = vec_push(&work->pending, sizeof *pending);
	if (b == NULL || pending == NULL)
		return E_MEMORY;
	*pending = subschema;
	*ret = work->block_of[subschema] = work->c->blocks.count - 1;
	return OK;
}

/* At most half of the slots are used, so that searches are short. */
enum result lower_add_slots(struct lowering *work, uint32_t count, uint32_t *ret_first,
			    uint32_t *ret_mask)
{
	uint32_t size = 2;

	while (size < count * 2)
		size *= 2;
	*ret_first = work->c->slots.count;
	*ret_mask = size - 1;
	for (uint32_t i = 0; i < size; i++) {
		uint32_t *slot = vec_push(&work->c->slots, sizeof *slot);

		if (slot == NULL)
			return E_MEMORY;
		*slot = NONE;
	}
	return OK;
}

void lower_fill_slot(struct lowering *work, uint32_t first, uint32_t mask, uint64_t hash,
		     uint32_t position)
{
	uint32_t at = (uint32_t)hash & mask;

	for (; VEC_AT(&work->c->slots, uint32_t, first + at) != NONE; at = (at + 1) & mask)
		work->effort++;
	VEC_AT(&work->c->slots, uint32_t, first + at) = position;
}

/* The type bit of a constant. */
static uint32_t constant_type(const struct constant *k)
{
	return k->kind == TREE_NUMBER && (k->flags & TREE_IS_INTEGER) != 0 ? TYPE_INTEGER
									   : 1u << k->kind;
}

static uint32_t types_of(struct lowering *work, uint32_t subschema, int depth);

/* allOf accepts the types that all branches accept, anyOf and oneOf those of any branch. */
static uint32_t types_of_links(struct lowering *work, const struct rule *rule, int depth)
{
	bool is_all = rule->op == RULE_ALL_OF;
	uint32_t types = is_all ? TYPE_ANY : 0;

	for (uint32_t i = 0; i < rule->b; i++) {
		uint32_t one = types_of(work, work->rules.links[rule->a + i], depth);

		types = is_all ? types & one : types | one;
	}
	return types;
}

/* The types of values that a rule can accept. */
static uint32_t types_of_rule(struct lowering *work, const struct rule *rule, int depth)
{
	uint32_t types = 0;

	switch ((enum rule_op)rule->op) {
	case RULE_FALSE:
		return 0;
	case RULE_TYPE:
		return rule->a;
	case RULE_CONST:
	case RULE_ENUM:
		for (uint32_t i = 0; i < rule->b; i++)
			types |= constant_type(&work->rules.constants[rule->a + i]);
		return types;
	case RULE_REF:
		return types_of(work, rule->a, depth);
	case RULE_ALL_OF:
	case RULE_ANY_OF:
	case RULE_ONE_OF:
		return types_of_links(work, rule, depth);
	default:
		return TYPE_ANY;
	}
}

/* The types that a subschema can accept, computed once for each. A recursive or very deep one gets
 * TYPE_ANY: a set that is too large is slower, but never wrong. */
static uint32_t types_of(struct lowering *work, uint32_t subschema, int depth)
{
	const struct subschema *s = &work->rules.subschemas[subschema];
	uint32_t types = TYPE_ANY;

	if (work->types_of[subschema] != TYPES_UNKNOWN)
		return work->types_of[subschema];
	if (depth == 0)
		return TYPE_ANY;
	work->types_of[subschema] = TYPE_ANY;
	for (uint32_t i = 0; types != 0 && i < s->rules; i++)
		types &= types_of_rule(work, &work->rules.rules[s->first_rule + i], depth - 1);
	work->types_of[subschema] = (uint8_t)types;
	return types;
}

static enum result add_call(struct lowering *work, uint32_t subschema)
{
	uint32_t block;
	struct instruction *i;
	enum result rc = lower_block(work, subschema, &block);

	if (rc != OK)
		return rc;
	i = lower_emit(work, OPERATION_CALL);
	if (i == NULL)
		return E_MEMORY;
	i->a = block;
	return OK;
}

/* An instruction with up to three blocks as operands; NONE for those that are absent. */
static enum result add_blocks(struct lowering *work, enum operation operation,
			      const uint32_t subschemas[static 3])
{
	uint32_t blocks[3] = {NONE, NONE, NONE};
	struct instruction *i;

	for (size_t k = 0; k < 3; k++) {
		enum result rc =
			subschemas[k] != NONE ? lower_block(work, subschemas[k], &blocks[k]) : OK;

		if (rc != OK)
			return rc;
	}
	i = lower_emit(work, operation);
	if (i == NULL)
		return E_MEMORY;
	i->a = blocks[0];
	i->b = blocks[1];
	i->c = blocks[2];
	return OK;
}

/* The subschema gets a block also where no number is required: fast_cover.c asks it which items
 * match. */
static enum result add_contains(struct lowering *work, const struct rule *rule)
{
	uint32_t block;
	struct instruction *i;
	enum result rc = lower_block(work, rule->a, &block);

	if (rc != OK || (rule->b == 0 && rule->c == UINT32_MAX))
		return rc;
	i = lower_emit(work, OPERATION_CONTAINS);
	if (i == NULL)
		return E_MEMORY;
	i->a = block;
	i->b = rule->b;
	i->c = rule->c;
	return OK;
}

static enum result add_dependent_schemas(struct lowering *work, const struct rule *rule)
{
	for (uint32_t k = 0; k < rule->b; k++) {
		uint32_t block;
		struct instruction *i;
		enum result rc =
			lower_block(work, work->rules.properties[rule->a + k].subschema, &block);

		if (rc != OK)
			return rc;
		i = lower_emit(work, OPERATION_DEPENDENT_SCHEMA);
		if (i == NULL)
			return E_MEMORY;
		i->a = rule->a + k;
		i->b = block;
	}
	return OK;
}

static enum result add_plain(struct lowering *work, enum operation operation, uint32_t operand)
{
	struct instruction *i = lower_emit(work, operation);

	if (i == NULL)
		return E_MEMORY;
	i->a = operand;
	return OK;
}

static enum result lower_subschema(struct lowering *work, uint32_t subschema, int depth);

/* The size of a subschema: the number of its rules and of the items in their lists. Stops counting
 * above INLINE_WEIGHT_MAX. */
static uint32_t weigh(const struct lowering *work, const struct subschema *s)
{
	uint32_t weight = s->rules;

	for (uint32_t i = 0; i < s->rules && weight <= INLINE_WEIGHT_MAX; i++) {
		const struct rule *rule = &work->rules.rules[s->first_rule + i];
		bool is_list = rule->op == RULE_PROPERTIES || rule->op == RULE_REQUIRED ||
			       rule->op == RULE_ENUM || rule->op == RULE_PATTERN_PROPERTIES ||
			       rule->op == RULE_PREFIX_ITEMS || rule->op == RULE_ALL_OF ||
			       rule->op == RULE_ANY_OF || rule->op == RULE_ONE_OF ||
			       rule->op == RULE_DEPENDENT_SCHEMAS;

		weight += is_list ? rule->b : 0;
	}
	return weight;
}

/* Inlines a small subschema where it is applied; else calls its block. One with
 * unevaluatedProperties or unevaluatedItems is always called. */
static enum result apply(struct lowering *work, uint32_t subschema, int depth)
{
	const struct subschema *s;

	work->inlined++;
	subschema = lower_resolve(work, subschema);
	s = &work->rules.subschemas[subschema];
	if (depth >= INLINE_DEPTH_MAX || weigh(work, s) > INLINE_WEIGHT_MAX ||
	    work->inlined > INLINED_MAX || (s->flags & SUBSCHEMA_HAS_UNEVALUATED) != 0 ||
	    (s->rules != 0 && work->rules.rules[s->first_rule].op == RULE_FALSE))
		return add_call(work, subschema);
	work->inlined += weigh(work, s);
	return lower_subschema(work, subschema, depth + 1);
}

/* A rule that becomes an instruction of its own. */
static enum result lower_rule(struct lowering *work, const struct rule *rule, int depth)
{
	enum result rc = OK;
	uint32_t ignored;

	switch ((enum rule_op)rule->op) {
	case RULE_SECRET:
		return add_plain(work, OPERATION_SECRET, 0);
	case RULE_CONST:
	case RULE_ENUM:
		return lower_enum(work, rule);
	case RULE_MULTIPLE_OF:
		return add_plain(work, OPERATION_MULTIPLE, rule->a);
	case RULE_PATTERN:
		return add_plain(work, OPERATION_PATTERN, rule->a);
	case RULE_FORMAT:
		return add_plain(work, OPERATION_FORMAT, rule->a);
	case RULE_DEPENDENT_REQUIRED:
		return add_plain(work, OPERATION_DEPENDENT_REQUIRED,
				 (uint32_t)(rule - work->rules.rules));
	case RULE_DEPENDENT_SCHEMAS:
		return add_dependent_schemas(work, rule);
	case RULE_CONTAINS:
		return add_contains(work, rule);
	case RULE_UNIQUE_ITEMS:
		return add_plain(work, OPERATION_UNIQUE, 0);
	case RULE_REF:
		return apply(work, rule->a, depth);
	case RULE_ALL_OF:
		for (uint32_t i = 0; rc == OK && i < rule->b; i++)
			rc = apply(work, work->rules.links[rule->a + i], depth);
		return rc;
	case RULE_ANY_OF:
	case RULE_ONE_OF:
		return lower_branches(work, rule);
	case RULE_NOT:
		return add_blocks(work, OPERATION_NOT, (const uint32_t[3]){rule->a, NONE, NONE});
	case RULE_IF:
		if (rule->b == NONE && rule->c == NONE)
			return lower_block(work, rule->a, &ignored);
		return add_blocks(work, OPERATION_IF,
				  (const uint32_t[3]){rule->a, rule->b, rule->c});
	default:
		return OK; /* part of a plan, or of the block's types */
	}
}

static enum result lower_subschema(struct lowering *work, uint32_t subschema, int depth)
{
	const struct subschema *s = &work->rules.subschemas[subschema];
	enum result rc = lower_numbers(work, s);

	if (rc == OK)
		rc = lower_length(work, s);
	for (uint32_t i = 0; rc == OK && i < s->rules; i++) {
		const struct rule *rule = &work->rules.rules[s->first_rule + i];

		/* First the rules for the value itself, then those for its members and items, then
		 * those that apply other subschemas to it: cheap ones first. */
		if (rule->op < RULE_DEPENDENT_REQUIRED)
			rc = lower_rule(work, rule, depth);
	}
	if (rc == OK)
		rc = lower_object(work, s);
	if (rc == OK)
		rc = lower_array(work, s);
	for (uint32_t i = 0; rc == OK && i < s->rules; i++) {
		const struct rule *rule = &work->rules.rules[s->first_rule + i];

		if (rule->op >= RULE_DEPENDENT_REQUIRED)
			rc = lower_rule(work, rule, depth);
	}
	return rc;
}

/* Charges the budget for items made and effort since the last call. */
static enum result charge_effort(struct lowering *work)
{
	const struct compiler *c = work->c;
	uint64_t done = work->effort + work->inlined + c->instructions.count + c->entries.count +
			c->slots.count + c->targets.count + c->blocks.count;
	uint64_t due = done - work->charged;

	work->charged = done;
	return compile_charge(work->c, due * STEPS_EFFORT);
}

/* Lowers the subschema of a reserved block. */
static enum result lower_pending(struct lowering *work, uint32_t block)
{
	uint32_t subschema = VEC_AT(&work->pending, uint32_t, block);
	const struct subschema *s = &work->rules.subschemas[subschema];
	uint32_t start = work->c->instructions.count, types = types_of(work, subschema, HOPS_MAX);
	enum result rc;

	rc = charge_effort(work);
	if (rc == OK)
		rc = lower_subschema(work, subschema, 0);
	if (rc == OK && (s->flags & SUBSCHEMA_HAS_UNEVALUATED) != 0)
		rc = lower_unevaluated(work, subschema);
	VEC_AT(&work->c->blocks, struct block, block) =
		(struct block){start, work->c->instructions.count, types};
	return rc;
}

/* fast_cover.c needs the block of each subschema. */
static void complete_subschemas(struct lowering *work)
{
	for (uint32_t i = 0; i < work->c->subschemas.count; i++) {
		uint32_t resolved = lower_resolve(work, i);
		const struct subschema *s = &work->rules.subschemas[resolved];
		bool is_never = s->rules != 0 && work->rules.rules[s->first_rule].op == RULE_FALSE;

		VEC_AT(&work->c->subschemas, struct subschema, i).block =
			is_never ? BLOCK_NEVER : work->block_of[resolved];
	}
}

/* Copies the blocks into the entries, once all blocks are complete. */
static void complete_entries(struct lowering *work)
{
	for (uint32_t i = 0; i < work->c->entries.count; i++) {
		struct entry *e = &VEC_AT(&work->c->entries, struct entry, i);
		const struct block *b;

		if (e->block == NONE) {
			e->accepts_any = 1;
			continue;
		}
		if (e->block == BLOCK_NEVER)
			continue;
		b = &VEC_AT(&work->c->blocks, struct block, e->block);
		e->start = b->start;
		e->end = b->end;
		e->mask = (uint8_t)b->mask;
		e->accepts_any = b->start == b->end && b->mask == TYPE_ANY;
	}
}

static void view_rules(struct lowering *work)
{
#define X(type, name)                           \
	work->rules.name = work->c->name.items; \
	work->rules.name##_count = work->c->name.count;
	PROGRAM_ARRAYS(X)
#undef X
}

/* Lowering the root's block reserves further ones, and so on until none is left. */
enum result lower_program(struct compiler *c)
{
	CLEANUP(clear_lowering) struct lowering work = {.c = c};
	uint32_t root;
	enum result rc;

	view_rules(&work);
	work.block_of = alloc_zero_array(c->subschemas.count, sizeof *work.block_of);
	work.types_of = alloc_zero_array(c->subschemas.count, sizeof *work.types_of);
	if (work.block_of == NULL || work.types_of == NULL)
		return E_MEMORY;
	for (uint32_t i = 0; i < c->subschemas.count; i++) {
		work.block_of[i] = NONE;
		work.types_of[i] = TYPES_UNKNOWN;
	}
	lower_mark_covering(&work);
	rc = compile_charge(c, (uint64_t)(c->rules.count + c->links.count) * STEPS_EFFORT);
	if (rc == OK)
		rc = lower_block(&work, 0, &root);
	for (uint32_t i = 0; rc == OK && i < work.pending.count; i++)
		rc = lower_pending(&work, i);
	if (rc == OK)
		rc = charge_effort(&work);
	if (rc != OK)
		return rc;
	c->root_block = root;
	complete_entries(&work);
	complete_subschemas(&work);
	return OK;
}
