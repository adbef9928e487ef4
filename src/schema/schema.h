/*
 * JSON Schema, drafts 2020-12 and 7: compile once, validate often. This is the only header of
 * schema/ that other folders use.
 *
 * A compiled schema never changes, holds no pointer into its source, and may be used by any number
 * of threads. All work is bounded (struct schema_limits, and the request's budget): a bound that
 * runs out gives E_LIMIT and never a verdict.
 *
 * Inside, from the bottom up: regex/ matches patterns, format/ checks formats, compile/ turns a
 * document into rules and loads what it refers to, explain/ validates with the rules and finds the
 * reasons, fast/ validates with instructions made from the rules and finds the verdict only.
 * schema_validate() runs the fast pass first, and the explaining pass where that fails.
 */
#pragma once

#include "base/buf.h"
#include "doc/tree.h"

struct schema; /* shared by reference count */

/* Bounds of a validation; a schema keeps those that it was compiled with. */
struct schema_limits {
	uint64_t steps_max;	  /* of one validation; a step is about 10 ns (schema/price.h) */
	uint32_t depth_max;	  /* of references and subschemas while validating */
	uint32_t regex_steps_max; /* of these, for one pattern on one string */
	uint32_t problems_max;	  /* collected; further ones are counted */
};

/* At most about half a second of one core for a validation, and a tenth for one match of a pattern,
 * for any schema and any instance. */
#define SCHEMA_LIMITS_DEFAULT ((struct schema_limits){50000000, 512, 10000000, 100})

/* Loads the document at an absolute URI without fragment (reeve:///schemas/<path>, or one that a
 * test maps). The node must live until schema_compile() returns. E_NOT_FOUND where no such document
 * exists: the reference is then refused with its place. It is not called for the metaschemas of the
 * drafts, which are built in. */
typedef enum result schema_load_fn(void *ctx, struct slice uri, const struct tree_node **ret,
				   struct error *err);

/* The draft decides which keywords exist and what some of them mean, such as `items`. */
enum schema_draft { SCHEMA_DRAFT_2020_12, SCHEMA_DRAFT_7 };

/* Borrowed while schema_compile() runs; a compiled schema keeps only `limits`. */
struct schema_options {
	struct slice base_uri;	 /* of the document, e.g. reeve:///schemas/orders; may be empty */
	enum schema_draft draft; /* of a document without $schema */
	bool is_format_asserted; /* `format` is checked; else it is an annotation */
	bool is_strict;	     /* for storing: refuses unknown keywords that do not begin with x-, and
			      * validates the document against its metaschema */
	bool is_listed_only; /* refuses references to other documents that
			      * schema_each_reference() would not list, because only a JSON
			      * pointer leads to the schema that they stand in */
	schema_load_fn *load; /* NULL: references to other documents are refused */
	void *load_ctx;
	struct schema_limits limits;
	struct budget *budget; /* of the request that compiles, used only while compiling; may be
				* NULL */
};

/* A failure, or a check that could not be made. Texts live in the report's arena. No text contains
 * a value of the instance. */
struct schema_problem {
	struct slice pointer;	      /* instance location, JSON pointer */
	struct slice keyword;	      /* "maximum" */
	struct slice schema_location; /* absolute keyword location: URI#/pointer */
	struct slice
		evaluation_path; /* keyword location through references, from the schema's root */
	const char *message;	 /* "must be at most 1000" */
	const struct tree_node *node; /* the instance value: its line, column, source */
};

/* All texts and both lists live in the arena; the nodes belong to the document that was read. */
struct schema_report {
	struct arena arena; /* ARENA_NULL by the caller; schema_report_clear() frees */
	struct schema_problem *problems;
	uint32_t problems_count;
	uint32_t problems_dropped;
	struct schema_problem *unchecked; /* keywords that would have looked at an opaque value */
	uint32_t unchecked_count;
};

void schema_report_clear(struct schema_report *r); /* frees all, and makes it usable again */

/*
 * Compiles a schema; release it with schema_unref(). `root` is not used after the return.
 *
 * E_INVALID: the schema is refused. `report` (may be NULL) holds every reason, with pointers and
 * nodes of the schema; `err` is the first. Reasons are keywords with a wrong value, patterns that
 * are not supported, references that lead nowhere or to the network, and in strict mode unknown
 * keywords. E_LIMIT: the schema or one of its patterns (then with its place) exceeds a bound, or
 * the request's budget ran out. E_MEMORY.
 */
MUST_USE enum result schema_compile(struct schema **ret, const struct tree_node *root,
				    const struct schema_options *options,
				    struct schema_report *report, struct error *err);

/* Any thread may take and release references. */
struct schema *schema_ref(struct schema *s);
void schema_unref(struct schema *s); /* takes NULL */
void schema_unrefp(struct schema **s);

/*
 * Validates an instance. OK: valid. E_INVALID: invalid, with the reasons in `report`; of the
 * branches of oneOf and anyOf, those of the branch that comes closest. E_LIMIT: a bound of the
 * schema's limits or of the request's `budget` (may be NULL) ran out before there was a verdict;
 * `err` names the keyword where it is known. E_MEMORY.
 *
 * The fast pass runs first. The explaining pass runs only where the fast pass failed and `report`
 * is not NULL, or where an opaque value decides. The steps of both count together. Where the fast
 * pass has found the instance invalid and a bound runs out during the explaining pass, the result
 * is E_INVALID, and one problem says that the reasons are incomplete.
 *
 * Of a node with the flag TREE_IS_OPAQUE only the kind may be used. `type` and `x-secret` apply to
 * it; keywords that need its value are undecided, and `not`, `anyOf`, `oneOf` and `if` work with
 * three values. Keywords that stay undecided do not make the instance invalid and are listed under
 * `unchecked`. `x-secret: true` fails for a node without the flag TREE_IS_SECRET, and then no other
 * keyword reads the value.
 */
MUST_USE enum result schema_validate(const struct schema *s, const struct tree_node *instance,
				     struct budget *budget, struct schema_report *report,
				     struct error *err);

/* Calls `each` once for each other document that the schema refers to, with its absolute URI
 * without fragment, except the metaschemas of the drafts. These are the documents that a stored
 * schema depends on; they need not exist. Ends with the error of `each`. E_LIMIT where the budget
 * (may be NULL) runs out, E_MEMORY. */
MUST_USE enum result schema_each_reference(const struct tree_node *root, struct slice base_uri,
					   enum result (*each)(void *ctx, struct slice uri,
							       struct error *err),
					   void *ctx, struct budget *budget, struct error *err);

/* When a consumer takes on a changed value: at its next run, while it runs, or after a restart. */
enum schema_reload { RELOAD_NEXT_RUN, RELOAD_LIVE, RELOAD_RESTART };

const char *schema_reload_name(enum schema_reload reload); /* "next-run", "live", "restart" */

/* How a consumer may take on a change at `pointer`: the `x-reload` of the nearest place at or above
 * it where a subschema sets one, and the strictest of several (restart > next-run > live); next-run
 * where none does. Subschemas are found through properties, patternProperties,
 * additionalProperties, items, prefixItems, allOf, anyOf, oneOf, if/then/else, $ref and
 * $dynamicRef. False: out of memory. */
MUST_USE bool schema_reload_at(const struct schema *s, struct slice pointer,
			       enum schema_reload *ret);

/* Output formats of the specification (2020-12 core, section 12). */
enum schema_output { SCHEMA_OUTPUT_FLAG, SCHEMA_OUTPUT_BASIC, SCHEMA_OUTPUT_DETAILED };

/* Appends the outcome of a validation as one JSON object. */
MUST_USE enum result schema_write_output(struct buf *ret, enum schema_output output, bool is_valid,
					 const struct schema_report *report, struct error *err);
