/*
 * Instructions that apply other blocks to the same value or count the items that match one.
 *
 * A branch that does not match and a branch that stopped the pass both give false. So every loop
 * here asks `is_stopped` after a false, before it tries the next branch or turns the false into
 * true.
 */
#include "schema/fast/fast_pass.h"

/* Stops at the minimum where there is no maximum. */
bool fast_contains(struct fast_pass *pass, const struct instruction *i, const struct tree_node *n)
{
	uint32_t found = 0;

	if (n->kind != TREE_ARRAY)
		return true;
	for (uint32_t k = 0; k < n->count; k++) {
		found += enter(pass, i->a, &n->of.items[k]);
		debit(pass, 1);
		if (pass->is_stopped || found > i->c)
			return false;
		if (found >= i->b && i->c == UINT32_MAX)
			return true;
	}
	return charge(pass, 0) && found >= i->b;
}

/* Charges for the branches that were tried. */
bool fast_any_of(struct fast_pass *pass, uint32_t target, uint32_t count, const struct tree_node *n)
{
	for (uint32_t i = 0; i < count; i++) {
		if (enter(pass, pass->program->targets[target + i], n)) {
			debit(pass, i);
			return true;
		}
		if (pass->is_stopped)
			return false;
	}
	return charge(pass, count) && false;
}

/* Stops at the second branch that matches. */
bool fast_one_of(struct fast_pass *pass, uint32_t target, uint32_t count, uint32_t found,
		 const struct tree_node *n)
{
	for (uint32_t i = 0; found < 2 && i < count; i++) {
		found += enter(pass, pass->program->targets[target + i], n);
		if (pass->is_stopped)
			return false;
	}
	return charge(pass, count) && found == 1;
}

NOINLINE static bool check_branches(struct fast_pass *pass, const struct tag_plan *plan,
				    uint32_t target, uint32_t count, uint32_t found,
				    const struct tree_node *n)
{
	if (plan->is_one)
		return fast_one_of(pass, target, count, found, n);
	return found != 0 || fast_any_of(pass, target, count, n);
}

/* The block of the branch with that tag; BLOCK_NEVER where no branch has it. */
static uint32_t find_tag(struct fast_pass *pass, const struct tag_plan *plan,
			 const struct tree_node *value)
{
	const uint32_t *slots = pass->program->slots + plan->slot;
	uint64_t hash = constant_tag_hash(value->kind, value->kind == TREE_BOOL && value->of.truth,
					  value->as.hash);
	uint32_t at = (uint32_t)hash & plan->slot_mask;

	if (value->kind == TREE_STRING && value->count > KEY_BYTES_FREE)
		debit(pass, price_bytes(value->count));
	for (; slots[at] != NONE; at = (at + 1) & plan->slot_mask) {
		const struct tag *tag = &pass->program->tags[slots[at]];

		if (tag->hash == hash && tag->kind == value->kind &&
		    (value->kind != TREE_STRING ||
		     (tag->len == value->count &&
		      is_same(pass->texts + tag->text, value->of.text, value->count))))
			return tag->block;
		debit(pass, 1);
	}
	return BLOCK_NEVER;
}

/* The branch of the tag, then the branches without a tag. A value without the key may match any
 * branch that does not require it. */
bool fast_tagged(struct fast_pass *pass, const struct tag_plan *plan, const struct tree_node *n)
{
	const struct tree_node *value;
	uint32_t block = BLOCK_NEVER, found = 0;

	if (n->kind != TREE_OBJECT)
		return check_branches(pass, plan, plan->all, plan->all_count, 0, n);
	debit(pass, price_look_up(n, plan->len));
	value = fast_find_member(n, pass->texts + plan->text, plan->len, plan->hash);
	if (value == NULL && !plan->is_required)
		return check_branches(pass, plan, plan->all, plan->all_count, 0, n);
	if (value != NULL) {
		if ((value->flags & TREE_IS_OPAQUE) != 0)
			return fast_stop_undecided(pass);
		if (constant_is_tag(value->kind, value->flags))
			block = find_tag(pass, plan, value);
	}
	if (block != BLOCK_NEVER)
		found = enter(pass, block, n);
	if (pass->is_stopped)
		return false;
	return check_branches(pass, plan, plan->others, plan->others_count, found, n);
}

/* Holds where the key is absent. */
bool fast_dependent_required(struct fast_pass *pass, uint32_t at, const struct tree_node *n)
{
	const struct rule *rule = &pass->program->rules[at];
	const struct name *key = &pass->program->names[rule->c];

	debit(pass, price_look_up(n, key->text.len));
	if (n->kind != TREE_OBJECT ||
	    fast_find_member(n, pass->texts + key->text.at, key->text.len, key->hash) == NULL)
		return true;
	if (!charge(pass, rule->b))
		return false;
	for (uint32_t i = 0; i < rule->b; i++) {
		const struct name *name = &pass->program->names[rule->a + i];

		debit(pass, price_look_up(n, name->text.len));
		if (fast_find_member(n, pass->texts + name->text.at, name->text.len, name->hash) ==
		    NULL)
			return false;
	}
	return true;
}

bool fast_dependent_schema(struct fast_pass *pass, const struct instruction *i,
			   const struct tree_node *n)
{
	const struct name *key = &pass->program->properties[i->a].name;

	debit(pass, price_look_up(n, key->text.len));
	if (n->kind != TREE_OBJECT ||
	    fast_find_member(n, pass->texts + key->text.at, key->text.len, key->hash) == NULL)
		return true;
	return enter(pass, i->b, n);
}

bool fast_if(struct fast_pass *pass, const struct instruction *i, const struct tree_node *n)
{
	bool holds = enter(pass, i->a, n);

	return !pass->is_stopped && enter(pass, holds ? i->b : i->c, n);
}

bool fast_not(struct fast_pass *pass, uint32_t block, const struct tree_node *n)
{
	return !enter(pass, block, n) && !pass->is_stopped;
}
