/* Where one of several blocks, or how many, must hold. */
#include "schema/fast/machine.h"

bool run_contains(struct machine *m, const struct instruction *i, const struct tree_node *n)
{
	uint32_t found = 0;

	if (n->kind != TREE_ARRAY)
		return true;
	for (uint32_t k = 0; k < n->count; k++) {
		found += enter(m, i->a, &n->of.items[k]);
		debit(m, 1);
		if (m->is_stopped || found > i->c)
			return false;
		if (found >= i->b && i->c == UINT32_MAX)
			return true;
	}
	return charge(m, 0) && found >= i->b;
}

bool run_any_of(struct machine *m, uint32_t target, uint32_t count, const struct tree_node *n)
{
	for (uint32_t i = 0; i < count; i++) {
		if (enter(m, m->program->targets[target + i], n)) {
			debit(m, i);
			return true;
		}
		if (m->is_stopped)
			return false;
	}
	return charge(m, count) && false;
}

bool run_one_of(struct machine *m, uint32_t target, uint32_t count, uint32_t found,
		const struct tree_node *n)
{
	for (uint32_t i = 0; found < 2 && i < count; i++) {
		found += enter(m, m->program->targets[target + i], n);
		if (m->is_stopped)
			return false;
	}
	return charge(m, count) && found == 1;
}

APART static bool run_branches(struct machine *m, const struct tag_plan *plan, uint32_t target,
			       uint32_t count, uint32_t found, const struct tree_node *n)
{
	if (plan->is_one)
		return run_one_of(m, target, count, found, n);
	return found != 0 || run_any_of(m, target, count, n);
}

static uint32_t find_tag(struct machine *m, const struct tag_plan *plan,
			 const struct tree_node *value)
{
	const uint32_t *slots = m->program->slots + plan->slot;
	uint64_t hash = constant_tag_hash(value->kind, value->kind == TREE_BOOL && value->of.truth,
					  value->as.hash);
	uint32_t at = (uint32_t)hash & plan->slot_mask;

	if (value->kind == TREE_STRING && value->count > KEY_BYTES_FREE)
		debit(m, price_bytes(value->count));
	for (; slots[at] != NONE; at = (at + 1) & plan->slot_mask) {
		const struct tag *tag = &m->program->tags[slots[at]];

		if (tag->hash == hash && tag->kind == value->kind &&
		    (value->kind != TREE_STRING ||
		     (tag->len == value->count &&
		      is_same(m->texts + tag->text, value->of.text, value->count))))
			return tag->block;
		debit(m, 1);
	}
	return BLOCK_NEVER;
}

bool run_tagged(struct machine *m, const struct tag_plan *plan, const struct tree_node *n)
{
	const struct tree_node *value;
	uint32_t block = BLOCK_NEVER, found = 0;

	if (n->kind != TREE_OBJECT)
		return run_branches(m, plan, plan->all, plan->all_count, 0, n);
	debit(m, price_look_up(n, plan->len));
	value = machine_find(n, m->texts + plan->text, plan->len, plan->hash);
	if (value == NULL && !plan->is_required)
		return run_branches(m, plan, plan->all, plan->all_count, 0, n);
	if (value != NULL) {
		if ((value->flags & TREE_IS_OPAQUE) != 0)
			return machine_stop_undecided(m);
		if (constant_is_tag(value->kind, value->flags))
			block = find_tag(m, plan, value);
	}
	if (block != BLOCK_NEVER)
		found = enter(m, block, n);
	if (m->is_stopped)
		return false;
	return run_branches(m, plan, plan->others, plan->others_count, found, n);
}

bool run_dependent_required(struct machine *m, uint32_t at, const struct tree_node *n)
{
	const struct rule *rule = &m->program->rules[at];
	const struct name *key = &m->program->names[rule->c];

	debit(m, price_look_up(n, key->text.len));
	if (n->kind != TREE_OBJECT ||
	    machine_find(n, m->texts + key->text.at, key->text.len, key->hash) == NULL)
		return true;
	if (!charge(m, rule->b))
		return false;
	for (uint32_t i = 0; i < rule->b; i++) {
		const struct name *name = &m->program->names[rule->a + i];

		debit(m, price_look_up(n, name->text.len));
		if (machine_find(n, m->texts + name->text.at, name->text.len, name->hash) == NULL)
			return false;
	}
	return true;
}

bool run_dependent_schema(struct machine *m, const struct instruction *i, const struct tree_node *n)
{
	const struct name *key = &m->program->properties[i->a].name;

	debit(m, price_look_up(n, key->text.len));
	if (n->kind != TREE_OBJECT ||
	    machine_find(n, m->texts + key->text.at, key->text.len, key->hash) == NULL)
		return true;
	return enter(m, i->b, n);
}

bool run_if(struct machine *m, const struct instruction *i, const struct tree_node *n)
{
	bool holds = enter(m, i->a, n);

	return !m->is_stopped && enter(m, holds ? i->b : i->c, n);
}

bool run_not(struct machine *m, uint32_t block, const struct tree_node *n)
{
	return !enter(m, block, n) && !m->is_stopped;
}
