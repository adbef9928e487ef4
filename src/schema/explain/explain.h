/*
 * explain/ is the explaining pass: it walks the rules of a program over an instance, decides with
 * three values (yes, no, maybe), and keeps a finding for each failure: the place in the instance
 * and the way through the schema that led to it. At the end the findings become the problems of a
 * report (explain_report.c, message.c).
 *
 * It runs after the fast pass has failed, where an opaque value decides, and for schemas with a
 * dynamic scope. Its verdict must always be that of the fast pass; test_agreement.c and the fuzz
 * target `schema` hold both to that.
 *
 * There is one function for each kind of rule (explain_value.c, explain_object.c, explain_array.c,
 * explain_apply.c). A pass belongs to one thread.
 */
#pragma once

#include "schema/compile/compiled.h"
#include "schema/compile/constant.h"
#include "schema/explain/marks.h"

/* One of the subschemas that a rule applies: for a rule with several, such as properties or anyOf,
 * `index` tells which of them. */
struct applied {
	const struct rule *rule;
	uint32_t index; /* of the property, pattern, link or branch; NONE where there is one only */
	uint32_t subschema;
};

/* One step of the way through the schema. The steps in their order become the evaluation path of a
 * problem, such as /properties/jobs/items/$ref/maximum. */
struct step {
	uint32_t rule;
	uint32_t index; /* as in struct applied */
};

/* A failure, or a check that could not be made. It becomes a struct schema_problem unless it is
 * dropped before the end. */
struct finding {
	uint32_t rule;
	uint32_t detail, other; /* depend on the rule; see message.c */
	const struct tree_node *node;
	uint32_t path, path_len;   /* in `saved_path`: positions from the instance's root */
	uint32_t trail, trail_len; /* in `saved_trail` */
};

/* The dynamic scope: the resources that were entered, innermost first (2020-12 core, section 7.1).
 * Each link stands on the stack of the explain_subschema() that entered the resource. */
struct scope {
	uint32_t resource;
	const struct scope *outer;
};

/* The state of one validation. The program and the instance are borrowed and must not change; the
 * function that makes the pass frees the vecs. */
struct explain_pass {
	const struct schema *schema;
	const struct program *program;
	const struct tree_node *root;
	struct error *err;
	uint64_t steps;	  /* used so far, of the schema's limit */
	uint64_t granted; /* up to this number of steps no bound is checked */
	uint64_t charged; /* steps that the budget has been charged for */
	struct budget *budget;
	bool is_keyword_named; /* `err` already names the keyword at which a bound ran out */
	/* Subschemas inside one another; at most depth_max. */
	uint32_t depth;
	bool is_collecting;  /* keeps findings, and goes on after a failure */
	bool is_listing;     /* keeps findings of rules that could not be checked */
	struct vec path;     /* uint32_t: positions from the instance's root to the current value */
	struct vec trail;    /* struct step: the way through the schema to the current rule */
	struct vec problems; /* struct finding */
	struct vec unchecked; /* struct finding */
	/* The ways of all findings, one behind the other: positions, and struct step. */
	struct vec saved_path;
	struct vec saved_trail;
	/* Problems that were only counted, because the list was full. */
	uint32_t dropped;
	const struct scope *scope;
};

/* The numbers of findings before a branch, so that those of the branch can be dropped: a failed
 * branch of anyOf is no problem where another one holds. */
struct checkpoint {
	uint32_t problems, unchecked, saved_path, saved_trail;
};

/* Applies a subschema to a value. `marks` (may be NULL) receives the members or items that it
 * evaluated. OK, or the reason why there is no verdict: E_LIMIT, E_MEMORY. */
MUST_USE enum result explain_subschema(struct explain_pass *pass, uint32_t subschema,
				       const struct tree_node *n, struct marks *marks,
				       enum verdict *ret);

/* As explain_subschema(), and adds a step to the way through the schema. */
MUST_USE enum result explain_step(struct explain_pass *pass, struct applied a,
				  const struct tree_node *n, struct marks *marks,
				  enum verdict *ret);

/* As explain_step() for a member or item: adds `position` to the path in the instance as well. */
MUST_USE enum result explain_at(struct explain_pass *pass, struct applied a, uint32_t position,
				const struct tree_node *n, enum verdict *ret);

/* As explain_step(), but keeps no findings of failures, and stops at the first: for subschemas
 * whose failure does not yet make the instance invalid. */
MUST_USE enum result explain_silently(struct explain_pass *pass, struct applied a,
				      const struct tree_node *n, struct marks *marks,
				      enum verdict *ret);

/* The rule fails for `n`: keeps a finding and sets `*ret` to VERDICT_NO. */
MUST_USE enum result explain_fail(struct explain_pass *pass, const struct rule *rule,
				  const struct tree_node *n, uint32_t detail, uint32_t other,
				  enum verdict *ret);
/* The rule could not be checked for `n`: keeps a finding and sets `*ret` to VERDICT_MAYBE. */
MUST_USE enum result explain_undecided(struct explain_pass *pass, const struct rule *rule,
				       const struct tree_node *n, enum verdict *ret);

/* Charges the budget for the steps since the last call. E_LIMIT, or the reason why the request
 * ended, where they were too many. */
MUST_USE enum result explain_charge_budget(struct explain_pass *pass);

/* Charges steps. Checks the bounds only now and then, so that most calls are one addition. */
MUST_USE static inline enum result explain_charge(struct explain_pass *pass, uint64_t steps)
{
	pass->steps += steps;
	return __builtin_expect(pass->steps <= pass->granted, 1) ? OK : explain_charge_budget(pass);
}

/* Matches a pattern; charges its price. `pattern` is a position in the schema's matchers. E_LIMIT
 * where the match exceeds regex_steps_max or the steps left: then `*ret` has no meaning. */
MUST_USE enum result explain_match(struct explain_pass *pass, uint32_t pattern, struct slice text,
				   bool *ret);

/* Takes a checkpoint of the findings; drops the problems, or the unchecked rules, since one.
 * Dropping frees no memory; later findings use it again. */
struct checkpoint explain_checkpoint(const struct explain_pass *pass);
void explain_drop_problems(struct explain_pass *pass, struct checkpoint to);
void explain_drop_unchecked(struct explain_pass *pass, struct checkpoint to);

/* Both must hold: a no decides, then a maybe. */
static inline enum verdict verdict_and(enum verdict a, enum verdict b)
{
	if (a == VERDICT_NO || b == VERDICT_NO)
		return VERDICT_NO;
	return a == VERDICT_MAYBE || b == VERDICT_MAYBE ? VERDICT_MAYBE : VERDICT_YES;
}

/* Combines a verdict with `*ret`. True where the result is no and no further findings are wanted,
 * so that the caller may stop. */
static inline bool explain_may_stop(const struct explain_pass *pass, enum verdict v,
				    enum verdict *ret)
{
	*ret = verdict_and(*ret, v);
	return *ret == VERDICT_NO && !pass->is_collecting;
}

/* The type bit of a value. The bits of the other types are numbered like enum tree_kind, and an
 * integer such as 1.0 has its own. */
static inline uint32_t explain_type_of(const struct tree_node *n)
{
	return n->kind == TREE_NUMBER && (n->flags & TREE_IS_INTEGER) != 0 ? TYPE_INTEGER
									   : 1u << n->kind;
}

/* A function that checks the rule for `n`. OK with a verdict in `*ret`, or E_LIMIT or E_MEMORY
 * without one. A failure is kept with explain_fail(). */
#define EXPLAIN_RULE(name)                                                            \
	MUST_USE enum result name(struct explain_pass *pass, const struct rule *rule, \
				  const struct tree_node *n, struct marks *marks,     \
				  enum verdict *ret)

/* One function for each kind of rule, or for several that are checked alike. Each is called for
 * values of the rule's kind only, with `*ret` set to VERDICT_YES, and never for an opaque value
 * unless its kind is any. `marks` may be NULL. */
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

/* Adds a problem to the report for each finding; texts are copied, so the report outlives the pass.
 * Charges for them. E_LIMIT, E_MEMORY. */
MUST_USE enum result explain_write_report(struct explain_pass *pass, struct schema_report *report);

/* The subschema that a rule belongs to, by its position in `rules`. */
uint32_t explain_find_subschema(const struct program *p, uint32_t rule);

/* A sentence about anyOf or oneOf lists the constants or types of the branches only where there are
 * few branches, and looks at the first rules of each only. */
#define BRANCHES_LISTED_MAX 256
#define RULES_READ_MAX	    256

/* message.c: the first rule of a kind in a subschema or in the one that it refers to; NULL where it
 * is not among the first RULES_READ_MAX. */
const struct rule *message_find_rule(const struct program *p, uint32_t subschema, enum rule_op op);

/* Appends the sentence for a finding; it contains no value of the instance. */
void message_append(const struct explain_pass *pass, const struct finding *f, struct buf *ret);
