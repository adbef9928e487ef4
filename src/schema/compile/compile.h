/*
 * compile/ turns a schema document into a program of rules (program.h), with everything that it
 * refers to.
 *
 * It works in two steps. compile_index() finds all places of subschemas (resource_index.h).
 * compile_rules() then compiles one subschema after the other, each keyword with its own function
 * (keyword.def); a reference adds the subschema that it leads to.
 *
 * Errors in the schema are collected in the report, and compilation goes on, so that one answer
 * lists them all. Only a lack of memory or a bound ends it at once. A compiler belongs to one
 * thread.
 */
#pragma once

#include "schema/compile/keyword.h"
#include "schema/compile/program.h"
#include "schema/compile/resource_index.h"
#include "schema/format/format.h"
#include "schema/regex/matcher.h"
#include "schema/schema.h"

/* The arrays of the program, as they grow, and what is needed to fill them. */
struct compiler {
	const struct schema_options *options;
	struct resource_index resource_index;
	/* Owned by the caller, as `options` is. */
	struct schema_report *report; /* may be NULL */
/* Their contents are copied into the schema at the end; compiler_clear() frees them. */
#define X(type, name) struct vec name;
	PROGRAM_ARRAYS(X)
#undef X
	struct lookup texts_by_hash; /* positions in `known_texts` */
	struct vec known_texts;	     /* struct text */
	struct vec places;	     /* uint32_t: the place of each subschema, by its number */
	struct vec matchers;	     /* struct matcher, one for each pattern */
	/* What is left for all patterns of the schema together; see pattern.h. */
	struct pattern_budget pattern_budget;
	/* Positions in `patterns`, by the position of their text. */
	struct lookup patterns_by_text;
	struct vec dynamic_names;    /* struct text */
	struct lookup names_by_text; /* dynamic names */
	uint32_t root_block;
	uint32_t refusals;  /* errors in the schema so far */
	struct error first; /* the first of them, or the reason why a bound ran out */
};

/* The position of a function that compiles a keyword, for rules and for the pointer in a refusal.
 * `keyword` is KEYWORDS where the subschema itself is meant and not one of its keywords. */
struct compile_place {
	uint32_t place;
	uint32_t subschema;
	const struct tree_node *schema;
	enum keyword_id keyword;
};

/* Adds an error in the schema to the report. `node` is the wrong value; its pointer is that of the
 * keyword, followed by `key` unless that is SLICE_NULL. OK unless memory or a bound runs out. */
MUST_USE enum result compile_refuse(struct compiler *c, const struct compile_place *at,
				    const struct tree_node *node, struct slice key,
				    const char *message);

/* Adds a rule to the subschema that is being compiled; the operands are those of `op`
 * (program.h). */
MUST_USE enum result compile_rule(struct compiler *c, const struct compile_place *at,
				  enum rule_op op, uint32_t operand_a, uint32_t operand_b,
				  uint32_t operand_c);

/* The number of the subschema at an indexed node or place, which will be compiled unless it has
 * been. Neither compiles it now: the rules of the current subschema must stay neighbours. The node
 * must be a place of the index. E_MEMORY. */
MUST_USE enum result compile_child(struct compiler *c, const struct tree_node *node, uint32_t *ret);
MUST_USE enum result compile_target(struct compiler *c, uint32_t place, uint32_t *ret);

/* Adds a text to the pool; equal texts share one position. Charges its length. The text is copied,
 * so `s` may end. E_LIMIT where the pool has VEC_ITEMS_MAX bytes or the budget ran out,
 * E_MEMORY. */
MUST_USE enum result compile_text(struct compiler *c, struct slice s, struct text *ret);
/* As compile_text(), with the hash. */
MUST_USE enum result compile_name(struct compiler *c, struct slice s, struct name *ret);
/* Appends `count` constants with their contents; `*ret` is the position of the first. */
MUST_USE enum result compile_constants(struct compiler *c, const struct tree_node *values,
				       uint32_t count, uint32_t *ret);
/* The position of the pattern, which is compiled once for each text; NONE where it was refused. */
MUST_USE enum result compile_matcher(struct compiler *c, const struct compile_place *at,
				     const struct tree_node *node, struct slice source,
				     uint32_t *ret);
/* The number of a name that a $dynamicRef refers to. */
MUST_USE enum result compile_dynamic_name(struct compiler *c, struct slice name, uint32_t *ret);
/* Appends the names of a list. Refuses other values than a list of strings; `*ret_count` is
 * UINT32_MAX then. */
MUST_USE enum result compile_names(struct compiler *c, const struct compile_place *at,
				   const struct tree_node *list, uint32_t *ret_first,
				   uint32_t *ret_count);

/* Charges the budget of the request that compiles. E_LIMIT, or the reason why the request ended,
 * with `first` set. */
MUST_USE enum result compile_charge(struct compiler *c, uint64_t steps);

/* `options` and `report` must outlive the compiler. Clear it with compiler_clear(), also after a
 * failure. */
void compiler_init(struct compiler *c, const struct schema_options *options,
		   struct schema_report *report);
void compiler_clear(struct compiler *c);

/* First step: indexes all places of `root`, which becomes place 0 and must outlive the compiler.
 * E_INVALID where its dialect is not known. */
MUST_USE enum result compile_index(struct compiler *c, const struct tree_node *root,
				   struct error *err);

/* Second step: compiles the root and every subschema that it reaches. E_INVALID where anything was
 * refused. */
MUST_USE enum result compile_rules(struct compiler *c, struct error *err);

/* The result of a step that ended with `rc`: E_INVALID where anything was refused. `err` becomes
 * the reason. */
MUST_USE enum result compile_outcome(const struct compiler *c, enum result rc, struct error *err);

/* A function that compiles one keyword: adds the rules that `value` means to the subschema of `at`.
 * A wrong value is refused with compile_refuse() and gives OK, so that the next keyword is compiled
 * too. May number further subschemas, never compile one. E_LIMIT, E_MEMORY. */
#define COMPILE_KEYWORD(name)                                                         \
	MUST_USE enum result name(struct compiler *c, const struct compile_place *at, \
				  const struct tree_node *value)

/* One function for each keyword, or for several that are compiled alike. */
COMPILE_KEYWORD(compile_secret);
COMPILE_KEYWORD(compile_reload);
COMPILE_KEYWORD(compile_type);
COMPILE_KEYWORD(compile_const);
COMPILE_KEYWORD(compile_enum);
COMPILE_KEYWORD(compile_number);
COMPILE_KEYWORD(compile_count);
COMPILE_KEYWORD(compile_pattern);
COMPILE_KEYWORD(compile_format);
COMPILE_KEYWORD(compile_required);
COMPILE_KEYWORD(compile_dependent_required);
COMPILE_KEYWORD(compile_properties);
COMPILE_KEYWORD(compile_pattern_properties);
COMPILE_KEYWORD(compile_additional_properties);
COMPILE_KEYWORD(compile_property_names);
COMPILE_KEYWORD(compile_dependent_schemas);
COMPILE_KEYWORD(compile_dependencies);
COMPILE_KEYWORD(compile_prefix_items);
COMPILE_KEYWORD(compile_items);
COMPILE_KEYWORD(compile_items_7);
COMPILE_KEYWORD(compile_additional_items);
COMPILE_KEYWORD(compile_contains);
COMPILE_KEYWORD(compile_unique_items);
COMPILE_KEYWORD(compile_ref);
COMPILE_KEYWORD(compile_dynamic_ref);
COMPILE_KEYWORD(compile_list);
COMPILE_KEYWORD(compile_not);
COMPILE_KEYWORD(compile_if);
COMPILE_KEYWORD(compile_unevaluated);
