/*
 * x-reload: walks the rules from the root along a pointer with the set of all subschemas that apply
 * to the place.
 *
 * There is no instance here, only a pointer, so it is unknown which branch of anyOf or if holds.
 * All of them count, and the strictest x-reload wins: a restart too many does less harm than a
 * change that is not taken on. SUBSCHEMAS_MAX bounds both sets.
 */
#include "schema/compile/compiled.h"

#include "base/text.h"
#include "doc/pointer.h"

/* Two sets of this size stand on the stack, 8 KiB together. */
#define SUBSCHEMAS_MAX 1024

/* The set of the subschemas that apply to one place. Those beyond its bound are ignored. */
struct group {
	uint32_t list[SUBSCHEMAS_MAX];
	uint32_t count;
};

const char *schema_reload_name(enum schema_reload reload)
{
	static const char *const names[] = {"next-run", "live", "restart"};

	return names[reload];
}

/* Adds a subschema to the set. */
static void join(struct group *c, uint32_t subschema)
{
	if (subschema == NONE || c->count == SUBSCHEMAS_MAX)
		return;
	for (uint32_t i = 0; i < c->count; i++) {
		if (c->list[i] == subschema)
			return;
	}
	c->list[c->count++] = subschema;
}

/* Adds the subschemas that a rule applies to the same place, whether they match or not. */
static void join_in_place(const struct program *p, struct group *c, const struct rule *rule)
{
	switch ((enum rule_op)rule->op) {
	case RULE_REF:
		join(c, rule->a);
		break;
	case RULE_DYNAMIC_REF:
		join(c, rule->a);
		for (uint32_t i = 0; i < p->dynamic_anchors_count; i++) {
			if (p->dynamic_anchors[i].name == rule->b)
				join(c, p->dynamic_anchors[i].subschema);
		}
		break;
	case RULE_ALL_OF:
	case RULE_ANY_OF:
	case RULE_ONE_OF:
		for (uint32_t i = 0; i < rule->b; i++)
			join(c, p->links[rule->a + i]);
		break;
	case RULE_DEPENDENT_SCHEMAS:
		for (uint32_t i = 0; i < rule->b; i++)
			join(c, p->properties[rule->a + i].subschema);
		break;
	case RULE_IF:
		join(c, rule->a);
		join(c, rule->b);
		join(c, rule->c);
		break;
	default:
		break;
	}
}

/* The group grows during the loop by the subschemas that its members apply to the same place. */
static void join_all_in_place(const struct program *p, struct group *c)
{
	for (uint32_t i = 0; i < c->count; i++) {
		const struct subschema *s = &p->subschemas[c->list[i]];

		for (uint32_t k = 0; k < s->rules; k++)
			join_in_place(p, c, &p->rules[s->first_rule + k]);
	}
}

/* True where `properties` has the key. */
static bool join_properties(const struct program *p, struct group *c, const struct rule *rule,
			    struct slice key)
{
	for (uint32_t i = 0; i < rule->b; i++) {
		const struct property *property = &p->properties[rule->a + i];

		if (!slice_is_equal(program_text(p, property->name.text), key))
			continue;
		join(c, property->subschema);
		return true;
	}
	return false;
}

/* True where a pattern matches the key. A pattern that runs out of its steps does not match. */
static bool join_patterns(const struct schema *s, struct group *c, const struct rule *rule,
			  struct slice key)
{
	bool is_any = false;

	for (uint32_t i = 0; i < rule->b; i++) {
		const struct pattern_property *property =
			&s->program.pattern_properties[rule->a + i];
		uint64_t steps = s->limits.regex_steps_max;
		bool is_match = false;

		if (matcher_match(&s->matchers[property->pattern], key, &steps, &is_match, NULL) !=
			    OK ||
		    !is_match)
			continue;
		join(c, property->subschema);
		is_any = true;
	}
	return is_any;
}

/* Adds the subschemas that one subschema applies to the key or item. */
static void join_below(const struct schema *s, const struct subschema *of, struct slice key,
		       struct group *to)
{
	const struct program *p = &s->program;
	bool is_known = false;
	uint64_t index = UINT64_MAX;
	bool is_index = slice_to_u64(key, UINT32_MAX, &index);

	for (uint32_t i = 0; i < of->rules; i++) {
		const struct rule *rule = &p->rules[of->first_rule + i];

		if (rule->op == RULE_PROPERTIES)
			is_known |= join_properties(p, to, rule, key);
		else if (rule->op == RULE_PATTERN_PROPERTIES)
			is_known |= join_patterns(s, to, rule, key);
		else if (rule->op == RULE_ADDITIONAL_PROPERTIES && !is_known)
			join(to, rule->a);
		else if (rule->op == RULE_UNEVALUATED_PROPERTIES && !is_known)
			join(to, rule->a);
		else if (rule->op == RULE_PREFIX_ITEMS && is_index && index < rule->b)
			join(to, p->links[rule->a + index]);
		else if (rule->op == RULE_ITEMS && is_index && index >= rule->b)
			join(to, rule->a);
	}
}

/* 0 where no subschema sets `x-reload`. */
static uint8_t strictest(const struct program *p, const struct group *c)
{
	static const enum schema_reload by_strength[] = {RELOAD_RESTART, RELOAD_NEXT_RUN,
							 RELOAD_LIVE};

	for (size_t s = 0; s < ARRAY_SIZE(by_strength); s++) {
		for (uint32_t i = 0; i < c->count; i++) {
			if (p->subschemas[c->list[i]].reload == 1 + (uint8_t)by_strength[s])
				return p->subschemas[c->list[i]].reload;
		}
	}
	return 0;
}

/* The nearest place wins: a deeper x-reload replaces that of the places above it. */
bool schema_reload_at(const struct schema *s, struct slice pointer, enum schema_reload *ret)
{
	CLEANUP(buf_clear) struct buf token = BUF_NULL;
	struct group here = {{0}, 0}, below;
	uint8_t found, nearest = 0;

	join(&here, 0);
	join_all_in_place(&s->program, &here);
	nearest = strictest(&s->program, &here);
	while (pointer_next_token(&pointer, &token) && !token.is_failed && here.count != 0) {
		below.count = 0;
		for (uint32_t i = 0; i < here.count; i++)
			join_below(s, &s->program.subschemas[here.list[i]], buf_slice(&token),
				   &below);
		join_all_in_place(&s->program, &below);
		found = strictest(&s->program, &below);
		if (found != 0)
			nearest = found;
		memcpy(here.list, below.list, below.count * sizeof below.list[0]);
		here.count = below.count;
	}
	*ret = nearest != 0 ? (enum schema_reload)(nearest - 1) : RELOAD_NEXT_RUN;
	return !token.is_failed;
}
