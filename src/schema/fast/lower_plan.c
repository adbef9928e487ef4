/*
 * Objects and arrays: all rules about members or items become one plan, which the fast pass checks
 * in one loop.
 *
 * The entries of a plan must be neighbours in `entries`, as must the targets of its patterns or of
 * its prefix. No function here lowers a subschema: lower_block() only reserves the block, so that
 * nothing else adds entries or targets in between.
 */
#include "schema/fast/lower.h"
#include "schema/price.h"

/* The rules of a plan; NULL where the subschema has none of that kind. */
struct parts {
	const struct rule *properties, *required, *patterns, *additional, *names;
	const struct rule *least, *most;
	const struct rule *prefix, *items, *least_items, *most_items;
};

/* Each keyword appears at most once in a subschema. */
static void find_parts(const struct lowering *work, const struct subschema *s, struct parts *ret)
{
	*ret = (struct parts){0};
	for (uint32_t k = s->first_rule; k < s->first_rule + s->rules; k++) {
		const struct rule *rule = &work->rules.rules[k];
		const struct rule **part = rule->op == RULE_PROPERTIES		 ? &ret->properties
					   : rule->op == RULE_REQUIRED		 ? &ret->required
					   : rule->op == RULE_PATTERN_PROPERTIES ? &ret->patterns
					   : rule->op == RULE_ADDITIONAL_PROPERTIES
						   ? &ret->additional
					   : rule->op == RULE_PROPERTY_NAMES ? &ret->names
					   : rule->op == RULE_MIN_PROPERTIES ? &ret->least
					   : rule->op == RULE_MAX_PROPERTIES ? &ret->most
					   : rule->op == RULE_PREFIX_ITEMS   ? &ret->prefix
					   : rule->op == RULE_ITEMS	     ? &ret->items
					   : rule->op == RULE_MIN_ITEMS	     ? &ret->least_items
					   : rule->op == RULE_MAX_ITEMS	     ? &ret->most_items
									     : NULL;

		if (part != NULL)
			*part = rule;
	}
}

uint32_t lower_find_entry(const struct lowering *work, uint32_t first, const struct name *name)
{
	for (uint32_t i = first; i < work->c->entries.count; i++) {
		const struct entry *e = &VEC_AT(&work->c->entries, struct entry, i);

		if (e->hash == name->hash && e->text == name->text.at)
			return i;
	}
	return NONE;
}

enum result lower_add_entry(struct lowering *work, const struct name *name, uint32_t block)
{
	struct entry *e = vec_push(&work->c->entries, sizeof *e);

	if (e == NULL)
		return E_MEMORY;
	*e = (struct entry){.hash = name->hash,
			    .text = name->text.at,
			    .len = name->text.len,
			    .block = block};
	return OK;
}

/* Such a subschema needs no block. */
static bool is_anything(const struct lowering *work, uint32_t subschema)
{
	return work->rules.subschemas[lower_resolve(work, subschema)].rules == 0;
}

/* One entry for each property, in the order of the schema, which instances often follow. */
static enum result add_properties(struct lowering *work, const struct rule *rule)
{
	for (uint32_t i = 0; rule != NULL && i < rule->b; i++) {
		const struct property *p = &work->rules.properties[rule->a + i];
		uint32_t block = NONE;
		enum result rc = is_anything(work, p->subschema)
					 ? OK
					 : lower_block(work, p->subschema, &block);

		if (rc == OK)
			rc = lower_add_entry(work, &p->name, block);
		if (rc != OK)
			return rc;
	}
	return OK;
}

/* Marks the entries of required keys; keys without an entry get one. `*ret` is the number of
 * different required keys, since a list may name one twice. Equal names have the same text, because
 * texts are pooled. A long list is searched with a hash table, else the time would grow with the
 * square of its length. */
static enum result add_required(struct lowering *work, const struct rule *rule, uint32_t first,
				uint32_t *ret)
{
	CLEANUP(lookup_clear) struct lookup known = LOOKUP_NULL;

	*ret = 0;
	for (uint32_t i = first; rule != NULL && rule->b > 8 && i < work->c->entries.count; i++) {
		if (!lookup_add(&known, VEC_AT(&work->c->entries, struct entry, i).hash, i))
			return E_MEMORY;
	}
	for (uint32_t i = 0; rule != NULL && i < rule->b; i++) {
		const struct name *name = &work->rules.names[rule->a + i];
		uint32_t at = 0, entry;

		if (rule->b > 8) {
			do
				entry = lookup_next(&known, name->hash, &at);
			while (entry != NONE &&
			       VEC_AT(&work->c->entries, struct entry, entry).text !=
				       name->text.at);
		} else {
			entry = lower_find_entry(work, first, name);
		}
		if (entry == NONE) {
			if (lower_add_entry(work, name, NONE) != OK)
				return E_MEMORY;
			entry = work->c->entries.count - 1;
			if (rule->b > 8 && !lookup_add(&known, name->hash, entry))
				return E_MEMORY;
		}
		*ret += VEC_AT(&work->c->entries, struct entry, entry).is_required == 0;
		VEC_AT(&work->c->entries, struct entry, entry).is_required = 1;
	}
	return OK;
}

static enum result add_target(struct lowering *work, uint32_t subschema)
{
	uint32_t block = NONE, *target;
	enum result rc = is_anything(work, subschema) ? OK : lower_block(work, subschema, &block);

	if (rc != OK)
		return rc;
	target = vec_push(&work->c->targets, sizeof *target);
	if (target == NULL)
		return E_MEMORY;
	*target = block;
	return OK;
}

/* The block of a rule's subschema; NONE where there is no rule, or where any value is valid. */
static enum result find_block(struct lowering *work, const struct rule *rule, uint32_t *ret)
{
	*ret = NONE;
	if (rule == NULL || is_anything(work, rule->a))
		return OK;
	return lower_block(work, rule->a, ret);
}

/* One target for each pattern, in the same order. */
static enum result add_patterns(struct lowering *work, const struct rule *rule,
				struct object_plan *plan)
{
	plan->pattern_target = work->c->targets.count;
	if (rule == NULL)
		return OK;
	plan->pattern = rule->a;
	plan->patterns = rule->b;
	for (uint32_t i = 0; i < rule->b; i++) {
		enum result rc =
			add_target(work, work->rules.pattern_properties[rule->a + i].subschema);

		if (rc != OK)
			return rc;
	}
	return OK;
}

/* The hash table of the plan's keys, and the price of comparing long ones. */
enum result lower_entry_slots(struct lowering *work, struct object_plan *plan)
{
	enum result rc = lower_add_slots(work, plan->entries, &plan->slot, &plan->slot_mask);

	plan->price = 0;
	for (uint32_t i = 0; rc == OK && i < plan->entries; i++) {
		const struct entry *e = &VEC_AT(&work->c->entries, struct entry, plan->entry + i);

		if (e->len > KEY_BYTES_FREE)
			plan->price += (uint32_t)price_bytes(e->len);
		lower_fill_slot(work, plan->slot, plan->slot_mask, e->hash, plan->entry + i);
	}
	return rc;
}

static enum result make_object_plan(struct lowering *work, const struct parts *parts,
				    struct object_plan *plan)
{
	enum result rc;

	plan->least = parts->least != NULL ? parts->least->a : 0;
	plan->most = parts->most != NULL ? parts->most->a : UINT32_MAX;
	plan->entry = work->c->entries.count;
	rc = add_properties(work, parts->properties);
	if (rc == OK)
		rc = add_required(work, parts->required, plan->entry, &plan->required);
	plan->entries = work->c->entries.count - plan->entry;
	if (rc == OK)
		rc = lower_entry_slots(work, plan);
	if (rc == OK)
		rc = add_patterns(work, parts->patterns, plan);
	if (rc == OK)
		rc = find_block(work, parts->additional, &plan->additional);
	if (rc == OK)
		rc = find_block(work, parts->names, &plan->names);
	return rc;
}

/* A key that is required but not in `properties` is additional. */
static void mark_unlisted(struct lowering *work, const struct parts *parts,
			  const struct object_plan *plan)
{
	for (uint32_t i = parts->properties != NULL ? parts->properties->b : 0; i < plan->entries;
	     i++)
		VEC_AT(&work->c->entries, struct entry, plan->entry + i).is_unlisted = 1;
}

/* Nothing is emitted for a subschema without rules about members. */
enum result lower_object(struct lowering *work, const struct subschema *s)
{
	struct object_plan plan = {0};
	struct parts parts;
	enum result rc;

	find_parts(work, s, &parts);
	if (parts.properties == NULL && parts.required == NULL && parts.patterns == NULL &&
	    parts.additional == NULL && parts.names == NULL && parts.least == NULL &&
	    parts.most == NULL)
		return OK;
	rc = make_object_plan(work, &parts, &plan);
	if (rc != OK)
		return rc;
	mark_unlisted(work, &parts, &plan);
	return lower_emit_plan(work, OPERATION_OBJECT, &work->c->object_plans, &plan, sizeof plan);
}

/* Nothing is emitted for a subschema without rules about items. */
enum result lower_array(struct lowering *work, const struct subschema *s)
{
	struct array_plan plan = {.most = UINT32_MAX};
	struct parts parts;
	enum result rc = OK;

	find_parts(work, s, &parts);
	if (parts.prefix == NULL && parts.items == NULL && parts.least_items == NULL &&
	    parts.most_items == NULL)
		return OK;
	plan.least = parts.least_items != NULL ? parts.least_items->a : 0;
	plan.most = parts.most_items != NULL ? parts.most_items->a : UINT32_MAX;
	plan.prefix = work->c->targets.count;
	plan.prefixes = parts.prefix != NULL ? parts.prefix->b : 0;
	for (uint32_t k = 0; rc == OK && k < plan.prefixes; k++)
		rc = add_target(work, work->rules.links[parts.prefix->a + k]);
	if (rc == OK)
		rc = find_block(work, parts.items, &plan.items);
	if (rc != OK)
		return rc;
	return lower_emit_plan(work, OPERATION_ARRAY, &work->c->array_plans, &plan, sizeof plan);
}
