/*
 * Objects and arrays: one loop over the members or items checks all keywords of a plan.
 *
 * Three loops over members differ in what they need not do: look-ups of the plan's keys where other
 * members do not matter, a loop without patterns, and the full one. All of them accept the same
 * objects; fast_object() chooses by the plan and by the number of members.
 */
#include "schema/fast/fast_pass.h"

ALWAYS_INLINE bool is_key(const struct fast_pass *pass, const struct entry *e,
			  const struct tree_member *member)
{
	return e->hash == member->hash && e->len == member->key_len &&
	       is_same(pass->texts + e->text, member->key, e->len);
}

/* The entry of a key in the plan's hash table, or NULL. */
ALWAYS_INLINE const struct entry *find_entry(struct fast_pass *pass, const struct object_plan *plan,
					     const struct tree_member *member)
{
	const struct entry *entries = pass->program->entries;
	const uint32_t *slots = pass->program->slots + plan->slot;
	uint32_t at = (uint32_t)member->hash & plan->slot_mask;

	for (; slots[at] != NONE; at = (at + 1) & plan->slot_mask) {
		if (is_key(pass, &entries[slots[at]], member))
			return &entries[slots[at]];
		debit(pass, 1); /* hashes may have been chosen to collide */
	}
	return NULL;
}

/* Checks the value of a known key. */
ALWAYS_INLINE bool check_entry(struct fast_pass *pass, const struct entry *e,
			       const struct tree_node *n)
{
	if (e->accepts_any)
		return true;
	if ((e->mask & type_of(n)) == 0)
		return e->block == BLOCK_NEVER ? false : refuse(pass, n);
	return e->start == e->end || fast_block(pass, e->start, e->end, n);
}

/* Checks a member against patternProperties; `*is_known` becomes true where a pattern matches its
 * key. */
NOINLINE static bool check_patterns(struct fast_pass *pass, const struct object_plan *plan,
				    const struct tree_member *member, bool *is_known)
{
	if (!charge(pass, plan->patterns))
		return false;
	for (uint32_t i = 0; i < plan->patterns; i++) {
		uint32_t pattern = pass->program->pattern_properties[plan->pattern + i].pattern;
		bool is_match;

		if (!fast_match(pass, pattern, tree_key(member), &is_match))
			return false;
		if (!is_match)
			continue;
		*is_known = true;
		if (!enter(pass, pass->program->targets[plan->pattern_target + i], &member->value))
			return false;
	}
	return true;
}

/* propertyNames: the key as a string value. */
NOINLINE static bool check_name(struct fast_pass *pass, uint32_t block,
				const struct tree_member *member)
{
	struct tree_node key = {.kind = TREE_STRING, .count = member->key_len};

	key.of.text = member->key;
	key.as.hash = member->hash;
	return enter(pass, block, &key);
}

/* Looks the few keys of a plan up in an object with many members. */
NOINLINE static bool check_look_ups(struct fast_pass *pass, const struct object_plan *plan,
				    const struct tree_node *n)
{
	uint32_t each = n->count > TREE_INDEX_MIN ? STEPS_LOOK_UP : 1;

	if (!charge(pass, plan->entries * each + plan->price))
		return false;
	for (uint32_t i = 0; i < plan->entries; i++) {
		const struct entry *e = &pass->program->entries[plan->entry + i];
		const struct tree_node *value =
			fast_find_member(n, pass->texts + e->text, e->len, e->hash);

		if (value == NULL ? e->is_required : !check_entry(pass, e, value))
			return false;
	}
	return true;
}

/* Checks members against a plan without patterns. Members are often in the order of the schema, so
 * the entry after the last one is tried first. */
HOT static bool check_members(struct fast_pass *pass, const struct object_plan *plan,
			      const struct tree_node *n)
{
	const struct tree_member *member = n->of.members, *last = member + n->count;
	const struct entry *guess = pass->program->entries + plan->entry;
	const struct entry *end = guess + plan->entries;
	uint32_t required = 0;

	if (!charge(pass, n->count + plan->price))
		return false;
	for (; member < last; member++) {
		const struct entry *e = guess;

		if (guess == end || !is_key(pass, guess, member))
			e = find_entry(pass, plan, member);
		if (e == NULL || e->is_unlisted) {
			if (plan->additional != NONE &&
			    !enter(pass, plan->additional, &member->value))
				return false;
			if (e == NULL)
				continue;
		}
		required += e->is_required;
		guess = e + 1;
		if (!check_entry(pass, e, &member->value))
			return false;
	}
	return required == plan->required;
}

/* Checks members against a plan with patternProperties or propertyNames. */
HOT static bool check_all_members(struct fast_pass *pass, const struct object_plan *plan,
				  const struct tree_node *n)
{
	uint32_t required = 0;

	if (!charge(pass, n->count + plan->price))
		return false;
	for (uint32_t i = 0; i < n->count; i++) {
		const struct tree_member *member = &n->of.members[i];
		const struct entry *e = find_entry(pass, plan, member);
		bool is_known = false;

		if (e != NULL) {
			required += e->is_required;
			is_known = !e->is_unlisted;
			if (!check_entry(pass, e, &member->value))
				return false;
		}
		if (plan->patterns != 0 && !check_patterns(pass, plan, member, &is_known))
			return false;
		if (!is_known && plan->additional != NONE &&
		    !enter(pass, plan->additional, &member->value))
			return false;
		if (plan->names != NONE && !check_name(pass, plan->names, member))
			return false;
	}
	return required == plan->required;
}

/* Chooses the cheapest of three loops. */
bool fast_object(struct fast_pass *pass, const struct object_plan *plan, const struct tree_node *n)
{
	bool is_open = plan->additional == NONE && plan->patterns == 0 && plan->names == NONE;

	if (n->kind != TREE_OBJECT)
		return true;
	if (n->count < plan->least || n->count > plan->most || n->count < plan->required)
		return false;
	if (is_open && (plan->entries <= 2 || plan->entries * 2 < n->count))
		return check_look_ups(pass, plan, n);
	if (plan->patterns != 0 || plan->names != NONE)
		return check_all_members(pass, plan, n);
	return check_members(pass, plan, n);
}

ALWAYS_INLINE bool check_types(struct fast_pass *pass, uint32_t mask, const struct tree_node *item,
			       const struct tree_node *last)
{
	for (; item < last; item++) {
		if ((mask & type_of(item)) == 0)
			return refuse(pass, item);
	}
	return true;
}

/* Checks items from `i` on against a block. A block of types only, or of one array or object plan,
 * which tables have, is run without the dispatcher; that recursion is bounded by the depth of the
 * instance. */
ALWAYS_INLINE bool check_items(struct fast_pass *pass, const struct block *b,
			       const struct tree_node *n, uint32_t i)
{
	const struct tree_node *item = n->of.items + i, *last = n->of.items + n->count;
	const struct instruction *only = pass->instructions + b->start;
	bool is_one = b->end - b->start == 1;
	bool is_array = is_one && only->operation == OPERATION_ARRAY;
	bool is_object = is_one && only->operation == OPERATION_OBJECT;

	if (!charge(pass, n->count))
		return false;
	if (b->start == b->end)
		return check_types(pass, b->mask, item, last);
	for (; item < last; item++) {
		if ((b->mask & type_of(item)) == 0)
			return refuse(pass, item);
		if (!(is_array	  ? fast_array(pass, &pass->program->array_plans[only->a], item)
		      : is_object ? fast_object(pass, &pass->program->object_plans[only->a], item)
				  : fast_block(pass, b->start, b->end, item)))
			return false;
	}
	return true;
}

/* First the items with a subschema of their own, then the rest. */
bool fast_array(struct fast_pass *pass, const struct array_plan *plan, const struct tree_node *n)
{
	uint32_t i = 0;

	if (n->kind != TREE_ARRAY)
		return true;
	if (n->count < plan->least || n->count > plan->most)
		return false;
	if (plan->prefixes != 0)
		debit(pass, plan->prefixes);
	for (; i < plan->prefixes && i < n->count; i++) {
		if (!enter(pass, pass->program->targets[plan->prefix + i], &n->of.items[i]))
			return false;
	}
	if (plan->items >= BLOCK_NEVER)
		return plan->items == NONE || i == n->count;
	return check_items(pass, &pass->blocks[plan->items], n, i);
}
