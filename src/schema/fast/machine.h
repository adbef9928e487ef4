/* The state of the fast pass, and what its parts share. */
#pragma once

#include "schema/explain/explain.h"
#include "schema/price.h"
#include "schema/fast/fast.h"

/* Kept out of the dispatcher, whose registers are worth more than a call. */
#define APART	    __attribute__((noinline))
#define INLINED	    __attribute__((always_inline)) static inline
#define HOT	    __attribute__((hot, noinline))
#define COLD	    __attribute__((cold, noinline))
#define LIKELY(x)   __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

struct machine {
	const struct program *program;
	const struct instruction *instructions;
	const struct block *blocks;
	const char *texts;
	int64_t steps; /* left of the slice; below 0: used up, which the next charge finds */
	int64_t slice; /* what was taken of `left` and of the budget */
	uint64_t left; /* of the schema's own limit, the slice included */
	struct budget *budget;
	const char *where; /* the keyword at which steps ran out, where it is known */
	uint32_t depth;	   /* left */
	bool is_stopped;
	bool is_undecided;
	bool is_over; /* the schema's limit or the budget has run out */
	enum result rc;
	const struct schema *schema;
	struct error *err;
};

/* machine.c */
extern const uint8_t machine_types[(TREE_IS_OPAQUE << 8) * 2];

/* All give false, so that they can end a rule. */
COLD bool machine_stop(struct machine *m, enum result rc);
COLD bool machine_stop_undecided(struct machine *m);
/* A slice is used up: settles it and takes the next. */
COLD bool machine_refill(struct machine *m);
COLD bool machine_stop_at_depth(struct machine *m);

static inline int64_t machine_next_slice(uint64_t left, const struct budget *b)
{
	uint64_t most = b != NULL ? b->until_check : BUDGET_CHECK_STEPS;

	return (int64_t)(left < most ? left : most);
}

/* Pays for what the slice has seen used, and begins none: before work that counts its own steps. */
void machine_charge(struct machine *m);

/* Literal matchers of up to KEY_BYTES_FREE cost nothing: who asks many pays for their number. */
bool machine_match(struct machine *m, uint32_t pattern, struct slice text, bool *ret);

/* The caller pays (price_look_up()). */
const struct tree_node *machine_find(const struct tree_node *object, const char *text, uint32_t len,
				     uint64_t hash);

/* run.c: every recursion passes here. */
bool run_block(struct machine *m, uint32_t at, uint32_t end, const struct tree_node *n);

/* run_members.c */
bool run_object(struct machine *m, const struct object_plan *plan, const struct tree_node *n);
bool run_array(struct machine *m, const struct array_plan *plan, const struct tree_node *n);

/* run_branch.c */
bool run_contains(struct machine *m, const struct instruction *i, const struct tree_node *n);
bool run_any_of(struct machine *m, uint32_t target, uint32_t count, const struct tree_node *n);
/* `found` have matched already. */
bool run_one_of(struct machine *m, uint32_t target, uint32_t count, uint32_t found,
		const struct tree_node *n);
bool run_tagged(struct machine *m, const struct tag_plan *plan, const struct tree_node *n);
bool run_dependent_required(struct machine *m, uint32_t rule, const struct tree_node *n);
bool run_dependent_schema(struct machine *m, const struct instruction *i,
			  const struct tree_node *n);
bool run_if(struct machine *m, const struct instruction *i, const struct tree_node *n);
bool run_not(struct machine *m, uint32_t block, const struct tree_node *n);

/* run_cover.c: what the rules of a subschema that holds leave unevaluated. */
bool run_unevaluated(struct machine *m, uint32_t subschema, const struct tree_node *n);

INLINED uint8_t type_of(const struct tree_node *n)
{
	return machine_types[(n->kind | n->flags << 8) & (sizeof machine_types - 1)];
}

INLINED bool charge(struct machine *m, uint32_t steps)
{
	m->steps -= steps;
	return LIKELY(m->steps >= 0) || machine_refill(m);
}

/* As charge(), for what is already done: the next charge finds out whether it was too much. */
INLINED void debit(struct machine *m, uint64_t steps)
{
	m->steps -= (int64_t)steps;
}

/* As charge(), and the refusal names the keyword. */
static inline bool charge_for(struct machine *m, uint64_t steps, const char *keyword)
{
	debit(m, steps);
	if (LIKELY(m->steps >= 0) || machine_refill(m))
		return true;
	m->where = keyword;
	return false;
}

static inline bool refuse(struct machine *m, const struct tree_node *n)
{
	return (n->flags & TREE_IS_OPAQUE) != 0 ? machine_stop_undecided(m) : false;
}

INLINED bool enter(struct machine *m, uint32_t block, const struct tree_node *n)
{
	const struct block *b;

	if (UNLIKELY(block >= BLOCK_NEVER))
		return block == NONE;
	b = &m->blocks[block];
	if ((b->mask & type_of(n)) == 0)
		return refuse(m, n);
	return b->start == b->end || run_block(m, b->start, b->end, n);
}

INLINED uint64_t load_8(const char *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return v;
}

INLINED uint32_t load_4(const char *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return v;
}

/* Keys are short: their hashes were equal, so this is almost surely the last look at them. */
INLINED bool is_same(const char *a, const char *b, uint32_t len)
{
	if (len >= 8) {
		for (uint32_t i = 0; len > 16 && i + 8 <= len; i += 8) {
			if (load_8(a + i) != load_8(b + i))
				return false;
		}
		return load_8(a) == load_8(b) && load_8(a + len - 8) == load_8(b + len - 8);
	}
	if (len >= 4)
		return load_4(a) == load_4(b) && load_4(a + len - 4) == load_4(b + len - 4);
	return len == 0 || (a[0] == b[0] && a[len / 2] == b[len / 2] && a[len - 1] == b[len - 1]);
}
