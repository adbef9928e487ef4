/*
 * The exhaustive pass: walks the rules over an instance, in three values, and notes every failure with its place in the
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

struct run {
	const struct schema *schema;
	const struct program *program;
	const struct tree_node *root;
	struct error *err;
	uint64_t steps;	  /* used of the schema's limit */
	uint64_t granted; /* up to which nothing is asked */
	uint64_t paid;	  /* by the budget */
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

MUST_USE enum result evaluate(struct run *r, uint32_t subschema, const struct tree_node *n,
			      struct marks *marks, enum verdict *ret);

/* As evaluate(), one step further in the schema. */
MUST_USE enum result evaluate_step(struct run *r, const struct rule *rule, uint32_t index,
				   uint32_t subschema, const struct tree_node *n,
				   struct marks *marks, enum verdict *ret);

/* As evaluate_step(), one step further in the instance as well. */
MUST_USE enum result evaluate_at(struct run *r, const struct rule *rule, uint32_t index,
				 uint32_t subschema, uint32_t position, const struct tree_node *n,
				 enum verdict *ret);

/* As evaluate_step(), without noting failures. */
MUST_USE enum result evaluate_silently(struct run *r, const struct rule *rule, uint32_t index,
				       uint32_t subschema, const struct tree_node *n,
				       struct marks *marks, enum verdict *ret);

/* Notes a failure of the rule on `n` and sets `*ret`. */
MUST_USE enum result evaluate_fail(struct run *r, const struct rule *rule,
				   const struct tree_node *n, uint32_t detail, uint32_t other,
				   enum verdict *ret);
/* Notes that the rule could not be checked. */
MUST_USE enum result evaluate_doubt(struct run *r, const struct rule *rule,
				    const struct tree_node *n, enum verdict *ret);

/* Pays for what was used since the last time: E_LIMIT, or what the budget says, when it was too much. */
MUST_USE enum result explain_charge(struct run *r);

MUST_USE static inline enum result evaluate_charge(struct run *r, uint64_t steps)
{
	r->steps += steps;
	return __builtin_expect(r->steps <= r->granted, 1) ? OK : explain_charge(r);
}

MUST_USE enum result evaluate_match(struct run *r, uint32_t pattern, struct slice text, bool *ret);

struct checkpoint evaluate_checkpoint(const struct run *r);
void evaluate_forget_problems(struct run *r, struct checkpoint to);
void evaluate_forget_unchecked(struct run *r, struct checkpoint to);

static inline enum verdict verdict_and(enum verdict a, enum verdict b)
{
	if (a == VERDICT_NO || b == VERDICT_NO)
		return VERDICT_NO;
	return a == VERDICT_MAYBE || b == VERDICT_MAYBE ? VERDICT_MAYBE : VERDICT_YES;
}

/* Adds a verdict to the others; true where a no makes looking further idle. */
static inline bool evaluate_is_over(const struct run *r, enum verdict v, enum verdict *ret)
{
	*ret = verdict_and(*ret, v);
	return *ret == VERDICT_NO && !r->is_collecting;
}

static inline uint32_t evaluate_type(const struct tree_node *n)
{
	return n->kind == TREE_NUMBER && (n->flags & TREE_IS_INTEGER) != 0 ? TYPE_INTEGER
									   : 1u << n->kind;
}

#define EVALUATE_RULE(name)                                                       \
	MUST_USE enum result name(struct run *r, const struct rule *rule,         \
				  const struct tree_node *n, struct marks *marks, \
				  enum verdict *ret)

EVALUATE_RULE(evaluate_false);
EVALUATE_RULE(evaluate_secret);
EVALUATE_RULE(evaluate_types);
EVALUATE_RULE(evaluate_enum);
EVALUATE_RULE(evaluate_bound);
EVALUATE_RULE(evaluate_length);
EVALUATE_RULE(evaluate_count);
EVALUATE_RULE(evaluate_pattern);
EVALUATE_RULE(evaluate_format);
EVALUATE_RULE(evaluate_required);
EVALUATE_RULE(evaluate_properties);
EVALUATE_RULE(evaluate_pattern_properties);
EVALUATE_RULE(evaluate_additional_properties);
EVALUATE_RULE(evaluate_property_names);
EVALUATE_RULE(evaluate_dependent_schemas);
EVALUATE_RULE(evaluate_unevaluated);
EVALUATE_RULE(evaluate_prefix_items);
EVALUATE_RULE(evaluate_items);
EVALUATE_RULE(evaluate_contains);
EVALUATE_RULE(evaluate_unique_items);
EVALUATE_RULE(evaluate_ref);
EVALUATE_RULE(evaluate_dynamic_ref);
EVALUATE_RULE(evaluate_all_of);
EVALUATE_RULE(evaluate_some_of);
EVALUATE_RULE(evaluate_not);
EVALUATE_RULE(evaluate_if);

/* Turns what was found into the report's problems. */
MUST_USE enum result evaluate_write_report(struct run *r, struct schema_report *report);

/* The subschema that a rule belongs to. */
uint32_t evaluate_find_subschema(const struct program *p, uint32_t rule);

/* Of anyOf and oneOf: a sentence lists what the branches ask only where they are few, and looks at so many rules of each. */
#define BRANCHES_TOLD_MAX 256
#define RULES_TOLD_MAX	  256

/* message.c: the first rule of a kind in a subschema, through references; NULL without one among RULES_TOLD_MAX. */
const struct rule *message_find_rule(const struct program *p, uint32_t subschema, enum rule_op op);

/* Appends the sentence for a finding. */
void message_append(const struct run *r, const struct finding *f, struct buf *ret);
