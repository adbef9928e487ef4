/*
 * The state of the fast pass, and the functions that its files share.
 *
 * Steps are taken from the schema's limit and from the budget in slices, so that most charges are
 * one subtraction (charge()). A function that returns false has either found the value invalid or
 * stopped the pass; `is_stopped` tells which.
 */
#pragma once

#include "schema/explain/explain.h"
#include "schema/price.h"

/* NOINLINE keeps a function out of the dispatcher (fast.c): it would then need more registers,
 * which costs more than the call. HOT and COLD also tell the compiler where to put the code; COLD
 * is for functions that few charges reach. */
#define NOINLINE      __attribute__((noinline))
#define ALWAYS_INLINE __attribute__((always_inline)) static inline
#define HOT	      __attribute__((hot, noinline))
#define COLD	      __attribute__((cold, noinline))
#define LIKELY(x)     __builtin_expect(!!(x), 1)
#define UNLIKELY(x)   __builtin_expect(!!(x), 0)

/* The state of one validation. The first fields are those that every instruction uses. */
struct fast_pass {
	const struct program *program;
	const struct instruction *instructions;
	const struct block *blocks;
	const char *texts;
	int64_t steps; /* left of the slice; below 0 when it is used up */
	int64_t slice; /* steps that the slice had at its start */
	uint64_t left; /* left of the schema's limit, including the slice */
	/* May be NULL: then only the schema's limits bound the pass. */
	struct budget *budget;
	const char
		*keyword; /* the keyword at which the steps ran out; NULL where it is not known */
	uint32_t depth;	  /* left of the schema's limit */
	/* There is no verdict, and every function returns false. */
	bool is_stopped;
	bool is_undecided;
	bool is_over; /* the schema's limit or the budget has run out */
	enum result rc;
	const struct schema *schema;
	struct error *err;
};

/* fast_pass.c */
extern const uint8_t fast_type_bits[(TREE_IS_OPAQUE << 8) * 2];

/* Stop the pass. All return false, so that they can end a check. fast_stop() writes no text: its
 * caller has written it, or fast_validate() does at the end where steps ran out. */
COLD bool fast_stop(struct fast_pass *pass, enum result rc);
COLD bool fast_stop_undecided(struct fast_pass *pass);
/* Charges the budget for a used slice and takes the next one. False where a bound has run out. */
COLD bool fast_refill(struct fast_pass *pass);
/* E_LIMIT: subschemas are nested deeper than depth_max. */
COLD bool fast_stop_at_depth(struct fast_pass *pass);

/* The size of the next slice: up to the next check of the budget, and without a budget
 * BUDGET_CHECK_STEPS. */
static inline int64_t fast_next_slice(uint64_t left, const struct budget *b)
{
	uint64_t most = b != NULL ? b->until_check : BUDGET_CHECK_STEPS;

	return (int64_t)(left < most ? left : most);
}

/* Charges the budget for the used part of the slice, and ends the slice: for work that counts its
 * own steps, and at the end. */
void fast_charge_budget(struct fast_pass *pass);

/* Whether the text matches, in `*ret`; false where the pass stopped. Charges the price, except for
 * literals of up to KEY_BYTES_FREE: the caller charges their number. */
bool fast_match(struct fast_pass *pass, uint32_t pattern, struct slice text, bool *ret);

/* The value of a member, or NULL. Borrowed from the instance. `hash` is slice_hash() of the key.
 * The caller charges price_look_up(). */
const struct tree_node *fast_find_member(const struct tree_node *object, const char *text,
					 uint32_t len, uint64_t hash);

/* fast.c: whether all instructions from `at` up to `end` hold. Every recursion goes through this
 * function. */
bool fast_block(struct fast_pass *pass, uint32_t at, uint32_t end, const struct tree_node *n);

/* fast_members.c */
/* All rules about the members of an object, or about the items of an array; true for other values.
 * False with `is_stopped` where a bound ran out or an opaque value decides. */
bool fast_object(struct fast_pass *pass, const struct object_plan *plan, const struct tree_node *n);
bool fast_array(struct fast_pass *pass, const struct array_plan *plan, const struct tree_node *n);

/* fast_branch.c */
/* Checks `n` against the items that OPERATION_CONTAINS wants; true for values that are no array. */
bool fast_contains(struct fast_pass *pass, const struct instruction *i, const struct tree_node *n);
/* `count` targets from `target` on are the branches. Stops at the first one that holds. */
bool fast_any_of(struct fast_pass *pass, uint32_t target, uint32_t count,
		 const struct tree_node *n);
/* As fast_any_of(), but exactly one must hold. `found` other branches have matched already. */
bool fast_one_of(struct fast_pass *pass, uint32_t target, uint32_t count, uint32_t found,
		 const struct tree_node *n);
/* Tries the branch that the tag in `n` selects, then the branches without a tag. */
bool fast_tagged(struct fast_pass *pass, const struct tag_plan *plan, const struct tree_node *n);
/* Both hold for values without the key, and for values that are no object. */
bool fast_dependent_required(struct fast_pass *pass, uint32_t rule, const struct tree_node *n);
bool fast_dependent_schema(struct fast_pass *pass, const struct instruction *i,
			   const struct tree_node *n);
bool fast_if(struct fast_pass *pass, const struct instruction *i, const struct tree_node *n);
/* Turns a no into a yes, unless the pass has stopped. */
bool fast_not(struct fast_pass *pass, uint32_t block, const struct tree_node *n);

/* fast_cover.c: applies unevaluatedItems and unevaluatedProperties of a subschema whose other rules
 * hold. Allocates marks for more than 63 members or items; without memory it stops the pass. */
bool fast_unevaluated(struct fast_pass *pass, uint32_t subschema, const struct tree_node *n);

/* The type bit of a value; 0 for an opaque one. One load from a table instead of branches on the
 * kind; the mask keeps the index inside of the table. */
ALWAYS_INLINE uint8_t type_of(const struct tree_node *n)
{
	return fast_type_bits[(n->kind | n->flags << 8) & (sizeof fast_type_bits - 1)];
}

/* Charges steps; false where a bound has run out. */
ALWAYS_INLINE bool charge(struct fast_pass *pass, uint32_t steps)
{
	pass->steps -= steps;
	return LIKELY(pass->steps >= 0) || fast_refill(pass);
}

/* As charge(), but the next charge checks whether the steps were too many. For small amounts in a
 * loop that another charge follows: the overrun stays as small as that work. */
ALWAYS_INLINE void debit(struct fast_pass *pass, uint64_t steps)
{
	pass->steps -= (int64_t)steps;
}

/* As charge(), and the error will name the keyword. */
static inline bool charge_for(struct fast_pass *pass, uint64_t steps, const char *keyword)
{
	debit(pass, steps);
	if (LIKELY(pass->steps >= 0) || fast_refill(pass))
		return true;
	pass->keyword = keyword;
	return false;
}

/* The type of `n` does not match: false, and undecided where its value is opaque. */
static inline bool refuse(struct fast_pass *pass, const struct tree_node *n)
{
	return (n->flags & TREE_IS_OPAQUE) != 0 ? fast_stop_undecided(pass) : false;
}

/* Whether a value matches a block; `block` may be NONE or BLOCK_NEVER. The types are tested here,
 * so most wrong values never reach the dispatcher. */
ALWAYS_INLINE bool enter(struct fast_pass *pass, uint32_t block, const struct tree_node *n)
{
	const struct block *b;

	if (UNLIKELY(block >= BLOCK_NEVER))
		return block == NONE;
	b = &pass->blocks[block];
	if ((b->mask & type_of(n)) == 0)
		return refuse(pass, n);
	return b->start == b->end || fast_block(pass, b->start, b->end, n);
}

/* Unaligned loads, which compilers turn into one instruction; a cast would be undefined. */
ALWAYS_INLINE uint64_t load_8(const char *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return v;
}

ALWAYS_INLINE uint32_t load_4(const char *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return v;
}

/* Whether two texts of one length are equal. Their hashes are equal, so they almost always are.
 * Keys are short: two loads that overlap cover 8 to 16 bytes (4 to 8 likewise), without a loop and
 * without the call of memcmp(). Reads no byte outside of the texts. */
ALWAYS_INLINE bool is_same(const char *a, const char *b, uint32_t len)
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
