/*
 * The dispatcher of the fast pass and the instructions for one value.
 *
 * What must hold:
 * - An instruction holds for values of kinds that it is not about, as the keyword does.
 * - The value of an opaque node is never read. Each block begins with the types that it accepts,
 *   and an opaque node has no type, so that no instruction ever sees one; refuse() makes the pass
 *   undecided.
 * - Where the pass has stopped every function returns false, and functions that turn a false into
 *   true (not, if, anyOf) check `is_stopped` first.
 * - Each instruction charges for what it reads (price.h) before it reads it or right after.
 */
#include "schema/fast/fast.h"

#include "schema/compile/keyword.h"
#include "schema/fast/fast_pass.h"

/* 2^53: a double holds every integer below it exactly. Of up to UNIQUE_PAIRS_MAX strings all pairs
 * are compared, which needs no memory; more are sorted by the explaining pass's check. */
#define EXACT_INTEGER_MAX (INT64_C(1) << 53)
#define UNIQUE_PAIRS_MAX  8

/* The code points of valid UTF-8: counts the bytes that do not continue a character (10xxxxxx),
 * eight at a time. */
static uint32_t count_points(const struct tree_node *n)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint32_t count = n->count, i = 0;

	for (; i + 8 <= n->count; i += 8) {
		uint64_t bytes = load_8(n->of.text + i);

		count -= (uint32_t)__builtin_popcountll(bytes >> 7 & ~(bytes >> 6) & ones);
	}
	for (; i < n->count; i++)
		count -= ((unsigned char)n->of.text[i] & 0xc0) == 0x80;
	return count;
}

/* There are at most as many code points as bytes, and at least a quarter as many, so most texts
 * need no counting. */
static inline bool is_length_within(struct fast_pass *pass, const struct instruction *i,
				    const struct tree_node *n)
{
	size_t length = n->count;

	if (length < i->a || length / 4 > i->b)
		return false;
	if (length <= i->b && length / 4 >= i->a)
		return true;
	if (!charge_for(pass, price_bytes(n->count), i->a != 0 ? "minLength" : "maxLength"))
		return false;
	length = count_points(n);
	return length >= i->a && length <= i->b;
}

/* A bound that the range of integers in OPERATION_RANGE cannot express, or for a number that is not
 * an int64. */
NOINLINE static bool is_bound_kept(struct fast_pass *pass, uint32_t at, const struct tree_node *n)
{
	const struct rule *rule = &pass->program->rules[at];
	const struct constant *k = &pass->program->constants[rule->a];
	struct tree_node bound;
	int order;

	/* A double is on the same side of a small integer as the number that it stands for, unless
	 * it is that integer. */
	if ((n->flags & TREE_FITS_INT64) == 0 && (k->flags & TREE_FITS_INT64) != 0 &&
	    k->as.integer > -EXACT_INTEGER_MAX && k->as.integer < EXACT_INTEGER_MAX &&
	    n->as.real != (double)k->as.integer) {
		order = n->as.real < (double)k->as.integer ? -1 : 1;
	} else {
		bound = constant_number(pass->program, k);
		if (!charge_for(pass, price_number(n, &bound), keywords[rule->keyword].name))
			return false;
		order = number_compare(n, &bound);
	}
	switch ((enum rule_op)rule->op) {
	case RULE_MAXIMUM:
		return order <= 0;
	case RULE_EXCLUSIVE_MAXIMUM:
		return order < 0;
	case RULE_MINIMUM:
		return order >= 0;
	default:
		return order > 0;
	}
}

/* Numbers that are no int64, such as 1.5 and 1e30, are compared with the rules' own constants. */
static inline bool is_in_range(struct fast_pass *pass, const struct instruction *i,
			       const struct tree_node *n)
{
	if ((n->flags & TREE_FITS_INT64) != 0)
		return n->as.integer >= i->x.integer && n->as.integer <= i->y.integer;
	return (i->a == NONE || is_bound_kept(pass, i->a, n)) &&
	       (i->b == NONE || is_bound_kept(pass, i->b, n));
}

NOINLINE static bool is_multiple(struct fast_pass *pass, uint32_t constant,
				 const struct tree_node *n)
{
	const struct constant *k = &pass->program->constants[constant];
	struct tree_node step;

	if ((n->flags & k->flags & TREE_FITS_INT64) != 0)
		return k->as.integer == 1 || n->as.integer % k->as.integer == 0;
	step = constant_number(pass->program, k);
	return charge_for(pass, price_multiple(n, &step), "multipleOf") &&
	       number_is_multiple(n, &step);
}

ALWAYS_INLINE bool is_text(struct fast_pass *pass, const struct constant *k,
			   const struct tree_node *n)
{
	if (k->as.hash != n->as.hash || k->text.len != n->count)
		return false;
	if (UNLIKELY(n->count > KEY_BYTES_FREE) && !charge_for(pass, price_bytes(n->count), "enum"))
		return false;
	return is_same(pass->texts + k->text.at, n->of.text, n->count);
}

NOINLINE static bool is_any_text(struct fast_pass *pass, const struct instruction *i,
				 const struct tree_node *n)
{
	for (uint32_t k = 0; k < i->b; k++) {
		if (is_text(pass, &pass->program->constants[i->a + k], n))
			return true;
	}
	return false;
}

/* Searches a hash table of texts. */
NOINLINE static bool is_in_table(struct fast_pass *pass, const struct instruction *i,
				 const struct tree_node *n)
{
	const uint32_t *slots = pass->program->slots + i->a;

	for (uint32_t at = (uint32_t)n->as.hash & i->b; slots[at] != NONE; at = (at + 1) & i->b) {
		if (is_text(pass, &pass->program->constants[slots[at]], n))
			return true;
		debit(pass, 1); /* hashes may have been chosen to collide */
	}
	return false;
}

/* Constants of any kind, one after the other. */
NOINLINE static bool check_enum(struct fast_pass *pass, const struct instruction *i,
				const struct tree_node *n)
{
	bool is_undecided = false;

	if (!charge(pass, i->b))
		return false;
	for (uint32_t k = 0; k < i->b; k++) {
		uint64_t price = 0;
		enum verdict v = constant_compare(pass->program,
						  &pass->program->constants[i->a + k], n, &price);

		if (!charge_for(pass, price, "enum"))
			return false;
		if (v == VERDICT_YES)
			return true;
		is_undecided |= v == VERDICT_MAYBE;
	}
	return is_undecided ? fast_stop_undecided(pass) : false;
}

/* Few strings are compared pair by pair; other arrays are left to the explaining pass's check. */
NOINLINE static bool check_unique(struct fast_pass *pass, const struct tree_node *n)
{
	const struct tree_node *items;
	struct explain_pass r = {.schema = pass->schema,
				 .program = pass->program,
				 .err = pass->err};
	struct rule rule = {.op = RULE_UNIQUE_ITEMS};
	enum verdict v = VERDICT_YES;
	enum result rc;

	if (n->kind != TREE_ARRAY || n->count < 2)
		return true;
	items = n->of.items;
	if (n->count <= UNIQUE_PAIRS_MAX) {
		bool is_plain = true;

		for (uint32_t i = 0; i < n->count; i++)
			is_plain &= items[i].kind == TREE_STRING &&
				    (items[i].flags & TREE_IS_OPAQUE) == 0;
		for (uint32_t i = 0; is_plain && i + 1 < n->count; i++) {
			for (uint32_t k = i + 1; k < n->count; k++) {
				if (items[i].as.hash == items[k].as.hash &&
				    items[i].count == items[k].count &&
				    is_same(items[i].of.text, items[k].of.text, items[i].count))
					return false;
			}
		}
		if (is_plain)
			return true;
	}
	fast_charge_budget(pass);
	r.steps = pass->schema->limits.steps_max - pass->left;
	r.charged = r.steps;
	r.budget = pass->budget;
	rc = explain_unique_items(&r, &rule, n, NULL, &v);
	if (rc == OK)
		rc = explain_charge_budget(&r);
	if (rc != OK)
		return fast_stop(pass, rc);
	pass->left = pass->schema->limits.steps_max - r.steps;
	return v == VERDICT_MAYBE ? fast_stop_undecided(pass) : v == VERDICT_YES;
}

NOINLINE static bool check_pattern(struct fast_pass *pass, uint32_t pattern,
				   const struct tree_node *n)
{
	bool is_match;

	return n->kind != TREE_STRING ||
	       (fast_match(pass, pattern, tree_text(n), &is_match) && is_match);
}

NOINLINE static bool check_format(struct fast_pass *pass, uint32_t at, const struct tree_node *n)
{
	const struct format *format = pass->schema->formats[at];

	return n->kind != TREE_STRING ||
	       (charge_for(pass, format_price(format, tree_text(n)), "format") &&
		format_is_valid(format, tree_text(n)));
}

__attribute__((hot)) static inline bool check_instruction(struct fast_pass *pass,
							  const struct instruction *i,
							  const struct tree_node *n)
{
	switch ((enum operation)i->operation) {
	case OPERATION_SECRET:
		return (n->flags & TREE_IS_SECRET) != 0;
	case OPERATION_OBJECT:
		return fast_object(pass, &pass->program->object_plans[i->a], n);
	case OPERATION_ARRAY:
		return fast_array(pass, &pass->program->array_plans[i->a], n);
	case OPERATION_LENGTH:
		return n->kind != TREE_STRING || is_length_within(pass, i, n);
	case OPERATION_RANGE:
		return n->kind != TREE_NUMBER || is_in_range(pass, i, n);
	case OPERATION_BOUND:
		return n->kind != TREE_NUMBER || is_bound_kept(pass, i->a, n);
	case OPERATION_MULTIPLE:
		return n->kind != TREE_NUMBER || is_multiple(pass, i->a, n);
	case OPERATION_TEXT:
		return n->kind == TREE_STRING && n->as.hash == i->x.hash && n->count == i->b &&
		       (i->b <= KEY_BYTES_FREE || charge_for(pass, price_bytes(i->b), "const")) &&
		       is_same(pass->texts + i->a, n->of.text, i->b);
	case OPERATION_TEXTS:
		return n->kind == TREE_STRING && is_any_text(pass, i, n);
	case OPERATION_TEXT_TABLE:
		return n->kind == TREE_STRING && is_in_table(pass, i, n);
	case OPERATION_ENUM:
		return check_enum(pass, i, n);
	case OPERATION_PATTERN:
		return check_pattern(pass, i->a, n);
	case OPERATION_FORMAT:
		return check_format(pass, i->a, n);
	case OPERATION_DEPENDENT_REQUIRED:
		return fast_dependent_required(pass, i->a, n);
	case OPERATION_DEPENDENT_SCHEMA:
		return fast_dependent_schema(pass, i, n);
	case OPERATION_UNIQUE:
		return check_unique(pass, n);
	case OPERATION_CONTAINS:
		return fast_contains(pass, i, n);
	case OPERATION_CALL:
		return enter(pass, i->a, n);
	case OPERATION_ANY_OF:
		return fast_any_of(pass, i->a, i->b, n);
	case OPERATION_ONE_OF:
		return fast_one_of(pass, i->a, i->b, 0, n);
	case OPERATION_TAGGED:
		return fast_tagged(pass, &pass->program->tag_plans[i->a], n);
	case OPERATION_NOT:
		return fast_not(pass, i->a, n);
	case OPERATION_IF:
		return fast_if(pass, i, n);
	case OPERATION_UNEVALUATED:
		return fast_unevaluated(pass, i->a, n);
	}
	return false;
}

/* Every recursion goes through here, so that depth and steps bound it. */
HOT bool fast_block(struct fast_pass *pass, uint32_t at, uint32_t end, const struct tree_node *n)
{
	const struct instruction *i = pass->instructions + at, *last = pass->instructions + end;
	bool holds;

	if (UNLIKELY(pass->depth == 0))
		return fast_stop_at_depth(pass);
	if (!charge(pass, end - at))
		return false;
	pass->depth--;
	do
		holds = check_instruction(pass, i++, n);
	while (holds && i < last);
	pass->depth++;
	return holds;
}

/* The reason why the pass stopped, with the keyword where it is known. */
COLD static enum result stop_reason(const struct fast_pass *pass)
{
	enum result rc = pass->rc;

	if (!pass->is_over)
		return rc;
	rc = budget_result(pass->budget, pass->err);
	if (rc == OK)
		rc = fail(pass->err, E_LIMIT, "validation takes more than %llu steps",
			  (unsigned long long)pass->schema->limits.steps_max);
	return pass->keyword != NULL ? wrap(pass->err, rc, "`%s`", pass->keyword) : rc;
}

/* Runs the root's block, then charges the budget for the rest of the last slice. */
enum fast_outcome fast_validate(const struct schema *s, const struct tree_node *instance,
				struct budget *budget, uint64_t *ret_steps, enum result *rc,
				struct error *err)
{
	int64_t slice = fast_next_slice(s->limits.steps_max, budget);
	struct fast_pass pass = {.program = &s->program,
				 .instructions = s->program.instructions,
				 .blocks = s->program.blocks,
				 .texts = s->program.texts,
				 .left = s->limits.steps_max,
				 .slice = slice,
				 .steps = slice,
				 .budget = budget,
				 .depth = s->limits.depth_max,
				 .schema = s,
				 .err = err};
	bool is_valid;

	*ret_steps = 0;
	if (s->program.has_dynamic_scope)
		return FAST_UNDECIDED;
	is_valid = enter(&pass, s->program.root_block, instance);
	fast_charge_budget(&pass);
	if (UNLIKELY(pass.is_over))
		(void)fast_stop(&pass, E_LIMIT);
	*ret_steps = s->limits.steps_max - pass.left;
	if (pass.is_undecided)
		return FAST_UNDECIDED;
	if (pass.is_stopped) {
		*rc = stop_reason(&pass);
		return FAST_FAILED;
	}
	return is_valid ? FAST_YES : FAST_NO;
}
