/*
 * anyOf and oneOf. Where each branch requires a different constant for the same key (a tag), one
 * look-up finds the only branch that can match. Branches for other types need no such table: each
 * block begins with its types.
 */
#include "schema/compile/constant.h"
#include "schema/fast/lower.h"

/* Bounds of the search for a tag: references and allOf followed from a branch, keys tried, and
 * constants of all branches. Where one runs out every branch is tried for each value, which is
 * slower but never wrong. */
#define TAG_DEPTH_MAX  4
#define TAG_KEYS_MAX   16
#define TAG_VALUES_MAX 4096

static uint64_t tag_hash(const struct constant *k)
{
	return constant_tag_hash(k->kind, k->kind == TREE_BOOL && k->as.truth, k->as.hash);
}

/* The constants that a subschema allows, where all of them can be tags. */
static const struct rule *find_constants(struct lowering *work, uint32_t subschema)
{
	const struct subschema *s = &work->rules.subschemas[lower_resolve(work, subschema)];

	for (uint32_t i = 0; i < s->rules; i++) {
		const struct rule *rule = &work->rules.rules[s->first_rule + i];
		bool is_tag = rule->b != 0;

		if (rule->op != RULE_CONST && rule->op != RULE_ENUM)
			continue;
		work->effort += rule->b;
		for (uint32_t k = 0; is_tag && k < rule->b; k++) {
			const struct constant *value = &work->rules.constants[rule->a + k];

			is_tag &= constant_is_tag(value->kind, value->flags);
		}
		if (is_tag)
			return rule;
	}
	return NULL;
}

/* The constants that a branch allows for a key, in itself or in a subschema that it always applies;
 * NULL where there are none. */
static const struct rule *find_tag(struct lowering *work, uint32_t subschema, uint32_t key,
				   int depth)
{
	const struct subschema *s = &work->rules.subschemas[lower_resolve(work, subschema)];
	const struct rule *found = NULL;

	for (uint32_t i = 0; found == NULL && i < s->rules; i++) {
		const struct rule *rule = &work->rules.rules[s->first_rule + i];

		work->effort += rule->op == RULE_PROPERTIES ? rule->b : 1;
		for (uint32_t k = 0; rule->op == RULE_PROPERTIES && k < rule->b; k++) {
			const struct property *p = &work->rules.properties[rule->a + k];

			if (p->name.text.at == key)
				found = find_constants(work, p->subschema);
		}
		if (depth == 0 || found != NULL)
			continue;
		if (rule->op == RULE_REF)
			found = find_tag(work, rule->a, key, depth - 1);
		for (uint32_t k = 0;
		     rule->op == RULE_ALL_OF && found == NULL && k < rule->b && k < 8; k++)
			found = find_tag(work, work->rules.links[rule->a + k], key, depth - 1);
	}
	return found;
}

/* Whether a subschema requires the key. False where that is unknown, which is slower but never
 * wrong. */
static bool requires(struct lowering *work, uint32_t subschema, uint32_t key, int depth)
{
	const struct subschema *s = &work->rules.subschemas[lower_resolve(work, subschema)];

	for (uint32_t i = 0; i < s->rules && work->effort < EFFORT_MAX; i++) {
		const struct rule *rule = &work->rules.rules[s->first_rule + i];

		work->effort += rule->op == RULE_REQUIRED ? rule->b : 1;
		for (uint32_t k = 0; rule->op == RULE_REQUIRED && k < rule->b; k++) {
			if (work->rules.names[rule->a + k].text.at == key)
				return true;
		}
		if (depth == 0)
			continue;
		if (rule->op == RULE_REF && requires(work, rule->a, key, depth - 1))
			return true;
		for (uint32_t k = 0; rule->op == RULE_ALL_OF && k < rule->b && k < 8; k++) {
			if (requires(work, work->rules.links[rule->a + k], key, depth - 1))
				return true;
		}
	}
	return false;
}

/* The number of branches with a tag under the key; 0 where two branches have the same tag. */
static uint32_t count_tagged(struct lowering *work, const struct rule *rule, uint32_t key)
{
	CLEANUP(lookup_clear) struct lookup seen = LOOKUP_NULL;
	uint32_t tagged = 0, values = 0;

	for (uint32_t i = 0; i < rule->b && work->effort < EFFORT_MAX; i++) {
		const struct rule *tag =
			find_tag(work, work->rules.links[rule->a + i], key, TAG_DEPTH_MAX);

		if (tag == NULL)
			continue;
		tagged++;
		values += tag->b;
		for (uint32_t k = 0; k < tag->b && values <= TAG_VALUES_MAX; k++) {
			uint64_t hash = tag_hash(&work->rules.constants[tag->a + k]);
			uint32_t at = 0, found = lookup_next(&seen, hash, &at);

			if ((found != NONE && found != i) || !lookup_add(&seen, hash, i))
				return 0;
		}
	}
	return values <= TAG_VALUES_MAX ? tagged : 0;
}

/* The keys for which a branch allows constants only, at most TAG_KEYS_MAX. */
static uint32_t list_keys(struct lowering *work, uint32_t subschema, int depth, uint32_t count,
			  struct name *ret)
{
	const struct subschema *s = &work->rules.subschemas[lower_resolve(work, subschema)];

	for (uint32_t i = 0; i < s->rules && work->effort < EFFORT_MAX; i++) {
		const struct rule *rule = &work->rules.rules[s->first_rule + i];

		work->effort += rule->op == RULE_PROPERTIES ? rule->b : 1;
		for (uint32_t k = 0;
		     rule->op == RULE_PROPERTIES && k < rule->b && work->effort < EFFORT_MAX; k++) {
			const struct property *p = &work->rules.properties[rule->a + k];

			if (count < TAG_KEYS_MAX && find_constants(work, p->subschema) != NULL)
				ret[count++] = p->name;
		}
		if (depth == 0)
			continue;
		if (rule->op == RULE_REF)
			count = list_keys(work, rule->a, depth - 1, count, ret);
		for (uint32_t k = 0; rule->op == RULE_ALL_OF && k < rule->b && k < 8; k++)
			count = list_keys(work, work->rules.links[rule->a + k], depth - 1, count,
					  ret);
	}
	return count;
}

/* Chooses the key that separates the most branches, among the keys of the first three; false where
 * none separates two. */
static bool choose_key(struct lowering *work, const struct rule *rule, struct name *ret)
{
	struct name keys[TAG_KEYS_MAX];
	uint32_t best = 1;

	for (uint32_t branch = 0; branch < rule->b && branch < 3 && work->effort < EFFORT_MAX;
	     branch++) {
		uint32_t count = list_keys(work, work->rules.links[rule->a + branch], TAG_DEPTH_MAX,
					   0, keys);

		for (uint32_t i = 0; i < count; i++) {
			uint32_t tagged = count_tagged(work, rule, keys[i].text.at);

			if (tagged > best && work->effort < EFFORT_MAX) {
				best = tagged;
				*ret = keys[i];
			}
		}
	}
	return best > 1;
}

static enum result add_target(struct lowering *work, uint32_t subschema)
{
	uint32_t block, *target;
	enum result rc = lower_block(work, subschema, &block);

	if (rc != OK)
		return rc;
	target = vec_push(&work->c->targets, sizeof *target);
	if (target == NULL)
		return E_MEMORY;
	*target = block;
	return OK;
}

/* Adds the tags of all branches that have one. */
static enum result add_tags(struct lowering *work, const struct rule *rule, uint32_t key,
			    struct tag_plan *plan, uint32_t *ret_first)
{
	*ret_first = work->c->tags.count;
	plan->is_required = 1;
	for (uint32_t i = 0; i < rule->b; i++) {
		uint32_t branch = work->rules.links[rule->a + i], block;
		const struct rule *values = find_tag(work, branch, key, TAG_DEPTH_MAX);
		enum result rc = lower_block(work, branch, &block);

		if (rc != OK)
			return rc;
		if (values == NULL)
			continue;
		plan->is_required &= requires(work, branch, key, TAG_DEPTH_MAX);
		for (uint32_t k = 0; k < values->b; k++) {
			const struct constant *value = &work->rules.constants[values->a + k];
			struct tag *tag = vec_push(&work->c->tags, sizeof *tag);

			if (tag == NULL)
				return E_MEMORY;
			*tag = (struct tag){tag_hash(value), value->text.at, value->text.len, block,
					    value->kind};
		}
	}
	return OK;
}

/* Adds the branches without a tag, which must always be tried. */
static enum result add_others(struct lowering *work, const struct rule *rule, uint32_t key,
			      struct tag_plan *plan)
{
	plan->others = work->c->targets.count;
	for (uint32_t i = 0; i < rule->b; i++) {
		uint32_t branch = work->rules.links[rule->a + i];
		enum result rc = OK;

		if (find_tag(work, branch, key, TAG_DEPTH_MAX) == NULL)
			rc = add_target(work, branch);
		if (rc != OK)
			return rc;
	}
	plan->others_count = work->c->targets.count - plan->others;
	return OK;
}

static enum result add_all(struct lowering *work, const struct rule *rule, uint32_t *ret)
{
	*ret = work->c->targets.count;
	for (uint32_t i = 0; i < rule->b; i++) {
		enum result rc = add_target(work, work->rules.links[rule->a + i]);

		if (rc != OK)
			return rc;
	}
	return OK;
}

/* Makes the instruction for branches with tags. */
static enum result add_tagged(struct lowering *work, const struct rule *rule,
			      const struct name *key)
{
	struct tag_plan plan = {.hash = key->hash,
				.text = key->text.at,
				.len = key->text.len,
				.all_count = rule->b,
				.is_one = rule->op == RULE_ONE_OF};
	uint32_t first, count;
	enum result rc = add_tags(work, rule, key->text.at, &plan, &first);

	count = work->c->tags.count - first;
	if (rc == OK)
		rc = add_others(work, rule, key->text.at, &plan);
	if (rc == OK)
		rc = add_all(work, rule, &plan.all);
	if (rc == OK)
		rc = lower_add_slots(work, count, &plan.slot, &plan.slot_mask);
	if (rc != OK)
		return rc;
	for (uint32_t k = first; k < first + count; k++)
		lower_fill_slot(work, plan.slot, plan.slot_mask,
				VEC_AT(&work->c->tags, struct tag, k).hash, k);
	return lower_emit_plan(work, OPERATION_TAGGED, &work->c->tag_plans, &plan, sizeof plan);
}

/* With tags where a key separates the branches, else one after the other. */
enum result lower_branches(struct lowering *work, const struct rule *rule)
{
	struct name key;
	struct instruction *i;
	uint32_t first;
	enum result rc;

	if (choose_key(work, rule, &key))
		return add_tagged(work, rule, &key);
	rc = add_all(work, rule, &first);
	if (rc != OK)
		return rc;
	i = lower_emit(work, rule->op == RULE_ONE_OF ? OPERATION_ONE_OF : OPERATION_ANY_OF);
	if (i == NULL)
		return E_MEMORY;
	i->a = first;
	i->b = rule->b;
	return OK;
}
