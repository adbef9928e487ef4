/* Objects and arrays: everything that is asked of the members or items in one plan, one loop. */
#include "schema/fast/lower.h"
#include "schema/price.h"

/* The rules that make up a plan; NULL: absent. */
struct parts {
	const struct rule *properties, *required, *patterns, *additional, *names;
	const struct rule *least, *most;
	const struct rule *prefix, *items, *least_items, *most_items;
};

static void find_parts(const struct assembler *a, const struct subschema *s, struct parts *ret)
{
	*ret = (struct parts){0};
	for (uint32_t k = s->first_rule; k < s->first_rule + s->rules; k++) {
		const struct rule *rule = &a->rules.rules[k];
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

uint32_t assemble_find_entry(const struct assembler *a, uint32_t first, const struct name *name)
{
	for (uint32_t i = first; i < a->c->entries.count; i++) {
		const struct entry *e = &VEC_AT(&a->c->entries, struct entry, i);

		if (e->hash == name->hash && e->text == name->text.at)
			return i;
	}
	return NONE;
}

enum result assemble_add_entry(struct assembler *a, const struct name *name, uint32_t block)
{
	struct entry *e = vec_push(&a->c->entries, sizeof *e);

	if (e == NULL)
		return E_MEMORY;
	*e = (struct entry){.hash = name->hash,
			    .text = name->text.at,
			    .len = name->text.len,
			    .block = block};
	return OK;
}

/* A block that lets everything through is none. */
static bool is_anything(const struct assembler *a, uint32_t subschema)
{
	return a->rules.subschemas[assemble_resolve(a, subschema)].rules == 0;
}

static enum result add_properties(struct assembler *a, const struct rule *rule)
{
	for (uint32_t i = 0; rule != NULL && i < rule->b; i++) {
		const struct property *p = &a->rules.properties[rule->a + i];
		uint32_t block = NONE;
		enum result rc =
			is_anything(a, p->subschema) ? OK : assemble_block(a, p->subschema, &block);

		if (rc == OK)
			rc = assemble_add_entry(a, &p->name, block);
		if (rc != OK)
			return rc;
	}
	return OK;
}

/* Names are pooled, so that the same name has the same text. A table keeps a long list from being quadratic. */
static enum result add_required(struct assembler *a, const struct rule *rule, uint32_t first,
				uint32_t *ret)
{
	CLEANUP(lookup_clear) struct lookup known = LOOKUP_NULL;

	*ret = 0;
	for (uint32_t i = first; rule != NULL && rule->b > 8 && i < a->c->entries.count; i++) {
		if (!lookup_add(&known, VEC_AT(&a->c->entries, struct entry, i).hash, i))
			return E_MEMORY;
	}
	for (uint32_t i = 0; rule != NULL && i < rule->b; i++) {
		const struct name *name = &a->rules.names[rule->a + i];
		uint32_t at = 0, entry;

		if (rule->b > 8) {
			do
				entry = lookup_next(&known, name->hash, &at);
			while (entry != NONE &&
			       VEC_AT(&a->c->entries, struct entry, entry).text != name->text.at);
		} else {
			entry = assemble_find_entry(a, first, name);
		}
		if (entry == NONE) {
			if (assemble_add_entry(a, name, NONE) != OK)
				return E_MEMORY;
			entry = a->c->entries.count - 1;
			if (rule->b > 8 && !lookup_add(&known, name->hash, entry))
				return E_MEMORY;
		}
		*ret += VEC_AT(&a->c->entries, struct entry, entry).is_required == 0;
		VEC_AT(&a->c->entries, struct entry, entry).is_required = 1;
	}
	return OK;
}

static enum result add_target(struct assembler *a, uint32_t subschema)
{
	uint32_t block = NONE, *target;
	enum result rc = is_anything(a, subschema) ? OK : assemble_block(a, subschema, &block);

	if (rc != OK)
		return rc;
	target = vec_push(&a->c->targets, sizeof *target);
	if (target == NULL)
		return E_MEMORY;
	*target = block;
	return OK;
}

static enum result find_block(struct assembler *a, const struct rule *rule, uint32_t *ret)
{
	*ret = NONE;
	if (rule == NULL || is_anything(a, rule->a))
		return OK;
	return assemble_block(a, rule->a, ret);
}

static enum result add_patterns(struct assembler *a, const struct rule *rule,
				struct object_plan *plan)
{
	plan->pattern_target = a->c->targets.count;
	if (rule == NULL)
		return OK;
	plan->pattern = rule->a;
	plan->patterns = rule->b;
	for (uint32_t i = 0; i < rule->b; i++) {
		enum result rc = add_target(a, a->rules.pattern_properties[rule->a + i].subschema);

		if (rc != OK)
			return rc;
	}
	return OK;
}

enum result assemble_entry_slots(struct assembler *a, struct object_plan *plan)
{
	enum result rc = assemble_slots(a, plan->entries, &plan->slot, &plan->slot_mask);

	plan->price = 0;
	for (uint32_t i = 0; rc == OK && i < plan->entries; i++) {
		const struct entry *e = &VEC_AT(&a->c->entries, struct entry, plan->entry + i);

		if (e->len > KEY_BYTES_FREE)
			plan->price += (uint32_t)price_bytes(e->len);
		assemble_fill_slot(a, plan->slot, plan->slot_mask, e->hash, plan->entry + i);
	}
	return rc;
}

static enum result make_object_plan(struct assembler *a, const struct parts *parts,
				    struct object_plan *plan)
{
	enum result rc;

	plan->least = parts->least != NULL ? parts->least->a : 0;
	plan->most = parts->most != NULL ? parts->most->a : UINT32_MAX;
	plan->entry = a->c->entries.count;
	rc = add_properties(a, parts->properties);
	if (rc == OK)
		rc = add_required(a, parts->required, plan->entry, &plan->required);
	plan->entries = a->c->entries.count - plan->entry;
	if (rc == OK)
		rc = assemble_entry_slots(a, plan);
	if (rc == OK)
		rc = add_patterns(a, parts->patterns, plan);
	if (rc == OK)
		rc = find_block(a, parts->additional, &plan->additional);
	if (rc == OK)
		rc = find_block(a, parts->names, &plan->names);
	return rc;
}

/* A key that is only required is known to `required`, not to additionalProperties. */
static void mark_unlisted(struct assembler *a, const struct parts *parts,
			  const struct object_plan *plan)
{
	for (uint32_t i = parts->properties != NULL ? parts->properties->b : 0; i < plan->entries;
	     i++)
		VEC_AT(&a->c->entries, struct entry, plan->entry + i).is_unlisted = 1;
}

enum result assemble_object(struct assembler *a, const struct subschema *s)
{
	struct object_plan plan = {0}, *made;
	struct parts parts;
	struct instruction *i;
	enum result rc;

	find_parts(a, s, &parts);
	if (parts.properties == NULL && parts.required == NULL && parts.patterns == NULL &&
	    parts.additional == NULL && parts.names == NULL && parts.least == NULL &&
	    parts.most == NULL)
		return OK;
	rc = make_object_plan(a, &parts, &plan);
	if (rc != OK)
		return rc;
	mark_unlisted(a, &parts, &plan);
	made = vec_push(&a->c->object_plans, sizeof *made);
	i = assemble_add(a, OPERATION_OBJECT);
	if (made == NULL || i == NULL)
		return E_MEMORY;
	*made = plan;
	i->a = a->c->object_plans.count - 1;
	return OK;
}

enum result assemble_array(struct assembler *a, const struct subschema *s)
{
	struct array_plan plan = {.most = UINT32_MAX}, *made;
	struct parts parts;
	struct instruction *i;
	enum result rc = OK;

	find_parts(a, s, &parts);
	if (parts.prefix == NULL && parts.items == NULL && parts.least_items == NULL &&
	    parts.most_items == NULL)
		return OK;
	plan.least = parts.least_items != NULL ? parts.least_items->a : 0;
	plan.most = parts.most_items != NULL ? parts.most_items->a : UINT32_MAX;
	plan.prefix = a->c->targets.count;
	plan.prefixes = parts.prefix != NULL ? parts.prefix->b : 0;
	for (uint32_t k = 0; rc == OK && k < plan.prefixes; k++)
		rc = add_target(a, a->rules.links[parts.prefix->a + k]);
	if (rc == OK)
		rc = find_block(a, parts.items, &plan.items);
	if (rc != OK)
		return rc;
	made = vec_push(&a->c->array_plans, sizeof *made);
	i = assemble_add(a, OPERATION_ARRAY);
	if (made == NULL || i == NULL)
		return E_MEMORY;
	*made = plan;
	i->a = a->c->array_plans.count - 1;
	return OK;
}
