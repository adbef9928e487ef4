/*
 * The explaining pass: walks the rules over an instance, in three values, and notes every failure with its place in the
 * instance and the way through the schema that led to it. It runs when the fast pass failed, or met a value that may not
 * be looked at.
 */
#pragma once

#include "schema/compile/constant.h"
#include "schema/compile/compiled.h"
#include "schema/explain/marks.h"

/* One step through the schema: a rule, and which of its subschemas. */
struct step {
	uint32_t rule;
	uint32_t index; /* of the property, pattern, link or branch; NONE: the rule has one */
};

/* A failure as it is found; becomes a struct schema_problem if it is still there at the end. */
struct finding {
	uint32_t rule;
	uint32_t detail, other; /* see message.c */
	const struct tree_node *node;
	uint32_t path, path_len;   /* in `saved_path`: positions from the instance's root */
	uint32_t trail, trail_len; /* in `saved_trail` */
};

/* The resources that were entered, innermost first (2020-12 core, section 7.1). */
struct scope {
	uint32_t resource;
	const struct scope *outer;
};

struct explain_pass {
	const struct schema *schema;
	const struct program *program;
	const struct tree_node *root;
	struct error *err;
	uint64_t steps;	  /* used of the schema's limit */
	uint64_t granted; /* up to which nothing is asked */
	uint64_t charged; /* by the budget */
	struct budget *budget;
	bool is_placed; /* `err` names the keyword at which a bound ran out */
	uint32_t depth;
	bool is_collecting;   /* failures are noted, and the first does not end a subschema */
	bool is_listing;      /* what could not be checked is noted */
	struct vec path;      /* uint32_t: positions */
	struct vec trail;     /* struct step */
	struct vec problems;  /* struct finding */
	struct vec unchecked; /* struct finding */
	struct vec saved_path;
	struct vec saved_trail;
	uint32_t dropped;
	const struct scope *scope;
};

/* Where a branch that may be taken back began. */
struct checkpoint {
	uint32_t problems, unchecked, saved_path, saved_trail;
};

MUST_USE enum result explain_subschema(struct explain_pass *pass, uint32_t subschema,
				       const struct tree_node *n, struct marks *marks,
				       enum verdict *ret);

/* As explain_subschema(), one step further in the schema. */
MUST_USE enum result explain_step(struct explain_pass *pass, const struct rule *rule,
				  uint32_t index, uint32_t subschema, const struct tree_node *n,
				  struct marks *marks, enum verdict *ret);

/* As explain_step(), one step further in the instance as well. */
MUST_USE enum result explain_at(struct explain_pass *pass, const struct rule *rule, uint32_t index,
				uint32_t subschema, uint32_t position, const struct tree_node *n,
				enum verdict *ret);

/* As explain_step(), without noting failures. */
MUST_USE enum result explain_silently(struct explain_pass *pass, const struct rule *rule,
				      uint32_t index, uint32_t subschema, const struct tree_node *n,
				      struct marks *marks, enum verdict *ret);

/* Notes a failure of the rule on `n` and sets `*ret`. */
MUST_USE enum result explain_fail(struct explain_pass *pass, const struct rule *rule,
				  const struct tree_node *n, uint32_t detail, uint32_t other,
				  enum verdict *ret);
/* Notes that the rule could not be checked. */
MUST_USE enum result explain_doubt(struct explain_pass *pass, const struct rule *rule,
				   const struct tree_node *n, enum verdict *ret);

/* Pays for what was used since the last time: E_LIMIT, or what the budget says, when it was too much. */
MUST_USE enum result explain_charge_budget(struct explain_pass *pass);

MUST_USE static inline enum result explain_charge(struct explain_pass *pass, uint64_t steps)
{
	pass->steps += steps;
	return __builtin_expect(pass->steps <= pass->granted, 1) ? OK : explain_charge_budget(pass);
}

MUST_USE enum result explain_match(struct explain_pass *pass, uint32_t pattern, struct slice text,
				   bool *ret);

struct checkpoint explain_checkpoint(const struct explain_pass *pass);
void explain_drop_problems(struct explain_pass *pass, struct checkpoint to);
void explain_drop_unchecked(struct explain_pass *pass, struct checkpoint to);

static inline enum verdict verdict_and(enum verdict a, enum verdict b)
{
	if (a == VERDICT_NO || b == VERDICT_NO)
		return VERDICT_NO;
	return a == VERDICT_MAYBE || b == VERDICT_MAYBE ? VERDICT_MAYBE : VERDICT_YES;
}

/* Adds a verdict to the others; true where a no makes looking further idle. */
static inline bool explain_may_stop(const struct explain_pass *pass, enum verdict v,
				    enum verdict *ret)
{
	*ret = verdict_and(*ret, v);
	return *ret == VERDICT_NO && !pass->is_collecting;
}

static inline uint32_t explain_type_of(const struct tree_node *n)
{
	return n->kind == TREE_NUMBER && (n->flags & TREE_IS_INTEGER) != 0 ? TYPE_INTEGER
									   : 1u << n->kind;
}

#define EXPLAIN_RULE(name)                                                            \
	MUST_USE enum result name(struct explain_pass *pass, const struct rule *rule, \
				  const struct tree_node *n, struct marks *marks,     \
				  enum verdict *ret)

EXPLAIN_RULE(explain_false);
EXPLAIN_RULE(explain_secret);
EXPLAIN_RULE(explain_types);
EXPLAIN_RULE(explain_enum);
EXPLAIN_RULE(explain_bound);
EXPLAIN_RULE(explain_length);
EXPLAIN_RULE(explain_count);
EXPLAIN_RULE(explain_pattern);
EXPLAIN_RULE(explain_format);
EXPLAIN_RULE(explain_required);
EXPLAIN_RULE(explain_properties);
EXPLAIN_RULE(explain_pattern_properties);
EXPLAIN_RULE(explain_additional_properties);
EXPLAIN_RULE(explain_property_names);
EXPLAIN_RULE(explain_dependent_schemas);
EXPLAIN_RULE(explain_unevaluated);
EXPLAIN_RULE(explain_prefix_items);
EXPLAIN_RULE(explain_items);
EXPLAIN_RULE(explain_contains);
EXPLAIN_RULE(explain_unique_items);
EXPLAIN_RULE(explain_ref);
EXPLAIN_RULE(explain_dynamic_ref);
EXPLAIN_RULE(explain_all_of);
EXPLAIN_RULE(explain_some_of);
EXPLAIN_RULE(explain_not);
EXPLAIN_RULE(explain_if);

/* Turns what was found into the report's problems. */
MUST_USE enum result explain_write_report(struct explain_pass *pass, struct schema_report *report);

/* The subschema that a rule belongs to. */
uint32_t explain_find_subschema(const struct program *p, uint32_t rule);

/* Of anyOf and oneOf: a sentence lists what the branches ask only where they are few, and looks at so many rules of each. */
#define BRANCHES_TOLD_MAX 256
#define RULES_TOLD_MAX	  256

/* message.c: the first rule of a kind in a subschema, through references; NULL without one among RULES_TOLD_MAX. */
const struct rule *message_find_rule(const struct program *p, uint32_t subschema, enum rule_op op);

/* Appends the sentence for a finding. */
void message_append(const struct explain_pass *pass, const struct finding *f, struct buf *ret);
