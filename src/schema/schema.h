/*
 * JSON Schema, drafts 2020-12 and 7: compile once, validate often.
 *
 * A compiled schema is immutable, holds no pointer into its source and may be used by any number of threads. Work
 * is bounded (struct schema_limits); a bound that runs out is E_LIMIT and never a verdict.
 */
#pragma once

#include "base/buf.h"
#include "doc/tree.h"

struct schema; /* shared by reference count */

struct schema_limits {
	uint64_t steps_max;	  /* of one validation, by what it reads (schema/price.h) */
	uint32_t depth_max;	  /* of references and subschemas while validating */
	uint32_t regex_steps_max; /* of those, one pattern on one string */
	uint32_t problems_max;	  /* collected; further ones are counted */
};

/* Under a second of one core, and a tenth, whatever a schema asks of whatever instance. */
#define SCHEMA_LIMITS_DEFAULT ((struct schema_limits){50000000, 512, 10000000, 100})

/* Gives the document behind an absolute URI without fragment (reeve:///schemas/<path>, or what a test maps). The
 * node must live until schema_compile() returns. E_NOT_FOUND where there is none: the reference is then refused with
 * its place. Never asked for the metaschemas, which are built in. */
typedef enum result schema_load_fn(void *ctx, struct slice uri, const struct tree_node **ret,
				   struct error *err);

enum schema_draft { SCHEMA_DRAFT_2020_12, SCHEMA_DRAFT_7 };

struct schema_options {
	struct slice base_uri;	 /* of the document, e.g. reeve:///schemas/orders; may be empty */
	enum schema_draft draft; /* where the document has no $schema */
	bool is_format_asserted; /* `format` is checked, not only noted */
	bool is_strict; /* as stored: unknown keywords not beginning with x- are refused, and the document is
				     * checked against its metaschema */
	bool is_listed_only; /* another document is referred to only from where a schema stands, so that schema_each_reference() tells all */
	schema_load_fn *load; /* NULL: nothing outside the document may be referred to */
	void *load_ctx;
	struct schema_limits limits;
	struct budget *budget; /* of the request that compiles; not kept; may be NULL */
};

/* A failure, or a check that could not be made. Texts live in the report's arena; no text holds a value. */
struct schema_problem {
	struct slice pointer;	      /* instance location, JSON pointer */
	struct slice keyword;	      /* "maximum" */
	struct slice schema_location; /* absolute keyword location: URI#/pointer */
	struct slice
		evaluation_path; /* keyword location through references, from the schema's root */
	const char *message;	 /* "must be at most 1000" */
	const struct tree_node *node; /* the instance value: its line, column, source */
};

struct schema_report {
	struct arena arena; /* ARENA_NULL by the caller; schema_report_clear() frees */
	struct schema_problem *problems;
	uint32_t problems_count;
	uint32_t problems_dropped;
	struct schema_problem *
		unchecked; /* keywords that looked at an opaque secret's value; `message` says so */
	uint32_t unchecked_count;
};

void schema_report_clear(struct schema_report *r);

/* E_INVALID: the schema is refused, every reason in `report` (pointers are places in the schema, nodes its own); `err`
 * says the first. Regular expressions that cannot be supported, references that lead nowhere or to the network, unknown
 * keywords in strict mode with "did you mean". E_LIMIT: a bound ran out, of what a schema or one of its patterns may be (with its
 * place), or of the request's budget. E_MEMORY. `report` may be NULL. */
MUST_USE enum result schema_compile(struct schema **ret, const struct tree_node *root,
				    const struct schema_options *options,
				    struct schema_report *report, struct error *err);

struct schema *schema_ref(struct schema *s);
void schema_unref(struct schema *s); /* takes NULL */
void schema_unrefp(struct schema **s);

/* OK: valid. E_INVALID: not, with the reasons in `report`, deepest useful branch first for oneOf and anyOf. E_LIMIT: a
 * bound ran out before there was a verdict, of the schema's limits or of the request's `budget` (may be NULL), and `err` says at which
 * keyword where that is known. A boolean pass comes first; the reasons are looked for only when it failed and `report` is not NULL;
 * what both take counts together. Where the reasons run out of a bound, it is invalid all the same and one problem says so.
 *
 * Nodes flagged TREE_IS_OPAQUE have only their kind: `type` and `x-secret` apply, what looks at the value neither passes nor
 * fails (three-valued logic through not, anyOf, oneOf, if); what stays undecided does not refuse and is listed under
 * `unchecked`. `x-secret: true` fails for a node that is not flagged TREE_IS_SECRET, and no keyword reads the value then. */
MUST_USE enum result schema_validate(const struct schema *s, const struct tree_node *instance,
				     struct budget *budget, struct schema_report *report,
				     struct error *err);

/* Calls back with every document that the schema refers to outside itself (absolute URIs without fragment, each once,
 * metaschemas left out): what its storing depends on. Does not need them to exist. `budget` may be NULL. */
MUST_USE enum result schema_each_reference(const struct tree_node *root, struct slice base_uri,
					   enum result (*each)(void *ctx, struct slice uri,
							       struct error *err),
					   void *ctx, struct budget *budget, struct error *err);

enum schema_reload { RELOAD_NEXT_RUN, RELOAD_LIVE, RELOAD_RESTART };

const char *schema_reload_name(enum schema_reload reload); /* "next-run", "live", "restart" */

/* How a consumer may take on a change at `pointer`: the `x-reload` of the nearest place at or above it whose subschema
 * (through properties, patternProperties, additionalProperties, items, prefixItems, allOf, anyOf, oneOf, if/then/else, $ref
 * and $dynamicRef) sets one, the strictest of several (restart > next-run > live); next-run where none does. False: out of memory. */
MUST_USE bool schema_reload_at(const struct schema *s, struct slice pointer,
			       enum schema_reload *ret);

/* The specification's output formats (2020-12 core, section 12): appended as one JSON object. */
enum schema_output { SCHEMA_OUTPUT_FLAG, SCHEMA_OUTPUT_BASIC, SCHEMA_OUTPUT_DETAILED };

MUST_USE enum result schema_write_output(struct buf *ret, enum schema_output output, bool is_valid,
					 const struct schema_report *report, struct error *err);
