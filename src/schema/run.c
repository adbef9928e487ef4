#include "schema/run.h"

#include "base/text.h"
#include "schema/evaluate.h"

#include <math.h>
#include <stdlib.h>

#define EXACT_INTEGER_MAX (INT64_C(1) << 53)
#define UNIQUE_PAIRS_MAX  8

/* Kept out of the dispatcher, whose registers are worth more than a call. */
#define APART	    __attribute__((noinline))
#define HOT	    __attribute__((hot, noinline))
#define COLD	    __attribute__((cold, noinline))
#define LIKELY(x)   __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

struct machine {
	const struct program *program;
	const struct instruction *instructions;
	const struct block *blocks;
	const char *texts;
	int64_t steps;	/* left */
	uint32_t depth; /* left */
	bool is_stopped;
	bool is_undecided;
	enum result rc;
	const struct schema *schema;
	struct error *err;
};

static bool run_block(struct machine *m, uint32_t at, uint32_t end, const struct tree_node *n);

/* The types of a node by its first two bytes, kind and flags; none for what may not be looked at, so that no block lets it
 * in. */
static const uint8_t types[(TREE_IS_OPAQUE << 8) * 2] = {
#define ROW(flags, number)                                                                 \
	[(flags) << 8 | TREE_NULL] = TYPE_NULL, [(flags) << 8 | TREE_BOOL] = TYPE_BOOLEAN, \
			[(flags) << 8 | TREE_NUMBER] = (number),                           \
			[(flags) << 8 | TREE_STRING] = TYPE_STRING,                        \
			[(flags) << 8 | TREE_ARRAY] = TYPE_ARRAY,                          \
			[(flags) << 8 | TREE_OBJECT] = TYPE_OBJECT
	ROW(0, TYPE_NUMBER),
	ROW(TREE_IS_INTEGER, TYPE_INTEGER),
	ROW(TREE_FITS_INT64, TYPE_NUMBER),
	ROW(TREE_FITS_INT64 | TREE_IS_INTEGER, TYPE_INTEGER),
	ROW(TREE_IS_SECRET, TYPE_NUMBER),
	ROW(TREE_IS_SECRET | TREE_IS_INTEGER, TYPE_INTEGER),
	ROW(TREE_IS_SECRET | TREE_FITS_INT64, TYPE_NUMBER),
	ROW(TREE_IS_SECRET | TREE_FITS_INT64 | TREE_IS_INTEGER, TYPE_INTEGER),
#undef ROW
};

static inline uint8_t type_of(const struct tree_node *n)
{
	return types[(n->kind | n->flags << 8) & (sizeof types - 1)];
}

COLD static bool stop(struct machine *m, enum result rc)
{
	m->is_stopped = true;
	m->rc = rc;
	return false;
}

COLD static bool stop_undecided(struct machine *m)
{
	m->is_stopped = m->is_undecided = true;
	return false;
}

COLD static bool stop_at_limit(struct machine *m)
{
	return stop(m, fail(m->err, E_LIMIT, "validation takes more than %llu steps",
			    (unsigned long long)m->schema->limits.steps_max));
}

COLD static bool stop_at_depth(struct machine *m)
{
	return stop(m, fail(m->err, E_LIMIT, "validation goes deeper than %u subschemas",
			    (unsigned)m->schema->limits.depth_max));
}

static inline bool charge(struct machine *m, uint32_t steps)
{
	m->steps -= steps;
	return LIKELY(m->steps >= 0) || stop_at_limit(m);
}

static bool refuse(struct machine *m, const struct tree_node *n)
{
	return (n->flags & TREE_IS_OPAQUE) != 0 ? stop_undecided(m) : false;
}

static inline bool enter(struct machine *m, uint32_t block, const struct tree_node *n)
{
	const struct block *b;

	if (UNLIKELY(block >= BLOCK_NEVER))
		return block == NONE;
	b = &m->blocks[block];
	if ((b->mask & type_of(n)) == 0)
		return refuse(m, n);
	return b->start == b->end || run_block(m, b->start, b->end, n);
}

static inline uint64_t load_8(const char *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return v;
}

static inline uint32_t load_4(const char *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return v;
}

/* Keys are short: their hashes were equal, so this is almost surely the last look at them. */
static inline bool is_same(const char *a, const char *b, uint32_t len)
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

static inline bool is_key(const struct machine *m, const struct entry *e,
			  const struct tree_member *member)
{
	return e->hash == member->hash && e->len == member->key_len &&
	       is_same(m->texts + e->text, member->key, e->len);
}

static inline const struct entry *find_entry(const struct machine *m,
					     const struct object_plan *plan,
					     const struct tree_member *member)
{
	const struct entry *entries = m->program->entries;
	const uint32_t *slots = m->program->slots + plan->slot;
	uint32_t at = (uint32_t)member->hash & plan->slot_mask;

	for (; slots[at] != NONE; at = (at + 1) & plan->slot_mask) {
		if (is_key(m, &entries[slots[at]], member))
			return &entries[slots[at]];
	}
	return NULL;
}

static const struct tree_node *find_member(const struct tree_node *object, const char *text,
					   uint32_t len, uint64_t hash)
{
	if (object->count > TREE_INDEX_MIN)
		return tree_get_hashed(object, slice_make(text, len), hash);
	for (uint32_t i = 0; i < object->count; i++) {
		const struct tree_member *member = &object->of.members[i];

		if (member->hash == hash && member->key_len == len &&
		    is_same(text, member->key, len))
			return &member->value;
	}
	return NULL;
}

static inline bool run_entry(struct machine *m, const struct entry *e, const struct tree_node *n)
{
	if (e->is_free)
		return true;
	if ((e->mask & type_of(n)) == 0)
		return e->block == BLOCK_NEVER ? false : refuse(m, n);
	return e->start == e->end || run_block(m, e->start, e->end, n);
}

APART static bool match(struct machine *m, uint32_t pattern, struct slice text, bool *ret)
{
	const struct matcher *matcher = &m->schema->matchers[pattern];
	struct run charged = {.schema = m->schema, .err = m->err};
	enum result rc;

	charged.steps = m->schema->limits.steps_max - (uint64_t)m->steps;
	if (matcher->kind == MATCH_PATTERN) {
		rc = evaluate_match(&charged, pattern, text, ret);
		m->steps = (int64_t)(m->schema->limits.steps_max - charged.steps);
	} else {
		rc = matcher_match(matcher, text, 0, ret, m->err);
	}
	return rc == OK || stop(m, rc);
}

/* A member against patternProperties; `*is_known` when any holds. */
APART static bool run_patterns(struct machine *m, const struct object_plan *plan,
			       const struct tree_member *member, bool *is_known)
{
	for (uint32_t i = 0; i < plan->patterns; i++) {
		uint32_t pattern = m->program->pattern_properties[plan->pattern + i].pattern;
		bool is_match;

		if (!match(m, pattern, tree_key(member), &is_match))
			return false;
		if (!is_match)
			continue;
		*is_known = true;
		if (!enter(m, m->program->targets[plan->pattern_target + i], &member->value))
			return false;
	}
	return true;
}

APART static bool run_name(struct machine *m, uint32_t block, const struct tree_member *member)
{
	struct tree_node key = {.kind = TREE_STRING, .count = member->key_len};

	key.of.text = member->key;
	key.as.hash = member->hash;
	return enter(m, block, &key);
}

/* The few keys that the plan knows, looked up in an object that holds many. */
APART static bool run_look_ups(struct machine *m, const struct object_plan *plan,
			       const struct tree_node *n)
{
	for (uint32_t i = 0; i < plan->entries; i++) {
		const struct entry *e = &m->program->entries[plan->entry + i];
		const struct tree_node *value = find_member(n, m->texts + e->text, e->len, e->hash);

		if (value == NULL ? e->is_required : !run_entry(m, e, value))
			return false;
	}
	return charge(m, plan->entries);
}

/* Members against a plan without patterns. They often come in the schema's order: the entry behind the last one is tried
 * first. */
HOT static bool run_members(struct machine *m, const struct object_plan *plan,
			    const struct tree_node *n)
{
	const struct tree_member *member = n->of.members, *last = member + n->count;
	const struct entry *guess = m->program->entries + plan->entry;
	const struct entry *end = guess + plan->entries;
	uint32_t required = 0;

	for (; member < last; member++) {
		const struct entry *e = guess;

		if (guess == end || !is_key(m, guess, member))
			e = find_entry(m, plan, member);
		if (e == NULL || e->is_unlisted) {
			if (plan->additional != NONE && !enter(m, plan->additional, &member->value))
				return false;
			if (e == NULL)
				continue;
		}
		required += e->is_required;
		guess = e + 1;
		if (!run_entry(m, e, &member->value))
			return false;
	}
	return required == plan->required && charge(m, n->count);
}

HOT static bool run_all_members(struct machine *m, const struct object_plan *plan,
				const struct tree_node *n)
{
	uint32_t required = 0;

	for (uint32_t i = 0; i < n->count; i++) {
		const struct tree_member *member = &n->of.members[i];
		const struct entry *e = find_entry(m, plan, member);
		bool is_known = false;

		if (e != NULL) {
			required += e->is_required;
			is_known = !e->is_unlisted;
			if (!run_entry(m, e, &member->value))
				return false;
		}
		if (plan->patterns != 0 && !run_patterns(m, plan, member, &is_known))
			return false;
		if (!is_known && plan->additional != NONE &&
		    !enter(m, plan->additional, &member->value))
			return false;
		if (plan->names != NONE && !run_name(m, plan->names, member))
			return false;
	}
	return required == plan->required && charge(m, n->count);
}

HOT static bool run_object(struct machine *m, const struct object_plan *plan,
			   const struct tree_node *n)
{
	bool is_open = plan->additional == NONE && plan->patterns == 0 && plan->names == NONE;

	if (n->kind != TREE_OBJECT)
		return true;
	if (n->count < plan->least || n->count > plan->most || n->count < plan->required)
		return false;
	if (is_open && (plan->entries <= 2 || plan->entries * 2 < n->count))
		return run_look_ups(m, plan, n);
	if (plan->patterns != 0 || plan->names != NONE)
		return run_all_members(m, plan, n);
	return run_members(m, plan, n);
}

HOT static bool run_array(struct machine *m, const struct array_plan *plan,
			  const struct tree_node *n)
{
	uint32_t i = 0;
	const struct block *b;

	if (n->kind != TREE_ARRAY)
		return true;
	if (n->count < plan->least || n->count > plan->most)
		return false;
	for (; i < plan->prefixes && i < n->count; i++) {
		if (!enter(m, m->program->targets[plan->prefix + i], &n->of.items[i]))
			return false;
	}
	if (plan->items >= BLOCK_NEVER)
		return plan->items == NONE || i == n->count;
	b = &m->blocks[plan->items];
	for (; i < n->count; i++) {
		const struct tree_node *item = &n->of.items[i];

		if ((b->mask & type_of(item)) == 0)
			return refuse(m, item);
		if (b->start != b->end && !run_block(m, b->start, b->end, item))
			return false;
	}
	return charge(m, n->count);
}

/* Code points are at most as many as bytes, and at least a quarter. */
static inline bool is_length_within(const struct instruction *i, const struct tree_node *n)
{
	size_t length = n->count;

	if (length < i->a || length / 4 > i->b)
		return false;
	if (length <= i->b && length / 4 >= i->a)
		return true;
	length = utf8_length(tree_text(n));
	return length >= i->a && length <= i->b;
}

APART static bool is_bound_kept(const struct machine *m, uint32_t at, const struct tree_node *n)
{
	const struct rule *rule = &m->program->rules[at];
	const struct constant *k = &m->program->constants[rule->a];
	struct tree_node bound;
	int order;

	/* A double is on the same side of a small integer as the number that it stands for, unless it is that integer. */
	if ((n->flags & TREE_FITS_INT64) == 0 && (k->flags & TREE_FITS_INT64) != 0 &&
	    k->as.integer > -EXACT_INTEGER_MAX && k->as.integer < EXACT_INTEGER_MAX &&
	    n->as.real != (double)k->as.integer) {
		order = n->as.real < (double)k->as.integer ? -1 : 1;
	} else {
		bound = constant_number(m->program, k);
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

static inline bool is_in_range(const struct machine *m, const struct instruction *i,
			       const struct tree_node *n)
{
	if ((n->flags & TREE_FITS_INT64) != 0)
		return n->as.integer >= i->x.integer && n->as.integer <= i->y.integer;
	return (i->a == NONE || is_bound_kept(m, i->a, n)) &&
	       (i->b == NONE || is_bound_kept(m, i->b, n));
}

APART static bool is_multiple(const struct machine *m, uint32_t constant, const struct tree_node *n)
{
	const struct constant *k = &m->program->constants[constant];
	struct tree_node step;

	if ((n->flags & k->flags & TREE_FITS_INT64) != 0)
		return k->as.integer == 1 || n->as.integer % k->as.integer == 0;
	step = constant_number(m->program, k);
	return number_is_multiple(n, &step);
}

static inline bool is_text(const struct machine *m, const struct constant *k,
			   const struct tree_node *n)
{
	return k->as.hash == n->as.hash && k->text.len == n->count &&
	       is_same(m->texts + k->text.at, n->of.text, n->count);
}

APART static bool is_any_text(const struct machine *m, const struct instruction *i,
			      const struct tree_node *n)
{
	for (uint32_t k = 0; k < i->b; k++) {
		if (is_text(m, &m->program->constants[i->a + k], n))
			return true;
	}
	return false;
}

APART static bool is_in_table(const struct machine *m, const struct instruction *i,
			      const struct tree_node *n)
{
	const uint32_t *slots = m->program->slots + i->a;

	for (uint32_t at = (uint32_t)n->as.hash & i->b; slots[at] != NONE; at = (at + 1) & i->b) {
		if (is_text(m, &m->program->constants[slots[at]], n))
			return true;
	}
	return false;
}

APART static bool run_enum(struct machine *m, const struct instruction *i,
			   const struct tree_node *n)
{
	bool is_doubtful = false;

	if (!charge(m, i->b))
		return false;
	for (uint32_t k = 0; k < i->b; k++) {
		enum verdict v = constant_compare(m->program, &m->program->constants[i->a + k], n);

		if (v == VERDICT_YES)
			return true;
		is_doubtful |= v == VERDICT_MAYBE;
	}
	return is_doubtful ? stop_undecided(m) : false;
}

/* The exhaustive pass, for what only it knows, without noting anything. */
APART static bool run_evaluation(struct machine *m, uint32_t subschema, const struct tree_node *n)
{
	struct run r = {.schema = m->schema,
			.program = m->program,
			.root = n,
			.err = m->err,
			.steps = m->schema->limits.steps_max - (uint64_t)m->steps,
			.depth = m->schema->limits.depth_max - m->depth};
	enum verdict v = VERDICT_NO;
	enum result rc = evaluate(&r, subschema, n, NULL, &v);

	vec_clear(&r.path);
	vec_clear(&r.trail);
	if (rc != OK)
		return stop(m, rc);
	m->steps = (int64_t)(m->schema->limits.steps_max - r.steps);
	return v == VERDICT_MAYBE ? stop_undecided(m) : v == VERDICT_YES;
}

/* Few items are compared pair by pair; scalars of different hashes or kinds are told apart at once. */
APART static bool run_unique(struct machine *m, const struct tree_node *n)
{
	const struct tree_node *items;
	struct run r = {.schema = m->schema, .program = m->program, .err = m->err};
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
	r.steps = m->schema->limits.steps_max - (uint64_t)m->steps;
	rc = evaluate_unique_items(&r, &rule, n, NULL, &v);
	if (rc != OK)
		return stop(m, rc);
	m->steps = (int64_t)(m->schema->limits.steps_max - r.steps);
	return v == VERDICT_MAYBE ? stop_undecided(m) : v == VERDICT_YES;
}

APART static bool run_contains(struct machine *m, const struct instruction *i,
			       const struct tree_node *n)
{
	uint32_t found = 0;

	if (n->kind != TREE_ARRAY)
		return true;
	for (uint32_t k = 0; k < n->count; k++) {
		found += enter(m, i->a, &n->of.items[k]);
		if (m->is_stopped || found > i->c)
			return false;
		if (found >= i->b && i->c == UINT32_MAX)
			return true;
	}
	return found >= i->b && charge(m, n->count);
}

APART static bool run_any_of(struct machine *m, uint32_t target, uint32_t count,
			     const struct tree_node *n)
{
	for (uint32_t i = 0; i < count; i++) {
		if (enter(m, m->program->targets[target + i], n))
			return true;
		if (m->is_stopped)
			return false;
	}
	return charge(m, count) && false;
}

APART static bool run_one_of(struct machine *m, uint32_t target, uint32_t count, uint32_t found,
			     const struct tree_node *n)
{
	for (uint32_t i = 0; found < 2 && i < count; i++) {
		found += enter(m, m->program->targets[target + i], n);
		if (m->is_stopped)
			return false;
	}
	return found == 1 && charge(m, count);
}

APART static bool run_branches(struct machine *m, const struct tag_plan *plan, uint32_t target,
			       uint32_t count, uint32_t found, const struct tree_node *n)
{
	if (plan->is_one)
		return run_one_of(m, target, count, found, n);
	return found != 0 || run_any_of(m, target, count, n);
}

static uint32_t find_tag(const struct machine *m, const struct tag_plan *plan,
			 const struct tree_node *value)
{
	const uint32_t *slots = m->program->slots + plan->slot;
	uint64_t hash = constant_tag_hash(value->kind, value->kind == TREE_BOOL && value->of.truth,
					  value->as.hash);
	uint32_t at = (uint32_t)hash & plan->slot_mask;

	for (; slots[at] != NONE; at = (at + 1) & plan->slot_mask) {
		const struct tag *tag = &m->program->tags[slots[at]];

		if (tag->hash != hash || tag->kind != value->kind)
			continue;
		if (value->kind != TREE_STRING ||
		    (tag->len == value->count &&
		     is_same(m->texts + tag->text, value->of.text, value->count)))
			return tag->block;
	}
	return BLOCK_NEVER;
}

APART static bool run_tagged(struct machine *m, const struct tag_plan *plan,
			     const struct tree_node *n)
{
	const struct tree_node *value;
	uint32_t block = BLOCK_NEVER, found = 0;

	if (n->kind != TREE_OBJECT)
		return run_branches(m, plan, plan->all, plan->all_count, 0, n);
	value = find_member(n, m->texts + plan->text, plan->len, plan->hash);
	if (value == NULL && !plan->is_required)
		return run_branches(m, plan, plan->all, plan->all_count, 0, n);
	if (value != NULL) {
		if ((value->flags & TREE_IS_OPAQUE) != 0)
			return stop_undecided(m);
		if (constant_is_tag(value->kind, value->flags))
			block = find_tag(m, plan, value);
	}
	if (block != BLOCK_NEVER)
		found = enter(m, block, n);
	if (m->is_stopped)
		return false;
	return run_branches(m, plan, plan->others, plan->others_count, found, n);
}

APART static bool run_dependent_required(struct machine *m, uint32_t at, const struct tree_node *n)
{
	const struct rule *rule = &m->program->rules[at];
	const struct name *key = &m->program->names[rule->c];

	if (n->kind != TREE_OBJECT ||
	    find_member(n, m->texts + key->text.at, key->text.len, key->hash) == NULL)
		return true;
	for (uint32_t i = 0; i < rule->b; i++) {
		const struct name *name = &m->program->names[rule->a + i];

		if (find_member(n, m->texts + name->text.at, name->text.len, name->hash) == NULL)
			return false;
	}
	return charge(m, rule->b);
}

APART static bool run_dependent_schema(struct machine *m, const struct instruction *i,
				       const struct tree_node *n)
{
	const struct name *key = &m->program->properties[i->a].name;

	if (n->kind != TREE_OBJECT ||
	    find_member(n, m->texts + key->text.at, key->text.len, key->hash) == NULL)
		return true;
	return enter(m, i->b, n);
}

APART static bool run_if(struct machine *m, const struct instruction *i, const struct tree_node *n)
{
	bool holds = enter(m, i->a, n);

	return !m->is_stopped && enter(m, holds ? i->b : i->c, n);
}

APART static bool run_not(struct machine *m, uint32_t block, const struct tree_node *n)
{
	return !enter(m, block, n) && !m->is_stopped;
}

APART static bool run_pattern(struct machine *m, uint32_t pattern, const struct tree_node *n)
{
	bool is_match;

	return n->kind != TREE_STRING || (match(m, pattern, tree_text(n), &is_match) && is_match);
}

APART static bool run_format(const struct machine *m, uint32_t format, const struct tree_node *n)
{
	return n->kind != TREE_STRING || format_is_valid(m->schema->formats[format], tree_text(n));
}

__attribute__((hot)) static inline bool run_one(struct machine *m, const struct instruction *i,
						const struct tree_node *n)
{
	switch ((enum operation)i->operation) {
	case OPERATION_SECRET:
		return (n->flags & TREE_IS_SECRET) != 0;
	case OPERATION_OBJECT:
		return run_object(m, &m->program->object_plans[i->a], n);
	case OPERATION_ARRAY:
		return run_array(m, &m->program->array_plans[i->a], n);
	case OPERATION_LENGTH:
		return n->kind != TREE_STRING || is_length_within(i, n);
	case OPERATION_RANGE:
		return n->kind != TREE_NUMBER || is_in_range(m, i, n);
	case OPERATION_BOUND:
		return n->kind != TREE_NUMBER || is_bound_kept(m, i->a, n);
	case OPERATION_MULTIPLE:
		return n->kind != TREE_NUMBER || is_multiple(m, i->a, n);
	case OPERATION_TEXT:
		return n->kind == TREE_STRING && n->as.hash == i->x.hash && n->count == i->b &&
		       is_same(m->texts + i->a, n->of.text, i->b);
	case OPERATION_TEXTS:
		return n->kind == TREE_STRING && is_any_text(m, i, n);
	case OPERATION_TEXT_TABLE:
		return n->kind == TREE_STRING && is_in_table(m, i, n);
	case OPERATION_ENUM:
		return run_enum(m, i, n);
	case OPERATION_PATTERN:
		return run_pattern(m, i->a, n);
	case OPERATION_FORMAT:
		return run_format(m, i->a, n);
	case OPERATION_DEPENDENT_REQUIRED:
		return run_dependent_required(m, i->a, n);
	case OPERATION_DEPENDENT_SCHEMA:
		return run_dependent_schema(m, i, n);
	case OPERATION_UNIQUE:
		return run_unique(m, n);
	case OPERATION_CONTAINS:
		return run_contains(m, i, n);
	case OPERATION_CALL:
		return enter(m, i->a, n);
	case OPERATION_ANY_OF:
		return run_any_of(m, i->a, i->b, n);
	case OPERATION_ONE_OF:
		return run_one_of(m, i->a, i->b, 0, n);
	case OPERATION_TAGGED:
		return run_tagged(m, &m->program->tag_plans[i->a], n);
	case OPERATION_NOT:
		return run_not(m, i->a, n);
	case OPERATION_IF:
		return run_if(m, i, n);
	case OPERATION_EVALUATE:
		return run_evaluation(m, i->a, n);
	}
	return false;
}

/* Every recursion passes here: over the instance, which is bounded, or over references, which depth and steps bound. */
HOT static bool run_block(struct machine *m, uint32_t at, uint32_t end, const struct tree_node *n)
{
	const struct instruction *i = m->instructions + at, *last = m->instructions + end;
	bool holds;

	if (UNLIKELY(m->depth == 0))
		return stop_at_depth(m);
	if (!charge(m, end - at))
		return false;
	m->depth--;
	do
		holds = run_one(m, i++, n);
	while (holds && i < last);
	m->depth++;
	return holds;
}

enum run_outcome run_program(const struct schema *s, const struct tree_node *instance,
			     enum result *rc, struct error *err)
{
	struct machine m = {.program = &s->program,
			    .instructions = s->program.instructions,
			    .blocks = s->program.blocks,
			    .texts = s->program.texts,
			    .steps = (int64_t)s->limits.steps_max,
			    .depth = s->limits.depth_max,
			    .schema = s,
			    .err = err};
	bool is_valid;

	if (s->program.has_dynamic_scope)
		return RUN_UNDECIDED;
	is_valid = enter(&m, s->program.root_block, instance);
	if (m.is_undecided)
		return RUN_UNDECIDED;
	if (m.is_stopped) {
		*rc = m.rc;
		return RUN_FAILED;
	}
	return is_valid ? RUN_YES : RUN_NO;
}
